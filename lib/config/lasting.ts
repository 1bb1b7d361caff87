/**
 * What only a container that lives on can have, and what only one in the foreground can.
 *
 * @module
 */
import { invalidConfig, type MasuError } from "../error.ts";
import type { RunConfig } from "./run_config.ts";

/** Refuses what contradicts the container's way of life, by its flag. Errors: `invalid_config`. */
export function checkLasting(config: RunConfig): void {
  if (config.lasting) checkLastingOnly(config);
  else checkForeground(config);
}

function checkForeground({ restart, health, log }: RunConfig): void {
  if (restart !== undefined && restart.kind !== "no") throw needsDetach("--restart", "nothing starts it again");
  if (health !== undefined) throw needsDetach("--health-cmd", "nobody would see what it says");
  if (log?.driver === "json_file") {
    throw needsDetach("--log-driver json-file", "its output is masu's own, and not kept");
  }
}

function needsDetach(flag: string, cause: string): MasuError {
  return invalidConfig(`Use ${flag} in the foreground: ${cause}`, "--detach makes a container that lives on");
}

function checkLastingOnly(config: RunConfig): void {
  if (config.remove && config.restart !== undefined && config.restart.kind !== "no") {
    throw invalidConfig("Use --restart with --rm: what is removed when it ends cannot be started again");
  }
  if (config.preserveFds > 0) {
    throw invalidConfig("Use --preserve-fds: the container outlives the process whose descriptors they are");
  }
  for (const name of ["network", "pid", "ipc", "uts", "cgroupns"] as const) {
    const mode = config[name];
    if (mode?.kind !== "container") continue;
    throw invalidConfig(
      `Use --${name} container:${mode.container}: a container that lives on cannot join another one's namespaces yet`,
      "leave --detach out: in the foreground it can",
    );
  }
}
