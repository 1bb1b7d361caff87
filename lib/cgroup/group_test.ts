import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseMounts } from "../host/mounts.ts";
import { chooseHierarchies, groupDirectory, hierarchiesOf, parseGroup, stepsDown } from "./group.ts";
import { HYBRID_ROOT, V2_ORDINARY, V2_ROOT } from "./layout_fixtures.ts";
import { noCgroups } from "./layout.ts";

const HYBRID = hierarchiesOf(HYBRID_ROOT);
const names = (chosen: readonly { name: string }[]) => chosen.map(({ name }) => name);

Deno.test("chooseHierarchies() takes all with controllers, and v2's, when none is named", () => {
  assertEquals(names(chooseHierarchies(HYBRID, {}, [])), [
    "cpu",
    "cpuset",
    "memory",
    "devices",
    "freezer",
    "pids",
    "unified",
  ]);
  assertEquals(names(chooseHierarchies(hierarchiesOf(V2_ROOT), {}, [])), ["unified"]);
});

Deno.test("chooseHierarchies() takes each that is named once", () => {
  assertEquals(names(chooseHierarchies(HYBRID, { controllers: ["memory", "memory"], hierarchies: ["systemd"] }, [])), [
    "memory",
    "name=systemd",
  ]);
  assertEquals(names(chooseHierarchies(HYBRID, { hierarchies: ["/cg/pids/"] }, [])), ["pids"]);
});

Deno.test("chooseHierarchies() finds the hierarchy that is mounted at another place too", () => {
  const mounts = parseMounts([
    "30 1 0:30 / /cg/pids rw - cgroup cgroup rw,pids",
    "31 1 0:30 / /mnt/x rw - cgroup cgroup rw,pids",
  ].join("\n"));
  assertEquals(chooseHierarchies(HYBRID, { hierarchies: ["/mnt/x"] }, mounts)[0]?.base, "/mnt/x");
});

Deno.test("chooseHierarchies() refuses what is not there, and what this user may not use", () => {
  assertThrows(() => chooseHierarchies(HYBRID, { controllers: ["memroy"] }, []), MasuError, "no hierarchy");
  assertThrows(() => chooseHierarchies(HYBRID, { hierarchies: ["/mnt"] }, []), MasuError, "mounted there");
  assertThrows(() => chooseHierarchies(hierarchiesOf(V2_ORDINARY), {}, []), MasuError, "may make none");
  assertThrows(() => chooseHierarchies(hierarchiesOf(noCgroups("none")), {}, []), MasuError, "is mounted");
});

const GROUPS: [text: string, kept: string, directory: string][] = [
  ["web/db", "web/db", "/cg/cpu/web/db"],
  ["/web//db/", "/web/db", "/cg/cpu/web/db"],
  ["/", "/", "/cg/cpu"],
];
for (const [text, kept, directory] of GROUPS) {
  Deno.test(`parseGroup() reads ${text}`, () => {
    assertEquals(parseGroup(text), kept);
    assertEquals(groupDirectory(kept, HYBRID[0]!), directory);
  });
}
for (const text of ["", "..", "a/../b", "/a/./b"]) {
  Deno.test(`parseGroup() refuses "${text}"`, () => {
    assertThrows(() => parseGroup(text), MasuError);
  });
}

Deno.test("stepsDown() names each directory on the way", () => {
  assertEquals(stepsDown("/cg/cpu/a/b", "/cg/cpu"), ["/cg/cpu/a", "/cg/cpu/a/b"]);
  assertEquals(stepsDown("/cg/cpu", "/cg/cpu"), []);
});
