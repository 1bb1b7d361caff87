/**
 * `masu create` and `masu run` of an OCI bundle, as engines call them.
 *
 * @module
 */
import { createBundle, explainBundle, prepareBundle, type PreparedBundle, runBundle } from "../lib/engine/bundle.ts";
import { type BundleFlagName, RUNTIME_CREATE_FLAGS, RUNTIME_RUN_FLAGS } from "./bundle_flags.ts";
import { readBundleRequest } from "./bundle_words.ts";
import type { Command, Invocation } from "./command.ts";
import { RUNTIME_EXIT } from "./contract.ts";
import { EXIT } from "./exit.ts";
import type { Flag, FlagValues } from "./flags.ts";
import { explainForm } from "./global_options.ts";
import type { MakingCommand } from "./run_words.ts";
import { tellPlan } from "./told_plan.ts";

/** What of an invocation says which container is wanted. */
export type BundleInvocation = Pick<
  Invocation<BundleFlagName>,
  "flags" | "globals" | "operands" | "process" | "report"
>;

/** Makes the container, and of `run` starts its program. Errors: see `prepareBundle`, `createBundle`. */
export function makeFromBundle(command: MakingCommand, invocation: BundleInvocation): number {
  const { globals, process, report } = invocation;
  const request = readBundleRequest(command, invocation);
  const core = process.core();
  const form = explainForm(globals);
  const prepared: PreparedBundle = prepareBundle(core, { ...request, keep: form === undefined });
  for (const note of prepared.notes) report.debug(note);
  if (form !== undefined) {
    tellPlan(report, form, explainBundle(prepared, form));
    return EXIT.success;
  }
  if (request.life === "watched") return runBundle(core, prepared);
  createBundle(core, prepared, request.handover);
  return EXIT.success;
}

/** Exit status of a failed `create` or `run` where a bundle is meant. */
export function bundleFailure(flags: FlagValues): number | undefined {
  return flags.text("bundle") === undefined ? undefined : RUNTIME_EXIT.failed;
}

/** `create` and `run` where masu is called by a runtime's name: of a bundle in any case, the working directory's unless one is named. */
export function runtimeCommand(command: MakingCommand, summary: string): Command<BundleFlagName> {
  const flags: readonly Flag[] = command === "create" ? RUNTIME_CREATE_FLAGS : RUNTIME_RUN_FLAGS;
  return {
    name: command,
    group: "Containers",
    operands: "ID",
    summary,
    description: ["The container is made of config.json and the root directory of an OCI bundle."],
    flags,
    examples: [],
    ...(command === "create" && { front: true }),
    runsProgram: command === "run",
    operandsEndFlags: true,
    makesPlan: true,
    hasResult: true,
    runtimeFailure: RUNTIME_EXIT.failed,
    run: (invocation) => makeFromBundle(command, invocation),
  };
}
