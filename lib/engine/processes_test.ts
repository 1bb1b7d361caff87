import { assertEquals } from "@std/assert";
import { type HostClock, parseProcess, type ProcessFiles } from "./processes_parse.ts";

const CLOCK: HostClock = {
  uptimeSeconds: 1000,
  bootSeconds: 1_700_000_000,
  memoryBytes: 1 << 20,
  users: new Map([[1000, "ann"]]),
};
const STAT =
  "77 (a) b (c) S 42 77 77 34817 77 4194560 100 0 0 0 250 50 0 0 20 5 3 0 90000 8192000 512 18446744073709551615";
const STATUS = "Name:\ta) b (c\nPid:\t77\nNSpid:\t77\t5\nUid:\t0\t1000\t0\t0\nVmRSS:\t     512 kB\nThreads:\t3\n";
const FILES: ProcessFiles = { pid: 77, stat: STAT, status: STATUS, commandLine: "sh\0-c\0echo a\0" };

Deno.test("parseProcess() reads what the kernel shows, whatever a process calls itself", () => {
  assertEquals(parseProcess(FILES, { clock: CLOCK, depth: 1 }), {
    pid: 77,
    innerPid: 5,
    parent: 42,
    user: "ann",
    uid: 1000,
    state: "S",
    cpuPercent: 3,
    memoryPercent: 50,
    rssBytes: 524_288,
    virtualBytes: 8_192_000,
    threads: 3,
    nice: 5,
    terminal: "pts/1",
    started: "2023-11-14T22:28:20.000Z",
    startTicks: 90_000,
    cpuSeconds: 3,
    name: "a) b (c",
    command: "sh -c echo a",
  });
});

const DIFFERENT: [name: string, change: Partial<ProcessFiles>, expected: Record<string, unknown> | null][] = [
  ["knows that one has ended", { stat: null }, null],
  ["puts the name of one without arguments into brackets", { commandLine: "" }, { command: "[a) b (c]" }],
  ["shows users without a name by number", { status: STATUS.replace("1000", "1001") }, { user: "1001", uid: 1001 }],
  ["knows that there is no terminal", { stat: STAT.replace("34817", "0") }, { terminal: null }],
  ["knows serial lines", { stat: STAT.replace("34817", "1088") }, { terminal: "ttyS0" }],
  ["counts pseudoterminals beyond 255", { stat: STAT.replace("34817", `${137 << 8 | 2}`) }, { terminal: "pts/258" }],
];
for (const [name, change, expected] of DIFFERENT) {
  Deno.test(`parseProcess() ${name}`, () => {
    const process = parseProcess({ ...FILES, ...change }, { clock: CLOCK, depth: 1 });
    const picked = process === null || expected === null
      ? process
      : Object.fromEntries(Object.entries(process).filter(([key]) => key in expected));
    assertEquals(picked, expected);
  });
}

Deno.test("parseProcess() says the share of the CPU since the look before", () => {
  const before = { uptimeSeconds: 998, cpuSeconds: new Map([["77 90000", 2]]) };
  assertEquals(parseProcess(FILES, { clock: CLOCK, depth: 1, before })?.cpuPercent, 50);
  const another = { uptimeSeconds: 998, cpuSeconds: new Map([["77 1", 2]]) };
  assertEquals(parseProcess(FILES, { clock: CLOCK, depth: 1, before: another })?.cpuPercent, 3);
});
