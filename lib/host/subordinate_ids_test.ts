import { assertEquals } from "@std/assert";
import { EXAMPLE_ROOT, EXAMPLE_USER, type ExampleFile, exampleHost } from "./example_host.ts";
import { sightings } from "./sightings.ts";
import { type IdSpan, parseSubordinateIds, subordinateIDs, subordinateLooks } from "./subordinate_ids.ts";

const TEXT =
  "# given by useradd\nalice:100000:65536\n1000:300000:10\nbob:165536:65536\nodd:x:1\nempty:5:0\nalice:400000:5\n";

const PARSED: [name: string, owners: string[] | null, expected: IdSpan[]][] = [
  ["finds a user's ranges by name", ["alice"], [{ first: 100000, size: 65536 }, { first: 400000, size: 5 }]],
  ["finds a user's ranges by number", ["1000"], [{ first: 300000, size: 10 }]],
  ["leaves out lines that make no sense and empty ranges", ["odd", "empty"], []],
  ["does not take a part of a name", ["ali", "10"], []],
];
for (const [name, owners, expected] of PARSED) {
  Deno.test(`parseSubordinateIds() ${name}`, () => assertEquals(parseSubordinateIds(TEXT, owners), expected));
}
Deno.test("parseSubordinateIds() takes everybody's ranges when nobody is named", () => {
  assertEquals(parseSubordinateIds(TEXT, null).map(({ first }) => first), [100000, 300000, 165536, 400000]);
});

function idsOf(process: typeof EXAMPLE_ROOT, files: Record<string, ExampleFile | null>) {
  const sight = sightings(exampleHost(process, files));
  sight.ask(subordinateLooks());
  return subordinateIDs(process, sight, "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n");
}

Deno.test("subordinateIDs() finds the ranges and the programs of a user", () => {
  const { uids, gids, tools } = idsOf(EXAMPLE_USER, {});
  assertEquals(uids, [{ first: 100000, size: 65536 }]);
  assertEquals(gids, [{ first: 200000, size: 65536 }]);
  assertEquals(tools, { newuidmap: "/usr/bin/newuidmap", newgidmap: "/usr/bin/newgidmap" });
});
Deno.test("subordinateIDs() has no programs where one of the two is missing", () => {
  assertEquals(idsOf(EXAMPLE_USER, { "/usr/bin/newgidmap": null }).tools, null);
});
Deno.test("subordinateIDs() gives root the ranges of masu before its own", () => {
  const files = { "/etc/subuid": { text: "root:500000:65536\nmasu:600000:65536\n" } };
  assertEquals(idsOf(EXAMPLE_ROOT, files).uids.map(({ first }) => first), [600000, 500000]);
});
Deno.test("subordinateIDs() has nothing where the files are missing", () => {
  const { uids, gids, allUids } = idsOf(EXAMPLE_USER, { "/etc/subuid": null, "/etc/subgid": null });
  assertEquals([uids, gids, allUids], [[], [], []]);
});
