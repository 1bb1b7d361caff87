/**
 * Exit statuses, all of them.
 *
 * @module
 */
import type { ErrorCode } from "../lib/core/wire.ts";
import { MasuError } from "../lib/error.ts";

/** What masu itself ends with. A command that runs a program ends with the program's own status, or 128 + its signal. */
export const EXIT = {
  success: 0,
  /** A command failed. */
  failed: 1,
  /** Wrong usage or configuration; nothing was touched. */
  usage: 2,
  /** A command that runs a program: masu failed, wrong usage included. docker run, podman run. */
  masuFailed: 125,
  /** A command that runs a program: it cannot be executed. */
  notExecutable: 126,
  /** A command that runs a program: it was not found. */
  notFound: 127,
  /** Somebody pressed the key for SIGINT, which ends what has no end of its own: 128 + the signal. */
  interrupted: 130,
  /** The same for SIGQUIT. */
  aborted: 131,
  /** Nobody reads what is printed: 128 + SIGPIPE, as a program that the signal ends. */
  brokenPipe: 141,
} as const;

/** The status for an error; `runsProgram`: the status would have been a program's own. */
export function exitStatus(error: unknown, runsProgram: boolean): number {
  const code: ErrorCode = error instanceof MasuError ? error.code : "bug";
  if (!runsProgram) return code === "invalid_config" ? EXIT.usage : EXIT.failed;
  if (code === "program_not_found") return EXIT.notFound;
  if (code === "program_not_executable") return EXIT.notExecutable;
  return EXIT.masuFailed;
}
