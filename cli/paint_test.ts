import { assertEquals } from "@std/assert";
import { escapeJson, escapeLine, escapeLines } from "./paint.ts";

const LINES: [name: string, text: string, expected: string][] = [
  ["leaves text and letters beyond ASCII", "wéb 枡", "wéb 枡"],
  ["leaves newline and tab", "a\n\tb", "a\n\tb"],
  ["escapes an escape sequence", "\u001b[2J", "\\u{1b}[2J"],
  ["escapes a carriage return, which overwrites the line", "ok\rno", "ok\\u{d}no"],
  ["escapes DEL and C1", "\u007f\u009b", "\\u{7f}\\u{9b}"],
  ["escapes what reorders text", "a\u202eb\u2066c", "a\\u{202e}b\\u{2066}c"],
];
for (const [name, text, expected] of LINES) {
  Deno.test(`escapeLines() ${name}`, () => assertEquals(escapeLines(text), expected));
}

Deno.test("escapeLine() escapes newline and tab too", () => assertEquals(escapeLine("a\n\tb"), "a\\n\\tb"));

Deno.test("escapeJson() keeps the document", () => {
  const document = { name: "\u001b\u007f\u009b\u202e" };
  const text = escapeJson(JSON.stringify(document));
  assertEquals(/\p{Cc}|\u202e/u.test(text), false);
  assertEquals(JSON.parse(text), document);
});
