import { assertEquals, assertThrows } from "@std/assert";
import { readRuntimeSignal, readSignal } from "./kill.ts";

const CASES: [name: string, operands: string[], flag: string | undefined, words: string[], signal: string][] = [
  ["takes containers alone", ["a", "b"], undefined, ["a", "b"], "KILL"],
  ["takes the last word for a signal, as runc has it", ["a", "TERM"], undefined, ["a"], "TERM"],
  ["takes a number for one", ["a", "b", "9"], undefined, ["a", "b"], "9"],
  ["takes the only word for a container", ["TERM"], undefined, ["TERM"], "KILL"],
  ["takes the last word for a container when a flag names the signal", ["a", "TERM"], "HUP", ["a", "TERM"], "HUP"],
  ["takes the last word for a container when it is no signal", ["a", "TERMINAL"], undefined, [
    "a",
    "TERMINAL",
  ], "KILL"],
];
for (const [name, operands, flag, words, signal] of CASES) {
  Deno.test(`readSignal() ${name}`, () => assertEquals(readSignal(operands, flag), { words, signal }));
}

const RUNTIME: [name: string, operands: string[], flag: string | undefined, words: string[], signal: string][] = [
  ["sends TERM when nothing else is said", ["a"], undefined, ["a"], "TERM"],
  ["takes a second word for the signal whatever it is", ["a", "b"], undefined, ["a"], "b"],
  ["takes crun's flag", ["a"], "9", ["a"], "9"],
  ["leaves the lack of a container to others", [], undefined, [], "TERM"],
];
for (const [name, operands, flag, words, signal] of RUNTIME) {
  Deno.test(`readRuntimeSignal() ${name}`, () => assertEquals(readRuntimeSignal(operands, flag), { words, signal }));
}

Deno.test("readRuntimeSignal() takes one container and one signal", () => {
  assertThrows(() => readRuntimeSignal(["a", "9", "b"], undefined));
  assertThrows(() => readRuntimeSignal(["a", "9"], "9"));
});
