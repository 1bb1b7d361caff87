import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { slicePath, unitPlace } from "./systemd_name.ts";

const PLACES: [name: string, path: string | undefined, user: boolean, unit: string, slice: string, cgroup: string][] = [
  ["of Podman", "machine.slice:libpod:c1", false, "libpod-c1.scope", "machine.slice", "/machine.slice/libpod-c1.scope"],
  ["without a slice", ":cri:c1", false, "cri-c1.scope", "system.slice", "/system.slice/cri-c1.scope"],
  ["without a slice of a user", ":cri:c1", true, "cri-c1.scope", "user.slice", "/user.slice/cri-c1.scope"],
  ["that was not written", undefined, false, "masu-7.scope", "system.slice", "/system.slice/masu-7.scope"],
  ["with a blank", ":masu:${id}", false, "masu-${id}.scope", "system.slice", "/system.slice/masu-${id}.scope"],
  ["without a prefix", "a.slice::c1", false, "-c1.scope", "a.slice", "/a.slice/-c1.scope"],
  ["in the topmost slice", "-.slice:p:c1", false, "p-c1.scope", "-.slice", "/p-c1.scope"],
  [
    "of a pod",
    "kubepods-burstable-pod12_3.slice:cri-containerd:c1",
    false,
    "cri-containerd-c1.scope",
    "kubepods-burstable-pod12_3.slice",
    "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod12_3.slice/cri-containerd-c1.scope",
  ],
  ["that names a slice", "a.slice:p:a-b.slice", false, "a-b.slice", "a.slice", "/a.slice/a-b.slice"],
];
for (const [name, path, user, unit, slice, cgroup] of PLACES) {
  Deno.test(`unitPlace() places a path ${name}`, () =>
    assertEquals(unitPlace(path, { id: "7", user }), { unit, slice, path: cgroup }));
}

const REFUSED: [name: string, path: string, part: string][] = [
  ["a path of the file system", "/masu/c1", 'of format "slice:prefix:name"'],
  ["two words", "system.slice:c1", 'of format "slice:prefix:name"'],
  ["four words", "a.slice:b:c:d", 'of format "slice:prefix:name"'],
  ["no name", "a.slice:b:", 'of format "slice:prefix:name"'],
  ["a slash in the name", "a.slice:b:../c", '"b-../c.scope" is no name of a unit'],
  ["a slash in the slice", "a/b.slice:b:c", "no name of a slice"],
  ["no slice", "a.scope:b:c", "no name of a slice"],
  ["an empty level", "a--b.slice:b:c", "no name of a slice"],
  ["a dash at the end", "a-.slice:b:c", "no name of a slice"],
  ["a suffix alone", ".slice:b:c", "no name of a slice"],
];
for (const [name, path, part] of REFUSED) {
  Deno.test(`unitPlace() refuses ${name}`, () => {
    const error = assertThrows(() => unitPlace(path, { id: "7", user: false }), MasuError, part);
    assertEquals(error.code, "invalid_config");
  });
}

Deno.test("slicePath() makes a level of each dash", () => {
  assertEquals(slicePath("-.slice"), "/");
  assertEquals(slicePath("a.slice"), "/a.slice");
  assertEquals(slicePath("a-b-c.slice"), "/a.slice/a-b.slice/a-b-c.slice");
});
