import { assertEquals, assertThrows } from "@std/assert";
import { type CapabilityRunWords, parseCapabilityRun } from "../config/capability_run.ts";
import { MasuError } from "../error.ts";
import { CAPABILITIES } from "../spec/capabilities.ts";
import { type CapabilityFacts, capabilityOutcome, capabilityPlan } from "./part_capabilities.ts";

const DATABASE = { passwd: "web:x:33:34::/:\n", group: "web:x:34:\nextra:x:50:web\n" };

/** Root of the host, or with `uid` an ordinary user. */
function facts(uid: number, more: Partial<CapabilityFacts> = {}): CapabilityFacts {
  const own = uid === 0 ? CAPABILITIES : [];
  return {
    process: { uid, lastCapability: CAPABILITIES.length - 1 },
    sets: { inheritable: [], permitted: own, effective: own, bounding: CAPABILITIES, ambient: [] },
    securebits: 0,
    setgroupsDenied: false,
    database: DATABASE,
    environment: [],
    ...more,
  };
}

const outcome = (uid: number, words: Partial<CapabilityRunWords>) =>
  capabilityOutcome(parseCapabilityRun({ sets: {}, ...words }, ["true"]), facts(uid)).sets;
const without = (...names: string[]) => CAPABILITIES.filter((name) => !names.includes(name));

type Row = [
  name: string,
  words: Partial<CapabilityRunWords>,
  permitted: string[],
  bounding: string[],
  ambient: string[],
];
const ROOT: Row[] = [
  ["leaves what is there", {}, [...CAPABILITIES], [...CAPABILITIES], []],
  ["drops one", { drop: ["net_raw"] }, without("CAP_NET_RAW"), without("CAP_NET_RAW"), []],
  ["keeps one", { drop: ["all"], add: ["chown"] }, ["CAP_CHOWN"], ["CAP_CHOWN"], []],
  ["limits root by the bounding set", { sets: { permitted: ["chown"] } }, ["CAP_CHOWN"], ["CAP_CHOWN"], []],
  [
    "makes another user's ambient",
    { user: "web", sets: { permitted: ["chown"] } },
    ["CAP_CHOWN"],
    [...CAPABILITIES],
    ["CAP_CHOWN"],
  ],
  ["lets another user lose all", { user: "web" }, [], [...CAPABILITIES], []],
  [
    "takes root's powers away",
    { securebits: ["+noroot"], sets: { ambient: ["kill"] } },
    ["CAP_KILL"],
    [...CAPABILITIES],
    ["CAP_KILL"],
  ],
  ["changes", { sets: { permitted: ["-all,+kill"] } }, ["CAP_KILL"], ["CAP_KILL"], []],
  ["gives nothing", { sets: { bounding: ["none"] } }, [], [], []],
];
for (const [name, words, permitted, bounding, ambient] of ROOT) {
  Deno.test(`capabilityOutcome() ${name}`, () => {
    const sets = outcome(0, words);
    assertEquals([sets.permitted, sets.effective, sets.bounding, sets.ambient], [
      permitted,
      permitted,
      bounding,
      ambient,
    ]);
  });
}

const REFUSED: [name: string, uid: number, words: Partial<CapabilityRunWords>, message: string][] = [
  ["two that differ", 0, { sets: { permitted: ["chown"], effective: ["kill"] } }, "makes all effective"],
  ["root's without a bound", 0, { sets: { permitted: ["chown"], bounding: ["all"] } }, "root has what is bounding"],
  ["what is not ambient", 0, { user: "web", sets: { permitted: ["chown"], ambient: ["none"] } }, "what is ambient"],
  ["ambient but not inherited", 0, { user: "web", sets: { ambient: ["chown"], inheritable: ["none"] } }, "inheritable"],
  ["what masu lacks", 1000, { sets: { ambient: ["chown"] } }, "does not have it itself"],
  ["a bound without CAP_SETPCAP", 1000, { drop: ["chown"] }, "CAP_SETPCAP"],
  ["bits without CAP_SETPCAP", 1000, { securebits: ["+noroot"] }, "Change the securebits"],
  ["a user that is not there", 0, { user: "nobody-there" }, "no such name"],
];
for (const [name, uid, words, message] of REFUSED) {
  Deno.test(`capabilityOutcome() refuses ${name}`, () => {
    assertThrows(() => outcome(uid, words), MasuError, message);
  });
}

Deno.test("capabilityPlan() changes ids, then sets, and forbids new privileges at last", () => {
  const words = { sets: { ambient: ["chown"], bounding: ["chown"] }, user: "web", noNewPrivileges: true };
  const { exec, clone } = capabilityPlan(parseCapabilityRun(words, ["true"]), facts(0));
  assertEquals([clone.namespaces, clone.join], [[], []]);
  assertEquals(exec.map(({ kind }) => kind), [
    "set_ids",
    "set_capabilities",
    "set_bounding_set",
    "set_capabilities",
    "no_new_privileges",
    "execute",
  ]);
  const [ids] = exec;
  assertEquals(ids?.kind === "set_ids" && [ids.effectiveUid, ids.effectiveGid, ids.groups], [33, 34, [34, 50]]);
});

Deno.test("capabilityOutcome() leaves locked bits alone", () => {
  const config = parseCapabilityRun({ sets: {}, securebits: ["-noroot"] }, ["true"]);
  assertThrows(() => capabilityOutcome(config, facts(0, { securebits: 0b11 })), MasuError, "locked");
});
