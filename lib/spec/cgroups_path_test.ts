import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { cgroupsPath } from "./cgroups_path.ts";

const SYSTEMD = { mode: "v2", systemd: { user: false } } as const;
const OWN = { mode: "v2" } as const;

const CASES: [name: string, parent: string | undefined, layout: Parameters<typeof cgroupsPath>[1], path?: string][] = [
  ["none without cgroups", "/web", { mode: "disabled" }],
  ["masu's own by itself", undefined, OWN, "/masu/${id}"],
  ["one below a parent", "/web", OWN, "/web/${id}"],
  ["one of the usual slice", undefined, SYSTEMD, ":masu:${id}"],
  ["one of a slice", "web.slice", SYSTEMD, "web.slice:masu:${id}"],
];
for (const [name, parent, layout, path] of CASES) {
  Deno.test(`cgroupsPath() is ${name}`, () => assertEquals(cgroupsPath(parent, layout), path));
}

Deno.test("cgroupsPath() refuses a slice where there are none, and none where there are", () => {
  assertThrows(() => cgroupsPath("web.slice", OWN), MasuError, "slices are systemd's");
  assertThrows(() => cgroupsPath("/web", SYSTEMD), MasuError, "systemd has slices only");
});
