/**
 * All that v1 and v2 count of a group, as one document.
 *
 * Source: cgroup-v2.rst; cgroup-v1/{cpuacct,memory,blkio-controller,hugetlb,pids,rdma}.rst; kernel, Documentation/accounting/psi.rst.
 *
 * @module
 */
import type { GroupPlace } from "./parts.ts";
import { type CgroupStats, cgroupStats, type ReadText } from "./stats.ts";

/** Counts of one group at one moment; null: nothing counts it there. */
export interface GroupStats extends CgroupStats {
  readonly group: string;
  readonly cpu: CpuStats | null;
  readonly memory: MemoryStats | null;
  /** Tasks, and how often one was refused. */
  readonly tasks: { readonly current: number; readonly max: number | null; readonly refused: number | null } | null;
  /** By device, `MAJOR:MINOR`. */
  readonly io: Readonly<Record<string, IoStats>>;
  /** By page size, `2MB`. */
  readonly hugetlb: Readonly<Record<string, HugetlbStats>>;
  /** By device. */
  readonly rdma: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly misc: Readonly<Record<string, number>>;
  /** By resource: share of time in which tasks waited for it. */
  readonly pressure: Readonly<Record<string, PressureStats>>;
}

/** CPU time in nanoseconds. */
export interface CpuStats {
  readonly usageNs: number | null;
  readonly userNs: number | null;
  readonly systemNs: number | null;
  /** v1 only. */
  readonly perCpuNs: readonly number[] | null;
  /** Periods of the quota, and those in which it was used up. */
  readonly periods: number | null;
  readonly throttledPeriods: number | null;
  readonly throttledNs: number | null;
}

/** Bytes, and how often a limit was met. */
export interface MemoryStats {
  readonly usageBytes: number | null;
  readonly peakBytes: number | null;
  readonly limitBytes: number | null;
  /** Of swap alone on v2; with memory on v1. */
  readonly swapBytes: number | null;
  readonly kernelBytes: number | null;
  readonly tcpBytes: number | null;
  /** v1: how often the limit was met. */
  readonly failures: number | null;
  readonly oom: number | null;
  readonly oomKills: number | null;
  /** `memory.events` of v2. */
  readonly events: Readonly<Record<string, number>>;
  /** `memory.stat` as it is. */
  readonly stat: Readonly<Record<string, number>>;
}

/** Of one device. */
export interface IoStats {
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly reads: number;
  readonly writes: number;
}

/** Of one page size. */
export interface HugetlbStats {
  readonly usageBytes: number | null;
  readonly limitBytes: number | null;
  readonly failures: number | null;
}

/** Percent of the last 10, 60 and 300 s, and microseconds in all. */
export interface PressureStats {
  readonly some: Readonly<Record<string, number>>;
  readonly full: Readonly<Record<string, number>>;
}

/** Which files of a group are read, by their names. */
const COUNTING =
  /^(?:cpu\.stat|cpuacct\.(?:usage|usage_user|usage_sys|usage_percpu|stat)|memory\.(?:usage_in_bytes|max_usage_in_bytes|limit_in_bytes|failcnt|memsw\.usage_in_bytes|kmem\.usage_in_bytes|kmem\.tcp\.usage_in_bytes|oom_control|stat|current|peak|max|events|swap\.current)|pids\.(?:current|max|events)|io\.stat|blkio\.(?:throttle\.)?io_(?:service_bytes|serviced)(?:_recursive)?|hugetlb\..*|rdma\.current|misc\.current|(?:cpu|io|memory|irq)\.pressure)$/;

/** Of the files in a group's directory those that count. */
export function countingFiles(names: readonly string[]): string[] {
  return names.filter((name) => COUNTING.test(name));
}

/** The document. `read`: text of a file; null: it is not there. */
export function groupStats(group: string, places: readonly GroupPlace[], read: ReadText): GroupStats {
  const directories: Record<string, string> = {};
  for (const { hierarchy, directory } of places) {
    if (hierarchy.version === 2) directories.unified = directory;
    else for (const controller of hierarchy.controllers) directories[controller] = directory;
  }
  const file = (name: string) => {
    const controller = name.split(".")[0] ?? "";
    const places = [directories[controller], directories.unified].filter((place) => place !== undefined);
    return places.map((place) => read(`${place}/${name}`)).find((text) => text !== null) ?? null;
  };
  return {
    group,
    ...cgroupStats(directories, read),
    cpu: cpu(file),
    memory: memory(file),
    tasks: tasks(file),
    io: io(file),
    hugetlb: hugetlb(places, read),
    rdma: lines(file("rdma.current")),
    misc: keyed(file("misc.current")),
    pressure: pressure(file),
  };
}

type ReadFile = (name: string) => string | null;

function cpu(file: ReadFile): CpuStats | null {
  const stat = keyed(file("cpu.stat"));
  const usage = number(file("cpuacct.usage"));
  const percpu = file("cpuacct.usage_percpu");
  const ns = (key: string) => stat[key] === undefined ? null : stat[key] * 1000;
  if (Object.keys(stat).length === 0 && usage === null) return null;
  return {
    usageNs: usage ?? ns("usage_usec"),
    userNs: number(file("cpuacct.usage_user")) ?? ns("user_usec"),
    systemNs: number(file("cpuacct.usage_sys")) ?? ns("system_usec"),
    perCpuNs: percpu === null ? null : percpu.trim().split(/\s+/).map(Number),
    periods: stat.nr_periods ?? null,
    throttledPeriods: stat.nr_throttled ?? null,
    throttledNs: stat.throttled_time ?? ns("throttled_usec"),
  };
}

