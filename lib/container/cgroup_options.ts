/**
 * What is asked of control groups.
 *
 * @module
 */
import type { HierarchyChoice } from "../cgroup/group.ts";
import type { ResourceWords } from "../config/resources.ts";

/** Limits, in the words of the flags: sizes and amounts as text. */
export interface CgroupLimits extends Omit<ResourceWords, "cpus" | "cpuShares" | "pidsLimit"> {
  /** Of one CPU: `0.1`, or `10%`. */
  readonly cpus?: string | number;
  /** 2 to 262144, of 1024. */
  readonly cpuShares?: number;
  /** Processes and threads; -1: no limit. */
  readonly pids?: number;
  /** Only these devices can be opened or made: `c 1:3 rwm`. What was allowed before is not, any more. */
  readonly deviceRules?: readonly string[];
  /** Any control file by the kernel's own name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A new group. */
export interface CgroupCreateOptions extends CgroupLimits, HierarchyChoice {
  /** v2: for single threads of its parent's processes. */
  readonly threaded?: boolean;
  /** To whom it is delegated. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** Which groups are listed. */
export interface CgroupListOptions extends HierarchyChoice {
  /** The top; absent: every hierarchy's root. */
  readonly group?: string;
  /** How many levels below it. */
  readonly depth?: number;
  /** Threads instead of processes. */
  readonly threads?: boolean;
}

/** Where a program runs. */
export interface CgroupRunOptions extends CgroupLimits, HierarchyChoice {
  /** One that is there, and stays; absent: a new one, which goes with the program. */
  readonly group?: string;
  /** The program's; absent: this process's. */
  readonly environment?: Readonly<Record<string, string>>;
}
