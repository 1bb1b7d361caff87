import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseBoolean, parseWhole } from "./number.ts";

const RANGE = { least: -1000, most: 1000 };

for (const [text, expected] of [["0", 0], ["1000", 1000], ["-1000", -1000], ["-0", 0]] as const) {
  Deno.test(`parseWhole() reads ${text}`, () => assertEquals(parseWhole("--n", text, RANGE), expected));
}

for (const text of ["", " 1", "1 ", "+1", "01", "0x1", "1e2", "1.0", "1_0", "١", "Infinity", "NaN", "1\n"]) {
  Deno.test(`parseWhole() refuses ${JSON.stringify(text)} as not a whole number`, () => {
    assertThrows(() => parseWhole("--n", text, RANGE), MasuError, "not a whole number");
  });
}

for (const text of ["1001", "-1001", "4294967296", "99999999999999999999"]) {
  Deno.test(`parseWhole() refuses ${text} as out of range`, () => {
    assertThrows(() => parseWhole("--n", text, RANGE), MasuError, "not between -1000 and 1000");
  });
}

for (const text of ["1", "t", "T", "true", "TRUE", "True"]) {
  Deno.test(`parseBoolean() reads ${text} as true`, () => assertEquals(parseBoolean("--rm", text), true));
}
for (const text of ["0", "f", "F", "false", "FALSE", "False"]) {
  Deno.test(`parseBoolean() reads ${text} as false`, () => assertEquals(parseBoolean("--rm", text), false));
}
for (const text of ["", "yes", "on", "2", "tRUE"]) {
  Deno.test(`parseBoolean() refuses "${text}"`, () => {
    assertThrows(() => parseBoolean("--rm", text), MasuError, "neither true nor false");
  });
}
