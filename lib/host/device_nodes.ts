/**
 * Device nodes of the host: those that a config names, and with `--privileged` all of them.
 *
 * @module
 */
import { blockDevicePaths } from "../config/block_io.ts";
import type { RunConfig } from "../config/run_config.ts";
import type { FileStatus, ProcessReply } from "../core/wire.ts";
import { DEFAULT_DEVICES } from "../spec/defaults.ts";
import { look, type Sightings } from "./sightings.ts";

/** What a container has of its own, and what is no device of the machine. */
const OWN = ["console", "fd", "mqueue", "ptmx", "pts", "shm", ".lxc", ".lxd-mounts"];

/** The deepest directory of nodes that udev makes is /dev/bus/usb/001. */
const DEEPEST = 4;

/** Paths of the nodes that the config names, those that it limits included, and in a user namespace of the default ones, which are bind-mounted there. */
export function namedDevices(config: RunConfig, userNamespace: boolean): string[] {
  const names = [...config.devices.map(({ source }) => source), ...blockDevicePaths(config.resources)];
  return userNamespace ? [...DEFAULT_DEVICES.map(({ path }) => path), ...names] : names;
}

/** Finds every node below /dev; one call for each level. */
export function hostDevices(sightings: Sightings): Record<string, FileStatus | null> {
  let directories = ["/dev"];
  const nodes: string[] = [];
  for (let depth = 0; depth < DEEPEST && directories.length > 0; depth++) {
    sightings.ask(directories.map((path) => look("list", path)));
    const below: string[] = [];
    for (const directory of directories) {
      for (const { name, kind } of sightings.entries(directory) ?? []) {
        if (directory === "/dev" && OWN.includes(name)) continue;
        if (kind === "directory") below.push(`${directory}/${name}`);
        if (kind === "character_device" || kind === "block_device") nodes.push(`${directory}/${name}`);
      }
    }
    directories = below;
  }
  sightings.ask(nodes.map((path) => look("stat", path)));
  return Object.fromEntries(nodes.map((path) => [path, sightings.status(path)]));
}

/** Whether this user may open a node at all, going by its owner and permission bits. */
export function mayOpen(
  { mode, uid, gid }: FileStatus,
  user: Pick<ProcessReply, "uid" | "gid" | "groups">,
): boolean {
  if (uid === user.uid) return (mode & 0o600) !== 0;
  if (gid === user.gid || user.groups.includes(gid)) return (mode & 0o060) !== 0;
  return (mode & 0o006) !== 0;
}
