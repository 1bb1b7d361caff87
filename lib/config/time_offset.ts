/**
 * `--time-offset CLOCK=SECONDS`.
 *
 * @module
 */
import { mistake, notAmong } from "./mistake.ts";
import type { TimeOffsetConfig } from "./run_config.ts";

const CLOCKS = ["monotonic", "boottime"] as const;
const SECONDS = /^([+-]?)([0-9]{1,10})(?:\.([0-9]{1,9}))?$/;

/** KTIME_SEC_MAX / 2, beyond which the kernel answers ERANGE. */
const MOST_SECONDS = 4_611_686_018;

/**
 * One clock's offset. `nanoseconds` is never negative, as the kernel has it: -1.5 is -2 seconds and 500000000
 * nanoseconds.
 *
 * Source: time_namespaces(7), "/proc/PID/timens_offsets".
 */
export function parseTimeOffset(where: string, text: string): TimeOffsetConfig {
  const equals = text.indexOf("=");
  if (equals < 0) throw mistake(where, text, "no seconds", "CLOCK=SECONDS, for example monotonic=86400");
  const clock = CLOCKS.find((name) => name === text.slice(0, equals));
  if (clock === undefined) throw notAmong(where, text.slice(0, equals), "no such clock", CLOCKS);
  const match = SECONDS.exec(text.slice(equals + 1));
  if (match === null) throw mistake(where, text, "not a number of seconds", "for example -86400 or 0.5");
  const whole = Number(match[2]);
  const fraction = Number((match[3] ?? "").padEnd(9, "0"));
  if (whole >= MOST_SECONDS) throw mistake(where, text, `more than ${MOST_SECONDS} seconds`);
  if (match[1] !== "-") return { clock, seconds: whole, nanoseconds: fraction };
  if (fraction === 0) return { clock, seconds: whole === 0 ? 0 : -whole, nanoseconds: 0 };
  return { clock, seconds: -whole - 1, nanoseconds: 1_000_000_000 - fraction };
}
