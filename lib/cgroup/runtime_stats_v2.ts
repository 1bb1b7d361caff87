/**
 * Counts of a v2 cgroup, in the words of v1's.
 *
 * @module
 */
import type { BlkioEntry, Count, MemoryEntry, RuntimeStats } from "./runtime_stats.ts";
import { blkioEntry, count, counts, nonZero, pressure, UNLIMITED } from "./runtime_stats_files.ts";
import type { ReadText } from "./stats.ts";

const NANOSECONDS_A_MICROSECOND = 1000n;

/** All that v2 counts. */
export function v2Stats(directory: string | undefined, pageSizes: readonly string[], whole: ReadText): RuntimeStats {
  const read: ReadFile = (name) => directory === undefined ? null : whole(`${directory}/${name}`);
  return {
    cpu: cpuOf(read),
    cpuset: {},
    memory: memoryOf(read),
    pids: pidsOf(read),
    blkio: blkioOf(read),
    hugetlb: hugetlbOf(read, pageSizes),
  };
}

type ReadFile = (name: string) => string | null;

function cpuOf(read: ReadFile): RuntimeStats["cpu"] {
  const stat = counts(read("cpu.stat"));
  const time = (key: string): Count => (stat[key] ?? 0n) * NANOSECONDS_A_MICROSECOND;
  return {
    usage: { ...nonZero({ total: time("usage_usec") }), kernel: time("system_usec"), user: time("user_usec") },
    throttling: nonZero({
      periods: stat.nr_periods ?? 0n,
      throttledPeriods: stat.nr_throttled ?? 0n,
      throttledTime: time("throttled_usec"),
    }),
    ...pressure(read("cpu.pressure")),
  };
}

function memoryOf(read: ReadFile): RuntimeStats["memory"] {
  const raw = counts(read("memory.stat"));
  const events = counts(read("memory.events"));
  const limit = count(read("memory.max"));
  const usage = count(read("memory.current"));
  const swapLimit = count(read("memory.swap.max"));
  const nothing: MemoryEntry = { limit: 0n, failcnt: 0n };
  return {
    ...nonZero({ cache: raw.file ?? 0n }),
    usage: { limit, ...nonZero({ usage, max: count(read("memory.peak")) }), failcnt: 0n },
    // v1 counts memory and swap together, and so do all who read this.
    swap: {
      limit: swapLimit === UNLIMITED || limit === UNLIMITED ? UNLIMITED : swapLimit + limit,
      ...nonZero({ usage: count(read("memory.swap.current")) + usage, max: count(read("memory.swap.peak")) }),
      failcnt: 0n,
    },
    kernel: nothing,
    kernelTCP: nothing,
    ...(Object.keys(raw).length > 0 && { raw }),
    ...pressure(read("memory.pressure")),
    event_count: Object.fromEntries(Object.entries(events).filter(([, value]) => value !== 0n)),
  };
}

/** No limit is 0. */
function pidsOf(read: ReadFile): RuntimeStats["pids"] {
  const limit = count(read("pids.max"));
  return nonZero({ current: count(read("pids.current")), limit: limit === UNLIMITED ? 0n : limit });
}

/** Lines of `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6`. */
function blkioOf(read: ReadFile): RuntimeStats["blkio"] {
  const lines = (read("io.stat") ?? "").split("\n").filter((line) => /^\d+:\d+ /.test(line));
  const entries = (keys: readonly (readonly [key: string, op: string])[]): BlkioEntry[] =>
    lines.flatMap((line) =>
      keys.flatMap(([key, op]) => {
        const [, value] = new RegExp(` ${key}=(\\d+)`).exec(line) ?? [];
        return value === undefined ? [] : [blkioEntry(line.slice(0, line.indexOf(" ")), op, BigInt(value))];
      })
    );
  const bytes = entries([["rbytes", "Read"], ["wbytes", "Write"], ["dbytes", "Discard"]]);
  const operations = entries([["rios", "Read"], ["wios", "Write"], ["dios", "Discard"]]);
  return {
    ...(bytes.length > 0 && { ioServiceBytesRecursive: bytes }),
    ...(operations.length > 0 && { ioServicedRecursive: operations }),
    ...pressure(read("io.pressure")),
  };
}

function hugetlbOf(read: ReadFile, pageSizes: readonly string[]): RuntimeStats["hugetlb"] {
  const there = pageSizes.filter((size) => read(`hugetlb.${size}.current`) !== null);
  return Object.fromEntries(there.map((size) => {
    const { max: failcnt = 0n } = counts(read(`hugetlb.${size}.events`));
    return [size, { ...nonZero({ usage: count(read(`hugetlb.${size}.current`)) }), failcnt }];
  }));
}
