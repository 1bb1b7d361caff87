/**
 * What a plan depends on of this machine: each fact read once, by name, with what shows that it still holds.
 *
 * @module
 */
import type { CgroupLayout } from "../cgroup/layout.ts";
import type { GlobalConfig, RunConfig } from "../config/run_config.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { DirectoryEntry, Fact, FileStatus, Look, ProcessReply } from "../core/wire.ts";
import { gatherFacts } from "./gather.ts";
import type { KernelVersion } from "./kernel.ts";
import type { MountEntry } from "./mounts.ts";
import type { SubordinateIds } from "./subordinate_ids.ts";

/** Everything that config -> spec -> plan may know of the host. Plain data: what is not in here, no plan depends on. */
export interface HostFacts {
  /** The facts by name, as the plan lists them. */
  readonly list: readonly Fact[];
  /** What this process is and has: user, capabilities, limits, terminal, descriptors. */
  readonly process: ProcessReply;
  /** The home directory of this user, by /etc/passwd; null: none. */
  readonly home: string | null;
  /** Where masu keeps what it knows and what it stores. */
  readonly directories: StateDirectories;
  readonly kernel: KernelVersion;
  readonly cgroups: CgroupLayout;
  /** All mounts that this process sees, in the order of the kernel's table. */
  readonly mounts: readonly MountEntry[];
  readonly subordinateIds: SubordinateIds;
  readonly image: ImageFacts;
  /** Sources of bind mounts by the path written, symbolic links followed; null: nothing there. */
  readonly sources: Readonly<Record<string, FileStatus | null>>;
  /**
   * Device nodes by path: those of `--device`; with `--privileged` every node below /dev; in a user namespace the default ones.
   * null: nothing there.
   */
  readonly devices: Readonly<Record<string, FileStatus | null>>;
  /** What the image `host` is made of; empty for other images. */
  readonly hostTree: HostTree;
  /** Text of /etc/resolv.conf; null: none. */
  readonly resolvConf: string | null;
  /** Text of /etc/hosts; null: none. */
  readonly hosts: string | null;
  /** Running containers that `container:X` refers to, by the word written. */
  readonly containers: Readonly<Record<string, ContainerFact>>;
  /** What is there already under a name that this run would make: `--name`, `--cidfile`, `--pidfile`. */
  readonly taken: TakenNames;
  /** The kernel offers /proc/kcore, which /dev/core points to. */
  readonly kcore: boolean;
  /** The directories in which the kernel counts how often each CPU was slowed down for its heat; none in most virtual machines. */
  readonly throttleCounters: readonly string[];
}

/** Directories of the host, as far as the image `host` needs to know them. */
export interface HostTree {
  /** Names in the directories that have mounts below them; null: cannot be read. */
  readonly listings: Readonly<Record<string, readonly DirectoryEntry[] | null>>;
  /** Mount points and names in those directories; null: nothing there. */
  readonly statuses: Readonly<Record<string, FileStatus | null>>;
  /** Targets of the symbolic links in those directories. */
  readonly links: Readonly<Record<string, string>>;
}

/** Directories of this user, without a container's ID. */
export interface StateDirectories {
  /** Runtime state, gone after a boot: `/run/masu`. */
  readonly runtime: string;
  /** What lasts: `/var/lib/masu`. */
  readonly data: string;
}

/** What masu reads of its environment; cli/ takes it from the process. */
export interface HostEnvironment {
  readonly HOME?: string | undefined;
  readonly XDG_RUNTIME_DIR?: string | undefined;
  readonly XDG_DATA_HOME?: string | undefined;
}

/** What was read of the image. All paths are the container's, resolved inside the image's root. */
export interface ImageFacts {
  /** Its root directory in the runtime namespace; `/` for `host`. */
  readonly root: string;
  /** Text of its /etc/passwd and /etc/group; null: none, or not a regular file. */
  readonly passwd: string | null;
  readonly group: string | null;
  /** Which init the program is, by its file's name (`systemd`, `busybox`, `init`); null: none. */
  readonly init: string | null;
  /** What is at the paths where something will be mounted, and at their parents (links followed); null: nothing there. */
  readonly paths: Readonly<Record<string, FileStatus | null>>;
}

/** A running container of this user's. */
export interface ContainerFact {
  readonly id: string;
  /** Its first process in the runtime namespace. */
  readonly pid: number;
}

/** Whether something this run would make is there already. */
export interface TakenNames {
  /** ID of the container that has the name of `--name`. */
  readonly name: string | null;
  readonly cidfile: boolean;
}

/**
 * Reads of the host what a plan for this config depends on, in two or three calls of the core.
 *
 * Errors: `not_found` what the config names is not there; `denied` this user cannot have a state directory.
 */
export function collectFacts(
  core: Core,
  config: RunConfig,
  global: GlobalConfig,
  environment: HostEnvironment,
): HostFacts {
  const host = {
    observe: (looks: readonly Look[]) => call(core, "observe", { looks: [...looks] }).seen,
    process: () => call(core, "process", {}),
  };
  return gatherFacts(host, { config, global, environment });
}
