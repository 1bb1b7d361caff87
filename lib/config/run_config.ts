/**
 * What a person wrote for one container: the flags of `masu run`, parsed and checked word by word, but without
 * defaults and without looking at the host. `undefined` means that it was not written.
 *
 * @module
 */

/** Where the root file system comes from. */
export type Image =
  /** The running system's own root, copy on write. */
  | { readonly kind: "host" }
  /** A root directory: itself, or as the lower layer of an overlay. */
  | { readonly kind: "directory"; readonly path: string; readonly copyOnWrite: boolean };

/** A namespace option: `--pid`, `--ipc`, `--uts`, `--net`, `--cgroupns`. */
export type NamespaceMode =
  | { readonly kind: "private" }
  | { readonly kind: "host" }
  /** `none` of `--net`: a private network namespace with nothing but loopback. */
  | { readonly kind: "none" }
  /** The namespace of another container, by ID or name. */
  | { readonly kind: "container"; readonly container: string };

/** One range of ids, as in `--userns` and OCI's `uidMappings`. */
export interface IdRange {
  /** First id in the container. */
  readonly containerID: number;
  /** First id outside. */
  readonly hostID: number;
  /** How many. */
  readonly size: number;
}

/** `--userns`. */
export type UserNamespaceMode =
  | { readonly kind: "host" }
  /** A range of ids of the host's choice (subordinate ids, or a single id). */
  | { readonly kind: "private" }
  /** These ids. `gidMaps` empty: the same as `uidMaps`. */
  | { readonly kind: "maps"; readonly uidMaps: readonly IdRange[]; readonly gidMaps: readonly IdRange[] };

/** mount_namespaces(7): what mounts on either side do to the other. */
export type MountPropagation = "private" | "rprivate" | "slave" | "rslave" | "shared" | "rshared";

/** `--volume`, `--mount type=bind`. */
export interface BindMount {
  readonly kind: "bind";
  /** Absolute path in the runtime namespace. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly destination: string;
  readonly readOnly: boolean;
  /** What is mounted below the source becomes read-only too. */
  readonly recursiveReadOnly: boolean;
  /** Bring what is mounted below the source along (default; `bind-recursive=disabled`: false). */
  readonly recursive: boolean;
  readonly propagation?: MountPropagation;
  /** `--volume` makes a missing source directory, as docker does; `--mount` refuses. */
  readonly createSource: boolean;
  /** `nosuid`, `nodev`, `noexec` beside it. */
  readonly options: readonly string[];
}

/** `--tmpfs`, `--mount type=tmpfs`. */
export interface TmpfsMount {
  readonly kind: "tmpfs";
  readonly destination: string;
  /** mount(8) words: `size=64m`, `mode=1777`, `noexec`, `ro`. */
  readonly options: readonly string[];
}

export type MountConfig = BindMount | TmpfsMount;

/** `--ulimit NAME=SOFT[:HARD]`; -1: unlimited. */
export interface Ulimit {
  /** `nofile`, `nproc`, ... getrlimit(2) without the prefix, in lower case. */
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** `--device HOST[:CONTAINER[:rwm]]`. */
export interface DeviceConfig {
  readonly source: string;
  readonly destination: string;
  /** Any of `r`, `w`, `m`. */
  readonly access: string;
}

/** `--device-cgroup-rule`; null: any number. */
export interface DeviceRuleConfig {
  readonly type: "a" | "b" | "c";
  readonly major: number | null;
  readonly minor: number | null;
  /** Any of `r`, `w`, `m`. */
  readonly access: string;
}

/** All limits: `--memory` and its kin. Bytes, unless said otherwise. */
export interface ResourceConfig extends CpuConfig, BlockIoConfig, ControlConfig {
  readonly memory?: number;
  /** Memory and swap together, as docker counts; -1: unlimited swap. */
  readonly memorySwap?: number;
  readonly memoryReservation?: number;
  /** 0 to 100. */
  readonly memorySwappiness?: number;
  readonly kernelMemory?: number;
  readonly kernelMemoryTcp?: number;
  readonly oomKillDisable?: boolean;
  /** -1: unlimited. */
  readonly pidsLimit?: number;
}

/** CPU time and CPUs. */
export interface CpuConfig {
  /** CPUs, for example 0.5. */
  readonly cpus?: number;
  /** 2 to 262144, of 1024. */
  readonly cpuShares?: number;
  readonly cpuPeriodUs?: number;
  /** -1: unlimited. */
  readonly cpuQuotaUs?: number;
  readonly cpuBurstUs?: number;
  readonly cpuRtPeriodUs?: number;
  /** -1: unlimited. */
  readonly cpuRtRuntimeUs?: number;
  /** `0-2,4`. */
  readonly cpusetCpus?: string;
  /** `0-1`. */
  readonly cpusetMems?: string;
}

/** Block devices. */
export interface BlockIoConfig {
  /** 10 to 1000. */
  readonly blkioWeight?: number;
  readonly blkioWeightDevices?: readonly DeviceAmount[];
  /** Bytes a second. */
  readonly deviceReadBps?: readonly DeviceAmount[];
  readonly deviceWriteBps?: readonly DeviceAmount[];
  /** Operations a second. */
  readonly deviceReadIops?: readonly DeviceAmount[];
  readonly deviceWriteIops?: readonly DeviceAmount[];
}

/** A weight or a rate of one block device. */
export interface DeviceAmount {
  /** A path, or `MAJOR:MINOR`. */
  readonly device: string;
  readonly amount: number;
}

/** Huge pages, RDMA, classes of packets, control files by name. */
export interface ControlConfig {
  /** `pageSize`: `2MB`. */
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limit: number }[];
  /** By device. */
  readonly rdma?: Readonly<Record<string, { readonly hcaHandles?: number; readonly hcaObjects?: number }>>;
  /** 0xAAAABBBB: the class AAAA:BBBB of tc(8). */
  readonly netClass?: number;
  /** Of packets, by interface. */
  readonly netPriorities?: readonly { readonly name: string; readonly priority: number }[];
  /** v2 control files by name. */
  readonly unified?: Readonly<Record<string, string>>;
}

