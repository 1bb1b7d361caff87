/** `masu exec`: runs another program in a running container. */
import { parseCapabilityWord } from "../../lib/config/capability.ts";
import type { Caller } from "../../lib/config/caller.ts";
import { parseEnvironmentFile, parseVariable } from "../../lib/config/environment.ts";
import type { ExecConfig, SecurityLabel } from "../../lib/config/exec_config.ts";
import { parseWhole } from "../../lib/config/number.ts";
import { containerDirectory, hostPath } from "../../lib/config/path.ts";
import { parseGroup, parseUser } from "../../lib/config/user.ts";
import { execDetached, execForeground, execOptions, type ExecRequest } from "../../lib/engine/exec.ts";
import { collect, launchPiped } from "../../lib/engine/programs.ts";
import type { Handover } from "../../lib/core/wire.ts";
import { invalidConfig } from "../../lib/error.ts";
import type { Command } from "../command.ts";
import { followBundles, storeFor } from "../container_words.ts";
import { RUNTIME_EXIT } from "../contract.ts";
import { EXEC_FLAGS, type ExecFlagName, REFUSED_EXEC_FLAGS } from "../exec_flags.ts";
import { EXIT } from "../exit.ts";
import type { FlagValues } from "../flags.ts";
import type { Process } from "../process.ts";

type Flags = FlagValues<ExecFlagName>;

export const exec: Command<ExecFlagName> = {
  name: "exec",
  group: "Containers",
  operands: "CONTAINER PROGRAM [ARGUMENT...]",
  summary: "Run another program in a running container",
  description: [
    "CONTAINER is an ID, the start of one, or a name. Flags come before it; what follows it is the program's. The program " +
    "gets the namespaces, cgroups, limits, capabilities, filter, user, directory and environment of the container's own, " +
    "unless a flag says otherwise.",
    "masu ends with the program's exit status, and the program ends with masu, unless it was detached.",
  ],
  flags: [...EXEC_FLAGS, ...REFUSED_EXEC_FLAGS],
  examples: [
    ["masu exec -it web sh", "A shell in a container"],
    ["masu exec -u 1000 -w /srv -e LANG=C web ls", "As another user, elsewhere, with another variable"],
    ["masu exec -d web logrotate /etc/logrotate.conf", "Without waiting for it"],
  ],
  runsProgram: true,
  runtimeFailure: RUNTIME_EXIT.execFailed,
  makesPlan: false,
  hasResult: false,
  front: true,
  async run(invocation): Promise<number> {
    const { flags, operands, report, process } = invocation;
    const [container, ...program] = operands;
    if (container === undefined) {
      throw invalidConfig(`Read operands of "masu exec": no CONTAINER`, "masu list shows the containers that run");
    }
    // Before anything that can fail: how a failure is told depends on it.
    followBundles(invocation, [container]);
    const config = readExecConfig(flags, program, process.caller);
    report.debug(`config ${JSON.stringify(config)}`);
    const core = process.core();
    const request = { store: storeFor(invocation), container, config };
    if (!config.detached && process.stays === true) return await execCollected(request, flags, process);
    if (!config.detached) return execForeground(core, request);
    execDetached(core, request, { streams: report.contract });
    return EXIT.success;
  },
};

/** In a process that goes on: without input, and what it wrote is printed when it has ended. */
async function execCollected(request: ExecRequest, flags: Flags, process: Process): Promise<number> {
  refuse(flags, ["tty", "interactive"], "there is no terminal and no input", "masu batch");
  const core = process.core();
  const { store, container } = request;
  const piped = launchPiped(core, { store, container, options: execOptions(core, request) });
  const output = await collect(core, piped, { input: new Uint8Array(), limitBytes: COLLECTED_BYTES });
  process.write("stdout", output.stdout);
  process.write("stderr", output.stderr);
  return output.code;
}

/** More of a program's output than this is lost in one answer. */
const COLLECTED_BYTES = 16 * 1024 * 1024;

