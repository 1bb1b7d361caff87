/**
 * What containers use, seen from the host: counters of their cgroups and of their network, twice, and what lies between.
 *
 * @module
 */
import { type CgroupStats, cgroupStats, NO_STATS, type ReadText, statsPaths } from "../cgroup/stats.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { ContainerView, Store } from "../core/wire.ts";
import { viewContainers } from "./lifecycle.ts";

/** What one container uses; null: it is not counted here, or not known yet. */
export interface ContainerStats {
  /** RFC 3339, UTC. */
  readonly time: string;
  /** Of the container. */
  readonly id: string;
  /** Of the container; null: it has none. */
  readonly name: string | null;
  /** What is true of it at that time. */
  readonly status: ContainerView["status"];
  /** Of one CPU: 200 is two of them all the time. Since the last look. */
  readonly cpuPercent: number | null;
  /** All CPU time that it used since its start. */
  readonly cpuNs: number | null;
  /** Without the cache that could be dropped at once. */
  readonly memoryBytes: number | null;
  /** Its limit, or all memory of the host. */
  readonly memoryLimitBytes: number | null;
  /** Of the limit. */
  readonly memoryPercent: number | null;
  /** Processes that the kernel killed for lack of memory since its start. */
  readonly oomKills: number | null;
  /** null also where the container has no network of its own. */
  readonly networkReceivedBytes: number | null;
  /** In the same way. */
  readonly networkSentBytes: number | null;
  /** From disks. */
  readonly blockReadBytes: number | null;
  /** To disks. */
  readonly blockWrittenBytes: number | null;
  /** Tasks: processes and threads. */
  readonly pids: number | null;
}

/** Which containers. */
export interface StatsWanted {
  /** IDs and names; none: all. */
  readonly words: readonly string[];
  /** Those that do not run too. */
  readonly all: boolean;
}

/** Looks at containers again and again: CPU is what they used since the look before. */
export class StatsReader {
  readonly #core: Core;
  readonly #store: Store;
  readonly #wanted: StatsWanted;
  #before: ReadonlyMap<string, CpuMark> = new Map();

  constructor(core: Core, store: Store, wanted: StatsWanted) {
    this.#core = core;
    this.#store = store;
    this.#wanted = wanted;
  }

  /** In the order asked for, or that in which they were made. Errors: `not_found`, while nothing was read before. */
  read(): ContainerStats[] {
    const views = viewContainers(this.#core, this.#store, this.#wanted.words);
    const running = views.filter(({ record }) => record !== null);
    const paths = [MEMORY, ...running.flatMap(containerPaths)];
    const { seen } = call(this.#core, "observe", {
      looks: paths.map((path) => ({ path, root: null, want: "text" as const })),
    });
    const atMs = performance.now();
    const texts = new Map(paths.map((path, index) => [path, seen[index]?.text ?? null]));
    const read: ReadText = (path) => texts.get(path) ?? null;
    const shown = this.#wanted.all || this.#wanted.words.length > 0 ? views : running;
    const time = new Date().toISOString();
    const marks = new Map<string, CpuMark>();
    const stats = shown.map((view) => {
      const found = statsOf(view, { read, time, atMs, before: this.#before.get(markKey(view)) });
      if (found.cpuNs !== null) marks.set(markKey(view), { atMs, cpuNs: found.cpuNs });
      return found;
    });
    this.#before = marks;
    return stats;
  }
}

/** CPU time at one moment. */
export interface CpuMark {
  readonly atMs: number;
  readonly cpuNs: number;
}

/** Another start is another cgroup, which counts from 0. */
function markKey({ id, record }: ContainerView): string {
  return `${id} ${record?.pid} ${record?.masu.start}`;
}

/** What was read, and when. */
export interface Look {
  readonly read: ReadText;
  readonly time: string;
  /** Of a clock that only goes forward. */
  readonly atMs: number;
  readonly before?: CpuMark | undefined;
}

const MEMORY = "/proc/meminfo";

function containerPaths({ record }: ContainerView): string[] {
  if (record === null) return [];
  return [...statsPaths(record.masu.cgroups.directories), ...(hasNetwork(record) ? [networkPath(record.pid)] : [])];
}

type Record = NonNullable<ContainerView["record"]>;

/** It has a network namespace of its own; else the figures would be the host's. */
function hasNetwork({ masu }: Record): boolean {
  return masu.exec.namespaces.includes("network");
}

function networkPath(pid: number): string {
  return `/proc/${pid}/net/dev`;
}

/** One container's figures. */
export function statsOf(view: ContainerView, { read, time, atMs, before }: Look): ContainerStats {
  const { id, name, status, record } = view;
  const counted = record === null ? NO_STATS : cgroupStats(record.masu.cgroups.directories, read);
  const limit = record === null ? null : counted.memoryLimitBytes ?? Number.POSITIVE_INFINITY;
  const memoryLimitBytes = limit === null || counted.memoryBytes === null ? null : Math.min(limit, hostMemory(read));
  const traffic = record !== null && hasNetwork(record) ? networkTraffic(read(networkPath(record.pid))) : null;
  return {
    time,
    id,
    name,
    status,
    cpuPercent: cpuPercent(counted, atMs, before),
    cpuNs: counted.cpuNs,
    memoryBytes: counted.memoryBytes,
    memoryLimitBytes,
    memoryPercent: share(counted.memoryBytes, memoryLimitBytes),
    oomKills: counted.oomKills,
    networkReceivedBytes: traffic?.receivedBytes ?? null,
    networkSentBytes: traffic?.sentBytes ?? null,
    blockReadBytes: counted.blockReadBytes,
    blockWrittenBytes: counted.blockWrittenBytes,
    pids: counted.pids,
  };
}

function cpuPercent({ cpuNs }: CgroupStats, atMs: number, before: CpuMark | undefined): number | null {
  if (cpuNs === null || before === undefined || atMs <= before.atMs) return null;
  return rounded(Math.max(0, cpuNs - before.cpuNs) / ((atMs - before.atMs) * 1e6) * 100);
}

function share(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole === 0 ? null : rounded(part / whole * 100);
}

function rounded(percent: number): number {
  return Math.round(percent * 100) / 100;
}

/** proc_meminfo(5) */
function hostMemory(read: ReadText): number {
  const [, kilobytes] = /^MemTotal:\s+(\d+) kB$/m.exec(read(MEMORY) ?? "") ?? [];
  return kilobytes === undefined ? Number.POSITIVE_INFINITY : Number(kilobytes) * 1024;
}

/** Bytes of all interfaces but the loopback; null: cannot be read. proc_pid_net(5), `dev` */
export function networkTraffic(text: string | null): { receivedBytes: number; sentBytes: number } | null {
  if (text === null) return null;
  let [receivedBytes, sentBytes] = [0, 0];
  for (const line of text.split("\n").slice(2)) {
    const [name = "", figures = ""] = line.split(":");
    const columns = figures.trim().split(/\s+/).map(Number);
    if (name.trim() === "lo" || columns.length < 9) continue;
    receivedBytes += columns[0] ?? 0;
    sentBytes += columns[8] ?? 0;
  }
  return { receivedBytes, sentBytes };
}
