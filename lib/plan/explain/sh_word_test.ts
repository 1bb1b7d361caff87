import { assertEquals } from "@std/assert";
import { word, wordWithVariables } from "./sh_word.ts";

const WORDS: [name: string, text: string, expected: string][] = [
  ["leaves a harmless word", "/run/masu/a-b_c.1", "/run/masu/a-b_c.1"],
  ["quotes the empty text", "", "''"],
  ["quotes a space", "a b", "'a b'"],
  ["quotes what a shell would expand", "$HOME `id` *", "'$HOME `id` *'"],
  ["ends and reopens quotes at a quote", "it's", "'it'\\''s'"],
  ["quotes a newline", "a\nb", "'a\nb'"],
  ["quotes a tilde", "~", "'~'"],
];
for (const [name, text, expected] of WORDS) {
  Deno.test(`word() ${name}`, () => assertEquals(word(text), expected));
}

Deno.test("word() gives a shell the text back", () => {
  const text = "a'b\"c $(id) \\ \n é";
  const { stdout } = new Deno.Command("sh", { args: ["-c", `printf %s ${word(text)}`] }).outputSync();
  assertEquals(new TextDecoder().decode(stdout), text);
});

const WITH_VARIABLES: [name: string, text: string, expected: string][] = [
  ["makes pid a variable", "${pid}", '"${pid}"'],
  ["quotes around a variable", '{"pid":${pid}}', "'{\"pid\":'\"${pid}\"'}'"],
  ["leaves other blanks as text", "${id}", "'${id}'"],
];
for (const [name, text, expected] of WITH_VARIABLES) {
  Deno.test(`wordWithVariables() ${name}`, () => assertEquals(wordWithVariables(text), expected));
}
