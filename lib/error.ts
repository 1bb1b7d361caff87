/**
 * The one error that masu throws on purpose.
 *
 * @module
 */
import type { ErrorCode, Place } from "./core/wire.ts";

/** What an error carries besides its message. */
export interface MasuErrorDetails {
  /** The one thing to do about it. */
  readonly hint?: string | undefined;
  /** The system call's man-page name. */
  readonly call?: string | undefined;
  /** errno(3). */
  readonly errno?: number | undefined;
  /** The plan step that failed. */
  readonly place?: Place | undefined;
  /** What led to it. */
  readonly cause?: unknown;
}

/** A failure with a code that callers match. The message is one line: Action "object": cause. */
export class MasuError extends Error {
  /** `MasuError`, also where it has crossed a realm. */
  override readonly name = "MasuError";
  /** What callers match. */
  readonly code: ErrorCode;
  /** The one thing to do about it. */
  readonly hint: string | undefined;
  /** The system call's man-page name. */
  readonly call: string | undefined;
  /** errno(3). */
  readonly errno: number | undefined;
  /** The plan step that failed. */
  readonly place: Place | undefined;

  /** `message`: one line, Action "object": cause. */
  constructor(code: ErrorCode, message: string, details: MasuErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.call = details.call;
    this.errno = details.errno;
    this.place = details.place;
  }
}

/** A mistake of the person in what they wrote: exit status 2 (125 for `run`), before anything was touched. */
export function invalidConfig(message: string, hint?: string): MasuError {
  return new MasuError("invalid_config", message, { hint });
}
