/**
 * masu's own directories on the host.
 *
 * @module
 */
import type { HostStep, Owner } from "../core/wire.ts";

/**
 * A directory for one container, and what it stands in. Nobody else gets at it, except the container's root where that is
 * another user outside: it may pass through, as the group, but not look.
 */
export function privateDirectory(path: string, owner: Owner | null): HostStep[] {
  const above = path.slice(0, path.lastIndexOf("/"));
  const passed: Owner | null = owner === null ? null : { uid: 0, gid: owner.gid };
  return [
    // 0711: the names below cannot be listed, and each has its own door.
    { kind: "make_directory", path: above, mode: 0o711, parents: true, owner: null },
    makeDirectory(path, owner === null ? 0o700 : 0o710, passed),
  ];
}

/** A directory that must not be there yet. */
export function makeDirectory(path: string, mode: number, owner: Owner | null): HostStep {
  return { kind: "make_directory", path, mode, parents: false, owner };
}
