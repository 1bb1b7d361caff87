import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from "./detach_keys.ts";

const CASES: [text: string, bytes: number[]][] = [
  ["ctrl-p,ctrl-q", [...DEFAULT_DETACH_KEYS]],
  ["", []],
  ["q", [0x71]],
  ["ctrl-],x", [0x1d, 0x78]],
  ["ctrl-@,ctrl-\\,ctrl-_", [0, 0x1c, 0x1f]],
  ["ctrl-A", [1]],
  ["ä", [0xc3, 0xa4]],
];
for (const [text, bytes] of CASES) {
  Deno.test(`parseDetachKeys() reads "${text}"`, () => assertEquals(parseDetachKeys("--detach-keys", text), bytes));
}

for (const text of ["ctrl-", "ctrl-1", "ctrl-p,", "ab", "\u0001", "alt-x"]) {
  Deno.test(`parseDetachKeys() refuses ${JSON.stringify(text)}`, () => {
    assertThrows(() => parseDetachKeys("--detach-keys", text), MasuError, 'Read --detach-keys "');
  });
}
