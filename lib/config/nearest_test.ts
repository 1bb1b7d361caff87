import { assertEquals } from "@std/assert";
import { distance, nearest } from "./nearest.ts";

const DISTANCES: [name: string, from: string, to: string, edits: number][] = [
  ["is nothing between equals", "memory", "memory", 0],
  ["counts an insertion", "memry", "memory", 1],
  ["counts a deletion", "memoory", "memory", 1],
  ["counts a substitution", "memary", "memory", 1],
  ["counts a swap of neighbours once", "memroy", "memory", 1],
  ["counts the whole of a word against nothing", "", "rm", 2],
];
for (const [name, from, to, edits] of DISTANCES) {
  Deno.test(`distance() ${name}`, () => assertEquals(distance(from, to), edits));
}

const WORDS = ["a", "run", "rm", "check", "version", "memory", "memory-swap"];
const NEAREST: [name: string, word: string, expected: string | undefined][] = [
  ["finds the swapped letters", "rnu", "run"],
  ["ignores case", "CHEKC", "check"],
  ["prefers the fewest edits", "memory-swp", "memory-swap"],
  ["finds nothing for a different word", "banana", undefined],
  ["finds nothing for a word that has no letter of it", "x", undefined],
  ["finds nothing for a long word near a short one", "running", undefined],
];
for (const [name, word, expected] of NEAREST) {
  Deno.test(`nearest() ${name}`, () => assertEquals(nearest(word, WORDS), expected));
}
