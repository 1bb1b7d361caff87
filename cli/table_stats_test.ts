import { assertEquals } from "@std/assert";
import type { ContainerStats } from "../lib/engine/stats.ts";
import { History } from "./live.ts";
import { table } from "./table.ts";
import { statsColumns, statsFields, topColumns } from "./table_stats.ts";
import { readTemplate } from "./template.ts";

const BUSY: ContainerStats = {
  time: "2026-01-01T00:00:00.000Z",
  id: "0123456789abcdef",
  name: "web",
  status: "running",
  cpuPercent: 123.4,
  cpuNs: 1,
  memoryBytes: 1_572_864,
  memoryLimitBytes: 2 ** 30,
  memoryPercent: 0.15,
  oomKills: 0,
  networkReceivedBytes: 1500,
  networkSentBytes: 0,
  blockReadBytes: 4096,
  blockWrittenBytes: 0,
  pids: 3,
};
const UNCOUNTED: ContainerStats = {
  ...BUSY,
  name: null,
  cpuPercent: null,
  memoryBytes: null,
  memoryLimitBytes: null,
  memoryPercent: null,
  networkReceivedBytes: null,
  networkSentBytes: null,
  blockReadBytes: null,
  blockWrittenBytes: null,
  pids: null,
};

Deno.test("statsColumns() are docker's, with -- for what is not counted", () => {
  assertEquals(table(statsColumns(false), [BUSY, UNCOUNTED]).split("\n"), [
    "CONTAINER ID   NAME     CPU %   MEM USAGE / LIMIT   MEM %   NET I/O      BLOCK I/O    PIDS",
    "0123456789ab   web    123.40%   1.5MiB / 1GiB       0.15%   1.5kB / 0B   4.1kB / 0B      3",
    "0123456789ab               --   -- / --                --   -- / --      -- / --        --",
  ]);
});
Deno.test("topColumns() show what was used lately", () => {
  const history = new History(3);
  for (const figure of [0, 50, 100]) history.add([[BUSY.id, figure]]);
  const [titles = "", line = ""] = table(topColumns(history), [BUSY]).split("\n");
  assertEquals(titles.includes("HISTORY"), true);
  assertEquals(line.includes("\u2581\u2585\u2588"), true, line);
});
Deno.test("statsFields() has docker's fields", () => {
  const template = "{{.Container}} {{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.MemPerc}} {{.NetIO}} {{.BlockIO}} {{.PIDs}}";
  assertEquals(
    readTemplate(template).lines([statsFields(BUSY, true)]),
    "0123456789abcdef web 123.40% 1.5MiB / 1GiB 0.15% 1.5kB / 0B 4.1kB / 0B 3",
  );
});
