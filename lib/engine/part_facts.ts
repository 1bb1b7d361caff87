/**
 * What a program on its own depends on of this host.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { FileStatus, Look } from "../core/wire.ts";
import { parseMounts, visibleMounts } from "../host/mounts.ts";
import { look, sightings } from "../host/sightings.ts";
import { subordinateIDs, subordinateLooks } from "../host/subordinate_ids.ts";
import type { PartFacts } from "../plan/part_namespaces.ts";
import { parseCapabilitySets } from "../spec/capability_sets.ts";

/** Paths that are named. */
export interface NamedPaths {
  /** Of the runtime namespace. */
  readonly paths: readonly string[];
  /** Below the new root, or without one of the runtime namespace. */
  readonly destinations: readonly string[];
  readonly rootfs: string | null;
  /** The program's environment, `NAME=value` each. */
  readonly environment: readonly string[];
}

const STATUS = "/proc/self/status";
const SETGROUPS = "/proc/self/setgroups";
const UID_MAP = "/proc/self/uid_map";
const GID_MAP = "/proc/self/gid_map";
const PASSWD = "/etc/passwd";
const GROUP = "/etc/group";
const MOUNTS = "/proc/self/mountinfo";

/** Reads it, in two calls of the core. */
export function partFacts(core: Core, { paths, destinations, rootfs, environment }: NamedPaths): PartFacts {
  const process = call(core, "process", {});
  const sight = sightings({
    observe: (looks: readonly Look[]) => call(core, "observe", { looks: [...looks] }).seen,
    process: () => process,
  });
  sight.ask([
    ...[STATUS, SETGROUPS, UID_MAP, GID_MAP, PASSWD, GROUP, MOUNTS].map((path) => look("text", path)),
    ...subordinateLooks(),
    ...paths.map((path) => look("stat", path)),
    ...destinations.map((path) => look("stat", path, rootfs)),
  ]);
  const statuses = (all: readonly string[], root?: string): Record<string, FileStatus | null> =>
    Object.fromEntries(all.map((path) => [path, sight.status(path, root)]));
  return {
    process,
    sets: parseCapabilitySets(sight.text(STATUS) ?? ""),
    setgroupsDenied: (sight.text(SETGROUPS) ?? "").trim() === "deny",
    subordinateIds: subordinateIDs(process, sight, sight.text(PASSWD)),
    database: { passwd: sight.text(PASSWD), group: sight.text(GROUP) },
    uidMap: sight.text(UID_MAP) ?? "",
    gidMap: sight.text(GID_MAP) ?? "",
    statuses: statuses(paths),
    destinations: statuses(destinations, rootfs ?? undefined),
    keptFiles: visibleMounts(parseMounts(sight.text(MOUNTS) ?? ""))
      .flatMap(({ type, mountPoint }) => type === "nsfs" ? [mountPoint] : []),
    environment,
  };
}
