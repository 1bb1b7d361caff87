import { assertEquals } from "@std/assert";
import { blockHistory, frame, History } from "./live.ts";

const CLEAR = "\u001b[K\r\n";

Deno.test("frame() draws over what was there, cut to the terminal", () => {
  assertEquals(frame("abcdef\nb\nc", { columns: 3, rows: 3 }), `\u001b[Habc${CLEAR}b${CLEAR}\u001b[J`);
});
Deno.test("frame() leaves painted lines whole", () => {
  assertEquals(frame("\u001b[1mab\u001b[0m", { columns: 2, rows: 5 }), `\u001b[H\u001b[1mab\u001b[0m${CLEAR}\u001b[J`);
});

const BLOCKS: [name: string, figures: number[], full: number, text: string][] = [
  ["nothing of nothing", [], 100, ""],
  ["from nothing to all", [0, 12.5, 50, 99, 100], 100, "\u2581\u2582\u2585\u2588\u2588"],
  ["the highest as whole where it is above that", [100, 200], 100, "\u2585\u2588"],
];
for (const [name, figures, full, text] of BLOCKS) {
  Deno.test(`blockHistory() draws ${name}`, () => assertEquals(blockHistory(figures, full), text));
}

Deno.test("History keeps the last figures of what is still there", () => {
  const history = new History(2);
  for (const figure of [1, 2, 3]) history.add([["a", figure], ...(figure < 3 ? [["b", 9] as const] : [])]);
  assertEquals([history.of("a"), history.of("b")], [[2, 3], []]);
});