function memory(file: ReadFile): MemoryStats | null {
  const usage = number(file("memory.usage_in_bytes")) ?? number(file("memory.current"));
  const stat = keyed(file("memory.stat"));
  if (usage === null && Object.keys(stat).length === 0) return null;
  const events = keyed(file("memory.events"));
  return {
    usageBytes: usage,
    peakBytes: number(file("memory.max_usage_in_bytes")) ?? number(file("memory.peak")),
    limitBytes: limit(file("memory.limit_in_bytes") ?? file("memory.max")),
    swapBytes: number(file("memory.swap.current")) ?? number(file("memory.memsw.usage_in_bytes")),
    kernelBytes: number(file("memory.kmem.usage_in_bytes")) ?? stat.kernel ?? null,
    tcpBytes: number(file("memory.kmem.tcp.usage_in_bytes")) ?? stat.sock ?? null,
    failures: number(file("memory.failcnt")),
    oom: events.oom ?? null,
    oomKills: events.oom_kill ?? keyed(file("memory.oom_control")).oom_kill ?? null,
    events,
    stat,
  };
}

function tasks(file: ReadFile): GroupStats["tasks"] {
  const current = number(file("pids.current"));
  if (current === null) return null;
  return { current, max: limit(file("pids.max")), refused: keyed(file("pids.events")).max ?? null };
}

/** v2: one line a device with `KEY=N`; v1: one line a device and direction, of bytes and of operations. */
function io(file: ReadFile): Record<string, IoStats> {
  const v2 = lines(file("io.stat"));
  const unified = Object.entries(v2).map(([device, { rbytes = 0, wbytes = 0, rios = 0, wios = 0 }]) =>
    [device, { readBytes: rbytes, writtenBytes: wbytes, reads: rios, writes: wios }] as const
  );
  const bytes = directions(firstOf(file, "io_service_bytes"));
  const operations = directions(firstOf(file, "io_serviced"));
  const first = [...new Set([...Object.keys(bytes), ...Object.keys(operations)])].map((device) => {
    const count = (from: typeof bytes, word: string) => from[device]?.[word] ?? 0;
    return [device, {
      readBytes: count(bytes, "Read"),
      writtenBytes: count(bytes, "Write"),
      reads: count(operations, "Read"),
      writes: count(operations, "Write"),
    }] as const;
  });
  return Object.fromEntries(first.length > 0 ? first : unified);
}

function firstOf(file: ReadFile, name: string): string | null {
  return file(`blkio.throttle.${name}_recursive`) ?? file(`blkio.throttle.${name}`) ?? file(`blkio.${name}_recursive`);
}

function directions(text: string | null): Record<string, Record<string, number>> {
  const found: Record<string, Record<string, number>> = {};
  for (const [, device = "", word = "", digits] of (text ?? "").matchAll(/^(\d+:\d+) (\w+) (\d+)$/gm)) {
    (found[device] ??= {})[word] = Number(digits);
  }
  return found;
}

function hugetlb(places: readonly GroupPlace[], read: ReadText): Record<string, HugetlbStats> {
  const found: Record<string, HugetlbStats> = {};
  for (const size of PAGE_SIZES) {
    for (const { directory, hierarchy } of places) {
      const text = (name: string) => read(`${directory}/hugetlb.${size}.${name}`);
      const isV1 = hierarchy.version === 1;
      const usageBytes = number(text(isV1 ? "usage_in_bytes" : "current"));
      if (usageBytes === null) continue;
      found[size] = {
        usageBytes,
        limitBytes: limit(text(isV1 ? "limit_in_bytes" : "max")),
        failures: isV1 ? number(text("failcnt")) : keyed(text("events")).max ?? null,
      };
    }
  }
  return found;
}

/** hugetlbpage.rst: the sizes of all architectures, as the kernel writes them. */
const PAGE_SIZES = ["64KB", "1MB", "2MB", "4MB", "16MB", "32MB", "64MB", "256MB", "512MB", "1GB", "2GB", "16GB"];

function pressure(file: ReadFile): Record<string, PressureStats> {
  return Object.fromEntries(["cpu", "io", "memory", "irq"].flatMap((resource) => {
    const text = file(`${resource}.pressure`);
    if (text === null) return [];
    const { some = {}, full = {} } = lines(text);
    return [[resource, { some, full }] as const];
  }));
}

/** `WORD KEY=N KEY=N` a line. */
function lines(text: string | null): Record<string, Record<string, number>> {
  return Object.fromEntries(
    (text ?? "").split("\n").filter((line) => line.includes("=")).map((line) => {
      const [word = "", ...pairs] = line.split(" ");
      const values = pairs.map((pair) => pair.split("=")).map(([key = "", value]) => [key, Number(value)] as const)
        .filter(([, value]) => Number.isFinite(value));
      return [word, Object.fromEntries(values)];
    }),
  );
}

/** `KEY N` a line. */
function keyed(text: string | null): Record<string, number> {
  const pairs = (text ?? "").matchAll(/^(\S+) (\d+)$/gm);
  return Object.fromEntries([...pairs].map(([, key = "", digits]) => [key, Number(digits)]));
}

function number(text: string | null): number | null {
  const word = text?.trim() ?? "";
  return /^\d+$/.test(word) ? Number(word) : null;
}

/** v1 writes "no limit" as the largest multiple of a page in 63 bits. */
function limit(text: string | null): number | null {
  const found = number(text);
  return found === null || found >= 2 ** 62 ? null : found;
}
