/**
 * The image `host`: the running system's own root, copy on write, as layers. docs/host-image.md says what is visible.
 *
 * @module
 */
import type { FileStatus } from "../core/wire.ts";
import type { HostTree } from "../host/facts.ts";
import { isBelow, type MountEntry, visibleMounts } from "../host/mounts.ts";
import {
  hiddenDirectories,
  type HostUser,
  isEngines,
  isShown,
  LAYERED,
  mustSplit,
  shownHome,
  splitDirectories,
} from "./host_tree.ts";

/** Mode and owner that a layer's top directory shows. */
export interface LayerTop {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** One piece of the tree, mounted or made in this order. */
export type HostPiece =
  /** Copy on write. `mountOptions`: `nosuid` and so on, as the host has it mounted. */
  | {
    readonly kind: "overlay";
    readonly path: string;
    readonly top: LayerTop;
    readonly mountOptions: readonly string[];
  }
  /** Read-only: overlayfs does not take it as a lower layer, or it is a file with a mount of its own. */
  | { readonly kind: "bind"; readonly path: string; readonly file: boolean; readonly mountOptions: readonly string[] }
  /** A directory that only holds other pieces. */
  | { readonly kind: "directory"; readonly path: string; readonly mode: number }
  | { readonly kind: "symlink"; readonly path: string; readonly target: string }
  /** An empty file system of the container's own. */
  | { readonly kind: "fresh"; readonly path: string; readonly mode: number }
  /** Nothing to see here: empty and read-only, unless something is brought in below it. */
  | { readonly kind: "hidden"; readonly path: string };

/** The whole tree. */
export interface HostRoot {
  /** `/` itself: a layer, or an empty directory that the pieces are put into. */
  readonly root: LayerTop | "empty";
  readonly pieces: readonly HostPiece[];
}

/** Fresh file systems that no other part of the container mounts, and their modes. */
const FRESH_MODES: readonly (readonly [path: string, mode: number])[] = [["/run", 0o755], ["/tmp", 0o1777]];

/** File systems of the kernel's own making, and of memory: no part of what the system is stored as. */
const LEFT_OUT: readonly string[] = [
  "autofs",
  "binfmt_misc",
  "bpf",
  "cgroup",
  "cgroup2",
  "configfs",
  "debugfs",
  "devpts",
  "devtmpfs",
  "efivarfs",
  "fuse.gvfsd-fuse",
  "fuse.lxcfs",
  "fuse.portal",
  "fusectl",
  "hugetlbfs",
  "mqueue",
  "nfsd",
  "nsfs",
  "proc",
  "pstore",
  "ramfs",
  "rpc_pipefs",
  "securityfs",
  "selinuxfs",
  "sysfs",
  "tmpfs",
  "tracefs",
];

/** Takes the running system apart. */
export function hostRoot(mounts: readonly MountEntry[], tree: HostTree, user: HostUser): HostRoot {
  const split = mustSplit(user);
  const shown = split ? splitPieces("/", mounts, tree, user) : mountPieces(mounts, tree, user);
  const fresh = FRESH_MODES.map(([path, mode]): HostPiece => ({ kind: "fresh", path, mode }));
  // The container's root is the user itself, and its home must not be root's: it gets one of its own.
  if (user.process.uid !== 0) fresh.push({ kind: "fresh", path: "/root", mode: 0o700 });
  return {
    root: split ? "empty" : topOf(tree.statuses["/"]),
    pieces: [...shown, ...fresh, ...hiddenPieces(mounts, tree, user)],
  };
}

/** Root's way: a layer for `/`, which leaves out what is mounted below it, and one more for each other real file system. */
function mountPieces(mounts: readonly MountEntry[], tree: HostTree, user: HostUser): HostPiece[] {
  const pieces: HostPiece[] = [];
  const leftOut: string[] = [];
  for (const mount of visibleMounts(mounts)) {
    const { mountPoint } = mount;
    if (mountPoint === "/" || !isShown(mountPoint, user)) continue;
    const piece = isEngines(mountPoint) ? null : pieceOf(mount, tree);
    if (piece === null) {
      leftOut.push(mountPoint);
      continue;
    }
    // Below a mount that is left out there is nothing to mount it on.
    if (leftOut.some((path) => isBelow(mountPoint, path))) {
      pieces.push({ kind: "directory", path: mountPoint, mode: 0o755 });
    }
    pieces.push(piece);
  }
  return pieces;
}

/** What a mount becomes; null: it is left out. */
function pieceOf({ mountPoint: path, type, options }: MountEntry, tree: HostTree): HostPiece | null {
  if (LEFT_OUT.includes(type)) return null;
  const status = tree.statuses[path];
  const mountOptions = options.filter((option) => option === "nosuid" || option === "nodev" || option === "noexec");
  const file = status != null && status.kind !== "directory";
  if (file || !LAYERED.includes(type)) return { kind: "bind", path, file, mountOptions };
  return { kind: "overlay", path, top: topOf(status), mountOptions };
}

/** An ordinary user's way: a layer for each directory below `top` that has no mounts below it. */
function splitPieces(top: string, mounts: readonly MountEntry[], tree: HostTree, user: HostUser): HostPiece[] {
  const split = new Set(splitDirectories(mounts, user));
  const mountAt = new Map(visibleMounts(mounts).map((mount) => [mount.mountPoint, mount]));
  const pieces: HostPiece[] = [];
  const visit = (directory: string) => {
    for (const { name, kind } of tree.listings[directory] ?? []) {
      const path = directory === "/" ? `/${name}` : `${directory}/${name}`;
      if (!isShown(path, user)) continue;
      const target = tree.links[path];
      if (kind === "symlink" && target !== undefined) pieces.push({ kind: "symlink", path, target });
      // The root's own files belong to the host's boot; elsewhere each is shown as it is.
      if (kind === "file" && directory !== "/") pieces.push({ kind: "bind", path, file: true, mountOptions: [] });
      if (kind !== "directory") continue;
      const mount = mountAt.get(path);
      pieces.push(wholePiece(path, split.has(path), mount, tree, user));
      if (split.has(path)) visit(path);
    }
  };
  visit(top);
  return pieces;
}

/** The piece for a directory: a layer, or a plain one when it has to be taken apart further or cannot be entered. */
function wholePiece(
  path: string,
  split: boolean,
  mount: MountEntry | undefined,
  tree: HostTree,
  user: HostUser,
): HostPiece {
  const status = tree.statuses[path] ?? null;
  const plain: HostPiece = { kind: "directory", path, mode: topOf(status).mode };
  if (split || status === null || !mayEnter(status, user)) return plain;
  if (mount !== undefined) return (isEngines(path) ? null : pieceOf(mount, tree)) ?? plain;
  return { kind: "overlay", path, top: topOf(status), mountOptions: [] };
}

/** Hidden directories; the user's own home is brought back, whole. */
function hiddenPieces(mounts: readonly MountEntry[], tree: HostTree, user: HostUser): HostPiece[] {
  const home = shownHome(user);
  return hiddenDirectories(user).flatMap((path): HostPiece[] => {
    // masu's own directories are writable for a masu that runs inside.
    const hidden: HostPiece = path === "/home" ? { kind: "hidden", path } : { kind: "fresh", path, mode: 0o700 };
    if (home === null || !isBelow(home, path)) return [hidden];
    return [hidden, ...homePieces(home, mounts, tree, user)];
  });
}

function homePieces(home: string, mounts: readonly MountEntry[], tree: HostTree, user: HostUser): HostPiece[] {
  const status = tree.statuses[home];
  if (status == null) return [];
  const made: HostPiece = { kind: "directory", path: home, mode: topOf(status).mode };
  const layer: HostPiece = { kind: "overlay", path: home, top: topOf(status), mountOptions: [] };
  if (!mustSplit(user)) return [made, layer];
  return splitDirectories(mounts, user).includes(home) ? [made, ...splitPieces(home, mounts, tree, user)] : [layer];
}

function topOf(status: FileStatus | null | undefined): LayerTop {
  // Set-user-ID and set-group-ID of a directory are about files made by the host's users.
  return status == null
    ? { mode: 0o755, uid: 0, gid: 0 }
    : { mode: status.mode & 0o1777, uid: status.uid, gid: status.gid };
}

/** Whether this user can enter a directory, going by its owner and permission bits. */
function mayEnter({ mode, uid, gid }: FileStatus, { process }: HostUser): boolean {
  if (process.uid === 0) return true;
  if (uid === process.uid) return (mode & 0o100) !== 0;
  if (gid === process.gid || process.groups.includes(gid)) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}
