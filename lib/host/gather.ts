/**
 * Reads the facts: what is asked when, in as few calls as the answers allow.
 *
 * @module
 */
import type { GlobalConfig, RunConfig } from "../config/run_config.ts";
import type { Fact, FileStatus, Look, ProcessReply } from "../core/wire.ts";
import { hostTreeLooks, hostTreeSeen, type HostUser, mustSplit } from "../image/host_tree.ts";
import { cgroupLooks, cgroupSight } from "./cgroup_facts.ts";
import { containerFact, nameLooks, processLooks, recordLooks, referredContainers } from "./containers.ts";
import { hostDevices, namedDevices } from "./device_nodes.ts";
import type { HostEnvironment, HostFacts, ImageFacts, StateDirectories } from "./facts.ts";
import { kernelVersion } from "./kernel.ts";
import { type MountEntry, parseMounts } from "./mounts.ts";
import { isPrivileged, processFacts, stateDirectories, userByID } from "./process.ts";
import { namePath } from "../state/paths.ts";
import { fileFact, type HostReader, look, processFact, type Sightings, sightings } from "./sightings.ts";
import { subordinateFacts, subordinateIDs, subordinateLooks } from "./subordinate_ids.ts";

/** What decides which facts are needed. */
export interface Wanted {
  readonly config: RunConfig;
  readonly global: GlobalConfig;
  readonly environment: HostEnvironment;
}

/** What is known before the first look. */
interface Known extends Wanted {
  readonly process: ProcessReply;
  readonly home: string | null;
  readonly directories: StateDirectories;
  /** The container gets a user namespace of its own. */
  readonly userNamespace: boolean;
}

const MOUNTS = "/proc/self/mountinfo";
const PASSWD = "/etc/passwd";
const GROUP = "/etc/group";
const RESOLV_CONF = "/etc/resolv.conf";
const HOSTS = "/etc/hosts";
const KCORE = "/proc/kcore";
const CPUS = "/sys/devices/system/cpu";

/** Where every container has something mounted. */
const USUAL_MOUNT_POINTS = ["/proc", "/dev", "/sys", "/etc/hosts", "/etc/hostname", RESOLV_CONF];

/** Reads everything that a plan for this config depends on. Errors: see `collectFacts`. */
export function gatherFacts(host: HostReader, wanted: Wanted): HostFacts {
  const sight = sightings(host);
  const known = firstKnown(host.process(), wanted, sight);
  const { config, process, directories } = known;
  const words = referredContainers(config);
  sight.ask([...firstLooks(known), ...nameLooks(words, directories)]);

  const mounts = parseMounts(sight.text(MOUNTS) ?? "");
  const cgroups = cgroupSight(sight, mounts, known);
  const user = config.image.kind === "host" ? hostUser(known, sight) : null;
  const treeAsked = user === null ? [] : hostTreeLooks(mounts, user, sight);
  const cpusAsked = sight.status(throttleCounters("cpu0")) === null ? [] : [look("list", CPUS)];
  sight.ask([...cgroups.looks, ...cpusAsked, ...recordLooks(words, directories, sight), ...treeAsked]);
  const split = user !== null && mustSplit(user) ? hostTreeLooks(mounts, user, sight) : [];
  sight.ask([...processLooks(words, directories, sight), ...split]);
  const layout = cgroups.layout();
  return {
    list: factList(known, sight, mounts, layout.mode),
    process,
    home: userByID(sight.text(PASSWD) ?? "", process.uid)?.home ?? known.home,
    directories,
    kernel: kernelVersion(process.release),
    cgroups: layout,
    mounts,
    subordinateIds: subordinateIDs(process, sight, sight.text(PASSWD)),
    image: imageFacts(config, sight),
    sources: statuses(sourcesOf(config), sight),
    devices: {
      ...(config.privileged ? hostDevices(sight) : {}),
      ...statuses(namedDevices(config, known.userNamespace), sight),
    },
    hostTree: hostTreeSeen([...treeAsked, ...split], sight),
    resolvConf: sight.text(RESOLV_CONF),
    hosts: sight.text(HOSTS),
    containers: Object.fromEntries(words.map((word) => [word, containerFact(word, directories, sight)])),
    taken: takenNames(known, sight),
    kcore: sight.status(KCORE) !== null,
    throttleCounters: (sight.entries(CPUS) ?? []).map(({ name }) => name).filter((name) => /^cpu\d+$/.test(name))
      .map(throttleCounters),
  };
}

/** Where the kernel counts how often a CPU was slowed down for its heat. */
function throttleCounters(cpu: string): string {
  return `${CPUS}/${cpu}/thermal_throttle`;
}

function firstKnown(process: ProcessReply, wanted: Wanted, sight: Sightings): Known {
  const { config, global, environment } = wanted;
  let home = environment.HOME ?? null;
  if (home === null && process.uid !== 0) {
    sight.ask([look("text", PASSWD)]);
    home = userByID(sight.text(PASSWD) ?? "", process.uid)?.home ?? null;
  }
  const userns = config.userns?.kind;
  return {
    ...wanted,
    process,
    home,
    directories: stateDirectories(process, global, environment, home),
    userNamespace: !isPrivileged(process) || userns === "private" || userns === "maps",
  };
}

/** Whose view of the system the image `host` shows. HOME may be somebody else's, under sudo for one. */
function hostUser({ process, home, directories }: Known, sight: Sightings): HostUser {
  return { process, home: userByID(sight.text(PASSWD) ?? "", process.uid)?.home ?? home, directories };
}

