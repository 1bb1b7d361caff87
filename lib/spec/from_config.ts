/**
 * What a person wrote -> what is meant: the OCI spec of one container.
 *
 * @module
 */
import type { RunConfig } from "../config/run_config.ts";
import { invalidConfig, MasuError } from "../error.ts";
import type { HostFacts } from "../host/facts.ts";
import { isPrivileged } from "../host/process.ts";
import { ARGUMENTS, escapeBlanks, ID } from "../plan/blank.ts";
import { containerPaths } from "../state/paths.ts";
import { containerCapabilities } from "./capabilities.ts";
import { cgroupsPath } from "./cgroups_path.ts";
import { DEFAULT_NOFILE, DEFAULT_PATH, defaultSysctls, MASKED_PATHS, READONLY_PATHS } from "./defaults.ts";
import { containerDevices } from "./devices.ts";
import { containerMounts } from "./mounts.ts";
import { containerNamespaces, isHosts, isOwn, joinedContainer } from "./namespaces.ts";
import {
  type Capabilities,
  type LinuxNamespace,
  type LinuxSeccomp,
  OCI_VERSION,
  type Process,
  type Rlimit,
  type Spec,
} from "./oci.ts";
import { type ResolvedUser, resolveGroup, resolveUser } from "./passwd.ts";
import { containerResources } from "./resources.ts";
import { defaultSeccomp } from "./seccomp_default.ts";
import { parseSeccompProfile } from "./seccomp_profile.ts";
import { type ContainerIds, containerIds, isMapped } from "./user_namespace.ts";
import { checkSysctl } from "./validate.ts";

/** The spec of a container that `masu run` makes, with the blanks of lib/plan/blank.ts for what differs between two runs. */
export interface SpecRequest {
  /** A person's text in it is escaped already: see `escapeBlanks`. */
  readonly config: RunConfig;
  readonly host: HostFacts;
  /** Text of the file of `--security-opt seccomp=FILE`, when that was written. */
  readonly seccompProfile?: string;
}

/** Makes the spec. Errors: `invalid_config`, `not_found`, `denied` or `kernel_lacks`, naming the flag. */
export function specOf(request: SpecRequest): Spec {
  const { config, host } = request;
  const ids = containerIds(config.userns, host, joinedContainer(config, host));
  const namespaces = containerNamespaces(config, host, ids);
  const user = escapeBlanks(userOf(config, host, ids));
  const paths = containerPaths(escapeBlanks(host.directories), ID);
  const hostname = hostnameOf(config, host, namespaces);
  const capabilities = containerCapabilities(
    { add: config.capAdd, drop: config.capDrop, privileged: config.privileged },
    { last: host.process.lastCapability, own: ids.kind === "host" ? host.process.capabilities : null },
  );
  const seccomp = seccompOf(request, capabilities);
  const devices = containerDevices(config, host.devices);
  const path = cgroupsPath(config.cgroupParent, host.cgroups);
  return {
    ociVersion: OCI_VERSION,
    root: {
      path: config.image.kind === "host" ? "/" : config.image.path,
      ...(config.readOnly && { readonly: true }),
    },
    process: processOf(config, host, { user, hostname, capabilities }),
    ...(isOwn(namespaces, "uts") && { hostname }),
    ...(config.domainname !== undefined && { domainname: ownUts(config.domainname, namespaces) }),
    mounts: containerMounts(config, {
      namespaces,
      // What a joined user namespace maps is not known; nothing is taken for granted.
      gids: ids.kind === "host" ? null : ids.kind === "mapped" ? ids.gids : [],
      inUserNamespace: ids.kind !== "host",
      etc: paths.etc,
    }),
    ...(config.annotations.length > 0 && { annotations: Object.fromEntries(config.annotations) }),
    linux: {
      namespaces,
      ...(ids.kind === "mapped" && { uidMappings: [...ids.uids], gidMappings: [...ids.gids] }),
      ...(config.timeOffsets.length > 0 && { timeOffsets: timeOffsetsOf(config) }),
      ...(devices.nodes.length > 0 && { devices: [...devices.nodes] }),
      ...(path !== undefined && { cgroupsPath: path }),
      resources: containerResources(config.resources, devices.rules, host),
      ...(seccomp !== null && { seccomp }),
      sysctl: sysctlsOf(config, namespaces, ids),
      ...(!config.privileged &&
        { maskedPaths: [...MASKED_PATHS, ...host.throttleCounters], readonlyPaths: [...READONLY_PATHS] }),
    },
  };
}

/** What `process` is made of besides the config. */
interface ProcessParts {
  readonly user: ResolvedUser;
  readonly hostname: string;
  readonly capabilities: readonly string[];
}

function processOf(config: RunConfig, { process }: HostFacts, { user, hostname, capabilities }: ProcessParts): Process {
  const [rows, columns] = [process.rows, process.columns];
  return {
    ...(config.terminal && { terminal: true }),
    ...(config.terminal && rows > 0 && { consoleSize: { height: rows, width: columns } }),
    user: { uid: user.uid, gid: user.gid, additionalGids: [...user.groups] },
    args: argumentsOf(config),
    env: environmentOf(config, user, hostname),
    cwd: config.workingDirectory ?? "/",
    capabilities: capabilitySets(capabilities, user),
    rlimits: rlimitsOf(config, process.nofile),
    noNewPrivileges: config.noNewPrivileges ?? !config.privileged,
    ...(config.oomScoreAdj !== undefined && { oomScoreAdj: config.oomScoreAdj }),
  };
}

