/**
 * What this host offers to containers: `masu check`.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { Probe, ProcessReply } from "../core/wire.ts";
import { type Sightings, sightings } from "../host/sightings.ts";
import { cgroupChecks } from "./check_cgroups.ts";
import { userChecks } from "./check_users.ts";
import { kernelChecks } from "./check_kernel.ts";
import { namespaceChecks } from "./check_namespaces.ts";
import { toolChecks } from "./check_tools.ts";

/** `limited`: masu works, with less. */
export type CheckStatus = "ok" | "limited" | "missing";

/** One thing that containers use. */
export interface CheckLine {
  /** What scripts match: `namespace.mount`. */
  readonly key: string;
  /** Its heading. */
  readonly group: string;
  /** What a person reads. */
  readonly name: string;
  readonly status: CheckStatus;
  /** What there is, or what is missing without it. */
  readonly detail: string;
  /** The command that mends it, or null. */
  readonly fix: string | null;
  /** Without it no container can be run. */
  readonly essential: boolean;
}

/** Everything. */
export interface CheckReport {
  /** `masu run` works for this user. */
  readonly ready: boolean;
  readonly checks: readonly CheckLine[];
}

/** Where the answers come from: the host, or a test's table. */
export interface Survey {
  readonly process: ProcessReply;
  readonly sight: Sightings;
  /** Directories in which programs are looked for. */
  readonly searchPath: readonly string[];
  /** Tries something: 0, or the errno(3) that it failed with. */
  errno(probe: Probe): number;
}

/** What the caller knows. */
export interface CheckOptions {
  /** `PATH`. */
  readonly searchPath: string;
}

/** Checks this host for the user of this process. Leaves nothing behind. */
export function checkHost(core: Core, { searchPath }: CheckOptions): CheckReport {
  const process = call(core, "process", {});
  const sight = sightings({
    observe: (looks) => call(core, "observe", { looks: [...looks] }).seen,
    process: () => process,
  });
  return checkSurvey({
    process,
    sight,
    searchPath: searchPath.split(":").filter((directory) => directory.startsWith("/")),
    errno: (probe) => call(core, "probe", { probes: [probe] }).errnos[0] ?? 0,
  });
}

/** Judges what a survey finds. */
export function checkSurvey(survey: Survey): CheckReport {
  const checks = [kernelChecks, namespaceChecks, userChecks, cgroupChecks, toolChecks].flatMap((part) => part(survey));
  return { ready: checks.every(({ essential, status }) => !essential || status !== "missing"), checks };
}
