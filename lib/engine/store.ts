/**
 * Where this user's containers are.
 *
 * @module
 */
import type { GlobalConfig } from "../config/run_config.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { Store } from "../core/wire.ts";
import type { HostEnvironment } from "../host/facts.ts";
import { stateDirectories, userByID } from "../host/process.ts";

/**
 * The directories of this process's user.
 *
 * Errors: `not_found` it has no home directory.
 */
export function storeOf(core: Core, global: GlobalConfig, environment: HostEnvironment): Store {
  const process = call(core, "process", {});
  const home = environment.HOME ?? (process.uid === 0 ? null : homeOf(core, process.uid));
  return { ...stateDirectories(process, global, environment, home) };
}

function homeOf(core: Core, uid: number): string | null {
  const { seen: [passwd] } = call(core, "observe", { looks: [{ path: "/etc/passwd", root: null, want: "text" }] });
  return userByID(passwd?.text ?? "", uid)?.home ?? null;
}
