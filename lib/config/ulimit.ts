/**
 * `--ulimit NAME=SOFT[:HARD]`.
 *
 * @module
 */
import { mistake, notAmong } from "./mistake.ts";
import { wholeIn } from "./number.ts";
import type { Ulimit } from "./run_config.ts";

/** getrlimit(2), without `RLIMIT_`, in lower case. `locks` has had no effect since Linux 2.4, but is accepted. */
export const ULIMITS: readonly string[] = [
  "as",
  "core",
  "cpu",
  "data",
  "fsize",
  "locks",
  "memlock",
  "msgqueue",
  "nice",
  "nofile",
  "nproc",
  "rss",
  "rtprio",
  "rttime",
  "sigpending",
  "stack",
];

/** One limit; `-1` or `unlimited` is none, and a single value is both soft and hard. */
export function parseUlimit(where: string, text: string): Ulimit {
  const equals = text.indexOf("=");
  if (equals < 0) throw mistake(where, text, "no value", "NAME=SOFT or NAME=SOFT:HARD, for example nofile=1024:4096");
  const name = text.slice(0, equals).toLowerCase();
  if (!ULIMITS.includes(name)) throw notAmong(where, text.slice(0, equals), "no such limit", ULIMITS);
  const values = text.slice(equals + 1).split(":");
  const soft = parseLimit(where, text, values[0] ?? "");
  const hard = parseLimit(where, text, values[1] ?? values[0] ?? "");
  if (values.length > 2) throw mistake(where, text, "more than two values");
  if (hard !== -1 && (soft === -1 || soft > hard)) throw mistake(where, text, "the soft limit is above the hard limit");
  return { name, soft, hard };
}

function parseLimit(where: string, written: string, text: string): number {
  if (text === "unlimited") return -1;
  const value = wholeIn(text, { least: -1, most: Number.MAX_SAFE_INTEGER });
  if (value === undefined) throw mistake(where, written, `"${text}" is not a limit`, "a number, or -1 for no limit");
  return value;
}
