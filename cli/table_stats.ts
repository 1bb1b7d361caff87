/**
 * What containers use, in docker's columns.
 *
 * @module
 */
import type { ContainerStats } from "../lib/engine/stats.ts";
import { blockHistory, type History } from "./live.ts";
import type { Column } from "./table.ts";
import { shortId } from "./table_containers.ts";
import { binarySize, decimalSize, percent } from "./table_words.ts";
import type { Fields } from "./template.ts";

type StatsColumn = Column<ContainerStats>;

/** docker's word for what is not known. */
const UNKNOWN = "--";

const CPU: StatsColumn = { title: "CPU %", right: true, cell: ({ cpuPercent }) => known(cpuPercent, percent) };
const NAME: StatsColumn = { title: "NAME", cell: ({ name, id }) => name ?? shortId(id, { whole: false }) };
const REST: readonly StatsColumn[] = [
  { title: "MEM USAGE / LIMIT", cell: memoryWords },
  { title: "MEM %", right: true, cell: ({ memoryPercent }) => known(memoryPercent, percent) },
  { title: "NET I/O", cell: (stats) => pair(stats.networkReceivedBytes, stats.networkSentBytes) },
  { title: "BLOCK I/O", cell: (stats) => pair(stats.blockReadBytes, stats.blockWrittenBytes) },
  { title: "PIDS", right: true, cell: ({ pids }) => known(pids, String) },
];

/** The columns of `masu stats`; with the last CPU figures where somebody watches. */
export function statsColumns(whole: boolean, history?: History): StatsColumn[] {
  const id: StatsColumn = { title: "CONTAINER ID", cell: ({ id }) => shortId(id, { whole }) };
  return [id, { ...NAME, cell: ({ name }) => name ?? "" }, CPU, ...historyColumns(history), ...REST];
}

/** The columns of `masu top`. */
export function topColumns(history?: History): StatsColumn[] {
  const status: StatsColumn = { title: "STATUS", cell: ({ status }) => status };
  return [NAME, CPU, ...historyColumns(history), ...REST, status];
}

function historyColumns(history: History | undefined): StatsColumn[] {
  return history === undefined ? [] : [{ title: "HISTORY", cell: ({ id }) => blockHistory(history.of(id), 100) }];
}

/** What a template of `masu stats` may name: docker's fields. */
export function statsFields(stats: ContainerStats, whole: boolean): Fields {
  const id = shortId(stats.id, { whole });
  return {
    Container: id,
    ID: id,
    Name: stats.name ?? "",
    CPUPerc: known(stats.cpuPercent, percent),
    MemUsage: memoryWords(stats),
    MemPerc: known(stats.memoryPercent, percent),
    NetIO: pair(stats.networkReceivedBytes, stats.networkSentBytes),
    BlockIO: pair(stats.blockReadBytes, stats.blockWrittenBytes),
    PIDs: known(stats.pids, String),
  };
}

function memoryWords({ memoryBytes, memoryLimitBytes }: ContainerStats): string {
  return `${known(memoryBytes, binarySize)} / ${known(memoryLimitBytes, binarySize)}`;
}

function pair(one: number | null, other: number | null): string {
  return `${known(one, decimalSize)} / ${known(other, decimalSize)}`;
}

function known(value: number | null, words: (value: number) => string): string {
  return value === null ? UNKNOWN : words(value);
}
