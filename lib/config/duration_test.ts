import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseDuration } from "./duration.ts";

const CASES: [text: string, ms: number][] = [
  ["0", 0],
  ["0s", 0],
  ["500ms", 500],
  ["30s", 30_000],
  ["1m30s", 90_000],
  ["1.5h", 5_400_000],
  ["1500us", 1],
];
for (const [text, ms] of CASES) {
  Deno.test(`parseDuration() reads ${text}`, () => assertEquals(parseDuration("--x", text), ms));
}

for (const text of ["", "5", "s", "-1s", "1 s", "1s ", "1e3s", "1d", "10us", "600h", "0x1s"]) {
  Deno.test(`parseDuration() refuses "${text}"`, () => {
    const error = assertThrows(() => parseDuration("--x", text), MasuError);
    assertEquals(error.code, "invalid_config");
  });
}
