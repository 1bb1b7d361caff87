import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseTimeOffset } from "./time_offset.ts";

const OFFSETS: [name: string, text: string, seconds: number, nanoseconds: number][] = [
  ["reads seconds", "boottime=86400", 86400, 0],
  ["reads a plus", "boottime=+1", 1, 0],
  ["reads a fraction", "boottime=0.5", 0, 500_000_000],
  ["reads nanoseconds", "boottime=1.000000001", 1, 1],
  ["reads negative seconds", "boottime=-7", -7, 0],
  ["keeps nanoseconds positive below zero", "boottime=-1.5", -2, 500_000_000],
  ["reads less than a second below zero", "boottime=-0.25", -1, 750_000_000],
  ["has one zero", "boottime=-0", 0, 0],
];
for (const [name, text, seconds, nanoseconds] of OFFSETS) {
  Deno.test(`parseTimeOffset() ${name}`, () => {
    assertEquals(parseTimeOffset("--time-offset", text), { clock: "boottime", seconds, nanoseconds });
  });
}

for (const text of ["boottime", "boottime=", "realtime=1", "monotonic=1s", "monotonic=1.", "monotonic=9999999999"]) {
  Deno.test(`parseTimeOffset() refuses "${text}"`, () => {
    assertThrows(() => parseTimeOffset("--time-offset", text), MasuError, "--time-offset");
  });
}
