/**
 * What a program asks for: the flags of `masu run` by name, as values or in the words of the command line.
 *
 * @module
 */
import { parseCapabilityWord } from "../config/capability.ts";
import type { Caller } from "../config/caller.ts";
import { parseVariable } from "../config/environment.ts";
import { parseImage, parseRootfs } from "../config/image.ts";
import { parseIpcNamespace, parseNamespace, parseNetwork } from "../config/namespace.ts";
import { containerDirectory } from "../config/path.ts";
import { parseCgroupParent } from "../config/cgroup_parent.ts";
import { parseResources, type ResourceWords } from "../config/resources.ts";
import { parseRestart } from "../config/restart.ts";
import { PLAIN_CONFIG, type RunConfig } from "../config/run_config.ts";
import { parseStopSignal } from "../config/stop_signal.ts";
import { parseContainerName, parseHostname } from "../config/text.ts";
import { parseTmpfs } from "../config/tmpfs.ts";
import { parseUser } from "../config/user.ts";
import { parseVolume } from "../config/volume.ts";

/** A container to be made. Words are those of `masu run`, with the same meaning and the same mistakes. */
export interface ContainerOptions {
  /** `host`, or a root directory (`./rootfs`), copy on write. */
  readonly image?: string;
  /** A root directory itself, without a copy, in place of `image`. */
  readonly rootfs?: string;
  /** The program and its arguments; the default is a shell. */
  readonly command?: readonly string[];
  /** By which commands and {@link Masu.get} find it. */
  readonly name?: string;
  /** Variables of the program's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whatever a program wants to remember of it. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Its program's working directory, absolute; the default is the image's. */
  readonly workdir?: string;
  /** `uid`, `uid:gid`, `name`, `name:group`. */
  readonly user?: string;
  /** The default is its ID. */
  readonly hostname?: string;
  /** `SOURCE:DESTINATION[:OPTIONS]` each. */
  readonly volumes?: readonly string[];
  /** `DESTINATION[:OPTIONS]` each. */
  readonly tmpfs?: readonly string[];
  /** Nothing can be written below its root, except in volumes and tmpfs. */
  readonly readOnly?: boolean;
  /** `none`, `host`, `container:NAME`. */
  readonly network?: string;
  /** `private`, `host`, `container:NAME`. */
  readonly pid?: string;
  /** As `pid`. */
  readonly ipc?: string;
  /** Bytes, or words: `64m`. */
  readonly memory?: number | string;
  /** CPUs: `0.5`. */
  readonly cpus?: number;
  /** Processes and threads; -1: without limit. */
  readonly pidsLimit?: number;
  /** Everything else that `masu run` has flags for, in their words: `{ memoryReservation: "32m", cpusetCpus: "0" }`. */
  readonly limits?: ResourceWords;
  /** The cgroup below which the container's is made: `/web`. */
  readonly cgroupParent?: string;
  /** `CAP_NET_ADMIN`, `net_admin`, `ALL`: beyond those that masu leaves by default. */
  readonly capAdd?: readonly string[];
  /** Less than the default. */
  readonly capDrop?: readonly string[];
  /** All the caller's rights, devices included: no protection of the host. */
  readonly privileged?: boolean;
  /** A small init as PID 1. */
  readonly init?: boolean;
  /** A terminal of the container's own. */
  readonly terminal?: boolean;
  /** Its stdin stays open for whoever attaches. */
  readonly stdin?: boolean;
  /** What {@link Container.stop} sends first; the default is SIGTERM. */
  readonly stopSignal?: string;
  /** Seconds before SIGKILL; -1: for ever. */
  readonly stopTimeout?: number;
  /** `no`, `on-failure`, `on-failure:3`, `always`, `unless-stopped`: when it is started again after its end. */
  readonly restart?: string;
  /** Delete it when it has ended. */
  readonly remove?: boolean;
  /** Everything else, as the engine has it. */
  readonly config?: Partial<RunConfig>;
}

/** The config of a lasting container. Errors: `invalid_config`, naming the option by its flag. */
export function configOf(options: ContainerOptions, caller: Caller): RunConfig {
  const { memory, cpus, pidsLimit, limits, cgroupParent } = options;
  return {
    ...PLAIN_CONFIG,
    image: options.rootfs === undefined
      ? parseImage(options.image ?? "host", caller)
      : parseRootfs("--rootfs", options.rootfs, caller),
    arguments: options.command ?? [],
    ...programPart(options, caller),
    ...placePart(options, () => caller.directory()),
    resources: parseResources({
      ...limits,
      ...(memory !== undefined && { memory: word(memory) }),
      ...(cpus !== undefined && { cpus: word(cpus) }),
      ...(pidsLimit !== undefined && { pidsLimit: word(pidsLimit) }),
    }),
    ...(cgroupParent !== undefined && { cgroupParent: parseCgroupParent("--cgroup-parent", cgroupParent) }),
    ...options.config,
    lasting: true,
    remove: options.remove ?? false,
  };
}

function programPart(options: ContainerOptions, caller: Caller): Partial<RunConfig> {
  const { name, user, workdir, stopSignal, stopTimeout, restart } = options;
  return {
    environment: Object.entries(options.env ?? {}).flatMap(([key, value]) =>
      parseVariable("--env", `${key}=${value}`, caller.environment) ?? []
    ),
    labels: Object.entries(options.labels ?? {}),
    init: options.init ?? false,
    terminal: options.terminal ?? false,
    interactive: options.stdin ?? false,
    ...(name !== undefined && { name: parseContainerName("--name", name) }),
    ...(user !== undefined && { user: parseUser("--user", user) }),
    ...(workdir !== undefined && { workingDirectory: containerDirectory("--workdir", workdir) }),
    ...(stopSignal !== undefined && { stopSignal: parseStopSignal("--stop-signal", stopSignal) }),
    ...(stopTimeout !== undefined && { stopTimeout }),
    ...(restart !== undefined && { restart: parseRestart("--restart", restart) }),
  };
}

function placePart(options: ContainerOptions, directory: () => string): Partial<RunConfig> {
  const { hostname, network, pid, ipc } = options;
  return {
    mounts: [
      ...(options.volumes ?? []).map((word) => parseVolume("--volume", word, directory)),
      ...(options.tmpfs ?? []).map((word) => parseTmpfs("--tmpfs", word)),
    ],
    readOnly: options.readOnly ?? false,
    privileged: options.privileged ?? false,
    capAdd: (options.capAdd ?? []).map((word) => parseCapabilityWord("--cap-add", word)),
    capDrop: (options.capDrop ?? []).map((word) => parseCapabilityWord("--cap-drop", word)),
    ...(hostname !== undefined && { hostname: parseHostname("--hostname", hostname) }),
    ...(network !== undefined && { network: parseNetwork("--network", network) }),
    ...(pid !== undefined && { pid: parseNamespace("--pid", pid) }),
    ...(ipc !== undefined && { ipc: parseIpcNamespace("--ipc", ipc) }),
  };
}

/** A number as a flag has it. */
export function word(value: number | string | undefined): string | undefined {
  return value === undefined ? undefined : `${value}`;
}
