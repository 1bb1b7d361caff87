/**
 * The flags and operands of `masu run` and `masu create` -> RunConfig.
 *
 * @module
 */
import { parseCapabilityWord } from "../lib/config/capability.ts";
import type { Caller } from "../lib/config/caller.ts";
import { parseCgroupParent } from "../lib/config/cgroup_parent.ts";
import { parseDevice } from "../lib/config/device.ts";
import { parseDeviceRule } from "../lib/config/device_rule.ts";
import { parseEntrypoint } from "../lib/config/entrypoint.ts";
import { parseEnvironmentFile, parseVariable } from "../lib/config/environment.ts";
import { parseHealth } from "../lib/config/health.ts";
import { parseImage, parseRootfs } from "../lib/config/image.ts";
import { checkLasting } from "../lib/config/lasting.ts";
import { parseLog } from "../lib/config/log.ts";
import { mistake } from "../lib/config/mistake.ts";
import { parseMount } from "../lib/config/mount.ts";
import { parseIpcNamespace, parseNamespace, parseNetwork } from "../lib/config/namespace.ts";
import { parseWhole } from "../lib/config/number.ts";
import { containerDirectory, hostPath } from "../lib/config/path.ts";
import { parseResources } from "../lib/config/resources.ts";
import { parseRestart } from "../lib/config/restart.ts";
import type { Image, MountConfig, RunConfig } from "../lib/config/run_config.ts";
import { parseSecurityOptions } from "../lib/config/security_option.ts";
import { parseStopSignal } from "../lib/config/stop_signal.ts";
import { parseStopTimeout } from "../lib/config/stop_timeout.ts";
import { parseSize } from "../lib/config/size.ts";
import { parseSysctl } from "../lib/config/sysctl.ts";
import { parseContainerName, parseHostname, parseNameValue } from "../lib/config/text.ts";
import { parseTimeOffset } from "../lib/config/time_offset.ts";
import { parseTmpfs } from "../lib/config/tmpfs.ts";
import { parseUlimit } from "../lib/config/ulimit.ts";
import { parseGroup, parseUser } from "../lib/config/user.ts";
import { parseUserNamespace } from "../lib/config/user_namespace.ts";
import { parseVolume } from "../lib/config/volume.ts";
import { invalidConfig } from "../lib/error.ts";
import type { FlagValues } from "./flags.ts";
import { resourceWords } from "./resource_flags.ts";
import type { RunFlagName } from "./run_flags.ts";

type Flags = FlagValues<RunFlagName>;

/** The two commands that make containers. */
export type MakingCommand = "run" | "create";

/** Reads everything that was written. Errors: `invalid_config` for the first mistake, with its flag and value. */
export function readRunConfig(
  command: MakingCommand,
  flags: Flags,
  operands: readonly string[],
  caller: Caller,
): RunConfig {
  const config: RunConfig = {
    ...rootAndArguments(command, flags, operands, caller),
    ...containerPart(flags, caller),
    ...lifePart(command, flags),
    ...programPart(flags, caller),
    ...filePart(flags, caller),
    ...namespacePart(flags),
    ...privilegePart(flags, caller),
    ...limitPart(flags),
  };
  if (config.uts?.kind === "host") refuseHostNames(flags);
  if (config.ipc?.kind === "host" || config.ipc?.kind === "container") refuseSharedMemorySize(flags);
  refuseSharedDestinations(config.mounts);
  refuseTwice("--time-offset", config.timeOffsets.map(({ clock }) => clock));
  checkLasting(config);
  return config;
}

function rootAndArguments(
  command: MakingCommand,
  flags: Flags,
  operands: readonly string[],
  caller: Caller,
): { image: Image; arguments: readonly string[] } {
  const rootfs = flags.text("rootfs");
  if (rootfs !== undefined) return { image: parseRootfs("--rootfs", rootfs, caller), arguments: operands };
  const [word, ...rest] = operands;
  if (word === undefined) {
    const hint = `masu ${command} host, or masu ${command} ./rootfs`;
    throw invalidConfig(`Read operands of "masu ${command}": no IMAGE`, hint);
  }
  return { image: parseImage(word, caller), arguments: rest };
}

