import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseSignal, signalName } from "./signal.ts";

const READ: [text: string, number: number][] = [
  ["TERM", 15],
  ["SIGTERM", 15],
  ["sigterm", 15],
  ["15", 15],
  ["09", 9],
  ["IOT", 6],
  ["RTMIN", 34],
  ["SIGRTMIN+3", 37],
  ["rtmax-1", 63],
  ["RTMAX", 64],
  ["64", 64],
];
for (const [text, number] of READ) {
  Deno.test(`parseSignal() reads ${text}`, () => assertEquals(parseSignal(text), number));
}

for (const text of ["", "0", "65", "-9", "SIG", "TERMINATE", "RTMIN-1", "RTMAX+1", "RTMIN+31", "SIGSIGTERM", "9 "]) {
  Deno.test(`parseSignal() refuses "${text}"`, () => {
    assertThrows(() => parseSignal(text), MasuError, "no such signal");
  });
}

const NAMED: [number: number, name: string][] = [
  [15, "SIGTERM"],
  [6, "SIGABRT"],
  [34, "SIGRTMIN"],
  [37, "SIGRTMIN+3"],
  [32, "32"],
];
for (const [number, name] of NAMED) {
  Deno.test(`signalName() calls ${number} ${name}`, () => assertEquals(signalName(number), name));
}
