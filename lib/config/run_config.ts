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

/** `--memory` and its kin. Bytes, unless said otherwise. */
export interface ResourceConfig {
  readonly memory?: number;
  /** Memory and swap together, as docker counts; -1: unlimited swap. */
  readonly memorySwap?: number;
  /** CPUs, for example 0.5. */
  readonly cpus?: number;
  /** 2 to 262144, of 1024. */
  readonly cpuShares?: number;
  /** `0-2,4`. */
  readonly cpusetCpus?: string;
  /** -1: unlimited. */
  readonly pidsLimit?: number;
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

/** `masu run`, as it was written. */
export interface RunConfig {
  readonly image: Image;
  /** The program and its arguments; empty: the image's own, else a shell. */
  readonly arguments: readonly string[];
  readonly name?: string;
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
  readonly cidfile?: string;
  readonly pidfile?: string;
  /** `SIGTERM` and so on. */
  readonly stopSignal?: string;
  /** How many descriptors from 3 on are passed on. */
  readonly preserveFds: number;
}

/** Nothing but an image and a program: what a config made by a program starts from. */
export const PLAIN_CONFIG: Omit<RunConfig, "image" | "arguments"> = {
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
  timeOffsets: [],
  init: false,
  labels: [],
  annotations: [],
  resources: {},
  preserveFds: 0,
};

/** What the command line as a whole says about where and how. */
export interface GlobalConfig {
  /** `--root`: the runtime directory. */
  readonly root?: string;
  /** `--cgroup-manager`. */
  readonly cgroupManager: "cgroupfs" | "disabled";
}
