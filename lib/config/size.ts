/**
 * Sizes in bytes, as docker writes them.
 *
 * @module
 */
import { mistake } from "./mistake.ts";

const EXPONENTS: Readonly<Record<string, number>> = { "": 0, k: 1, m: 2, g: 3, t: 4, p: 5 };
const SIZE = /^([0-9]+(?:\.[0-9]+)?) ?(?:([kmgtp])?i?b?)$/i;

/**
 * A number with an optional `b`, `k`, `m`, `g`, `t` or `p`, always powers of 1024: `512m`, `1.5g`, `64KiB`.
 *
 * Errors: another form; more than can be told exactly (8 PiB).
 * Source: docker's units.RAMInBytes.
 */
export function parseSize(where: string, text: string): number {
  const match = SIZE.exec(text);
  if (match === null) throw mistake(where, text, "not a size", "a number with b, k, m, g or t, for example 512m");
  const exponent = EXPONENTS[match[2]?.toLowerCase() ?? ""] ?? 0;
  const bytes = Math.floor(Number(match[1]) * 1024 ** exponent);
  if (bytes > Number.MAX_SAFE_INTEGER) throw mistake(where, text, "too large");
  return bytes;
}
