/**
 * Which parts of the running system the image `host` shows, and what has to be known of them.
 *
 * @module
 */
import type { Look, ProcessReply } from "../core/wire.ts";
import type { HostTree, StateDirectories } from "../host/facts.ts";
import { isBelow, type MountEntry, visibleMounts } from "../host/mounts.ts";
import { isPrivileged } from "../host/process.ts";
import { look, type Sightings } from "../host/sightings.ts";

/** Whose view of the system it is. */
export interface HostUser {
  readonly process: ProcessReply;
  /** The user's own home directory, which stays visible; null: none. */
  readonly home: string | null;
  readonly directories: StateDirectories;
}

const FRESH: readonly string[] = ["/proc", "/sys", "/dev", "/run", "/tmp"];

/** Where other container engines keep their containers' mounts: those are no part of this system. */
const ENGINES = [
  "/var/lib/docker",
  "/var/lib/containers",
  "/var/lib/containerd",
  "/var/lib/kubelet",
  "/var/lib/lxc",
  "/var/lib/lxd",
  "/var/lib/incus",
];

/** What a container has of its own: new file systems, whatever the host has there. */
export function freshDirectories({ process }: HostUser): readonly string[] {
  return process.uid === 0 ? FRESH : [...FRESH, "/root"];
}

/** Hidden under an empty directory: other users' homes, and what masu keeps of other containers. */
export function hiddenDirectories(user: HostUser): string[] {
  const { data, runtime } = user.directories;
  const own = isBelow(runtime, data) ? [data] : [data, runtime];
  return ["/home", ...own.filter((path) => !freshDirectories(user).some((fresh) => isBelow(path, fresh)))];
}

/** The user's own home, when it lies below a hidden directory and has to be brought back. */
export function shownHome(user: HostUser): string | null {
  const { home } = user;
  return home !== null && home.startsWith("/home/") ? home : null;
}

/** Whether anything at this path comes from the host. */
export function isShown(path: string, user: HostUser): boolean {
  if (freshDirectories(user).some((fresh) => isBelow(path, fresh))) return false;
  const home = shownHome(user);
  const hidden = hiddenDirectories(user).filter((directory) => isBelow(path, directory));
  return hidden.every((directory) => home !== null && isBelow(path, home) && isBelow(home, directory));
}

/** Whether a mount below an engine's directory is one of its containers'. */
export function isEngines(path: string): boolean {
  return ENGINES.some((directory) => path !== directory && isBelow(path, directory));
}

/**
 * Whether the tree must be put together from pieces. In a mount namespace of another user namespace all mounts are locked
 * to their parents (mount_namespaces(7)), and overlayfs refuses a lower directory that has locked mounts below it.
 */
export function mustSplit({ process }: HostUser): boolean {
  return !isPrivileged(process) || !process.initialUserNamespace;
}

/** Directories with mounts below them, parents first: no layer can hold one of these as a whole. */
export function splitDirectories(mounts: readonly MountEntry[], user: HostUser): string[] {
  const split = new Set(["/"]);
  for (const { mountPoint } of mounts) {
    const names = mountPoint.split("/").slice(1, -1);
    names.forEach((_, index) => {
      const path = `/${names.slice(0, index + 1).join("/")}`;
      if (isShown(path, user)) split.add(path);
    });
  }
  return [...split].sort();
}

/** What has to be looked at, as far as it is known yet: called again once these were answered, where the tree is split. */
export function hostTreeLooks(mounts: readonly MountEntry[], user: HostUser, sight: Sightings): Look[] {
  const home = shownHome(user);
  const points = ["/", ...(home === null ? [] : [home]), ...layeredMountPoints(mounts, user)];
  const looks = points.map((path) => look("stat", path));
  if (!mustSplit(user)) return looks;
  for (const directory of splitDirectories(mounts, user)) {
    looks.push(look("list", directory));
    for (const { name, kind } of sight.entries(directory) ?? []) {
      const path = directory === "/" ? `/${name}` : `${directory}/${name}`;
      if (!isShown(path, user)) continue;
      if (kind === "symlink") looks.push(look("link", path));
      if (kind === "directory") looks.push(look("stat", path));
    }
  }
  return looks;
}

/** The mount points that are looked at: a network file system that does not answer must not hold up a start. */
function layeredMountPoints(mounts: readonly MountEntry[], user: HostUser): string[] {
  return visibleMounts(mounts).filter(({ mountPoint, type }) => LAYERED.includes(type) && isShown(mountPoint, user))
    .map(({ mountPoint }) => mountPoint);
}

/** File systems on disks, which overlayfs takes as lower layers. */
export const LAYERED: readonly string[] = [
  "ext2",
  "ext3",
  "ext4",
  "xfs",
  "btrfs",
  "f2fs",
  "zfs",
  "bcachefs",
  "jfs",
  "nilfs2",
  "overlay",
];

/** The answers to these looks. */
export function hostTreeSeen(looks: readonly Look[], sight: Sightings): HostTree {
  const tree = {
    listings: {} as Record<string, HostTree["listings"][string]>,
    statuses: {} as Record<string, HostTree["statuses"][string]>,
    links: {} as Record<string, string>,
  };
  for (const { want, path } of looks) {
    if (want === "list") tree.listings[path] = sight.entries(path);
    if (want === "stat") tree.statuses[path] = sight.status(path);
    if (want === "link") tree.links[path] = sight.seen("link", path).text ?? "";
  }
  return tree;
}
