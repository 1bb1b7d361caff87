/**
 * How something is done with a container.
 *
 * @module
 */
import type { ResourceWords } from "../config/resources.ts";

/** How another program is run. */
export interface ProgramOptions {
  /** Variables over the container's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Absolute; the default is the container's. */
  readonly workdir?: string;
  /** `uid`, `uid:gid`, `name`, `name:group` of the container's own files. */
  readonly user?: string;
}

/** How a program is started with streams. */
export interface SpawnOptions extends ProgramOptions {
  /** Kills it. */
  readonly signal?: AbortSignal | undefined;
}

/** How a program's output is collected. */
export interface ExecuteOptions extends ProgramOptions {
  /** What it reads; by default nothing. */
  readonly stdin?: string | Uint8Array;
  /** No more than this is kept of each stream; 16 MiB unless given. */
  readonly limitBytes?: number;
  /** Kills it, and its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** What ends a wait. */
export interface WaitOptions {
  /** Its reason is thrown, and nothing waits any more. */
  readonly signal?: AbortSignal | undefined;
}

/** How to end a container. */
export interface StopOptions {
  /** The signal that asks it to end, by name; the default is its own. */
  readonly signal?: string;
  /** Before SIGKILL; -1: for ever. The default is its own. */
  readonly timeoutSeconds?: number;
  /** Ends the wait: its reason is thrown. The container is still asked to end, and killed in time. */
  readonly abort?: AbortSignal;
}

/** How often is looked. */
export interface StatsOptions extends WaitOptions {
  /** The default is 1000. */
  readonly intervalMs?: number;
}

/** How files are copied. */
export interface CopyOptions {
  /** Keep owners and extended attributes. Otherwise all belongs to the container's root, or to the caller. */
  readonly archive?: boolean;
  /** Follow a symbolic link that is itself the source. */
  readonly followLink?: boolean;
}

/** What is changed of a container. */
export interface UpdateOptions {
  /** Bytes, or words: `64m`. */
  readonly memory?: number | string;
  /** Memory and swap together; -1: without limit. */
  readonly memorySwap?: number | string;
  /** CPUs: `0.5`. */
  readonly cpus?: number;
  /** Its share when CPUs are scarce; 1024 is the usual one. */
  readonly cpuShares?: number;
  /** `0-3,5`. */
  readonly cpusetCpus?: string;
  /** Everything else that `masu update` has flags for, in their words: `{ deviceReadBps: ["/dev/sda:10m"] }`. */
  readonly limits?: ResourceWords;
  /** Processes and threads; -1: without limit. */
  readonly pidsLimit?: number;
  /** `no`, `on-failure`, `on-failure:3`, `always`, `unless-stopped`. */
  readonly restart?: string;
}

/** How a container is deleted. */
export interface DeleteOptions {
  /** Also while it runs. */
  readonly force?: boolean;
}
