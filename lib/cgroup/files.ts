/**
 * Control files by the kernel's own names: what may be written to them in which words, and whether the kernel took it so.
 *
 * Source: cgroup-v2.rst; cgroup-v1/{memory,cpusets,blkio-controller,hugetlb}.rst.
 *
 * @module
 */
import { mistake } from "../config/mistake.ts";
import { parseSize } from "../config/size.ts";
import { invalidConfig } from "../error.ts";
import { type Hierarchy, UNIFIED } from "./group.ts";

/** `memory.max=30M`, read. */
export interface Assignment {
  readonly file: string;
  readonly value: string;
  /** Where there is no such file, there is nothing to limit either. */
  readonly optional?: true;
}

const FILE = /^(?:[a-z][a-z0-9_]*(?:\.[A-Za-z0-9_]+)+|tasks|notify_on_release|release_agent)$/;

/** A control file's name. Errors: `invalid_config`. */
export function parseFileName(text: string): string {
  if (FILE.test(text)) return text;
  throw mistake("control file", text, "no name of a control file", "for example memory.max, or memory.limit_in_bytes");
}

/** `FILE=VALUE`: sizes may have a unit where the file counts bytes. Errors: `invalid_config`. */
export function parseAssignment(text: string): Assignment {
  const at = text.indexOf("=");
  if (at < 0) {
    throw invalidConfig(`Read "${text}": a control file and its value are needed`, "for example memory.max=30M");
  }
  const file = parseFileName(text.slice(0, at));
  const value = text.slice(at + 1);
  return { file, value: countsBytes(file) ? bytesOf(file, value) : value };
}

/** Whether a file's value is a number of bytes, or ends with one as in `8:0 1048576`. */
export function countsBytes(file: string): boolean {
  return /_in_bytes$/.test(file) || /_bps_device$/.test(file) ||
    /^memory\.(?:swap\.|zswap\.)?(?:min|low|high|max)$/.test(file) || file === "memory.reclaim" ||
    /^hugetlb\.[^.]+\.(?:rsvd\.)?max$/.test(file);
}

function bytesOf(file: string, value: string): string {
  const [, before = "", size = ""] = /^(.*?)(\S*)$/s.exec(value.trim()) ?? [];
  return size === "max" || size === "-1" || size === "" ? value : `${before}${parseSize(file, size)}`;
}

/** The hierarchies that have a file: its controller's, or all for files that every group has. */
export function hierarchiesWith(file: string, hierarchies: readonly Hierarchy[]): Hierarchy[] {
  const controller = controllerOf(file);
  if (controller === null) {
    const onlyV2 = file.startsWith("cgroup.") && !/^cgroup\.(?:procs|clone_children|sane_behavior)$/.test(file);
    const onlyV1 = file === "tasks" || file === "notify_on_release" || file === "release_agent";
    return hierarchies.filter(({ version }) => onlyV2 ? version === 2 : onlyV1 ? version === 1 : true);
  }
  const owner = hierarchies.filter(({ controllers }) => controllers.includes(controller));
  // cpu.stat and pressure are in every v2 group.
  return owner.length > 0 ? owner : hierarchies.filter(({ name }) => name === UNIFIED);
}

/** `memory.max` -> `memory`; null for the files that every group has. */
export function controllerOf(file: string): string | null {
  const [controller = "", ...rest] = file.split(".");
  if (rest.length === 0 || controller === "cgroup") return null;
  return controller;
}

/** Files of events rather than values: reading them back says nothing about what was written. */
const NOT_READ_BACK = new Set([
  "cgroup.procs",
  "cgroup.threads",
  "cgroup.kill",
  "cgroup.event_control",
  "cgroup.subtree_control",
  "tasks",
  "devices.allow",
  "devices.deny",
  "memory.force_empty",
  "memory.reclaim",
  "freezer.state",
  "cgroup.freeze",
  "blkio.reset_stats",
]);

/** Whether reading a file tells what became of a write to it. */
export function isReadBack(file: string): boolean {
  return !NOT_READ_BACK.has(file) && !/(?:\.peak|max_usage_in_bytes|failcnt)$/.test(file);
}

/** What a value has become; null: what was written. */
export function becameOf({ file, value }: Assignment, read: string): string | null {
  const now = read.trim();
  return saysTheSame(file, value.trim(), now) ? null : now;
}

/** As the kernel reads them: net_cls.classid is written in hexadecimal, and read in decimal. */
const NUMBER = /^(?:0x[0-9a-f]+|[1-9]\d*|0)$/i;

function saysTheSame(file: string, written: string, now: string): boolean {
  if (written === now) return true;
  if (/^cpuset\.(?:cpus|mems)/.test(file)) return cpuList(written) === cpuList(now);
  if (file === "memory.oom_control") return now.includes(`oom_kill_disable ${written}`);
  const isUnlimited = written === "-1" || written === "max";
  if (isUnlimited && (now === "max" || now === "-1" || Number(now) >= 2 ** 62)) return true;
  if (/^\d+:\d+ /.test(written)) return hasEntry(now, written);
  if (file.endsWith(".max") && /^\S+$/.test(written) && now.startsWith(`${written} `)) return true; // cpu.max without period
  if (NUMBER.test(written) && NUMBER.test(now)) return BigInt(written) === BigInt(now);
  if (/^default /.test(now) && now.split("\n")[0] === `default ${written.replace(/^default /, "")}`) return true;
  return written.includes(" ") && now.split("\n").includes(written.replace(/\s+/g, " "));
}

/** `8:0 rbps=1048576` among `8:0 rbps=1048576 wbps=max ...`; one that was taken away (0, max) is not listed. */
function hasEntry(now: string, written: string): boolean {
  const [device = "", ...words] = written.split(/\s+/);
  const line = now.split("\n").find((line) => line.startsWith(`${device} `));
  if (line === undefined) return words.every((word) => /^(?:\w+=)?(?:0|max)$/.test(word));
  const found = line.split(/\s+/);
  return words.every((word) => found.includes(word));
}

/** `0,1,2` and `0-2` are one list. */
function cpuList(text: string): string {
  const numbers = text.split(",").filter((range) => range !== "").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: Math.min(Math.max(0, last - first + 1), 8192) }, (_, index) => first + index);
  });
  return [...new Set(numbers)].sort((one, other) => one - other).join(",");
}