/** Reads everything that was written. Errors: `invalid_config` for the first mistake, with its flag and value. */
export function readExecConfig(flags: Flags, program: readonly string[], caller: Caller): ExecConfig {
  const detached = flags.on("detach");
  const handover = readHandover(flags, caller);
  if (detached && handover.consoleSocket === undefined && flags.text("process") === undefined) {
    refuse(flags, ["tty", "interactive"], "a detached program has no streams", "--detach");
  }
  const file = flags.text("process");
  if (file === undefined && program.length === 0) {
    throw invalidConfig(`Read operands of "masu exec": no PROGRAM`, "masu exec CONTAINER sh");
  }
  const directory = flags.text("workdir");
  const user = flags.text("user");
  const pidFile = flags.text("pid-file");
  const preserved = { least: 0, most: MOST_DESCRIPTORS };
  return {
    arguments: program,
    terminal: flags.on("tty"),
    detached,
    environment: readEnvironment(flags, caller),
    ...(directory !== undefined && { workingDirectory: containerDirectory("--workdir", directory) }),
    ...(user !== undefined && { user: parseUser("--user", user) }),
    groupAdd: flags.all("additional-gids").map((text) => parseGroup("--additional-gids", text)),
    privileged: flags.on("privileged"),
    capAdd: flags.all("cap").map((text) => parseCapabilityWord("--cap", text)),
    noNewPrivileges: flags.on("no-new-privs"),
    preserveFds: parseWhole("--preserve-fds", flags.text("preserve-fds") ?? "0", preserved),
    ...(pidFile !== undefined && { pidFile: hostPath("--pid-file", pidFile, () => caller.directory()) }),
    ...(file !== undefined && { process: readProcess(file, flags, program, caller) }),
    labels: readLabels(flags),
    handover,
    cgroups: flags.all("cgroup"),
    ignorePaused: flags.on("ignore-paused"),
  };
}

function readHandover(flags: Flags, caller: Caller): Handover {
  const path = (name: "console-socket" | "pidfd-socket") => {
    const written = flags.text(name);
    return written === undefined ? undefined : hostPath(`--${name}`, written, () => caller.directory());
  };
  const [consoleSocket, pidfdSocket] = [path("console-socket"), path("pidfd-socket")];
  return {
    ...(consoleSocket !== undefined && { consoleSocket }),
    ...(pidfdSocket !== undefined && { pidfdSocket }),
  };
}

function readLabels(flags: Flags): readonly SecurityLabel[] {
  const [profile = "", label = ""] = [flags.text("apparmor"), flags.text("process-label")];
  return [
    ...(profile === "" ? [] : [{ module: "apparmor", label: profile } as const]),
    ...(label === "" ? [] : [{ module: "selinux", label } as const]),
  ];
}

/** proc_sys_fs(5): the usual nr_open, beyond which no process has descriptors. */
const MOST_DESCRIPTORS = 1_048_576;

function readEnvironment(flags: Flags, caller: Caller): readonly string[] {
  const files = flags.all("env-file").flatMap((path) =>
    parseEnvironmentFile(path, caller.readText("--env-file", path), caller.environment)
  );
  const words = flags.all("env").flatMap((text) => parseVariable("--env", text, caller.environment) ?? []);
  return [...files, ...words];
}

function readProcess(file: string, flags: Flags, program: readonly string[], caller: Caller): unknown {
  const [word] = program;
  if (word !== undefined) {
    throw invalidConfig(`Read operand "${word}" of "masu exec": the program is in --process "${file}"`);
  }
  // Older versions of conmon write --tty too.
  const said: readonly ExecFlagName[] = [
    "env",
    "env-file",
    "workdir",
    "user",
    "additional-gids",
    "cap",
    "privileged",
    "no-new-privs",
    "apparmor",
    "process-label",
  ];
  refuse(flags, said, "the document says that", "--process");
  try {
    return JSON.parse(caller.readText("--process", file));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalidConfig(`Read process document "${file}": it is no JSON: ${error.message}`);
  }
}

function refuse(flags: Flags, names: readonly ExecFlagName[], why: string, beside: string): void {
  const name = names.find((name) => flags.text(name) !== undefined && flags.text(name) !== "false");
  if (name !== undefined) throw invalidConfig(`Read flag "--${name}" of "masu exec": ${why} (${beside})`);
}
