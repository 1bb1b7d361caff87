/**
 * The flags and operands of `masu create --bundle` and `masu run --bundle` -> what the engine is asked.
 *
 * @module
 */
import { mistake } from "../lib/config/mistake.ts";
import { parseWhole } from "../lib/config/number.ts";
import { hostPath } from "../lib/config/path.ts";
import { parseContainerID } from "../lib/config/container_id.ts";
import type { Handover } from "../lib/core/wire.ts";
import type { BundleRequest } from "../lib/engine/bundle.ts";
import { invalidConfig } from "../lib/error.ts";
import { type BundleFlagName, SHARED_FLAGS } from "./bundle_flags.ts";
import type { FlagValues, GlobalName } from "./flags.ts";
import { globalConfig } from "./global_options.ts";
import type { Process } from "./process.ts";
import { RUN_FLAGS } from "./run_flags.ts";
import type { MakingCommand } from "./run_words.ts";

/** What was typed. */
export interface BundleWords {
  readonly flags: FlagValues<BundleFlagName>;
  readonly globals: FlagValues<GlobalName>;
  readonly operands: readonly string[];
  readonly process: Process;
}

/** proc_sys_fs(5): the usual nr_open, beyond which no process has descriptors. */
const MOST_DESCRIPTORS = 1_048_576;

/** Reads everything that was written. Errors: `invalid_config` for the first mistake, with its flag and value. */
export function readBundleRequest(command: MakingCommand, words: BundleWords): BundleRequest {
  const { flags, globals, operands, process } = words;
  refuseConfig(flags);
  const path = (flag: BundleFlagName, text: string) => hostPath(`--${flag}`, text, () => process.caller.directory());
  const bundle = flags.text("bundle") ?? process.caller.directory();
  const preserved = flags.text("preserve-fds") ?? "0";
  return {
    id: containerID(command, operands),
    bundle: path("bundle", bundle),
    life: command === "create" ? "created" : flags.on("detach") ? "started" : "watched",
    kept: flags.on("keep"),
    preserveFds: parseWhole("--preserve-fds", preserved, { least: 0, most: MOST_DESCRIPTORS }),
    sockets: {
      LISTEN_FDS: process.environment.LISTEN_FDS,
      LISTEN_PID: process.environment.LISTEN_PID,
      NOTIFY_SOCKET: process.environment.NOTIFY_SOCKET,
    },
    keyring: !flags.on("no-new-keyring"),
    pivot: !flags.on("no-pivot"),
    handover: handoverOf(flags, path),
    global: globalConfig(globals, process),
    environment: process.environment,
  };
}

function containerID(command: MakingCommand, operands: readonly string[]): string {
  const [id, ...more] = operands;
  if (id === undefined) throw invalidConfig(`Read operands of "masu ${command}": no container ID`);
  if (more.length > 0) {
    throw invalidConfig(
      `Read operands of "masu ${command}": "${more[0]}" is one too many`,
      "a bundle's program is in its config.json",
    );
  }
  return parseContainerID("the container's ID", id);
}

function handoverOf(
  flags: FlagValues<BundleFlagName>,
  path: (flag: BundleFlagName, text: string) => string,
): Handover {
  const consoleSocket = flags.text("console-socket");
  const pidfdSocket = flags.text("pidfd-socket");
  const pidFile = flags.text("pidfile");
  return {
    ...(consoleSocket !== undefined && { consoleSocket: path("console-socket", consoleSocket) }),
    ...(pidfdSocket !== undefined && { pidfdSocket: path("pidfd-socket", pidfdSocket) }),
    ...(pidFile !== undefined && { pidFile: path("pidfile", pidFile) }),
  };
}

/** What config.json says is said there only. */
function refuseConfig(flags: FlagValues<BundleFlagName>): void {
  for (const flag of RUN_FLAGS) {
    if (SHARED_FLAGS.includes(flag.name)) continue;
    if (flags.all(flag.name).length === 0 && !flags.on(flag.name)) continue;
    throw mistake(`--${flag.name}`, flags.text(flag.name) ?? "", "of a bundle this is said in its config.json");
  }
}