/** `--time-offset CLOCK=SECONDS`; may be negative and may have a fraction down to nanoseconds. */
export interface TimeOffsetConfig {
  readonly clock: "monotonic" | "boottime";
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** Which filter: the default one, none, or an OCI or docker profile's file. */
export type SeccompConfig =
  | { readonly kind: "default" }
  | { readonly kind: "unconfined" }
  | { readonly kind: "file"; readonly path: string };

/** `--restart`. */
export interface RestartConfig {
  readonly kind: "no" | "on_failure" | "always" | "unless_stopped";
  /** `on-failure:N`; 0: without end. */
  readonly maximum: number;
}

/** `--log-driver` and `--log-opt`. */
export interface LogConfig {
  readonly driver: "json_file" | "none" | "passthrough";
  /** `max-size`. */
  readonly maxBytes?: number;
  /** `max-file`: files that are kept, the current one included. */
  readonly maxFiles?: number;
}

/** `--health-cmd` and its kin. */
export interface HealthConfig {
  /** A line for the container's `/bin/sh`. */
  readonly command: string;
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly startPeriodMs?: number;
  readonly startIntervalMs?: number;
  /** Failures in a row that make it unhealthy. */
  readonly retries?: number;
}

/** `masu run` and `masu create`, as they were written. */
export interface RunConfig {
  readonly image: Image;
  /** The program and its arguments; empty: the image's own, else a shell. */
  readonly arguments: readonly string[];
  readonly name?: string;
  /** Made to live on: `create`, `run --detach`. Otherwise it runs in the foreground, and is removed when it ends. */
  readonly lasting: boolean;
  /** Remove the container when it ends. */
  readonly remove: boolean;
  readonly interactive: boolean;
  readonly terminal: boolean;
  /** `NAME=value` each; files of `--env-file` come first, `NAME` alone is already filled from the caller's environment. */
  readonly environment: readonly string[];
  readonly workingDirectory?: string;
  /** `uid`, `uid:gid`, `name`, `name:group` as written. */
  readonly user?: string;
  readonly groupAdd: readonly string[];
  readonly hostname?: string;
  readonly domainname?: string;
  readonly mounts: readonly MountConfig[];
  /** Bytes. */
  readonly shmSize?: number;
  readonly readOnly: boolean;
  /** `CAP_CHOWN` or `ALL`. */
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly privileged: boolean;
  /** `--security-opt no-new-privileges[=BOOL]`. */
  readonly noNewPrivileges?: boolean;
  readonly seccomp?: SeccompConfig;
  readonly ulimits: readonly Ulimit[];
  /** In the order written. */
  readonly sysctls: readonly (readonly [name: string, value: string])[];
  readonly devices: readonly DeviceConfig[];
  readonly deviceRules: readonly DeviceRuleConfig[];
  readonly pid?: NamespaceMode;
  readonly ipc?: NamespaceMode;
  readonly uts?: NamespaceMode;
  readonly network?: NamespaceMode;
  readonly cgroupns?: NamespaceMode;
  readonly userns?: UserNamespaceMode;
  readonly timeOffsets: readonly TimeOffsetConfig[];
  /** A reaper as PID 1. */
  readonly init: boolean;
  /** One word, or the words of a JSON array; empty text clears the image's. */
  readonly entrypoint?: readonly string[];
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly annotations: readonly (readonly [name: string, value: string])[];
  readonly oomScoreAdj?: number;
  readonly resources: ResourceConfig;
  /** The cgroup below which the container's is made: `/web`. */
  readonly cgroupParent?: string;
  readonly cidfile?: string;
  readonly pidfile?: string;
  /** `SIGTERM` and so on. */
  readonly stopSignal?: string;
  /** Seconds before SIGKILL; -1: for ever. */
  readonly stopTimeout?: number;
  readonly restart?: RestartConfig;
  readonly log?: LogConfig;
  readonly health?: HealthConfig;
  /** How many descriptors from 3 on are passed on. */
  readonly preserveFds: number;
}

/** Nothing but an image and a program: what a config made by a program starts from. */
export const PLAIN_CONFIG: Omit<RunConfig, "image" | "arguments"> = {
  lasting: false,
  remove: false,
  interactive: false,
  terminal: false,
  environment: [],
  groupAdd: [],
  mounts: [],
  readOnly: false,
  capAdd: [],
  capDrop: [],
  privileged: false,
  ulimits: [],
  sysctls: [],
  devices: [],
  deviceRules: [],
  timeOffsets: [],
  init: false,
  labels: [],
  annotations: [],
  resources: {},
  preserveFds: 0,
};

/** What the command line as a whole says about where and how. */
export interface GlobalConfig {
  /** `--root`: the runtime directory, with the data directory in it. */
  readonly root?: string;
  /** `--cgroup-manager`. */
  readonly cgroupManager: "cgroupfs" | "systemd" | "disabled";
}
