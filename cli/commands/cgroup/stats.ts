/** `masu cgroup stats`: what control groups have used. */
import type { GroupStats } from "../../../lib/cgroup/stats_group.ts";
import { listGroups } from "../../../lib/engine/cgroup_list.ts";
import { statsOfGroups } from "../../../lib/engine/cgroup_stats.ts";
import type { Command } from "../../command.ts";
import { storeFor } from "../../container_words.ts";
import { EXIT } from "../../exit.ts";
import type { Flag } from "../../flags.ts";
import { type Column, table } from "../../table.ts";
import { binarySize } from "../../table_words.ts";
import { CHOICE_FLAGS, choiceOf, hostOf } from "./words.ts";

const FLAGS = [...CHOICE_FLAGS] as const satisfies readonly Flag[];

export const stats: Command<typeof FLAGS[number]["name"]> = {
  name: "stats",
  group: "Parts of the kernel, without a container",
  operands: "[GROUP...]",
  summary: "Show what control groups have used: CPU, memory, disks, tasks",
  description: [
    "Since each group was made, with what is below it; of all groups without a name. Memory is without the cache that could be dropped " +
    "at once. -- is what nothing counts. --json has all that the kernel counts, v1 and v2 alike: CPU time by user, system and CPU, " +
    "throttled periods, memory by kind with peaks and failures, disks by device, huge pages, RDMA, pressure.",
  ],
  flags: FLAGS,
  examples: [
    ["masu cgroup stats web", "One line"],
    ["masu cgroup stats --json web | jq '.[0].memory.peakBytes'", "One number"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { flags, globals, operands, report, process } = invocation;
    const host = hostOf(process, globals);
    const choice = choiceOf(flags, process);
    const groups = operands.length > 0
      ? operands
      : listGroups(host, storeFor(invocation), { choice, threads: false }).map(({ group }) => group);
    const found = statsOfGroups(host, groups, choice);
    report.result(found, table(COLUMNS, found, { paint: report.paint, untitled: report.quiet }));
    return EXIT.success;
  },
};

const NONE = "--";

const COLUMNS: readonly Column<GroupStats>[] = [
  { title: "GROUP", cell: ({ group }) => group },
  { title: "CPU", right: true, cell: ({ cpuNs }) => cpuNs === null ? NONE : `${(cpuNs / 1e9).toFixed(2)}s` },
  { title: "THROTTLED", right: true, cell: ({ cpu }) => seconds(cpu?.throttledNs) },
  { title: "MEMORY", right: true, cell: ({ memoryBytes }) => size(memoryBytes) },
  { title: "LIMIT", right: true, cell: ({ memoryLimitBytes }) => size(memoryLimitBytes) },
  { title: "PEAK", right: true, cell: ({ memory }) => size(memory?.peakBytes) },
  { title: "OOM KILLS", right: true, cell: ({ memory }) => `${memory?.oomKills ?? NONE}` },
  { title: "READ", right: true, cell: ({ blockReadBytes }) => size(blockReadBytes) },
  { title: "WRITTEN", right: true, cell: ({ blockWrittenBytes }) => size(blockWrittenBytes) },
  { title: "TASKS", right: true, cell: ({ tasks, pids }) => `${tasks?.current ?? pids ?? NONE}` },
];

function size(bytes: number | null | undefined): string {
  return bytes == null ? NONE : binarySize(bytes);
}

function seconds(ns: number | null | undefined): string {
  return ns == null ? NONE : `${(ns / 1e9).toFixed(2)}s`;
}
