import { assertEquals } from "@std/assert";
import { ARGUMENTS, escapeBlanks, fillBlanks, ID, PID } from "./blank.ts";

const BLANKS = { text: { id: "0f3a" }, arguments: ["echo", "${id}"] };

// The same table as core-rs/wire/src/blank.rs.
const FILLS: [name: string, input: string, expected: string][] = [
  ["leaves empty text", "", ""],
  ["fills a blank inside of text", "/run/${id}/x", "/run/0f3a/x"],
  ["fills two in a row", "${id}${id}", "0f3a0f3a"],
  ["undoes an escape", "$${id}", "${id}"],
  ["leaves a blank without a value", "${pid}", "${pid}"],
  ["takes the end of the text for a missing bracket", "${id", "0f3a"],
  ["leaves a lone dollar", "$", "$"],
  ["leaves two dollars", "a$$b", "a$$b"],
  ["fills a blank after an escape", "$${${id}", "${0f3a"],
];
for (const [name, input, expected] of FILLS) {
  Deno.test(`fillBlanks() ${name}`, () => assertEquals(fillBlanks(input, BLANKS), expected));
}

Deno.test("fillBlanks() does not fill in what the arguments hold", () => {
  assertEquals(fillBlanks({ argv: ["sh", ARGUMENTS, ID], n: 1, none: null }, BLANKS), {
    argv: ["sh", "echo", "${id}", "0f3a"],
    n: 1,
    none: null,
  });
});

Deno.test("fillBlanks() keeps the arguments' blank when they are not given", () => {
  assertEquals(fillBlanks([ARGUMENTS], { text: {} }), [ARGUMENTS]);
});

Deno.test("fillBlanks() does not take a name of Object for a value", () => {
  assertEquals(fillBlanks("${constructor}", { text: {} }), "${constructor}");
});

Deno.test("escapeBlanks() makes every text of a config come back as it was written", () => {
  for (const text of ["${id}", "$${id}", "$$${id}", "${", "$", "a$$b", "${${id}}", ARGUMENTS, PID, "$${${id}$"]) {
    const value = { deep: [{ text, [text]: 1 }] };
    assertEquals(fillBlanks(escapeBlanks(value), BLANKS), value, text);
  }
});
