/**
 * Counts of v1's cgroups.
 *
 * @module
 */
import type { RecordCgroups } from "../core/wire.ts";
import type { BlkioEntry, Count, MemoryEntry, RuntimeStats } from "./runtime_stats.ts";
import {
  BLKIO_BYTES,
  BLKIO_OPERATIONS,
  blkioEntry,
  count,
  counts,
  CPUSET_NUMBERS,
  nonZero,
  numbers,
} from "./runtime_stats_files.ts";
import type { ReadText } from "./stats.ts";

/** cpuacct.rst: `cpuacct.stat` counts in these, whatever the kernel's own clock is. sysconf(3) _SC_CLK_TCK */
const NANOSECONDS_A_TICK = 10_000_000n;

/** All that v1 counts. */
export function v1Stats(
  directories: RecordCgroups["directories"],
  pageSizes: readonly string[],
  read: ReadText,
): RuntimeStats {
  const of = (controller: string) => (name: string) => {
    const directory = directories[controller];
    return directory === undefined ? null : read(`${directory}/${name}`);
  };
  return {
    cpu: cpuOf(of("cpuacct"), of("cpu")),
    cpuset: cpusetOf(of("cpuset")),
    memory: memoryOf(of("memory")),
    pids: pidsOf(of("pids")),
    blkio: {
      ...entries("ioServiceBytesRecursive", of("blkio"), BLKIO_BYTES),
      ...entries("ioServicedRecursive", of("blkio"), BLKIO_OPERATIONS),
    },
    hugetlb: hugetlbOf(of("hugetlb"), pageSizes),
  };
}

type ReadFile = (name: string) => string | null;

function cpuOf(cpuacct: ReadFile, cpu: ReadFile): RuntimeStats["cpu"] {
  const { user = 0n, system = 0n } = counts(cpuacct("cpuacct.stat"));
  const { nr_periods = 0n, nr_throttled = 0n, throttled_time = 0n } = counts(cpu("cpu.stat"));
  const percpu = (cpuacct("cpuacct.usage_percpu") ?? "").split(/\s+/).filter((word) => word !== "").map(BigInt);
  return {
    usage: {
      ...nonZero({ total: count(cpuacct("cpuacct.usage")) }),
      ...(percpu.length > 0 && { percpu }),
      kernel: system * NANOSECONDS_A_TICK,
      user: user * NANOSECONDS_A_TICK,
    },
    throttling: nonZero({ periods: nr_periods, throttledPeriods: nr_throttled, throttledTime: throttled_time }),
  };
}

function cpusetOf(read: ReadFile): RuntimeStats["cpuset"] {
  const lists = { cpus: numbers(read("cpuset.cpus")), mems: numbers(read("cpuset.mems")) };
  return {
    ...Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)),
    ...Object.fromEntries(Object.entries(CPUSET_NUMBERS).map(([name, file]) => [name, count(read(file))])),
  };
}

function memoryOf(read: ReadFile): RuntimeStats["memory"] {
  const raw = counts(read("memory.stat"));
  const entry = (kind: string): MemoryEntry => ({
    limit: count(read(`${kind}.limit_in_bytes`)),
    ...nonZero({
      usage: count(read(`${kind}.usage_in_bytes`)),
      max: count(read(`${kind}.max_usage_in_bytes`)),
    }),
    failcnt: count(read(`${kind}.failcnt`)),
  });
  return {
    ...nonZero({ cache: raw.cache ?? 0n }),
    usage: entry("memory"),
    swap: entry("memory.memsw"),
    kernel: entry("memory.kmem"),
    kernelTCP: entry("memory.kmem.tcp"),
    ...(Object.keys(raw).length > 0 && { raw }),
    event_count: {},
  };
}

/** No limit is 0. */
function pidsOf(read: ReadFile): RuntimeStats["pids"] {
  const limit = read("pids.max")?.trim() === "max" ? 0n : count(read("pids.max"));
  return nonZero({ current: count(read("pids.current")), limit });
}

/** Lines of `8:0 Read 4096`; the first of the files that has any counts. */
function entries<Name extends string>(
  name: Name,
  read: ReadFile,
  files: readonly string[],
): { [key in Name]?: BlkioEntry[] } {
  for (const file of files) {
    const found = (read(file) ?? "").split("\n").flatMap((line) => {
      const [, device, op, value] = /^(\d+:\d+) (\w+) (\d+)$/.exec(line) ?? [];
      return device === undefined || op === undefined ? [] : [blkioEntry(device, op, BigInt(value ?? "0"))];
    });
    if (found.length > 0) return { [name]: found } as { [key in Name]: BlkioEntry[] };
  }
  return {};
}

function hugetlbOf(read: ReadFile, pageSizes: readonly string[]): RuntimeStats["hugetlb"] {
  const there = pageSizes.filter((size) => read(`hugetlb.${size}.usage_in_bytes`) !== null);
  const of = (size: string, name: string): Count => count(read(`hugetlb.${size}.${name}`));
  return Object.fromEntries(there.map((size) => [size, {
    ...nonZero({ usage: of(size, "usage_in_bytes"), max: of(size, "max_usage_in_bytes") }),
    failcnt: of(size, "failcnt"),
  }]));
}
