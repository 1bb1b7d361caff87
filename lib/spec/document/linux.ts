/**
 * `linux`: shapes and ranges.
 *
 * Source: config-linux.md.
 *
 * @module
 */
import type {
  Linux,
  LinuxDevice,
  LinuxIdMapping,
  LinuxIntelRdt,
  LinuxMemoryPolicy,
  LinuxNamespace,
  LinuxNetDevice,
  LinuxPersonality,
  LinuxTimeOffset,
} from "../oci.ts";
import { interfaceName, resctrlGroup } from "./name.ts";
import type { Place } from "./place.ts";
import { checked, list, object, otherwise, type Reader, record, required, someOf } from "./reader.ts";
import { MAJOR, MINOR, RESOURCES } from "./resources.ts";
import { SECCOMP } from "./seccomp.ts";
import {
  absolutePath,
  id,
  numberList,
  path,
  shaped,
  textUpTo,
  truthOrAbsent,
  unlessEmpty,
  whole,
  word,
} from "./value.ts";
import { CLOCKS, DEVICE_TYPES, MEMORY_FLAGS, MEMORY_MODES, NAMESPACES, PERSONALITIES, PROPAGATIONS } from "./words.ts";

/** Seconds that a clock can hold: KTIME_SEC_MAX of the kernel, in either direction. */
const MOST_SECONDS = 9_223_372_036;

/** Permission bits with set-id and sticky ones; engines write the type's bits too. */
const PERMISSIONS = 0o7777;

const NAMESPACE = object<LinuxNamespace>({
  type: required(word("is no namespace", NAMESPACES)),
  path: unlessEmpty(absolutePath),
});

const ID_MAPPING = object<LinuxIdMapping>({
  containerID: required(id),
  hostID: required(id),
  size: required(whole(1, 4_294_967_295)),
});

/** `uidMappings` and `gidMappings`. */
export const ID_MAPPINGS: Reader<LinuxIdMapping[] | undefined> = someOf(ID_MAPPING);

const TIME_OFFSET = object<LinuxTimeOffset>({
  secs: whole(-MOST_SECONDS, MOST_SECONDS),
  nanosecs: whole(0, 999_999_999),
});

/** A fifo has no numbers. Go leaves out those that are 0. */
const DEVICE = object<LinuxDevice>({
  type: required(word("is no type of device", DEVICE_TYPES)),
  path: required(absolutePath),
  major: otherwise(MAJOR, () => 0),
  minor: otherwise(MINOR, () => 0),
  fileMode: permissions,
  uid: id,
  gid: id,
});

const NET_DEVICE = object<LinuxNetDevice>({ name: unlessEmpty(interfaceName) });

/** A line of `schemata`. */
const SCHEMA = shaped(/^[^\n]+$/, "is not one line of schemata");

const INTEL_RDT = object<LinuxIntelRdt>({
  closID: unlessEmpty(resctrlGroup),
  schemata: someOf(SCHEMA),
  l3CacheSchema: unlessEmpty(textUpTo(4095)),
  memBwSchema: unlessEmpty(shaped(/^MB:[^\n]*$/, "is no schema of memory bandwidth", "MB:0=20;1=70")),
  enableMonitoring: truthOrAbsent,
}, {
  enableCMT: "version 1.3 has enableMonitoring for it",
  enableMBM: "version 1.3 has enableMonitoring for it",
});

const MEMORY_POLICY = checked(
  object<LinuxMemoryPolicy>({
    mode: required(word("is no memory policy", MEMORY_MODES)),
    nodes: unlessEmpty(numberList),
    flags: someOf(word("is no flag of a memory policy", MEMORY_FLAGS)),
  }),
  checkMemoryPolicy,
);

const PERSONALITY = object<LinuxPersonality>(
  { domain: required(word("is no execution domain", PERSONALITIES)) },
  { flags: "the specification names none" },
);

/** `linux`. */
export const LINUX: Reader<Linux> = object<Linux>({
  namespaces: otherwise(list(NAMESPACE), () => []),
  uidMappings: ID_MAPPINGS,
  gidMappings: ID_MAPPINGS,
  timeOffsets: record(TIME_OFFSET, (place, clock) => {
    if (!CLOCKS.includes(clock)) throw place.notAmong(clock, "is no clock of a time namespace", CLOCKS);
  }),
  devices: someOf(DEVICE),
  netDevices: record(NET_DEVICE, (place, name) => void interfaceName(place, name)),
  cgroupsPath: unlessEmpty(cgroupsPath),
  resources: RESOURCES,
  rootfsPropagation: unlessEmpty(word("is no propagation", PROPAGATIONS)),
  seccomp: SECCOMP,
  sysctl: record(textUpTo(4095)),
  maskedPaths: someOf(absolutePath),
  readonlyPaths: someOf(absolutePath),
  mountLabel: unlessEmpty(textUpTo(4095)),
  intelRdt: INTEL_RDT,
  memoryPolicy: MEMORY_POLICY,
  personality: PERSONALITY,
});

function permissions(place: Place, value: unknown): number {
  return whole(0, 0o177_777)(place, value) & PERMISSIONS;
}

/** A path in the cgroup hierarchies, or SLICE:PREFIX:NAME. It leads nowhere else. */
function cgroupsPath(place: Place, value: unknown): string {
  const written = path(place, value);
  if (written.split(/[/:]/).includes("..")) throw place.wrongValue(written, `holds ".."`);
  if (/\p{Cc}/u.test(written)) throw place.wrongValue(written, "holds a control character");
  return written;
}

/** set_mempolicy(2), ERRORS, EINVAL. */
function checkMemoryPolicy(place: Place, { mode, nodes, flags = [] }: LinuxMemoryPolicy): void {
  const without = mode === "MPOL_DEFAULT" || mode === "MPOL_LOCAL";
  if (without && nodes !== undefined) throw place.at("nodes").wrong(`may not be there with ${mode}`);
  if (without && flags.length > 0) throw place.at("flags").wrong(`may not be there with ${mode}`);
  if (!without && mode !== "MPOL_PREFERRED" && nodes === undefined) {
    throw place.at("nodes").wrong(`is needed by ${mode}`);
  }
  if (flags.includes("MPOL_F_STATIC_NODES") && flags.includes("MPOL_F_RELATIVE_NODES")) {
    throw place.at("flags").wrong("holds both MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES");
  }
}
