/**
 * The OCI runtime-spec's `config.json`, version 1.3, Linux part: what is meant. Lists that are absent there are empty here where the
 * type says so; limits that the kernel would take for "none" are -1.
 *
 * Source: https://github.com/opencontainers/runtime-spec, config.md and config-linux.md.
 *
 * @module
 */
import type { Linux, LinuxIdMapping } from "./oci/linux.ts";

export type * from "./oci/linux.ts";
export type * from "./oci/resources.ts";
export type * from "./oci/seccomp.ts";

/** The version that masu writes. */
export const OCI_VERSION = "1.3.0";

/** `config.json`. */
export interface Spec {
  ociVersion: string;
  root: Root;
  process: Process;
  hostname?: string;
  domainname?: string;
  mounts: Mount[];
  hooks?: Hooks;
  annotations?: Record<string, string>;
  linux: Linux;
}

/** `root`: a path that is not absolute is below the bundle. */
export interface Root {
  path: string;
  readonly?: boolean;
}

/** `process`. */
export interface Process {
  terminal?: boolean;
  consoleSize?: ConsoleSize;
  user: User;
  args: string[];
  env: string[];
  cwd: string;
  capabilities?: Capabilities;
  rlimits?: Rlimit[];
  noNewPrivileges?: boolean;
  apparmorProfile?: string;
  selinuxLabel?: string;
  oomScoreAdj?: number;
  ioPriority?: IoPriority;
  scheduler?: Scheduler;
  execCPUAffinity?: CpuAffinity;
}

/** Rows and columns of a terminal. */
export interface ConsoleSize {
  height: number;
  width: number;
}

/** Whom a process runs as, in the container's user namespace. */
export interface User {
  uid: number;
  gid: number;
  umask?: number;
  additionalGids?: number[];
}

/** Sets of `CAP_*` names. */
export interface Capabilities {
  bounding: string[];
  effective: string[];
  permitted: string[];
  inheritable: string[];
  ambient: string[];
}

/** `type` is `RLIMIT_NOFILE` and so on; -1 stands for RLIM_INFINITY. */
export interface Rlimit {
  type: string;
  soft: number;
  hard: number;
}

/** ioprio_set(2): `priority` 0 (most) to 7. */
export interface IoPriority {
  class: "IOPRIO_CLASS_RT" | "IOPRIO_CLASS_BE" | "IOPRIO_CLASS_IDLE";
  priority: number;
}

/** sched_setattr(2). Times are in nanoseconds and SCHED_DEADLINE's. */
export interface Scheduler {
  policy: SchedulerPolicy;
  /** -20 to 19. */
  nice?: number;
  /** 1 to 99 of SCHED_FIFO and SCHED_RR, otherwise 0. */
  priority?: number;
  flags?: SchedulerFlag[];
  runtime?: number;
  deadline?: number;
  period?: number;
}

export type SchedulerPolicy =
  | "SCHED_OTHER"
  | "SCHED_FIFO"
  | "SCHED_RR"
  | "SCHED_BATCH"
  | "SCHED_ISO"
  | "SCHED_IDLE"
  | "SCHED_DEADLINE";

export type SchedulerFlag =
  | "SCHED_FLAG_RESET_ON_FORK"
  | "SCHED_FLAG_RECLAIM"
  | "SCHED_FLAG_DL_OVERRUN"
  | "SCHED_FLAG_KEEP_POLICY"
  | "SCHED_FLAG_KEEP_PARAMS"
  | "SCHED_FLAG_UTIL_CLAMP_MIN"
  | "SCHED_FLAG_UTIL_CLAMP_MAX";

/** CPUs of a program that is started in a running container: `0-3,7`; `initial` while the runtime joins it. */
export interface CpuAffinity {
  initial?: string;
  final?: string;
}

/** One of `mounts`. `destination` is absolute. */
export interface Mount {
  destination: string;
  type?: string;
  source?: string;
  options?: string[];
  uidMappings?: LinuxIdMapping[];
  gidMappings?: LinuxIdMapping[];
}

/** `hooks`. */
export interface Hooks {
  /** Deprecated by the specification, but engines write it: before createRuntime, in the runtime namespace. */
  prestart?: Hook[];
  createRuntime?: Hook[];
  createContainer?: Hook[];
  startContainer?: Hook[];
  poststart?: Hook[];
  poststop?: Hook[];
}

/** A program that is told of the container's state on its stdin. */
export interface Hook {
  /** Absolute. */
  path: string;
  args?: string[];
  env?: string[];
  /** Seconds, above 0. */
  timeout?: number;
}