function containerPart(flags: Flags, caller: Caller) {
  const path = (where: string) => (text: string) => hostPath(where, text, () => caller.directory());
  return {
    init: flags.on("init"),
    labels: flags.all("label").map((text) => parseNameValue("--label", text)),
    annotations: flags.all("annotation").map((text) => parseNameValue("--annotation", text)),
    ...given("name", flags.text("name"), (text) => parseContainerName("--name", text)),
    ...given("cidfile", flags.text("cidfile"), path("--cidfile")),
    ...given("pidfile", flags.text("pidfile"), path("--pidfile")),
  };
}

function lifePart(command: MakingCommand, flags: Flags) {
  const lasting = command === "create" || flags.on("detach");
  if (!lasting && flags.text("rm") === "false") {
    throw mistake("--rm", "false", "a run in the foreground is removed when it ends", "--detach keeps it");
  }
  const log = parseLog({ driver: flags.text("log-driver"), options: flags.all("log-opt") });
  const health = parseHealth({
    command: flags.text("health-cmd"),
    intervalMs: flags.text("health-interval"),
    timeoutMs: flags.text("health-timeout"),
    startPeriodMs: flags.text("health-start-period"),
    startIntervalMs: flags.text("health-start-interval"),
    retries: flags.text("health-retries"),
    none: flags.on("no-healthcheck"),
  });
  return {
    lasting,
    remove: flags.on("rm"),
    ...given("restart", flags.text("restart"), (text) => parseRestart("--restart", text)),
    ...given("stopSignal", flags.text("stop-signal"), (text) => parseStopSignal("--stop-signal", text)),
    ...given("stopTimeout", flags.text("stop-timeout"), (text) => parseStopTimeout("--stop-timeout", text)),
    ...(log !== undefined && { log }),
    ...(health !== undefined && { health }),
  };
}

function programPart(flags: Flags, caller: Caller) {
  const preserved = flags.text("preserve-fds") ?? "0";
  return {
    interactive: flags.on("interactive"),
    terminal: flags.on("tty"),
    environment: readEnvironment(flags, caller),
    groupAdd: flags.all("group-add").map((text) => parseGroup("--group-add", text)),
    preserveFds: parseWhole("--preserve-fds", preserved, { least: 0, most: MOST_DESCRIPTORS }),
    ...given("workingDirectory", flags.text("workdir"), (text) => containerDirectory("--workdir", text)),
    ...given("user", flags.text("user"), (text) => parseUser("--user", text)),
    ...given("entrypoint", flags.text("entrypoint"), (text) => parseEntrypoint("--entrypoint", text)),
  };
}

/** proc_sys_fs(5): the usual nr_open, beyond which no process has descriptors. */
const MOST_DESCRIPTORS = 1_048_576;

function readEnvironment(flags: Flags, caller: Caller): readonly string[] {
  const variables: string[] = [];
  for (const path of flags.all("env-file")) {
    variables.push(...parseEnvironmentFile(path, caller.readText("--env-file", path), caller.environment));
  }
  for (const text of flags.all("env")) {
    const variable = parseVariable("--env", text, caller.environment);
    if (variable !== undefined) variables.push(variable);
  }
  return variables;
}

function filePart(flags: Flags, caller: Caller) {
  const directory = () => caller.directory();
  const mounts: readonly MountConfig[] = [
    ...flags.all("volume").map((text) => parseVolume("--volume", text, directory)),
    ...flags.all("mount").map((text) => parseMount("--mount", text, directory)),
    ...flags.all("tmpfs").map((text) => parseTmpfs("--tmpfs", text)),
  ];
  const shmSize = flags.text("shm-size");
  const shmBytes = shmSize === undefined ? 0 : parseSize("--shm-size", shmSize);
  return {
    mounts,
    readOnly: flags.on("read-only"),
    devices: flags.all("device").map((text) => parseDevice("--device", text)),
    deviceRules: flags.all("device-cgroup-rule").map((text) => parseDeviceRule("--device-cgroup-rule", text)),
    // As with docker, 0 is as if nothing were written.
    ...(shmBytes > 0 && { shmSize: shmBytes }),
  };
}

