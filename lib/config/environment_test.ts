import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseEnvironmentFile, parseVariable } from "./environment.ts";

const CALLER = { HOME: "/home/ann", EMPTY: "" };

const VARIABLES: [name: string, text: string, expected: string | undefined][] = [
  ["keeps a value", "A=1", "A=1"],
  ["keeps = in the value", "A=b=c", "A=b=c"],
  ["keeps an empty value", "A=", "A="],
  ["keeps newlines in a value", "A=1\n2", "A=1\n2"],
  ["fills a name from the caller", "HOME", "HOME=/home/ann"],
  ["fills an empty value from the caller", "EMPTY", "EMPTY="],
  ["leaves out what the caller does not have", "NOWHERE", undefined],
  ["does not take what every object has for the caller's", "constructor", undefined],
];
for (const [name, text, expected] of VARIABLES) {
  Deno.test(`parseVariable() ${name}`, () => assertEquals(parseVariable("--env", text, CALLER), expected));
}

for (const text of ["", "=1", "A\n=1", "A\u001b=1", "A=\0"]) {
  Deno.test(`parseVariable() refuses ${JSON.stringify(text)}`, () => {
    assertThrows(() => parseVariable("--env", text, CALLER), MasuError, "--env");
  });
}

Deno.test("parseEnvironmentFile() reads docker's grammar", () => {
  const text = '\u{feff}# a comment\n\nA=1\n  B="quoted"\nC=with # no comment\nHOME\nNOWHERE\nD=trailing \r\n';
  assertEquals(parseEnvironmentFile("f", text, CALLER), [
    "A=1",
    'B="quoted"',
    "C=with # no comment",
    "HOME=/home/ann",
    "D=trailing ",
  ]);
});

const FILES: [name: string, text: string, cause: string][] = [
  ["white space in a name, with its line", "A=1\nB =2", '"env:2": the name "B " holds white space'],
  ["a line without a name", "A=1\n\n=2", "env:3"],
  ["NUL", "A=1\0", "NUL"],
  ["more than a mebibyte", `A=${"x".repeat(1 << 20)}`, "larger than"],
];
for (const [name, text, cause] of FILES) {
  Deno.test(`parseEnvironmentFile() refuses ${name}`, () => {
    assertThrows(() => parseEnvironmentFile("env", text, CALLER), MasuError, cause);
  });
}
