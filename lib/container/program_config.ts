/**
 * What a program's options mean.
 *
 * @module
 */
import { parseVariable } from "../config/environment.ts";
import type { ExecConfig } from "../config/exec_config.ts";
import { containerDirectory } from "../config/path.ts";
import { parseUser } from "../config/user.ts";
import type { ProgramOptions } from "./container_options.ts";

/** As `masu exec` has it. Errors: `invalid_config`, naming the option by its flag. */
export function programConfig(command: readonly string[], options: ProgramOptions): ExecConfig {
  const { env = {}, workdir, user } = options;
  return {
    arguments: command,
    terminal: false,
    detached: false,
    environment: Object.entries(env).flatMap(([name, value]) => parseVariable("--env", `${name}=${value}`, {}) ?? []),
    groupAdd: [],
    privileged: false,
    capAdd: [],
    noNewPrivileges: false,
    labels: [],
    handover: {},
    cgroups: [],
    ignorePaused: false,
    preserveFds: 0,
    ...(workdir !== undefined && { workingDirectory: containerDirectory("--workdir", workdir) }),
    ...(user !== undefined && { user: parseUser("--user", user) }),
  };
}