function namespacePart(flags: Flags) {
  const userns = parseUserNamespace({
    mode: flags.text("userns"),
    uidMaps: flags.all("uidmap"),
    gidMaps: flags.all("gidmap"),
  });
  return {
    timeOffsets: flags.all("time-offset").map((text) => parseTimeOffset("--time-offset", text)),
    ...(userns !== undefined && { userns }),
    ...given("network", flags.text("network"), (text) => parseNetwork("--network", text)),
    ...given("pid", flags.text("pid"), (text) => parseNamespace("--pid", text)),
    ...given("ipc", flags.text("ipc"), (text) => parseIpcNamespace("--ipc", text)),
    ...given("uts", flags.text("uts"), (text) => parseNamespace("--uts", text)),
    ...given("cgroupns", flags.text("cgroupns"), (text) => parseNamespace("--cgroupns", text)),
    ...given("hostname", flags.text("hostname"), (text) => parseHostname("--hostname", text)),
    ...given("domainname", flags.text("domainname"), (text) => parseHostname("--domainname", text)),
  };
}

function privilegePart(flags: Flags, caller: Caller) {
  return {
    capAdd: flags.all("cap-add").map((text) => parseCapabilityWord("--cap-add", text)),
    capDrop: flags.all("cap-drop").map((text) => parseCapabilityWord("--cap-drop", text)),
    privileged: flags.on("privileged"),
    ...parseSecurityOptions("--security-opt", flags.all("security-opt"), () => caller.directory()),
  };
}

function limitPart(flags: Flags) {
  const adjustment = { least: -1000, most: 1000 };
  return {
    resources: parseResources(resourceWords(flags)),
    ...given("cgroupParent", flags.text("cgroup-parent"), (text) => parseCgroupParent("--cgroup-parent", text)),
    ulimits: flags.all("ulimit").map((text) => parseUlimit("--ulimit", text)),
    sysctls: flags.all("sysctl").map((text) => parseSysctl("--sysctl", text)),
    ...given("oomScoreAdj", flags.text("oom-score-adj"), (text) => parseWhole("--oom-score-adj", text, adjustment)),
  };
}

/** `{ [key]: parse(text) }`, or nothing where nothing was written. */
function given<Key extends string, Value>(
  key: Key,
  text: string | undefined,
  parse: (text: string) => Value,
): { [K in Key]?: Value } {
  return text === undefined ? {} : { [key]: parse(text) } as { [K in Key]: Value };
}

/** sethostname(2) would change the host's own name. */
function refuseHostNames(flags: Flags): void {
  for (const name of ["hostname", "domainname"] as const) {
    const text = flags.text(name);
    if (text !== undefined) {
      throw mistake(`--${name}`, text, "contradicts --uts host, where the host's own name would change");
    }
  }
}

/** It was made by whoever has that IPC namespace. */
function refuseSharedMemorySize(flags: Flags): void {
  const text = flags.text("shm-size");
  if (text === undefined) return;
  throw mistake("--shm-size", text, `contradicts --ipc ${flags.text("ipc")}, whose /dev/shm has its size already`);
}

function refuseSharedDestinations(mounts: readonly MountConfig[]): void {
  refuseTwice("--volume, --mount, --tmpfs", mounts.map(({ destination }) => destination));
}

function refuseTwice(where: string, words: readonly string[]): void {
  const twice = words.find((word, index) => words.indexOf(word) < index);
  if (twice !== undefined) throw mistake(where, twice, "named twice");
}
