/**
 * How people read durations and sizes, in docker's words.
 *
 * @module
 */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `3 minutes`, `About an hour`. Source: HumanDuration of docker's go-units. */
export function durationWords(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / SECOND);
  const minutes = Math.floor(milliseconds / MINUTE);
  const hours = Math.round(milliseconds / HOUR);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(milliseconds / DAY / 365)} years`;
}

/** `3 minutes ago`; empty when the time is not known. `time`: RFC 3339. */
export function agoWords(time: string, nowMs: number): string {
  const since = sinceWords(time, nowMs);
  return since === "" ? "" : `${since} ago`;
}

/** `3 minutes`; empty when the time is not known. A clock that was set back makes no negative times. */
export function sinceWords(time: string, nowMs: number): string {
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? "" : durationWords(Math.max(0, nowMs - ms));
}

/** `1.5MiB`: powers of 1024, four digits. */
export function binarySize(bytes: number): string {
  return scaled(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"], 4);
}

/** `1.05MB`: powers of 1000, three digits. */
export function decimalSize(bytes: number): string {
  return scaled(bytes, 1000, ["B", "kB", "MB", "GB", "TB", "PB"], 3);
}

function scaled(bytes: number, base: number, units: readonly string[], digits: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return `${Number(value.toPrecision(digits))}${units[unit] ?? ""}`;
}

/** `0.00%`. */
export function percent(value: number): string {
  return `${value.toFixed(2)}%`;
}
