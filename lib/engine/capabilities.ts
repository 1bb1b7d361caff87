/**
 * Capabilities of processes and files.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import { MasuError } from "../error.ts";
import { look } from "../host/sightings.ts";
import { type CapabilitySets, parseCapabilitySets } from "../spec/capability_sets.ts";
import { type FileCapabilities, NO_FILE_CAPABILITIES, parseFileCapabilities } from "../spec/file_capabilities.ts";
import { securebitsOf } from "../spec/securebits.ts";

/** What a process may do. */
export interface ProcessCapabilities extends CapabilitySets {
  readonly pid: number;
  readonly command: string;
  /** Real, effective, saved and file-system user. */
  readonly users: readonly number[];
  readonly noNewPrivileges: boolean;
  /** null: the kernel tells a process only its own. */
  readonly securebits: readonly string[] | null;
}

/** The capabilities of a file. */
export interface FileCapabilitiesAt extends FileCapabilities {
  readonly path: string;
  /** Why they could not be read; null: they were. */
  readonly error: string | null;
}

/** errno(3), in words. */
const CAUSES: Readonly<Record<number, string>> = {
  1: "not permitted",
  2: "there is no such file",
  13: "permission denied",
  20: "a part of its path is no directory",
  40: "too many symbolic links",
};

/** Those of a process; null: of masu itself, and so of whatever the caller starts. Errors: `not_found`. */
export function processCapabilities(core: Core, pid: number | null): ProcessCapabilities {
  const directory = `/proc/${pid ?? "self"}`;
  const looks = ["status", "cmdline"].map((name) => look("text", `${directory}/${name}`));
  const { seen: [status, line] } = call(core, "observe", { looks });
  const text = status?.text;
  if (text == null) {
    throw new MasuError("not_found", `Read the capabilities of process ${pid}: there is no such process`);
  }
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(text)?.[1] ?? "";
  const command = (line?.text ?? "").replace(/\0+$/, "").replaceAll("\0", " ");
  const own = pid === null || Number(field("Pid")) === call(core, "process", {}).pid;
  return {
    pid: Number(field("Pid")),
    command: command === "" ? `[${field("Name")}]` : command,
    users: field("Uid").split(/\s+/).map(Number),
    ...parseCapabilitySets(text),
    noNewPrivileges: field("NoNewPrivs") === "1",
    securebits: own ? securebitsOf(call(core, "securebits", {}).bits) : null,
  };
}

/** Those of files, symbolic links followed, in their order. A file that cannot be read says why. */
export function fileCapabilities(core: Core, paths: readonly string[]): FileCapabilitiesAt[] {
  if (paths.length === 0) return [];
  const { seen } = call(core, "observe", { looks: paths.map((path) => look("stat", path)) });
  const { found } = call(core, "attributes", { paths: [...paths], name: "security.capability" });
  return paths.map((path, index) => {
    const errno = seen[index]?.errno ?? found[index]?.errno ?? null;
    const value = found[index]?.value ?? null;
    const capabilities = value === null ? NO_FILE_CAPABILITIES : parseFileCapabilities(value);
    return { path, ...capabilities, error: errno === null ? null : CAUSES[errno] ?? `errno ${errno}` };
  });
}
