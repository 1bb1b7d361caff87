/**
 * masu's own directories and files on the host.
 *
 * @module
 */
import type { HostStep, Owner, UserMapping } from "../core/wire.ts";

/** A directory for one container, see {@link closedDirectory}, and what it stands in. */
export function privateDirectory(path: string, owner: Owner | null): HostStep[] {
  const above = path.slice(0, path.lastIndexOf("/"));
  return [
    // 0711: the names below cannot be listed, and each has its own door.
    { kind: "make_directory", path: above, mode: 0o711, parents: true, owner: null },
    closedDirectory(path, owner),
  ];
}

/**
 * A directory that nobody else gets at, except the container's root where that is another user outside: it may pass through, as
 * the group, but not look.
 */
export function closedDirectory(path: string, owner: Owner | null): HostStep {
  return makeDirectory(path, owner === null ? 0o700 : 0o710, owner === null ? null : { uid: 0, gid: owner.gid });
}

/** How a file of masu's own is made. */
interface FileForm {
  readonly mode: number;
  /** It must not be there yet. */
  readonly exclusive: boolean;
}

/** A whole file at once. */
export function writeFile(path: string, text: string, { mode, exclusive }: FileForm): HostStep {
  return { kind: "write_file", path, text, mode, exclusive };
}

/** A directory that must not be there yet. */
export function makeDirectory(path: string, mode: number, owner: Owner | null): HostStep {
  return { kind: "make_directory", path, mode, parents: false, owner };
}

/** A tree with all that is in it; `user`: whose ids its files may have. */
export function removeTree(path: string, user: UserMapping | null): HostStep {
  return { kind: "remove_tree", path, user };
}
