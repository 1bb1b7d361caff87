/**
 * Capabilities without containers.
 *
 * ```ts
 * import { assert } from "@std/assert";
 * import { capabilities } from "@masu/masu";
 *
 * const own = await capabilities.ofProcess();
 * const [passwd] = await capabilities.ofFiles(["/etc/passwd"]);
 * assert(own.pid === Deno.pid && passwd?.version === 0);
 *
 * // A child with no capability at all; root itself cannot read a file of others then.
 * const { code } = await capabilities.run(["sh", "-c", "! grep -q 'CapEff:.*[1-9a-f]$' /proc/self/status"], {
 *   drop: own.effective.length > 0 ? ["all"] : [],
 *   noNewPrivileges: true,
 * });
 * assert(code === 0);
 * ```
 *
 * @module
 */
import { parseCapabilityRun } from "../config/capability_run.ts";
import { hostPath } from "../config/path.ts";
import { call } from "../core/call.ts";
import {
  fileCapabilities,
  type FileCapabilitiesAt,
  type ProcessCapabilities,
  processCapabilities,
} from "../engine/capabilities.ts";
import { startCapabilities } from "../engine/capabilities_run.ts";
import { workingDirectory } from "../host/process.ts";
import type { CapabilityOptions, CapabilityStatus } from "./capability_options.ts";
import { usualCore } from "./core.ts";

/** The sets of a process, by default of this one. Errors: `not_found`. */
export function ofProcess(pid: number | null = null): Promise<ProcessCapabilities> {
  return Promise.try(() => processCapabilities(usualCore(), pid));
}

/** The capabilities of files, in their order. One that cannot be read says why. */
export function ofFiles(paths: readonly string[]): Promise<FileCapabilitiesAt[]> {
  return Promise.try(() => {
    const core = usualCore();
    const directory = () => workingDirectory(call(core, "process", {}));
    return fileCapabilities(core, paths.map((path) => hostPath("path", path, directory)));
  });
}

/**
 * Runs a program with exactly these capabilities, as a child of this process with its streams, to its end.
 *
 * Errors: `invalid_config` sets that execve(2) never gives; `denied`; `program_not_found`, `program_not_executable`.
 */
export async function run(
  command: readonly string[],
  { environment = Deno.env.toObject(), ...options }: CapabilityOptions = {},
): Promise<CapabilityStatus> {
  const { bounding, permitted, effective, inheritable, ambient, ...words } = options;
  const given = { bounding, permitted, effective, inheritable, ambient };
  const sets = Object.fromEntries(Object.entries(given).filter(([, names]) => names !== undefined));
  const config = parseCapabilityRun({ ...words, sets }, command);
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const { status, signal } = await startCapabilities(usualCore(), { config, environment: variables });
  return { code: status ?? 128 + (signal ?? 0), signal };
}
