import { assertEquals } from "@std/assert";
import { examples, isPrinted } from "./documents.ts";

Deno.test("examples() returns each block of shell with its needs and its output", () => {
  const text = "# A\n\n```sh\necho 1\n#> 1\n```\n\n## B\n```sh cgroup1 overlay\ntrue\n```\n```json\n{}\n```\n";
  assertEquals(examples(text), [
    { name: "A, 1", needs: [], script: "echo 1", output: ["1"] },
    { name: "B, 1", needs: ["cgroup1", "overlay"], script: "true", output: [] },
  ]);
});

const PRINTED: [name: string, expected: string[], printed: string, is: boolean][] = [
  ["takes nothing for nothing", [], "", true],
  ["refuses a surplus line", [], "x\n", false],
  ["refuses a missing line", ["x"], "", false],
  ["takes a last line without its end", ["x"], "x", true],
  ["lets an ellipsis be any text of a line", ["a…c"], "a b c\n", true],
  ["lets an ellipsis be nothing beyond its line", ["a…c"], "a\nc\n", false],
  ["lets a line of an ellipsis be any lines", ["a", "…", "c"], "a\nb\nb\nc\n", true],
  ["means characters as they are", ["a.c"], "abc\n", false],
];
for (const [name, expected, printed, is] of PRINTED) {
  Deno.test(`isPrinted() ${name}`, () => assertEquals(isPrinted(expected, printed), is));
}
