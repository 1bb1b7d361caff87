/**
 * What a container's cgroups have counted, as the document that engines read: runc's `events --stats`.
 *
 * Source: runc, types/events.go; cgroup-v2.rst; cgroup-v1/{cpuacct,memory,blkio-controller,pids,hugetlb,cpusets}.rst.
 *
 * @module
 */
import type { RecordCgroups } from "../core/wire.ts";
import { v1Stats } from "./runtime_stats_v1.ts";
import { v2Stats } from "./runtime_stats_v2.ts";
import { v1StatsFiles, v2StatsFiles } from "./runtime_stats_files.ts";
import type { ReadText } from "./stats.ts";

/** A count of 64 bits. */
export type Count = bigint;

/** One resource: what is used, what was used at most, how often there was none left. */
export interface MemoryEntry {
  readonly limit: Count;
  readonly usage?: Count;
  readonly max?: Count;
  readonly failcnt: Count;
}

/** One device and direction. */
export interface BlkioEntry {
  readonly major?: Count;
  readonly minor?: Count;
  readonly op?: string;
  readonly value?: Count;
}

/** psi.rst: how much of the time some or all tasks waited. */
export interface Pressure {
  readonly some: PressureLine;
  readonly full: PressureLine;
}

/** Percent of the last seconds, and microseconds in all. */
export interface PressureLine {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  readonly total: Count;
}

/** The parts that the two versions count in their own ways. */
export interface RuntimeStats {
  readonly cpu: {
    readonly usage: {
      readonly total?: Count;
      readonly percpu?: readonly Count[];
      readonly kernel: Count;
      readonly user: Count;
    };
    readonly throttling: {
      readonly periods?: Count;
      readonly throttledPeriods?: Count;
      readonly throttledTime?: Count;
    };
    readonly psi?: Pressure;
  };
  readonly cpuset: Readonly<Record<string, Count | readonly Count[]>>;
  readonly memory: {
    readonly cache?: Count;
    readonly usage: MemoryEntry;
    readonly swap: MemoryEntry;
    readonly kernel: MemoryEntry;
    readonly kernelTCP: MemoryEntry;
    readonly raw?: Readonly<Record<string, Count>>;
    readonly psi?: Pressure;
    readonly event_count?: Readonly<Record<string, Count>>;
  };
  readonly pids: { readonly current?: Count; readonly limit?: Count };
  readonly blkio: {
    readonly ioServiceBytesRecursive?: readonly BlkioEntry[];
    readonly ioServicedRecursive?: readonly BlkioEntry[];
    readonly psi?: Pressure;
  };
  readonly hugetlb: Readonly<Record<string, { readonly usage?: Count; readonly max?: Count; readonly failcnt: Count }>>;
}

/** Paths of all files that {@link runtimeStats} may want. `pageSizes`: `2MB` and so on. */
export function runtimeStatsPaths(
  { directories }: Pick<RecordCgroups, "directories">,
  pageSizes: readonly string[],
): string[] {
  return [...v1StatsFiles(directories, pageSizes), ...v2StatsFiles(directories, pageSizes)];
}

/** The counts. A controller of v1 is asked before v2: on a hybrid host it has the one that counts. */
export function runtimeStats(
  { directories }: Pick<RecordCgroups, "directories">,
  pageSizes: readonly string[],
  read: ReadText,
): RuntimeStats {
  const first = v1Stats(directories, pageSizes, read);
  const second = v2Stats(directories.unified, pageSizes, read);
  const { cpuacct, memory, pids, blkio, hugetlb } = directories;
  return {
    cpu: cpuacct === undefined ? second.cpu : first.cpu,
    cpuset: first.cpuset,
    memory: memory === undefined ? second.memory : first.memory,
    pids: pids === undefined ? second.pids : first.pids,
    blkio: blkio === undefined ? second.blkio : first.blkio,
    hugetlb: hugetlb === undefined ? second.hugetlb : first.hugetlb,
  };
}

/** The document's text. Its numbers have 64 bits, which those of JavaScript have not. */
export function runtimeStatsText(stats: RuntimeStats): string {
  const document = { ...stats, intel_rdt: {}, network_interfaces: null };
  const marked = JSON.stringify(document, (_key, value) => typeof value === "bigint" ? `\u0001${value}` : value);
  return marked.replace(/"\\u0001(-?\d+)"/g, (_all, digits: string) => digits);
}

/** Sizes of huge pages as cgroups write them, of the names in /sys/kernel/mm/hugepages: `hugepages-2048kB`. */
export function hugePageSizes(names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const [, digits] = /^hugepages-(\d+)kB$/.exec(name) ?? [];
    if (digits === undefined) return [];
    const kilobytes = Number(digits);
    if (kilobytes >= 1024 * 1024) return [`${kilobytes / 1024 / 1024}GB`];
    return [kilobytes >= 1024 ? `${kilobytes / 1024}MB` : `${kilobytes}KB`];
  });
}
