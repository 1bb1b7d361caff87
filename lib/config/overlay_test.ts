import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { escapeLayer, type OverlayWords, parseOverlay, splitLayers } from "./overlay.ts";

const SPLIT: [text: string, layers: string[]][] = [
  ["a", ["a"]],
  ["a:b", ["a", "b"]],
  ["a\\:b:c", ["a:b", "c"]],
  ["a\\\\:b", ["a\\", "b"]],
  ["a\\b,c", ["a\\b,c"]],
];
for (const [text, layers] of SPLIT) {
  Deno.test(`splitLayers() reads ${text}`, () => assertEquals(splitLayers(text), layers));
}

Deno.test("escapeLayer() is undone by splitLayers()", () => {
  const path = "a:b,c\\d";
  assertEquals(splitLayers(`${escapeLayer(path)}:e`), [path, "e"]);
});

const read = (words: OverlayWords) => parseOverlay(words, "m", () => "/home");

Deno.test("parseOverlay() makes the work directory beside the upper one", () => {
  assertEquals(read({ lower: ["a:/b", "c"], upper: "u", index: "on", volatile: true }), {
    mountPoint: "/home/m",
    lower: ["/home/a", "/b", "/home/c"],
    upper: "/home/u",
    work: "/home/u.work",
    workBeside: true,
    readOnly: false,
    options: ["index=on", "volatile"],
  });
});

const REFUSED: [words: OverlayWords, message: string][] = [
  [{ lower: [] }, "no lower layer"],
  [{ lower: ["a"] }, "no upper layer"],
  [{ lower: ["a"], readOnly: true }, "makes no overlay"],
  [{ lower: ["a::b"], upper: "u" }, "a layer is empty"],
  [{ lower: ["a:b"], readOnly: true, work: "w" }, "belongs to an upper layer"],
  [{ lower: ["a"], upper: "u", index: "perhaps" }, "no such value"],
  [{ lower: ["a"], upper: "u", metacopy: "on", userxattr: true }, "does not go with"],
  [{ lower: ["a"], upper: "u", options: ["upperdir=/x"] }, "flags of their own"],
];
for (const [words, message] of REFUSED) {
  Deno.test(`parseOverlay() refuses ${JSON.stringify(words)}`, () => {
    assertThrows(() => read(words), MasuError, message);
  });
}
