/**
 * Where a container's own files are, below this user's state directories.
 *
 * @module
 */
import type { StateDirectories } from "../host/facts.ts";

/** A container's files. All absolute. */
export interface ContainerPaths {
  /** Its runtime state, 0700. */
  readonly directory: string;
  /** Its record: see `state.ts`. */
  readonly state: string;
  /** Where its root is mounted, in its own mount namespace. */
  readonly rootfs: string;
  /** Its own hosts, hostname and resolv.conf. */
  readonly etc: string;
  /** What it writes: upper and work directories of its overlays. */
  readonly data: string;
}

/** The files of the container with an ID, which may be a blank. */
export function containerPaths({ runtime, data }: StateDirectories, id: string): ContainerPaths {
  const directory = `${runtime}/containers/${id}`;
  return {
    directory,
    state: `${directory}/state.json`,
    rootfs: `${directory}/rootfs`,
    etc: `${directory}/etc`,
    data: `${data}/containers/${id}`,
  };
}

/** The link that reserves a name and leads to the container. */
export function namePath({ runtime }: StateDirectories, name: string): string {
  return `${runtime}/names/${name}`;
}
