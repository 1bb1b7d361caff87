/**
 * What the library is told of namespaces.
 *
 * @module
 */
import type { EnterWords } from "../config/namespaces_enter.ts";
import type { NamespacesWords } from "../config/namespaces_run.ts";

/** A namespace's word, as unshare(1) and nsenter(1) have it. */
export type NamespaceWord = "mount" | "uts" | "ipc" | "net" | "pid" | "user" | "cgroup" | "time";

/** A program's streams and environment. */
export interface PartProgramOptions {
  /** The program's; by default that of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What it reads; nothing when absent. */
  readonly input?: string | Uint8Array;
  /** Of its output so much is kept; 16 MiB when absent. */
  readonly limitBytes?: number;
  /** Kills it when it is aborted. */
  readonly signal?: AbortSignal;
}

/** Which new namespaces, and what is in them: each as the flag of `masu ns run` of that name. */
export interface NamespacesOptions
  extends Omit<NamespacesWords, "namespaces" | "killChild" | "keep">, PartProgramOptions {
  /** Those to make, besides what others of these options imply. */
  readonly namespaces?: readonly NamespaceWord[];
  /** Files on which namespaces are kept. */
  readonly keep?: Readonly<Partial<Record<NamespaceWord, string>>>;
}

/** Whose namespaces, and which of them: each as the flag of `masu ns enter` of that name. */
export interface EnterOptions
  extends
    Omit<EnterWords, "namespaces" | "unnamed" | "target" | "root" | "directory" | "targetEnvironment">,
    PartProgramOptions {
  /** Those of this process. */
  readonly pid?: number;
  /** Those of this container, an ID or a name. */
  readonly container?: string;
  /** Those that are kept on these files. */
  readonly files?: readonly string[];
  /** Which; absent: all that differ from this process's. */
  readonly namespaces?: readonly NamespaceWord[];
  /** The root directory: the target's with true, or a path. */
  readonly root?: string | true;
  /** The working directory, in the same way. */
  readonly directory?: string | true;
}
