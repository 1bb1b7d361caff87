/**
 * `--since` and `--until`: points in time.
 *
 * @module
 */
import { mistake } from "./mistake.ts";

const SECOND = 1_000_000_000n;
const MINUTE = 60n * SECOND;
/** Nanoseconds of each unit of a length of time: Go's time.ParseDuration, and days. */
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  // An escape: V8 reads a program that is all ASCII in one go, and any other byte by byte.
  "\u00b5s": 1_000n,
  ms: 1_000_000n,
  s: SECOND,
  m: MINUTE,
  h: 60n * MINUTE,
  d: 24n * 60n * MINUTE,
};
const PART = /([0-9]+)(?:\.([0-9]{1,9})[0-9]*)?(ns|us|\u00b5s|ms|s|m|h|d)/g;
const DURATION = /^(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|\u00b5s|ms|s|m|h|d))+$/;
const UNIX = /^([0-9]{1,11})(?:\.([0-9]{1,9}))?$/;
const DATE =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.([0-9]{1,9}))?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?$/;
/** The last day that four digits of a year can tell. */
const MOST = BigInt(Date.UTC(9999, 11, 31)) * 1_000_000n;

/**
 * A length of time before `nowMs` (`10m`, `1h30m`, `2d`), seconds since 1970 (`1700000000.5`), or a date with or without a time
 * (`2026-01-02`, `2026-01-02T03:04:05.123Z`, `2026-01-02T03:04:05+02:00`); without a zone, of this machine's.
 *
 * Returns RFC 3339, UTC, with nine digits of a second: such texts compare as their times do.
 */
export function parseTimePoint(where: string, text: string, nowMs: number): string {
  const nanoseconds = lengthBefore(text, nowMs) ?? unixTime(text) ?? date(text);
  if (nanoseconds === undefined) {
    throw mistake(where, text, "not a point in time", "for example 10m (ago), 2026-01-02T03:04:05Z or 1700000000");
  }
  if (nanoseconds > MOST) throw mistake(where, text, "after the year 9999");
  return timeText(nanoseconds);
}

/** RFC 3339, UTC, of nanoseconds since 1970; nothing is before that. */
export function timeText(nanoseconds: bigint): string {
  const since = nanoseconds < 0n ? 0n : nanoseconds;
  const seconds = new Date(Number(since / SECOND) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(since % SECOND).padStart(9, "0")}Z`;
}

function lengthBefore(text: string, nowMs: number): bigint | undefined {
  if (!DURATION.test(text)) return undefined;
  let length = 0n;
  for (const [, whole = "0", fraction = "", unit = ""] of text.matchAll(PART)) {
    const nano = UNITS[unit] ?? 0n;
    length += BigInt(whole) * nano + BigInt(fraction.padEnd(9, "0")) * nano / SECOND;
  }
  return BigInt(Math.floor(nowMs)) * 1_000_000n - length;
}

function unixTime(text: string): bigint | undefined {
  const [, seconds, fraction = ""] = UNIX.exec(text) ?? [];
  return seconds === undefined ? undefined : BigInt(seconds) * SECOND + BigInt(fraction.padEnd(9, "0"));
}

function date(text: string): bigint | undefined {
  const [, day, time = "00:00", fraction = "", zone = ""] = DATE.exec(text) ?? [];
  if (day === undefined) return undefined;
  const ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}
