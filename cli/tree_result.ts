/**
 * What is told of files that were copied.
 *
 * @module
 */
import type { CopyResult } from "../lib/engine/copy.ts";
import { invalidConfig, MasuError } from "../lib/error.ts";
import type { Invocation } from "./command.ts";
import { EXIT } from "./exit.ts";
import type { Report } from "./report.ts";

/** errno(3): nobody reads the stream any more. */
const EPIPE = 32;

/**
 * Stdout is to have the tar stream, and nothing else.
 *
 * Errors: `invalid_config` a terminal shows it, or answers to other commands are to be there too; --json asks for something else there.
 */
export function refuseForStream(
  { report, globals, process }: Pick<Invocation, "report" | "globals" | "process">,
  command: string,
  instead: string,
): void {
  if (report.onTerminal) throw invalidConfig("Write a tar stream to stdout: it is a terminal", instead);
  if (process.stays === true) throw invalidConfig("Write a tar stream to stdout: masu batch answers there");
  const flag = globals.on("json") ? "--json" : globals.text("format") === undefined ? null : "--format";
  if (flag === null) return;
  throw invalidConfig(`Read flag "${flag}" of "masu ${command}": stdout is the tar stream's`);
}

/** Copies, tells what was left out, and returns the exit status. `streamed`: stdout has the tar stream, and is to have nothing else. */
export function tellCopied(report: Report, copy: () => CopyResult, streamed: boolean): number {
  const { entries, bytes, failures, moreFailures } = withoutReader(copy, streamed);
  for (const { message } of failures) report.warn(message);
  if (moreFailures > 0) report.warn(`${moreFailures} more like these`);
  if (!streamed) {
    const told = failures.map(({ code, message }) => ({ code, message }));
    report.result({ entries, bytes, failures: told, moreFailures }, "");
  }
  return failures.length > 0 ? EXIT.failed : EXIT.success;
}

/** Nobody reads stdout any more: that ends a command as the signal would. */
function withoutReader(copy: () => CopyResult, streamed: boolean): CopyResult {
  try {
    return copy();
  } catch (error) {
    if (streamed && error instanceof MasuError && error.errno === EPIPE) throw new Deno.errors.BrokenPipe();
    throw error;
  }
}