function firstLooks(known: Known): Look[] {
  const { config, directories, userNamespace, process } = known;
  const root = imageRoot(config);
  return [
    look("text", MOUNTS),
    ...cgroupLooks(known.global),
    look("text", RESOLV_CONF),
    look("text", HOSTS),
    look("stat", KCORE),
    look("stat", throttleCounters("cpu0")),
    look("text", PASSWD, root),
    look("text", GROUP, root),
    ...imagePaths(config).map((path) => look("stat", path, root)),
    ...sourcesOf(config).map((path) => look("stat", path)),
    ...namedDevices(config, userNamespace).map((path) => look("stat", path)),
    ...(userNamespace ? [...subordinateLooks(), look("text", PASSWD)] : []),
    ...initLooks(config),
    ...(config.name === undefined ? [] : [look("link", namePath(directories, config.name))]),
    ...(config.cidfile === undefined ? [] : [look("lstat", absolute(config.cidfile, process))]),
  ];
}

/** The image's root for looks below it; null: the host's own. */
function imageRoot({ image }: RunConfig): string | null {
  return image.kind === "directory" ? image.path : null;
}

/** What will be mounted over, with parents; of interest only where a missing mount point has to be removed again. */
function imagePaths({ image, mounts }: RunConfig): string[] {
  if (image.kind === "host") return [];
  if (image.copyOnWrite) return ["/"];
  const paths = new Set(["/"]);
  for (const destination of [...USUAL_MOUNT_POINTS, ...mounts.map(({ destination }) => destination)]) {
    const names = destination.split("/").slice(1);
    names.forEach((_, index) => paths.add(`/${names.slice(0, index + 1).join("/")}`));
  }
  return [...paths];
}

function imageFacts(config: RunConfig, sight: Sightings): ImageFacts {
  const root = imageRoot(config) ?? undefined;
  return {
    root: root ?? "/",
    passwd: sight.text(PASSWD, root),
    group: sight.text(GROUP, root),
    init: initOf(config, sight),
    paths: Object.fromEntries(imagePaths(config).map((path) => [path, sight.status(path, root)])),
  };
}

/** What programs are called that start a whole system. */
const INITS = ["init", "systemd"];

/** The program's path, when it is called as an init. */
function initPath({ entrypoint = [], arguments: written }: RunConfig): string | null {
  const program = [...entrypoint.filter((word) => word !== ""), ...written][0] ?? "";
  if (!INITS.includes(baseName(program))) return null;
  return program.startsWith("/") ? program : `/sbin/${program}`;
}

function initLooks(config: RunConfig): Look[] {
  const path = initPath(config);
  return path === null ? [] : [look("link", path, imageRoot(config))];
}

function initOf(config: RunConfig, sight: Sightings): string | null {
  const path = initPath(config);
  return path === null ? null : baseName(sight.seen("link", path, imageRoot(config) ?? undefined).text ?? path);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Sources of bind mounts: those written, and what a shared IPC namespace brings along. */
function sourcesOf({ mounts, ipc }: RunConfig): string[] {
  const sources = mounts.flatMap((mount) => mount.kind === "bind" ? [mount.source] : []);
  return ipc?.kind === "host" ? [...sources, "/dev/shm", "/dev/mqueue"] : sources;
}

function statuses(paths: readonly string[], sight: Sightings): Record<string, FileStatus | null> {
  return Object.fromEntries(paths.map((path) => [path, sight.status(path)]));
}

function takenNames({ config, directories, process }: Known, sight: Sightings): HostFacts["taken"] {
  const target = config.name === undefined ? null : sight.seen("link", namePath(directories, config.name));
  const cidfile = config.cidfile === undefined ? null : sight.seen("lstat", absolute(config.cidfile, process));
  return { name: target?.text?.split("/").at(-1) ?? null, cidfile: cidfile?.status != null };
}

function absolute(path: string, { directory }: ProcessReply): string {
  return path.startsWith("/") ? path : `${directory}/${path}`;
}

function factList(known: Known, sight: Sightings, mounts: readonly MountEntry[], cgroupMode: string): Fact[] {
  const { config, process } = known;
  const root = imageRoot(config);
  const image = (path: string) => sight.seen("text", path, root ?? undefined).status;
  const below = root === null || root === "/" ? "" : root;
  return [
    ...processFacts(process),
    { name: "kernel.release", value: process.release, holds: { kind: "boot", id: process.bootId } },
    processFact("mount.table", `${mounts.length} mounts`),
    processFact("cgroup.layout", cgroupMode),
    fileFact("image.passwd", `${below}${PASSWD}`, image(PASSWD)),
    fileFact("image.group", `${below}${GROUP}`, image(GROUP)),
    ...(initPath(config) === null ? [] : [processFact("image.init", `${initOf(config, sight)}`)]),
    fileFact("host.resolvConf", RESOLV_CONF, sight.seen("text", RESOLV_CONF).status),
    fileFact("host.hosts", HOSTS, sight.seen("text", HOSTS).status),
    ...(known.userNamespace ? subordinateFacts(sight) : []),
    ...imagePaths(config).map((path) =>
      fileFact(`image.path ${path}`, `${below}${path}`, sight.status(path, root ?? undefined))
    ),
    ...sourcesOf(config).map((path) => fileFact(`mount.source ${path}`, path, sight.status(path))),
    ...namedDevices(config, known.userNamespace).map((path) => fileFact(`device ${path}`, path, sight.status(path))),
  ];
}
