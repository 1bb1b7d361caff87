import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseSize } from "./size.ts";

const SIZES: [name: string, text: string, bytes: number][] = [
  ["reads plain bytes", "4096", 4096],
  ["reads b as bytes", "4096b", 4096],
  ["reads k as 1024", "64k", 65_536],
  ["reads upper case", "64K", 65_536],
  ["reads KB as 1024 too", "64KB", 65_536],
  ["reads KiB", "64KiB", 65_536],
  ["reads m", "30m", 31_457_280],
  ["reads g with a fraction", "1.5g", 1_610_612_736],
  ["reads t", "1t", 1_099_511_627_776],
  ["reads a space before the unit, as docker does", "1 g", 1_073_741_824],
  ["rounds down to whole bytes", "0.3k", 307],
  ["reads zero", "0", 0],
];
for (const [name, text, bytes] of SIZES) {
  Deno.test(`parseSize() ${name}`, () => assertEquals(parseSize("--memory", text), bytes));
}

const MISTAKES: [name: string, text: string, cause: string][] = [
  ["nothing", "", "not a size"],
  ["a word", "much", "not a size"],
  ["a negative number", "-1", "not a size"],
  ["hexadecimal", "0x10", "not a size"],
  ["an exponent", "1e9", "not a size"],
  ["an unknown unit", "12q", "not a size"],
  ["two units", "1mk", "not a size"],
  ["what no double holds exactly", "9007199254740992", "too large"],
  ["an overflowing unit", "99999999p", "too large"],
  ["a number with 400 digits", "9".repeat(400), "too large"],
];
for (const [name, text, cause] of MISTAKES) {
  Deno.test(`parseSize() refuses ${name}`, () => {
    assertThrows(() => parseSize("--memory", text), MasuError, cause);
  });
}

Deno.test("parseSize() names flag, value and the right form", () => {
  const error = assertThrows(() => parseSize("--memory", "12q"), MasuError);
  assertEquals(error.code, "invalid_config");
  assertEquals(error.message, 'Read --memory "12q": not a size');
  assertEquals(error.hint, "a number with b, k, m, g or t, for example 512m");
});
