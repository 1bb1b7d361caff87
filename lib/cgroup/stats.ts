/**
 * What a container's cgroups have counted: v1's files and v2's, read as one thing.
 *
 * Source: cgroup-v2.rst; cgroup-v1/{cpuacct,memory,blkio-controller,pids}.rst.
 *
 * @module
 */
import type { RecordCgroups } from "../core/wire.ts";

/** Counts of one moment; null: no controller counts it here. */
export interface CgroupStats {
  /** CPU time used since the cgroup was made. */
  readonly cpuNs: number | null;
  /** Memory in use without the page cache that could be dropped at once, as docker counts it. */
  readonly memoryBytes: number | null;
  /** null: none. */
  readonly memoryLimitBytes: number | null;
  /** Processes that the kernel killed for lack of memory. */
  readonly oomKills: number | null;
  readonly blockReadBytes: number | null;
  readonly blockWrittenBytes: number | null;
  /** Tasks: processes and threads. */
  readonly pids: number | null;
}

/** Where nothing is counted. */
export const NO_STATS: CgroupStats = {
  cpuNs: null,
  memoryBytes: null,
  memoryLimitBytes: null,
  oomKills: null,
  blockReadBytes: null,
  blockWrittenBytes: null,
  pids: null,
};

type Directories = RecordCgroups["directories"];
/** The text of a file; null: none. */
export type ReadText = (path: string) => string | null;

/** Paths of all files that {@link cgroupStats} may want. */
export function statsPaths(directories: Directories): string[] {
  const { unified, cpuacct, memory, blkio, pids } = directories;
  const below = (directory: string | undefined, names: readonly string[]) =>
    directory === undefined ? [] : names.map((name) => `${directory}/${name}`);
  return [
    ...below(cpuacct, ["cpuacct.usage"]),
    ...below(memory, ["memory.usage_in_bytes", "memory.limit_in_bytes", "memory.stat", "memory.oom_control"]),
    ...below(blkio, BLKIO_FILES),
    ...below(pids, ["pids.current"]),
    ...below(unified, [
      "cpu.stat",
      "memory.current",
      "memory.max",
      "memory.stat",
      "memory.events",
      "io.stat",
      "pids.current",
    ]),
  ];
}

/** The first that is there counts: with cgroups below, without, and with the old CFQ scheduler. */
const BLKIO_FILES = [
  "blkio.throttle.io_service_bytes_recursive",
  "blkio.throttle.io_service_bytes",
  "blkio.io_service_bytes_recursive",
];

/** Reads the counts. A controller of v1 is asked before v2: on a hybrid host it has the one that counts. */
export function cgroupStats(directories: Directories, read: ReadText): CgroupStats {
  const { unified } = directories;
  const v2 = (name: string) => unified === undefined ? null : read(`${unified}/${name}`);
  return {
    cpuNs: cpuTime(directories, read, v2),
    ...memory(directories, read, v2),
    ...blockIo(directories, read, v2),
    pids: number(directories.pids === undefined ? v2("pids.current") : read(`${directories.pids}/pids.current`)),
  };
}

type ReadUnified = (name: string) => string | null;

function cpuTime({ cpuacct }: Directories, read: ReadText, v2: ReadUnified): number | null {
  if (cpuacct !== undefined) return number(read(`${cpuacct}/cpuacct.usage`));
  const microseconds = keyed(v2("cpu.stat"), "usage_usec");
  return microseconds === null ? null : microseconds * 1000;
}

function memory(
  { memory }: Directories,
  read: ReadText,
  v2: ReadUnified,
): Pick<CgroupStats, "memoryBytes" | "memoryLimitBytes" | "oomKills"> {
  const first = (name: string) => memory === undefined ? null : read(`${memory}/${name}`);
  const used = number(memory === undefined ? v2("memory.current") : first("memory.usage_in_bytes"));
  const cache = memory === undefined
    ? keyed(v2("memory.stat"), "inactive_file")
    : keyed(first("memory.stat"), "total_inactive_file");
  const limit = number(memory === undefined ? v2("memory.max") : first("memory.limit_in_bytes"));
  return {
    memoryBytes: used === null ? null : used - (cache !== null && cache < used ? cache : 0),
    // v1 writes "no limit" as the largest multiple of a page in 63 bits.
    memoryLimitBytes: limit === null || limit >= 2 ** 62 ? null : limit,
    oomKills: keyed(memory === undefined ? v2("memory.events") : first("memory.oom_control"), "oom_kill"),
  };
}

function blockIo(
  { blkio }: Directories,
  read: ReadText,
  v2: ReadUnified,
): Pick<CgroupStats, "blockReadBytes" | "blockWrittenBytes"> {
  if (blkio === undefined) {
    const text = v2("io.stat");
    if (text === null) return { blockReadBytes: null, blockWrittenBytes: null };
    return { blockReadBytes: sum(text, /\brbytes=(\d+)/g), blockWrittenBytes: sum(text, /\bwbytes=(\d+)/g) };
  }
  const text = BLKIO_FILES.map((name) => read(`${blkio}/${name}`)).find((text) => text !== null) ?? null;
  if (text === null) return { blockReadBytes: null, blockWrittenBytes: null };
  // One line a device and direction; "Total" sums them up once more.
  return {
    blockReadBytes: sum(text, /^\d+:\d+ Read (\d+)$/gm),
    blockWrittenBytes: sum(text, /^\d+:\d+ Write (\d+)$/gm),
  };
}

/** A file that is one number; `max` is none. */
function number(text: string | null): number | null {
  const word = text?.trim() ?? "";
  return /^\d+$/.test(word) ? Number(word) : null;
}

/** The number of a line `KEY N`. */
function keyed(text: string | null, key: string): number | null {
  const line = text?.split("\n").find((line) => line.startsWith(`${key} `));
  return number(line?.slice(key.length + 1) ?? null);
}

function sum(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].reduce((total, [, digits]) => total + Number(digits), 0);
}
