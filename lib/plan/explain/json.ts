/**
 * `--explain=json`: the plan itself, blanks and all, as the core would execute it.
 *
 * @module
 */
import type { Plan } from "../../core/wire.ts";

/** The plan as one indented JSON document. */
export function explainJson(plan: Plan): string {
  return JSON.stringify(plan, null, 2) + "\n";
}
