/**
 * What a plan of an OCI bundle depends on of this machine.
 *
 * @module
 */
import type { GlobalConfig } from "../config/run_config.ts";
import type { FileStatus, Look, ProcessReply } from "../core/wire.ts";
import { isBound } from "../spec/bundle_spec.ts";
import { DEFAULT_DEVICES } from "../spec/defaults.ts";
import type { LinuxNamespaceType, Spec } from "../spec/oci.ts";
import { cgroupLooks, cgroupSight } from "./cgroup_facts.ts";
import type { HostEnvironment, HostFacts } from "./facts.ts";
import { joinedLooks, sharedNamespaces } from "./joined_namespaces.ts";
import { kernelVersion } from "./kernel.ts";
import { isBelow, parseMounts } from "./mounts.ts";
import { isPrivileged, processFacts, stateDirectories, userByID } from "./process.ts";
import { type HostReader, look, processFact, type Sightings, sightings } from "./sightings.ts";
import { subordinateIDs, subordinateLooks } from "./subordinate_ids.ts";

/** Plain data, as {@link HostFacts}. */
export interface BundleFacts extends
  Pick<
    HostFacts,
    "list" | "process" | "directories" | "kernel" | "cgroups" | "subordinateIds" | "sources" | "devices" | "kcore"
  > {
  /** Who runs masu: the user's name, or the number where there is none. */
  readonly owner: string;
  /** The root directory, symbolic links followed; null: nothing there. */
  readonly root: FileStatus | null;
  /** What the root directory has at the destinations of new tmpfs; null: nothing there. */
  readonly rootPaths: Readonly<Record<string, FileStatus | null>>;
  /** Where resctrl is mounted; null: nowhere. */
  readonly resctrl: string | null;
  /** What is there of the group that the spec names in it; null: nothing. */
  readonly resctrlGroup: FileStatus | null;
  /** Types of the namespaces in which settings are to be made and that are the runtime's own, by their paths. */
  readonly sharedNamespaces: readonly LinuxNamespaceType[];
}

/** What decides which facts are needed. */
export interface BundleWanted {
  /** With absolute paths: see `absoluteSpec`. */
  readonly spec: Spec;
  readonly global: GlobalConfig;
  readonly environment: HostEnvironment;
}

const MOUNTS = "/proc/self/mountinfo";
const PASSWD = "/etc/passwd";
const KCORE = "/proc/kcore";

/** Reads everything in two calls of the core. Errors: `denied`, `not_found` this user cannot have a state directory. */
export function gatherBundleFacts(host: HostReader, { spec, global, environment }: BundleWanted): BundleFacts {
  const sight = sightings(host);
  const process = host.process();
  sight.ask([...firstLooks(spec, process), ...cgroupLooks(global)]);
  const user = userByID(sight.text(PASSWD) ?? "", process.uid);
  const mounts = parseMounts(sight.text(MOUNTS) ?? "");
  const groups = cgroupSight(sight, mounts, { process, global });
  const resctrl = mounts.findLast(({ type }) => type === "resctrl")?.mountPoint ?? null;
  const group = resctrl === null ? null : resctrlGroup(spec, resctrl);
  sight.ask([...groups.looks, ...(group === null ? [] : [look("stat", group)])]);
  const cgroups = groups.layout();
  return {
    list: [
      ...processFacts(process),
      { name: "kernel.release", value: process.release, holds: { kind: "boot", id: process.bootId } },
      processFact("mount.table", `${mounts.length} mounts`),
      processFact("cgroup.layout", cgroups.mode),
    ],
    process,
    directories: stateDirectories(process, global, environment, environment.HOME ?? user?.home ?? null),
    kernel: kernelVersion(process.release),
    cgroups,
    subordinateIds: subordinateIDs(process, sight, sight.text(PASSWD)),
    sources: statuses(bindSources(spec), sight),
    devices: statuses(boundDevices(spec, process), sight),
    kcore: sight.status(KCORE) !== null,
    owner: user?.name ?? `${process.uid}`,
    root: sight.status(spec.root.path),
    rootPaths: Object.fromEntries(
      freshDirectories(spec).map((path) => [path, sight.status(path, spec.root.path)]),
    ),
    resctrl,
    resctrlGroup: group === null ? null : sight.status(group),
    sharedNamespaces: sharedNamespaces(spec, sight),
  };
}

function firstLooks(spec: Spec, process: ProcessReply): Look[] {
  const needsIds = !isPrivileged(process);
  return [
    look("text", MOUNTS),
    look("text", PASSWD),
    look("stat", KCORE),
    look("stat", spec.root.path),
    ...joinedLooks(spec),
    ...bindSources(spec).map((path) => look("stat", path)),
    ...boundDevices(spec, process).map((path) => look("stat", path)),
    ...freshDirectories(spec).map((path) => look("stat", path, spec.root.path)),
    ...(needsIds ? subordinateLooks() : []),
  ];
}

/** The group that a spec names: one that is there already is not masu's to remove. */
function resctrlGroup({ linux: { intelRdt } }: Spec, resctrl: string): string | null {
  return intelRdt?.closID === undefined ? null : `${resctrl}/${intelRdt.closID}`;
}

function bindSources({ mounts }: Spec): string[] {
  return mounts.flatMap((mount) => mount.source !== undefined && isBound(mount) ? [mount.source] : []);
}

/** Outside of the initial user namespace no node can be made: the host's are bound. */
function boundDevices({ linux }: Spec, { initialUserNamespace }: ProcessReply): string[] {
  if (initialUserNamespace && !linux.namespaces.some(({ type }) => type === "user")) return [];
  return [...DEFAULT_DEVICES, ...linux.devices ?? []].map(({ path }) => path);
}

/** Destinations of tmpfs right in the root: what is there says which mode the new one gets. */
function freshDirectories({ mounts }: Spec): string[] {
  return mounts.flatMap(({ type, destination }, index) => {
    const covered = mounts.slice(0, index).some((earlier) => isBelow(destination, earlier.destination));
    return type !== "tmpfs" || covered ? [] : [destination];
  });
}

function statuses(paths: readonly string[], sight: Sightings): Record<string, FileStatus | null> {
  return Object.fromEntries(paths.map((path) => [path, sight.status(path)]));
}
