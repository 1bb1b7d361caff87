/**
 * What became of groups and of values, as it is told.
 *
 * @module
 */
import type { SetValue } from "../../../lib/engine/cgroup_values.ts";
import { MasuError } from "../../../lib/error.ts";
import { EXIT, exitStatus } from "../../exit.ts";
import { escapeLine } from "../../paint.ts";
import type { Report } from "../../report.ts";

/** One of several things that a command was about. */
export interface ToldOutcome {
  /** As it was typed. */
  readonly word: string;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
}

/** Does it to each: an error that masu knows keeps none of the others from it. Prints all, and returns the exit status. */
export async function tellEach(
  report: Report,
  words: readonly string[],
  act: (word: string) => void | Promise<void>,
): Promise<number> {
  const errors: MasuError[] = [];
  const told: ToldOutcome[] = [];
  for (const word of words) {
    try {
      await act(word);
      told.push({ word, error: null });
    } catch (error) {
      if (!(error instanceof MasuError)) throw error;
      errors.push(error);
      told.push({ word, error: { code: error.code, message: error.message, hint: error.hint ?? null } });
    }
  }
  report.result(told, told.flatMap(({ word, error }) => error === null ? [`${escapeLine(word)}\n`] : []).join(""));
  for (const error of errors) report.error(error);
  const [first] = errors;
  if (first === undefined) return EXIT.success;
  return words.length === 1 ? exitStatus(first, false) : EXIT.failed;
}

/** Warns of values that the kernel made into something else. */
export function warnOfChanged(report: Report, values: readonly SetValue[]): void {
  for (const { group, file, written, value, changed } of values) {
    if (changed) report.warn(`"${file}" of control group "${group}" became "${value}", not "${written}"`);
  }
}
