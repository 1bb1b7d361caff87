/**
 * A mistake in one written word: where it was written, what was written, and why it cannot be meant.
 *
 * @module
 */
import { invalidConfig, type MasuError } from "../error.ts";
import { nearest } from "./nearest.ts";

const LONGEST_QUOTE = 120;

/**
 * The error for one word. `where` is the flag or key as a person types it (`--memory`, `services.web.mem_limit`).
 */
export function mistake(where: string, written: string, cause: string, hint?: string): MasuError {
  return invalidConfig(`Read ${where} "${shorten(written)}": ${cause}`, hint);
}

/** The error for a word that is none of `choices`: names the nearest, or all of them where they are few. */
export function notAmong(where: string, written: string, what: string, choices: readonly string[]): MasuError {
  const meant = nearest(written, choices);
  const hint = meant !== undefined
    ? `did you mean "${meant}"?`
    : choices.length <= 12
    ? `one of ${choices.join(", ")}`
    : undefined;
  return mistake(where, written, what, hint);
}

function shorten(written: string): string {
  return written.length <= LONGEST_QUOTE ? written : `${written.slice(0, LONGEST_QUOTE)}...`;
}
