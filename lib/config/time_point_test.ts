import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseTimePoint, timeText } from "./time_point.ts";

const NOW = Date.parse("2026-03-01T00:00:10Z");

const CASES: [text: string, expected: string][] = [
  ["10s", "2026-03-01T00:00:00.000000000Z"],
  ["1h0m10s", "2026-02-28T23:00:00.000000000Z"],
  ["0.5s", "2026-03-01T00:00:09.500000000Z"],
  ["1d", "2026-02-28T00:00:10.000000000Z"],
  ["900000h", "1970-01-01T00:00:00.000000000Z"],
  ["0", "1970-01-01T00:00:00.000000000Z"],
  ["1700000000.000000001", "2023-11-14T22:13:20.000000001Z"],
  ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000000Z"],
  ["2026-01-02T03:04:05.123456789+02:00", "2026-01-02T01:04:05.123456789Z"],
  ["2026-01-02 03:04z", "2026-01-02T03:04:00.000000000Z"],
  ["2026-01-02Z", "2026-01-02T00:00:00.000000000Z"],
];
for (const [text, expected] of CASES) {
  Deno.test(`parseTimePoint() reads ${text}`, () => assertEquals(parseTimePoint("--since", text, NOW), expected));
}

Deno.test("parseTimePoint() takes a date without a zone as this machine's", () => {
  const expected = timeText(BigInt(new Date(2026, 5, 7, 8, 9).getTime()) * 1_000_000n);
  assertEquals(parseTimePoint("--since", "2026-06-07T08:09", NOW), expected);
});

for (const text of ["", "x", "-5", "5 m", "2026-13-01", "2026-01-02T25:00:00Z", "10y", "999999999999"]) {
  Deno.test(`parseTimePoint() refuses "${text}"`, () => {
    assertEquals(assertThrows(() => parseTimePoint("--since", text, NOW), MasuError).code, "invalid_config");
  });
}
