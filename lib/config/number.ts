/**
 * Numbers as they are written: decimal digits and nothing else, so that nothing is a number by accident.
 *
 * @module
 */
import { mistake } from "./mistake.ts";

/** What a number may be. */
export interface NumberRange {
  readonly least: number;
  readonly most: number;
}

const WHOLE = /^-?(0|[1-9][0-9]*)$/;

/** A whole number in a range. Refuses signs other than `-`, leading zeros, `0x1`, `1e3` and what is not exact. */
export function parseWhole(where: string, text: string, range: NumberRange): number {
  const value = Number(text);
  if (!WHOLE.test(text)) throw mistake(where, text, "not a whole number");
  if (!Number.isSafeInteger(value) || value < range.least || value > range.most) {
    throw mistake(where, text, `not between ${range.least} and ${range.most}`);
  }
  return value === 0 ? 0 : value; // "-0" is 0
}

/** Like {@link parseWhole}, or undefined when the text has another form than a number's. */
export function wholeIn(text: string, range: NumberRange): number | undefined {
  const value = Number(text);
  return WHOLE.test(text) && value >= range.least && value <= range.most ? value : undefined;
}

/** Go's strconv.ParseBool, which docker's flags have: 1, t, true, 0, f, false in their usual cases. */
export function parseBoolean(where: string, text: string): boolean {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  throw mistake(where, text, "neither true nor false");
}
