/**
 * JSON of others: bounded in size and depth, and with whole numbers of 64 bits as they were written.
 *
 * @module
 */
import { escaped, type Place } from "./place.ts";

/** Longest document, in characters. Engines write some 30 KiB, and annotations of Kubernetes 256 KiB. */
export const LONGEST_DOCUMENT = 16 * 1024 * 1024;

/** Deepest nesting. The specification's own keys go 6 levels down. */
export const DEEPEST_DOCUMENT = 256;

const WHOLE = /^-?\d+$/;

/** What a document holds; whole numbers beyond 2^53 are bigints. Errors: `invalid_config`. */
export function parseJson(place: Place, text: string): unknown {
  try {
    return readJson(text);
  } catch (error) {
    throw place.wrong(`is no JSON: ${escaped(error instanceof Error ? error.message : `${error}`)}`);
  }
}

/** The same, for whoever words errors otherwise. Throws SyntaxError. */
export function readJson(text: string): unknown {
  if (text.length > LONGEST_DOCUMENT) {
    throw new SyntaxError(`it has ${text.length} characters, the most is ${LONGEST_DOCUMENT}`);
  }
  const value: unknown = JSON.parse(text);
  const { deepest, rounded } = measure(value);
  if (deepest > DEEPEST_DOCUMENT) throw new SyntaxError(`more than ${DEEPEST_DOCUMENT} levels deep`);
  return rounded ? JSON.parse(text, exact) : value;
}

/** JSON.parse tells a reviver how a number was written. https://tc39.es/proposal-json-parse-with-source */
function exact(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return WHOLE.test(source) ? BigInt(source) : value;
}

/** How deep a value is nested, and whether it holds whole numbers that may have been rounded. Without recursion, whose depth is limited. */
function measure(value: unknown): { deepest: number; rounded: boolean } {
  let level: unknown[] = [value];
  let deepest = 0;
  let rounded = false;
  while (level.length > 0 && deepest <= DEEPEST_DOCUMENT) {
    const below: unknown[] = [];
    for (const item of level) {
      if (typeof item === "object" && item !== null) { for (const inner of Object.values(item)) below.push(inner); }
      else if (typeof item === "number" && !Number.isSafeInteger(item)) rounded ||= Number.isInteger(item);
    }
    level = below;
    deepest++;
  }
  return { deepest, rounded };
}
