/**
 * Lines of a check, and the words in them.
 *
 * @module
 */
import type { CheckLine } from "./check.ts";

/** What makes a line differ from one that is fine. */
type Verdict = Partial<Pick<CheckLine, "status" | "fix" | "essential">>;

/** Makes lines under one heading. */
export function lineMaker(group: string): (key: string, name: string, detail: string, verdict?: Verdict) => CheckLine {
  return (key, name, detail, verdict = {}) => ({
    key,
    group,
    name,
    status: verdict.status ?? "ok",
    detail,
    fix: verdict.fix ?? null,
    essential: verdict.essential ?? false,
  });
}

/** errno(3): those that probes fail with. */
const ERRNO_NAMES: ReadonlyMap<number, string> = new Map([
  [1, "EPERM"],
  [2, "ENOENT"],
  [12, "ENOMEM"],
  [13, "EACCES"],
  [19, "ENODEV"],
  [22, "EINVAL"],
  [28, "ENOSPC"],
  [38, "ENOSYS"],
  [87, "EUSERS"],
  [95, "EOPNOTSUPP"],
]);

/** `EPERM`, or the number of a rarer one. */
export function errnoName(errno: number): string {
  return ERRNO_NAMES.get(errno) ?? `errno ${errno}`;
}
