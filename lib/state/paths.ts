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
  /** Its record while it runs: see `record.ts` of lib/plan. */
  readonly state: string;
  /** Where its root is mounted, in its own mount namespace. */
  readonly rootfs: string;
  /** Its own hosts, hostname and resolv.conf. */
  readonly etc: string;
  /** What lasts of it, 0700: upper and work directories of its overlays, `container.json`, `end.json`, logs. */
  readonly data: string;
  /** Upper and work directories where the data directory cannot hold them. */
  readonly layers: string;
  /** Its current log file. */
  readonly log: string;
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
    layers: `${runtime}/layers/${id}`,
    log: `${data}/containers/${id}/log.json`,
  };
}

/** The link that reserves a name and leads to the container. */
export function namePath({ data }: StateDirectories, name: string): string {
  return `${data}/names/${name}`;
}
