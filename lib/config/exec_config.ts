/**
 * What a person wrote for another program in a running container: the flags of `masu exec`, checked word by word.
 *
 * @module
 */
import type { Handover } from "../core/wire.ts";

/** A security module's name for what a program may do. */
export interface SecurityLabel {
  readonly module: "apparmor" | "selinux";
  readonly label: string;
}

/** `masu exec`. `undefined` means that it was not written: then it is as for the container's own program. */
export interface ExecConfig {
  /** The program and its arguments. */
  readonly arguments: readonly string[];
  /** It gets a terminal of its own. */
  readonly terminal: boolean;
  /** It runs on by itself, its output goes nowhere. */
  readonly detached: boolean;
  /** `NAME=value` each, over the container's own environment. */
  readonly environment: readonly string[];
  /** Absolute path in the container. */
  readonly workingDirectory?: string;
  /** `USER[:GROUP]`, as written. */
  readonly user?: string;
  /** Further groups, by number or name. */
  readonly groupAdd: readonly string[];
  /** All capabilities. */
  readonly privileged: boolean;
  /** Capabilities over the container's own, `CAP_*`. */
  readonly capAdd: readonly string[];
  readonly noNewPrivileges: boolean;
  /** How many descriptors from 3 on are passed on. */
  readonly preserveFds: number;
  /** Where its pid is written. */
  readonly pidFile?: string;
  /** Everything about the program, in place of the words above: an OCI process document, which the core reads. */
  readonly process?: unknown;
  /** Labels in place of the container's own. */
  readonly labels: readonly SecurityLabel[];
  /** Who else is told of it. */
  readonly handover: Handover;
  /** Cgroups below the container's own, as runc has them: `PATH`, or `CONTROLLER[,CONTROLLER]:PATH`. */
  readonly cgroups: readonly string[];
  /** Also when the container is paused: it waits then. */
  readonly ignorePaused: boolean;
}
