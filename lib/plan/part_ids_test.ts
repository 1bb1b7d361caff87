import { assertEquals, assertThrows } from "@std/assert";
import { parseRanges, withOwnId } from "../config/id_ranges.ts";
import { MasuError } from "../error.ts";
import { type PartIdFacts, type PartIdsConfig, partMapping } from "./part_ids.ts";

const TOOLS = { newuidmap: "/usr/bin/newuidmap", newgidmap: "/usr/bin/newgidmap" };
const SPANS = [{ first: 100_000, size: 65_536 }, { first: 300_000, size: 10 }];
const USER: PartIdFacts = {
  process: { uid: 1000, gid: 1000, capabilities: [] },
  subordinateIds: { uids: SPANS, gids: SPANS, allUids: SPANS, allGids: SPANS, tools: TOOLS },
  database: { passwd: "root:x:0:0::/:\nada:x:1815:1815::/:\n", group: "ada:x:1815:\n" },
  uidMap: "         0          0 4294967295\n",
  gidMap: "         0          0 4294967295\n",
};
const ROOT: PartIdFacts = { ...USER, process: { uid: 0, gid: 0, capabilities: ["CAP_SETUID", "CAP_SETGID"] } };
const OWN = { kind: "id", id: "0" } as const;

const CASES: [name: string, config: PartIdsConfig, facts: PartIdFacts, uids: string, tools: boolean, deny: boolean][] =
  [
    ["maps oneself to root", { users: { own: OWN }, groups: { own: OWN } }, USER, "0 1000 1", false, true],
    [
      "maps oneself to oneself",
      { users: { own: { kind: "current" } }, groups: { own: { kind: "current" } } },
      USER,
      "1000 1000 1",
      false,
      true,
    ],
    ["takes a name", { users: { own: { kind: "id", id: "ada" } }, groups: {} }, USER, "1815 1000 1", false, false],
    [
      "makes a hole where both meet",
      { users: { own: OWN, ranges: { kind: "auto" } }, groups: { own: OWN, ranges: { kind: "auto" } } },
      USER,
      "0 1000 1, 1 100000 65535",
      true,
      false,
    ],
    [
      "maps subordinate ids to themselves",
      { users: { ranges: { kind: "subids" } }, groups: {} },
      USER,
      "100000 100000 65536",
      true,
      false,
    ],
    ["maps all ids", { users: { ranges: { kind: "all" } }, groups: {} }, ROOT, "0 0 4294967295", false, false],
    ["denies setgroups(2) alone", { users: {}, groups: {}, setgroups: "deny" }, USER, "", false, true],
  ];
for (const [name, config, facts, uids, tools, deny] of CASES) {
  Deno.test(`partMapping() ${name}`, () => {
    const mapping = partMapping(config, facts);
    const lines = mapping?.uidMappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}`);
    assertEquals([lines?.join(", "), mapping?.tools !== null, mapping?.denySetgroups], [uids, tools, deny]);
  });
}

Deno.test("partMapping() writes no maps where none are asked for", () => {
  assertEquals(partMapping({ users: {}, groups: {} }, USER), null);
});

Deno.test("partMapping() says what subordinate ids or programs are missing", () => {
  const config: PartIdsConfig = { users: { ranges: { kind: "auto" } }, groups: {} };
  const none = { ...USER, subordinateIds: { ...USER.subordinateIds, uids: [] } };
  assertEquals(assertThrows(() => partMapping(config, none), MasuError).code, "denied");
  const untooled = { ...USER, subordinateIds: { ...USER.subordinateIds, tools: null } };
  assertEquals(assertThrows(() => partMapping(config, untooled), MasuError).code, "not_found");
});

const RANGES: [texts: string[], expected: string | undefined][] = [
  [[], undefined],
  [["auto"], "auto"],
  [["0:100000:10", "10:5:1"], "0 100000 10, 10 5 1"],
  [["100000,0,10"], "0 100000 10"],
];
for (const [texts, expected] of RANGES) {
  Deno.test(`parseRanges() reads ${texts.join(" ") || "nothing"}`, () => {
    const read = parseRanges("--map-users", texts);
    const shown = read?.kind === "ranges"
      ? read.ranges.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}`).join(", ")
      : read?.kind;
    assertEquals(shown, expected);
  });
}
for (const texts of [["some"], ["auto", "0:1:1"], ["1,2"], ["1,2,3,4"], ["x,1,1"]]) {
  Deno.test(`parseRanges() refuses ${texts.join(" ")}`, () => {
    assertThrows(() => parseRanges("--map-users", texts), MasuError, "--map-users");
  });
}

Deno.test("withOwnId() leaves ranges alone that do not meet it", () => {
  const range = { containerID: 10, hostID: 500, size: 5 };
  assertEquals(withOwnId({ containerID: 3, hostID: 1000, size: 1 }, [range]).length, 2);
  assertEquals(withOwnId({ containerID: 12, hostID: 1000, size: 1 }, [range]).slice(1), [
    { containerID: 10, hostID: 500, size: 2 },
    { containerID: 13, hostID: 502, size: 2 },
  ]);
});
