import { assertEquals, assertThrows } from "@std/assert";
import type { ListedProcess } from "../lib/engine/processes.ts";
import { table } from "./table.ts";
import { clockWords, formColumns, namedColumns } from "./table_processes.ts";

const NOW = Date.parse("2026-01-02T12:00:00Z");
const PROCESS: ListedProcess = {
  pid: 1234,
  innerPid: 1,
  parent: 1200,
  user: "root",
  uid: 0,
  state: "S",
  cpuPercent: 12.5,
  memoryPercent: 0.1,
  rssBytes: 2048,
  virtualBytes: 4096,
  threads: 2,
  nice: 0,
  terminal: null,
  started: "2025-06-15T12:00:00.000Z",
  startTicks: 5,
  cpuSeconds: 3725,
  name: "sleep",
  command: "sleep 100",
};

Deno.test("formColumns() are ps's, masu's own with the pid inside", () => {
  assertEquals(
    table(formColumns("own", { nowMs: NOW }), [PROCESS]).split("\n"),
    [
      " PID   INNER   USER   %CPU   RSS   START   TTY       TIME   COMMAND",
      "1234       1   root   12.5     2   Jun15   ?     01:02:05   sleep 100",
    ],
  );
  assertEquals(table(formColumns("plain", { nowMs: NOW }), [PROCESS]).split("\n")[1], "1234   ?     01:02:05   sleep");
});
Deno.test("namedColumns() takes ps's names and titles, and names what it does not know", () => {
  assertEquals(
    table(namedColumns(["pid,comm=NAME", "nlwp"], { nowMs: NOW }), [PROCESS]),
    " PID   NAME    NLWP\n1234   sleep      2",
  );
  assertThrows(() => namedColumns(["pdi"], { nowMs: NOW }), Error, 'Read -o "pdi": masu has no such column');
});

const CLOCKS: [seconds: number, words: string][] = [
  [0, "00:00:00"],
  [59.9, "00:00:59"],
  [3725, "01:02:05"],
  [90_061, "01-01:01:01"],
  [-1, "00:00:00"],
];
for (const [seconds, words] of CLOCKS) {
  Deno.test(`clockWords() of ${seconds} s is ${words}`, () => assertEquals(clockWords(seconds), words));
}
