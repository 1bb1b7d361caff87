import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../lib/error.ts";
import { shellWords } from "./shell_words.ts";

const CASES: [name: string, line: string, words: string[]][] = [
  ["returns nothing of an empty line", "  ", []],
  ["splits at blanks", " run  -d\thost ", ["run", "-d", "host"]],
  ["keeps blanks in quotation marks", `exec x sh -c 'echo "a b"'`, ["exec", "x", "sh", "-c", 'echo "a b"']],
  ["joins what touches", `a"b c"'d'\\ e`, ["ab cd e"]],
  ["keeps empty words", `a '' ""`, ["a", "", ""]],
  ["unescapes in double quotation marks", String.raw`"\"\\\$\n"`, [String.raw`"\$\n`]],
  ["takes all in single ones as it is", String.raw`'$HOME \' x`, ["$HOME \\", "x"]],
  ["ends at a comment", "a b#c # d", ["a", "b#c"]],
];
for (const [name, line, words] of CASES) {
  Deno.test(`shellWords() ${name}`, () => assertEquals(shellWords(line), words));
}

for (const line of ["'a", '"a', '"a\\', "a $HOME", '"$HOME"', "a | b", "a; b", "a > b", "`a`", "(a)"]) {
  Deno.test(`shellWords() refuses ${line}`, () => {
    assertEquals(assertThrows(() => shellWords(line), MasuError).code, "invalid_config");
  });
}
