import { assertEquals } from "@std/assert";
import type { ErrorCode } from "../lib/core/wire.ts";
import { MasuError } from "../lib/error.ts";
import { exitStatus } from "./exit.ts";

const STATUSES: [code: ErrorCode, ofRun: number, ofOthers: number][] = [
  ["not_found", 125, 1],
  ["already_exists", 125, 1],
  ["invalid_config", 125, 2],
  ["kernel_lacks", 125, 1],
  ["denied", 125, 1],
  ["no_resources", 125, 1],
  ["program_not_found", 127, 1],
  ["program_not_executable", 126, 1],
  ["failed", 125, 1],
  ["bug", 125, 1],
];
for (const [code, ofRun, ofOthers] of STATUSES) {
  Deno.test(`exitStatus() is ${ofRun} of run and ${ofOthers} of others for ${code}`, () => {
    assertEquals(exitStatus(new MasuError(code, "Do"), true), ofRun);
    assertEquals(exitStatus(new MasuError(code, "Do"), false), ofOthers);
  });
}

Deno.test("exitStatus() takes any other error for a failure of masu", () => {
  assertEquals(exitStatus(new TypeError("x"), true), 125);
  assertEquals(exitStatus("x", false), 1);
});
