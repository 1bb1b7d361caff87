/**
 * `--stop-timeout`, and `--time` of `masu stop`.
 *
 * @module
 */
import { parseWhole } from "./number.ts";

/** A day is more than anybody waits for. */
const MOST_SECONDS = 86_400;

/** Whole seconds before SIGKILL; -1: for ever. */
export function parseStopTimeout(where: string, text: string): number {
  return parseWhole(where, text, { least: -1, most: MOST_SECONDS });
}
