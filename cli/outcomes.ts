/**
 * What became of each container that a command was about: its word on a line of its own, as docker prints it, or why not.
 *
 * @module
 */
import { fromWire } from "../lib/core/call.ts";
import type { CoreError, Outcome } from "../lib/core/wire.ts";
import { RUNTIME_EXIT } from "./contract.ts";
import { EXIT, exitStatus } from "./exit.ts";
import { escapeLine } from "./paint.ts";
import { MasuError } from "../lib/error.ts";
import type { Report } from "./report.ts";

/** One container in the JSON document. */
export interface ToldOutcome {
  /** As it was typed. */
  readonly container: string;
  readonly id: string | null;
  /** How it ended, where that was waited for. */
  readonly status: number | null;
  readonly error: Pick<CoreError, "code" | "message" | "hint"> | null;
}

/**
 * Prints all, failures on stderr, and returns the exit status: 1 when any failed; when the only one did, as for any other error.
 *
 * `line`: what is printed for one that succeeded.
 */
export function tellOutcomes(
  report: Report,
  outcomes: readonly Outcome[],
  line: (outcome: Outcome) => string = ({ word }) => word,
): number {
  // One that was not there, and need not have been, has no ID: nothing was done to it.
  const succeeded = outcomes.filter(({ error, id }) => error === null && id !== null);
  report.done(outcomes.map(told), succeeded.map((outcome) => `${escapeLine(line(outcome))}\n`).join(""));
  const errors = outcomes.flatMap(({ error }) => error === null ? [] : [fromWire(error)]);
  for (const error of errors) report.error(error);
  const [first] = errors;
  if (first === undefined) return EXIT.success;
  if (report.contract) return RUNTIME_EXIT.failed;
  return outcomes.length === 1 ? exitStatus(first, false) : EXIT.failed;
}

function told({ word, id, end, error }: Outcome): ToldOutcome {
  return {
    container: word,
    id,
    status: end?.status ?? null,
    error: error === null ? null : { code: error.code, message: error.message, hint: error.hint },
  };
}

/** Does it to one container, `act` returning its ID. An error that masu knows becomes its outcome: the others are not kept from it. */
export function outcomeOf(word: string, act: (word: string) => string): Outcome {
  try {
    return { word, id: act(word), end: null, error: null };
  } catch (error) {
    if (!(error instanceof MasuError)) throw error;
    const { code, message, call = null, errno = null, place = null, hint = null } = error;
    return { word, id: null, end: null, error: { code, message, call, errno, place, hint } };
  }
}
