import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { processLines } from "./host_ps.ts";

const CASES: [name: string, output: string, pids: number[], expected: string][] = [
  [
    "keeps the title and the lines of the processes",
    "UID   PID  PPID CMD\nroot    1     0 init\nroot   12     1 sh -c 13\nroot   13    12 sleep\n",
    [12],
    "UID   PID  PPID CMD\nroot   12     1 sh -c 13",
  ],
  ["keeps the title where there is no process", "  PID TTY\n    1 ?\n", [], "  PID TTY"],
  ["passes over empty lines", "PID\n\n7\n\n", [7], "PID\n7"],
];
for (const [name, output, pids, expected] of CASES) {
  Deno.test(`processLines() ${name}`, () => assertEquals(processLines(output, pids), expected));
}

const MISTAKES: [name: string, output: string, message: string][] = [
  ["where there is no column of PIDs", "COMMAND\nsh\n", 'it has no column "PID"'],
  ["where nothing was printed", "", 'it has no column "PID"'],
  ["where another column has blanks", "STARTED PID\nMon Jan 1 7\n", '"Jan" in column "PID" is no number'],
];
for (const [name, output, message] of MISTAKES) {
  Deno.test(`processLines() fails ${name}`, () => {
    assertThrows(() => processLines(output, [7]), MasuError, message);
  });
}
