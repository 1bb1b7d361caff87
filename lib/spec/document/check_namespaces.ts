/**
 * Namespaces, and what there may only be with one.
 *
 * Source: config-linux.md, "Namespaces" to "Offset for Time Namespace", "Network Devices", "Sysctl"; user_namespaces(7).
 *
 * @module
 */
import type { Linux, LinuxIdMapping, LinuxNamespace, LinuxNamespaceType, Spec } from "../oci.ts";
import { sysctlNamespace, sysctlPath } from "../sysctl.ts";
import type { Place } from "./place.ts";

/** UID_GID_MAP_MAX_EXTENTS of the kernel: user_namespaces(7). */
const MOST_MAPPINGS = 340;

/** (uid_t) -1 cannot be mapped. */
const IDS = 4_294_967_295;

/** Errors: `invalid_config`. */
export function checkNamespaces(place: Place, spec: Spec): void {
  const { linux } = spec;
  const all = place.at("linux").at("namespaces");
  checkDuplicates(all, linux.namespaces);
  if (!has(linux, "mount")) {
    throw all.wrong(
      "has no mount namespace: what is mounted in the container would be mounted on the host",
      MOUNT_HINT,
    );
  }
  if (spec.hostname !== undefined && !has(linux, "uts")) {
    throw place.at("hostname").wrong("needs a UTS namespace: it would be the host's name");
  }
  if (spec.domainname !== undefined && !has(linux, "uts")) {
    throw place.at("domainname").wrong("needs a UTS namespace: it would be the host's name");
  }
  checkTime(place.at("linux").at("timeOffsets"), linux);
  checkNetDevices(place.at("linux").at("netDevices"), linux);
}

const MOUNT_HINT = 'add {"type": "mount"}';

function checkDuplicates(place: Place, namespaces: readonly LinuxNamespace[]): void {
  const seen = new Set<LinuxNamespaceType>();
  for (const [index, { type }] of namespaces.entries()) {
    if (seen.has(type)) throw place.at(index).at("type").wrongValue(type, "is there twice");
    seen.add(type);
  }
}

/** Offsets are set before a process is in the namespace: time_namespaces(7). */
function checkTime(place: Place, linux: Linux): void {
  if (linux.timeOffsets === undefined) return;
  const namespace = linux.namespaces.find(({ type }) => type === "time");
  if (namespace === undefined) throw place.wrong("needs a time namespace");
  if (namespace.path !== undefined) throw place.wrong("needs a new time namespace, and one is joined");
}

function checkNetDevices(place: Place, linux: Linux): void {
  if (linux.netDevices === undefined) return;
  if (!has(linux, "network")) throw place.wrong("needs a network namespace: the devices are on the host already");
  const names = new Map<string, string>();
  for (const [device, { name = device }] of Object.entries(linux.netDevices)) {
    const other = names.get(name);
    if (other !== undefined) throw place.at(device).at("name").wrongValue(name, `is also the name of "${other}"`);
    names.set(name, device);
  }
}

/** Maps of ids: user_namespaces(7), "Defining user and group ID mappings". */
export function checkIds(place: Place, linux: Linux): void {
  const namespace = linux.namespaces.find(({ type }) => type === "user");
  for (const key of ["uidMappings", "gidMappings"] as const) {
    const maps = linux[key];
    if (maps !== undefined) {
      if (namespace === undefined) throw place.at(key).wrong("needs a user namespace");
      checkMappings(place.at(key), maps);
    } else if (namespace !== undefined && namespace.path === undefined) {
      throw place.at(key).wrong("is missing: in a new user namespace there are no ids without it");
    }
  }
}

/** One map. */
export function checkMappings(place: Place, maps: readonly LinuxIdMapping[]): void {
  if (maps.length > MOST_MAPPINGS) throw place.wrong(`has ${maps.length} entries, the kernel takes ${MOST_MAPPINGS}`);
  for (const [index, { containerID, hostID, size }] of maps.entries()) {
    if (containerID + size > IDS || hostID + size > IDS) {
      throw place.at(index).wrong("goes beyond the last id, 4294967294");
    }
  }
  for (const key of ["containerID", "hostID"] as const) {
    const sorted = maps.map((map, index) => ({ index, first: map[key], size: map.size }))
      .sort((one, other) => one.first - other.first);
    for (const [at, { index, first }] of sorted.entries()) {
      const before = sorted[at - 1];
      if (before !== undefined && before.first + before.size > first) {
        throw place.at(index).at(key).wrongValue(first, `is mapped by entry ${before.index} already`);
      }
    }
  }
}

/** Settings of the whole machine are not a container's to make. */
export function checkSysctls(place: Place, linux: Linux): void {
  for (const name of Object.keys(linux.sysctl ?? {})) {
    const here = place.at(name);
    const path = sysctlPath(name);
    if (path === null) throw here.wrong("is no kernel setting", "words with dots: net.ipv4.ip_forward");
    if (path.join(".") === "kernel.hostname") throw here.wrong("is the host name", "write hostname");
    const namespace = sysctlNamespace(path);
    if (namespace === null) throw here.wrong("is not a container's own but the whole machine's", SYSCTL_HINT);
    if (!has(linux, namespace)) throw here.wrong(`needs a ${namespace} namespace: it would be the whole machine's`);
  }
}

const SYSCTL_HINT =
  "net.*, fs.mqueue.*, kernel.shm*, msg*, sem and kernel.domainname, with their namespaces, can be set";

function has({ namespaces }: Linux, kind: LinuxNamespaceType): boolean {
  return namespaces.some(({ type }) => type === kind);
}
