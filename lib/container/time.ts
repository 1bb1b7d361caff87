/**
 * Points in time as programs name them.
 *
 * @module
 */
import { parseTimePoint, timeText } from "../config/time_point.ts";

/** RFC 3339, UTC, with nine digits of a second. Errors: `invalid_config` no such time, of the option `where`. */
export function timeOf(where: string, time: Date | string | undefined): string | undefined {
  if (time === undefined) return undefined;
  if (typeof time === "string") return parseTimePoint(where, time, Date.now());
  return timeText(BigInt(time.getTime()) * 1_000_000n);
}
