/**
 * `masu run` in the foreground, and what it would do.
 *
 * @module
 */
import { call } from "../core/call.ts";
import { type Core, openCore } from "../core/load.ts";
import type { KeepPlan, Store } from "../core/wire.ts";
import { fillBlanks } from "../plan/blank.ts";
import { explainJson } from "../plan/explain/json.ts";
import { explainScript } from "../plan/explain/sh.ts";
import { explainText } from "../plan/explain/text.ts";
import { launchRequest } from "./launch.ts";
import { prepareRun, type RunRequest as Request } from "./prepare.ts";

/** One container in the foreground. */
export interface RunRequest extends Request {
  /** A core that is loaded already. */
  readonly core?: Core;
  /** Keep the plan for the same command; absent: it depends on something that no look at the host shows. */
  readonly keep?: (store: Store) => KeepPlan | undefined;
  /** The command as it was typed, for the script of `--explain=sh`. */
  readonly command?: readonly string[];
}

/** A plan's printed form: for a person, for a program, or a script that does the same. */
export type ExplainForm = "text" | "json" | "sh";

/**
 * Runs a container in the foreground: this process becomes its monitor and ends with the program's status, so this returns
 * only by throwing.
 *
 * Errors: see `prepareRun`; or the plan's step that failed, undone by then.
 */
export function runForeground(request: RunRequest): never {
  const core = request.core ?? openCore();
  const run = prepareRun(core, request);
  return call(core, "run", { launch: launchRequest(run), keep: request.keep?.({ ...run.facts.directories }) ?? null });
}

/** Prints the plan, which touches nothing. The blanks of text and script are filled in as one run would. */
export function explainRun(request: RunRequest, form: ExplainForm): string {
  const run = prepareRun(request.core ?? openCore(), request);
  if (form === "json") return explainJson(run.plan);
  const { blanks } = launchRequest(run);
  const text = Object.fromEntries(
    Object.entries(blanks).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]),
  );
  const plan = fillBlanks(run.plan, { text, arguments: run.arguments });
  if (form === "text") return explainText(plan);
  return explainScript(plan, {
    command: request.command ?? ["masu", "run"],
    lasting: request.config.lasting,
  });
}