/** The entry point, then the arguments; a shell when there is neither. */
function argumentsOf({ entrypoint = [], arguments: written }: RunConfig): string[] {
  const words = entrypoint.filter((word) => word !== "");
  if (written.length > 0) return [...words, ARGUMENTS];
  return words.length > 0 ? words : ["sh"];
}

/** Later words win over earlier ones, in the place of the first. */
function environmentOf(config: RunConfig, { home }: ResolvedUser, hostname: string): string[] {
  const variables = new Map<string, string>();
  const defaults = [
    `PATH=${DEFAULT_PATH}`,
    `HOSTNAME=${hostname}`,
    `HOME=${home}`,
    ...(config.terminal ? ["TERM=xterm"] : []),
    "container=masu",
  ];
  for (const variable of [...defaults, ...config.environment]) variables.set(variable.split("=", 1)[0] ?? "", variable);
  return [...variables.values()];
}

/** Only root keeps capabilities over execve(2) without ambient ones, and those are given to nobody. capabilities(7) */
function capabilitySets(names: readonly string[], { uid }: ResolvedUser): Capabilities {
  const held = uid === 0 ? [...names] : [];
  return { bounding: [...names], effective: held, permitted: held, inheritable: [], ambient: [] };
}

/** What was written, and as many open files as the hard limit allows: daemons' old soft limits are too low for servers. */
function rlimitsOf({ ulimits }: RunConfig, [soft, hard]: readonly [soft: number, hard: number]): Rlimit[] {
  const limits = ulimits.map(({ name, soft, hard }) => ({ type: `RLIMIT_${name.toUpperCase()}`, soft, hard }));
  const raised = hard < 0 ? DEFAULT_NOFILE : Math.min(hard, DEFAULT_NOFILE);
  if (soft < 0 || soft >= raised || ulimits.some(({ name }) => name === "nofile")) return limits;
  return [...limits, { type: "RLIMIT_NOFILE", soft: raised, hard }];
}

function userOf(config: RunConfig, { image, process }: HostFacts, ids: ContainerIds): ResolvedUser {
  const user = resolveUser(config.user, image);
  const added = config.groupAdd.map((group) => resolveGroup(group, image));
  if (ids.kind !== "mapped") return { ...user, groups: [...new Set([...user.groups, ...added])] };
  const { uids, gids } = ids;
  const unmapped = unmappedIn(config, process);
  if (!isMapped(user.uid, uids)) throw unmapped(`Use user ${user.uid} (--user)`);
  if (!isMapped(user.gid, gids)) throw unmapped(`Use group ${user.gid} (--user)`);
  for (const gid of added) if (!isMapped(gid, gids)) throw unmapped(`Add group ${gid} (--group-add)`);
  return { ...user, groups: [...new Set([...user.groups.filter((gid) => isMapped(gid, gids)), ...added])] };
}

/** What to do about an id that is not mapped depends on who decided about the maps. */
function unmappedIn({ userns }: RunConfig, process: HostFacts["process"]): (action: string) => MasuError {
  const hint = userns?.kind === "maps"
    ? "add a range that holds it: --uidmap and --gidmap CONTAINER:HOST:SIZE"
    : isPrivileged(process)
    ? "--uidmap and --gidmap map other ids than --userns private"
    : "an ordinary user gets more ids from /etc/subuid and /etc/subgid (usermod --add-subuids) and the package uidmap";
  return (action) => invalidConfig(`${action}: this id is not mapped in the container's user namespace`, hint);
}

/** As with docker, whoever has the host's network has the host's name. */
function hostnameOf(config: RunConfig, { process }: HostFacts, namespaces: readonly LinuxNamespace[]): string {
  if (config.hostname !== undefined) return ownUts(config.hostname, namespaces);
  const hosts = isHosts(namespaces, "uts") || config.network?.kind === "host";
  return hosts ? escapeBlanks(process.hostname) : ID;
}

/** Refuses a name that would be somebody else's. */
function ownUts(name: string, namespaces: readonly LinuxNamespace[]): string {
  if (isOwn(namespaces, "uts")) return name;
  throw invalidConfig(`Use host name "${name}": the container has no UTS namespace of its own`, "leave --uts out");
}

function seccompOf(
  { config, host, seccompProfile }: SpecRequest,
  capabilities: readonly string[],
): LinuxSeccomp | null {
  const situation = { capabilities, architecture: host.process.machine, kernel: host.kernel };
  switch (config.seccomp?.kind) {
    case "unconfined":
      return null;
    case "file":
      if (seccompProfile === undefined) throw new MasuError("bug", "Make spec: the seccomp profile was not read");
      return parseSeccompProfile(config.seccomp.path, seccompProfile, situation);
    case "default":
    case undefined:
      if (config.privileged && config.seccomp === undefined) return null;
      return defaultSeccomp(capabilities, situation.architecture, host.kernel);
  }
}

function timeOffsetsOf({ timeOffsets }: RunConfig): Record<string, { secs: number; nanosecs: number }> {
  return Object.fromEntries(
    timeOffsets.map(({ clock, seconds, nanoseconds }) => [clock, { secs: seconds, nanosecs: nanoseconds }]),
  );
}

function sysctlsOf(
  config: RunConfig,
  namespaces: readonly LinuxNamespace[],
  ids: ContainerIds,
): Record<string, string> {
  for (const [name] of config.sysctls) checkSysctl(name, namespaces);
  const defaults = defaultSysctls(isOwn(namespaces, "network"), ids.kind === "host");
  return Object.fromEntries([...defaults, ...config.sysctls]);
}
