/**
 * What is set of a group, in the words of the flags: read from v1's files and v2's alike.
 *
 * Source: cgroup-v2.rst; cgroup-v1/{memory,cpusets,pids}.rst; kernel, Documentation/scheduler/sched-bwc.rst.
 *
 * @module
 */

/** Reads one file of the group; null: there is no such file here. */
export type ReadFile = (file: string) => string | null;

/** One word: the files of each version, and what they say together; null: they say nothing. */
interface PortableRule {
  readonly word: string;
  readonly controller: string;
  readonly v1: Reading | null;
  readonly v2: Reading | null;
}

interface Reading {
  readonly files: readonly string[];
  readonly value: (texts: readonly string[]) => string | null;
}

const RULES: readonly PortableRule[] = [
  { word: "memory", controller: "memory", v1: plain("memory.limit_in_bytes"), v2: plain("memory.max") },
  {
    word: "memory-swap",
    controller: "memory",
    v1: plain("memory.memsw.limit_in_bytes"),
    v2: { files: ["memory.max", "memory.swap.max"], value: both },
  },
  {
    word: "memory-reservation",
    controller: "memory",
    v1: plain("memory.soft_limit_in_bytes"),
    v2: plain("memory.low"),
  },
  { word: "memory-swappiness", controller: "memory", v1: plain("memory.swappiness"), v2: null },
  {
    word: "cpus",
    controller: "cpu",
    v1: { files: ["cpu.cfs_quota_us", "cpu.cfs_period_us"], value: ([quota = "", period = ""]) => cpus(quota, period) },
    v2: { files: ["cpu.max"], value: ([text = ""]) => cpus(...pair(text)) },
  },
  { word: "cpu-shares", controller: "cpu", v1: plain("cpu.shares"), v2: null },
  { word: "cpu-weight", controller: "cpu", v1: null, v2: plain("cpu.weight") },
  { word: "cpuset-cpus", controller: "cpuset", v1: plain("cpuset.cpus"), v2: plain("cpuset.cpus") },
  { word: "cpuset-mems", controller: "cpuset", v1: plain("cpuset.mems"), v2: plain("cpuset.mems") },
  { word: "pids", controller: "pids", v1: plain("pids.max"), v2: plain("pids.max") },
];

/** All words that a group can be asked for. */
export const PORTABLE_WORDS: readonly string[] = RULES.map(({ word }) => word);

/** Controller of a word. */
export function controllerOfWord(word: string): string | undefined {
  return RULES.find((rule) => rule.word === word)?.controller;
}

/** Files that a word is read from. */
export function filesOfWord(word: string, version: 1 | 2): readonly string[] {
  return readingOf(word, version)?.files ?? [];
}

/** What a word is; `max`: no limit; null: it has no counterpart there, or cannot be read. */
export function portableValue(word: string, version: 1 | 2, read: ReadFile): string | null {
  const reading = readingOf(word, version);
  if (reading === null) return null;
  const texts = reading.files.map((file) => read(file)?.trim());
  const there = texts.filter((text) => text !== undefined);
  return there.length < texts.length ? null : reading.value(there);
}

function readingOf(word: string, version: 1 | 2): Reading | null {
  return RULES.find((rule) => rule.word === word)?.[version === 1 ? "v1" : "v2"] ?? null;
}

function plain(file: string): Reading {
  return { files: [file], value: ([text = ""]) => limit(text) };
}

/** v1 writes "no limit" as -1, or as the largest multiple of a page in 63 bits. */
function limit(text: string): string {
  return text === "-1" || Number(text) >= 2 ** 62 ? "max" : text;
}

/** v2 counts swap alone; the flag is memory and swap together. */
function both([memory = "", swap = ""]: readonly string[]): string {
  return memory === "max" || swap === "max" ? "max" : `${Number(memory) + Number(swap)}`;
}

function cpus(quota: string, period: string): string {
  return quota === "max" || Number(quota) < 0 ? "max" : `${Math.round(Number(quota) / Number(period) * 1e6) / 1e6}`;
}

function pair(text: string): [string, string] {
  const [quota = "max", period = "100000"] = text.split(" ");
  return [quota, period];
}
