/**
 * The processes of a container as the host's ps(1) prints them, as runc does it.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import { MasuError } from "../error.ts";

/**
 * The title and the lines of these processes; undefined: there is no ps(1) here.
 *
 * Errors: `failed` ps(1) does not know these words, or prints no column `PID`.
 */
export function hostProcesses(core: Core, words: readonly string[], pids: readonly number[]): string | undefined {
  try {
    return processLines(call(core, "host_ps", { arguments: [...words] }).output, pids);
  } catch (error) {
    if (error instanceof MasuError && error.code === "not_found") return undefined;
    throw error;
  }
}

/** The same of what ps(1) printed. Pure. Errors: `failed` there is no column `PID`, or it has no number there. */
export function processLines(output: string, pids: readonly number[]): string {
  const [title = "", ...lines] = output.split("\n").filter((line) => line !== "");
  const column = fields(title).indexOf("PID");
  if (column < 0) {
    throw new MasuError("failed", 'Read the output of "ps": it has no column "PID"', { hint: "name it: -o pid,args" });
  }
  return [title, ...lines.filter((line) => pids.includes(processOf(line, column)))].join("\n");
}

function processOf(line: string, column: number): number {
  const field = fields(line)[column] ?? "";
  if (/^\d+$/.test(field)) return Number(field);
  throw new MasuError("failed", `Read the output of "ps": "${field}" in column "PID" is no number`, {
    hint: "name pid before columns with blanks in them: -o pid,lstart",
  });
}

function fields(line: string): string[] {
  return line.trim().split(/\s+/);
}
