/**
 * Files of cgroups that count something, and how their texts are read.
 *
 * @module
 */
import type { RecordCgroups } from "../core/wire.ts";
import type { BlkioEntry, Count, Pressure, PressureLine } from "./runtime_stats.ts";

type Directories = RecordCgroups["directories"];

/** All bits: what runc says where there is no limit. */
export const UNLIMITED: Count = 2n ** 64n - 1n;

/** v1's, the first that is there counts: with cgroups below, without, and BFQ's. */
export const BLKIO_BYTES = [
  "blkio.throttle.io_service_bytes_recursive",
  "blkio.bfq.io_service_bytes_recursive",
  "blkio.throttle.io_service_bytes",
] as const;

/** The same for operations. */
export const BLKIO_OPERATIONS = [
  "blkio.throttle.io_serviced_recursive",
  "blkio.bfq.io_serviced_recursive",
  "blkio.throttle.io_serviced",
] as const;

/** v1's names of memory, of memory with swap, of the kernel's, of sockets'. */
export const MEMORY_KINDS = ["memory", "memory.memsw", "memory.kmem", "memory.kmem.tcp"] as const;

/** What v1's cpuset says in one number each, by its name in the document. */
export const CPUSET_NUMBERS = {
  cpu_exclusive: "cpuset.cpu_exclusive",
  mem_hardwall: "cpuset.mem_hardwall",
  mem_exclusive: "cpuset.mem_exclusive",
  memory_migrate: "cpuset.memory_migrate",
  memory_spread_page: "cpuset.memory_spread_page",
  memory_spread_slab: "cpuset.memory_spread_slab",
  memory_pressure: "cpuset.memory_pressure",
  sched_load_balance: "cpuset.sched_load_balance",
  sched_relax_domain_level: "cpuset.sched_relax_domain_level",
} as const;

/** v1's files. */
export function v1StatsFiles(directories: Directories, pageSizes: readonly string[]): string[] {
  const { cpu, cpuacct, cpuset, memory, pids, blkio, hugetlb } = directories;
  return [
    ...below(cpu, ["cpu.stat"]),
    ...below(cpuacct, ["cpuacct.usage", "cpuacct.usage_percpu", "cpuacct.stat"]),
    ...below(cpuset, ["cpuset.cpus", "cpuset.mems", ...Object.values(CPUSET_NUMBERS)]),
    ...below(memory, [
      "memory.stat",
      ...MEMORY_KINDS.flatMap((kind) =>
        ["usage_in_bytes", "limit_in_bytes", "max_usage_in_bytes", "failcnt"].map((name) => `${kind}.${name}`)
      ),
    ]),
    ...below(pids, ["pids.current", "pids.max"]),
    ...below(blkio, [...BLKIO_BYTES, ...BLKIO_OPERATIONS]),
    ...below(
      hugetlb,
      pageSizes.flatMap((size) =>
        ["usage_in_bytes", "max_usage_in_bytes", "failcnt"].map((name) => `hugetlb.${size}.${name}`)
      ),
    ),
  ];
}

/** v2's files. */
export function v2StatsFiles({ unified }: Directories, pageSizes: readonly string[]): string[] {
  const pages = pageSizes.flatMap((
    size,
  ) => [`hugetlb.${size}.current`, `hugetlb.${size}.max`, `hugetlb.${size}.events`]);
  return below(unified, [
    "cpu.stat",
    "cpu.pressure",
    "memory.current",
    "memory.max",
    "memory.peak",
    "memory.stat",
    "memory.events",
    "memory.swap.current",
    "memory.swap.max",
    "memory.swap.peak",
    "memory.pressure",
    "io.stat",
    "io.pressure",
    "pids.current",
    "pids.max",
    ...pages,
  ]);
}

function below(directory: string | undefined, names: readonly string[]): string[] {
  return directory === undefined ? [] : names.map((name) => `${directory}/${name}`);
}

/** A file that is one number; `max`: all bits; 0: there is no such file. */
export function count(text: string | null): Count {
  const word = text?.trim() ?? "";
  if (word === "max") return UNLIMITED;
  return /^-?\d+$/.test(word) ? BigInt(word) : 0n;
}

/** Lines of `KEY N`. */
export function counts(text: string | null): Record<string, Count> {
  const lines = (text ?? "").split("\n").map((line) => /^(\S+) (\d+)$/.exec(line));
  return Object.fromEntries(lines.flatMap((line) => line === null ? [] : [[line[1], BigInt(line[2] ?? "0")]]));
}

/** `0-2,5` as its numbers. */
export function numbers(text: string | null): Count[] {
  return (text ?? "").trim().split(",").flatMap((range) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (first === undefined) return [];
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => BigInt(Number(first) + index));
  });
}

/** The entry of a device without what is 0, as Go writes it. */
export function blkioEntry(device: string, op: string, value: Count): BlkioEntry {
  const [major = "0", minor = "0"] = device.split(":");
  return { ...nonZero({ major: BigInt(major), minor: BigInt(minor) }), op, ...nonZero({ value }) };
}

/** Go's `omitempty`. */
export function nonZero<T extends Record<string, Count>>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0n)) as Partial<T>;
}

/** psi.rst: `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`; undefined: the kernel does not say. */
export function pressure(text: string | null): { readonly psi?: Pressure } {
  if (text === null) return {};
  return { psi: { some: pressureLine(text, "some"), full: pressureLine(text, "full") } };
}

function pressureLine(text: string, kind: string): PressureLine {
  const line = text.split("\n").find((line) => line.startsWith(`${kind} `)) ?? "";
  const value = (key: string) => new RegExp(`\\b${key}=([\\d.]+)`).exec(line)?.[1] ?? "0";
  return {
    avg10: Number(value("avg10")),
    avg60: Number(value("avg60")),
    avg300: Number(value("avg300")),
    total: BigInt(value("total")),
  };
}
