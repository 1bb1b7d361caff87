/**
 * The file of `--log`.
 *
 * @module
 */
import { call, fromWire } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { HostStep } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { escapeBlanks } from "../plan/blank.ts";

/** Adds a line to a log file, which is made when it is missing; a fifo or a terminal gets the line alone. */
export function appendLine(core: Core, path: string, line: string): void {
  const step = escapeBlanks(appendStep(core, path, line));
  const [failure] = call(core, "teardown", { steps: [step], blanks: {} }).failures;
  if (failure !== undefined) throw fromWire(failure);
}

function appendStep(core: Core, path: string, line: string): HostStep {
  const looks = (["stat", "lstat", "text"] as const).map((want) => ({ path, root: null, want }));
  const [target, found, content] = call(core, "observe", { looks }).seen;
  const status = found?.status ?? null;
  const kind = target?.status?.kind;
  if (status === null) return { kind: "write_file", path, text: `${line}\n`, mode: 0o600, exclusive: true };
  if (kind === "directory") throw new MasuError("failed", `Add to log "${path}": it is a directory`);
  // /dev/stderr is a symbolic link to what is no file; a file is written anew, which would replace a link to it.
  if (kind !== undefined && kind !== "file") return { kind: "write_control", path, text: `${line}\n` };
  if (status.kind !== "file") throw new MasuError("failed", `Add to log "${path}": it is a symbolic link`);
  const text = content?.text ?? null;
  if (text === null) throw new MasuError("failed", `Add to log "${path}": what is there cannot be read`);
  return { kind: "write_file", path, text: `${text}${line}\n`, mode: status.mode, exclusive: false };
}
