/**
 * A plan that is printed instead of carried out.
 *
 * @module
 */
import type { ExplainForm } from "../lib/engine/run.ts";
import { escapeLines } from "./paint.ts";
import type { Report } from "./report.ts";

/** Prints it. A script has to stay exactly what it is, unless a terminal shows it. */
export function tellPlan(report: Report, form: ExplainForm, plan: string): void {
  report.text(form === "sh" && !report.onTerminal ? plan : escapeLines(plan));
}
