/**
 * Namespaces that a spec joins by path, where settings are to be made in them: one could be the runtime's own.
 *
 * @module
 */
import type { Look } from "../core/wire.ts";
import type { LinuxNamespaceType, Spec } from "../spec/oci.ts";
import { look, type Sightings } from "./sightings.ts";

/** As `/proc/PID/ns` calls those that have settings of their own. namespaces(7) */
const FILES: Readonly<Partial<Record<LinuxNamespaceType, string>>> = { network: "net", ipc: "ipc", uts: "uts" };

interface Joined {
  readonly type: LinuxNamespaceType;
  readonly path: string;
  /** The runtime's own of that type. */
  readonly own: string;
}

function joined({ linux: { namespaces, sysctl = {} } }: Spec): Joined[] {
  if (Object.keys(sysctl).length === 0) return [];
  return namespaces.flatMap(({ type, path }) => {
    const file = FILES[type];
    return path === undefined || file === undefined ? [] : [{ type, path, own: `/proc/self/ns/${file}` }];
  });
}

/** What to look at: nothing for a spec without settings. */
export function joinedLooks(spec: Spec): Look[] {
  return joined(spec).flatMap(({ path, own }) => [look("stat", path), look("stat", own)]);
}

/** Types of the namespaces that are joined by a path which leads to the runtime's own: what is set there is set for the host. */
export function sharedNamespaces(spec: Spec, sight: Sightings): LinuxNamespaceType[] {
  return joined(spec).flatMap(({ type, path, own }) => {
    const [there, here] = [sight.status(path), sight.status(own)];
    const same = there !== null && there.inode === here?.inode && there.device === here.device;
    return same ? [type] : [];
  });
}
