import { assertEquals } from "@std/assert";
import { coloured } from "./paint.ts";
import { type Column, cut, displayWidth, table } from "./table.ts";

const COLUMNS: Column<[string, number]>[] = [
  { title: "NAME", cell: ([name]) => name },
  { title: "COUNT", right: true, cell: ([, count]) => `${count}` },
  { title: "REST", cell: () => "" },
];

Deno.test("table() aligns columns, numbers at the right, and ends lines without blanks", () => {
  assertEquals(
    table(COLUMNS, [["a", 1], ["longer", 23456]]),
    "NAME     COUNT   REST\na            1\nlonger   23456",
  );
});
Deno.test("table() escapes what could steer a terminal, newlines included", () => {
  assertEquals(table(COLUMNS, [["a\u001b[2J\nb", 1]], { untitled: true }), "a\\u{1b}[2J\\nb   1");
});
Deno.test("table() prints the titles alone when there are no rows", () => {
  assertEquals(table(COLUMNS, []), "NAME   COUNT   REST");
  assertEquals(table(COLUMNS, [], { untitled: true }), "");
});
Deno.test("table() cuts lines at the width of the terminal and paints the titles only", () => {
  assertEquals(table(COLUMNS, [["abc", 1]], { columns: 6, paint: coloured }), "\u001b[1mNAME\u001b[0m\nabc");
});

const WIDTHS: [name: string, text: string, width: number][] = [
  ["letters", "abc", 3],
  ["combining marks as nothing", "e\u0301", 1],
  ["East Asian characters as two", "\u4e2d\u6587", 4],
  ["emoji as two", "\u{1f600}", 2],
  ["block characters as one", "\u2581\u2588", 2],
];
for (const [name, text, width] of WIDTHS) {
  Deno.test(`displayWidth() counts ${name}`, () => assertEquals(displayWidth(text), width));
}
Deno.test("cut() never cuts a wide character in half", () => {
  assertEquals([cut("\u4e2d\u6587", 3), cut("abc", 2), cut("abc", 3)], ["\u4e2d", "ab", "abc"]);
});
