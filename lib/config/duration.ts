/**
 * Lengths of time, as docker writes them.
 *
 * @module
 */
import { mistake } from "./mistake.ts";

/** Milliseconds of each unit. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  // An escape: V8 reads a program that is all ASCII in one go, and any other byte by byte.
  "\u00b5s": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const PART = /([0-9]+(?:\.[0-9]+)?)(ns|us|\u00b5s|ms|s|m|h)/g;
const DURATION = /^(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|\u00b5s|ms|s|m|h))+$/;

/** The longest that is told: some 24 days, which is what timers of the kernel and of others take. */
const MOST_MS = 2 ** 31 - 1;

/**
 * `1m30s`, `500ms`, `1.5h`, `0`, in whole milliseconds.
 *
 * Errors: another form; something shorter than a millisecond but not 0; more than 24 days.
 * Source: Go's time.ParseDuration, which docker's flags have.
 */
export function parseDuration(where: string, text: string): number {
  if (text === "0") return 0;
  if (!DURATION.test(text)) throw mistake(where, text, "not a length of time", "for example 30s, 1m30s or 500ms");
  let ms = 0;
  for (const [, number, unit = ""] of text.matchAll(PART)) ms += Number(number) * (UNITS[unit] ?? 0);
  if (ms > MOST_MS) throw mistake(where, text, "longer than 24 days");
  if (ms > 0 && ms < 1) throw mistake(where, text, "shorter than a millisecond");
  return Math.floor(ms);
}
