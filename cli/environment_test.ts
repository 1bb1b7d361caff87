import { assertEquals } from "@std/assert";
import { notedEnvironment } from "./environment.ts";

Deno.test("notedEnvironment() notes what was read by name, set or not", () => {
  const { environment, read } = notedEnvironment({ HOME: "/root", TERM: "xterm" });
  assertEquals([environment.HOME, "LANG" in environment, Object.hasOwn(environment, "TZ")], ["/root", false, false]);
  assertEquals([...read() ?? []], [["HOME", "/root"], ["LANG", undefined], ["TZ", undefined]]);
});

Deno.test("notedEnvironment() cannot tell what a reader of all wanted", () => {
  const { environment, read } = notedEnvironment({ HOME: "/root" });
  Object.entries(environment);
  assertEquals(read(), undefined);
});
