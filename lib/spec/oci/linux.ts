/**
 * `linux` of the OCI runtime-spec's `config.json`.
 *
 * Source: config-linux.md.
 *
 * @module
 */
import type { LinuxResources } from "./resources.ts";
import type { LinuxSeccomp } from "./seccomp.ts";

/** `linux`. */
export interface Linux {
  namespaces: LinuxNamespace[];
  uidMappings?: LinuxIdMapping[];
  gidMappings?: LinuxIdMapping[];
  /** By clock. */
  timeOffsets?: Record<string, LinuxTimeOffset>;
  devices?: LinuxDevice[];
  /** By its name in the runtime namespace. */
  netDevices?: Record<string, LinuxNetDevice>;
  cgroupsPath?: string;
  resources?: LinuxResources;
  rootfsPropagation?: RootfsPropagation;
  seccomp?: LinuxSeccomp;
  sysctl?: Record<string, string>;
  maskedPaths?: string[];
  readonlyPaths?: string[];
  mountLabel?: string;
  intelRdt?: LinuxIntelRdt;
  memoryPolicy?: LinuxMemoryPolicy;
  personality?: LinuxPersonality;
}

export type LinuxNamespaceType = "pid" | "network" | "mount" | "ipc" | "uts" | "user" | "cgroup" | "time";

/** `path` absent: a new namespace. */
export interface LinuxNamespace {
  type: LinuxNamespaceType;
  path?: string;
}

/** `size` ids from `hostID` on are those from `containerID` on. */
export interface LinuxIdMapping {
  containerID: number;
  hostID: number;
  size: number;
}

/** What a clock of the container is ahead by. */
export interface LinuxTimeOffset {
  secs?: number;
  nanosecs?: number;
}

/** `type`: `c`, `b`, `u` (as c) or `p`. */
export interface LinuxDevice {
  type: "c" | "b" | "u" | "p";
  path: string;
  major: number;
  minor: number;
  fileMode?: number;
  uid?: number;
  gid?: number;
}

/** A network device that moves into the container; `name` absent: under the name it has. */
export interface LinuxNetDevice {
  name?: string;
}

/** What mounts in the container and on the host do to each other, and with `r` those below the root. */
export type RootfsPropagation =
  | "private"
  | "rprivate"
  | "slave"
  | "rslave"
  | "shared"
  | "rshared"
  | "unbindable"
  | "runbindable";

/** A group in `/sys/fs/resctrl`. */
export interface LinuxIntelRdt {
  /** The group's name; absent: the container's ID. */
  closID?: string;
  /** Lines of its `schemata`, before the two below. */
  schemata?: string[];
  /** `L3:0=ff;1=ff`. */
  l3CacheSchema?: string;
  /** `MB:0=20;1=70`. */
  memBwSchema?: string;
  /** A monitoring group for the container. */
  enableMonitoring?: boolean;
}

/** set_mempolicy(2). */
export interface LinuxMemoryPolicy {
  mode: LinuxMemoryPolicyMode;
  /** `0-3,7`; absent or empty: none. */
  nodes?: string;
  flags?: LinuxMemoryPolicyFlag[];
}

export type LinuxMemoryPolicyMode =
  | "MPOL_DEFAULT"
  | "MPOL_BIND"
  | "MPOL_INTERLEAVE"
  | "MPOL_WEIGHTED_INTERLEAVE"
  | "MPOL_PREFERRED"
  | "MPOL_PREFERRED_MANY"
  | "MPOL_LOCAL";

export type LinuxMemoryPolicyFlag = "MPOL_F_NUMA_BALANCING" | "MPOL_F_RELATIVE_NODES" | "MPOL_F_STATIC_NODES";

/** personality(2). The specification names no flags yet. */
export interface LinuxPersonality {
  domain: "LINUX" | "LINUX32";
}
