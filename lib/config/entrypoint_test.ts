import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseEntrypoint } from "./entrypoint.ts";

const WORDS: [name: string, text: string, expected: string[]][] = [
  ["keeps one word", "/bin/sh", ["/bin/sh"]],
  ["keeps spaces in the one word", "/my program", ["/my program"]],
  ["is empty for the empty word", "", []],
  ["reads a JSON array", '["/bin/sh", "-c"]', ["/bin/sh", "-c"]],
  ["reads an empty JSON array", "[]", []],
];
for (const [name, text, expected] of WORDS) {
  Deno.test(`parseEntrypoint() ${name}`, () => assertEquals(parseEntrypoint("--entrypoint", text), expected));
}
for (const text of ["[", "[1]", '["a"', '["a\\u0000"]']) {
  Deno.test(`parseEntrypoint() refuses ${text}`, () => {
    assertThrows(() => parseEntrypoint("--entrypoint", text), MasuError, "--entrypoint");
  });
}
