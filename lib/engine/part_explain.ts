/**
 * What a part's plan would do, printed.
 *
 * @module
 */
import type { Plan } from "../core/wire.ts";
import { fillBlanks } from "../plan/blank.ts";
import { explainJson } from "../plan/explain/json.ts";
import { explainPartScript } from "../plan/explain/sh_part.ts";
import { explainText } from "../plan/explain/text.ts";
import type { ExplainForm } from "./run.ts";

/** How it is printed, and for which words. */
export interface PartExplanation {
  readonly form: ExplainForm;
  /** The command as it was typed, for the script. */
  readonly command: readonly string[];
  readonly program: readonly string[];
}

/** Prints a plan, which touches nothing. */
export function explainPart(plan: Plan, { form, command, program }: PartExplanation): string {
  if (form === "json") return explainJson(plan);
  const filled = fillBlanks(plan, { text: {}, arguments: program });
  return form === "text" ? explainText(filled) : explainPartScript(filled, { command });
}
