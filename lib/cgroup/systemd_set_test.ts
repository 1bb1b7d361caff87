import { assertEquals } from "@std/assert";
import { processorSet } from "./systemd_set.ts";

const CASES: [name: string, list: string, bytes: number[] | null][] = [
  ["of one", "0", [1]],
  ["of a range", "0-3", [15]],
  ["of several", "0-1,7, 9", [131, 2]],
  ["with a gap of bytes", "17", [0, 0, 2]],
  ["that is empty", "", null],
  ["that is none", "a", null],
  ["of a range upside down", "3-1", null],
  ["of more than there can be", "0-99999", null],
];
for (const [name, list, bytes] of CASES) {
  Deno.test(`processorSet() makes bytes of a list ${name}`, () => assertEquals(processorSet(list), bytes));
}
