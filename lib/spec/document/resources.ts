/**
 * `linux.resources`: shapes and ranges. Numbers that engines write for what nobody asked for are as good as absent.
 *
 * Source: config-linux.md, "Control groups".
 *
 * @module
 */
import type {
  LinuxBlockIo,
  LinuxCpu,
  LinuxDeviceRule,
  LinuxHugepageLimit,
  LinuxInterfacePriority,
  LinuxMemory,
  LinuxNetwork,
  LinuxPids,
  LinuxRdma,
  LinuxResources,
  LinuxThrottleDevice,
  LinuxWeightDevice,
} from "../oci.ts";
import { interfaceName } from "./name.ts";
import type { Place } from "./place.ts";
import { checked, object, type Reader, record, required, someOf } from "./reader.ts";
import {
  count,
  limit,
  numberList,
  shaped,
  textUpTo,
  truth,
  truthOrAbsent,
  unlessEmpty,
  unlessZero,
  whole,
  word,
} from "./value.ts";

const UINT32 = 4_294_967_295;

/** 12 and 20 bits: linux/kdev_t.h. */
export const MAJOR: Reader<number> = whole(0, 4095);
/** 20 bits. */
export const MINOR: Reader<number> = whole(0, 1_048_575);

/** A control file of cgroup v2: no path, and none of those that are masu's own to write. */
const CONTROL_FILE = /^[a-z0-9_]+(\.[A-Za-z0-9_]+)+$/;

/** A page holds what is written to a control file. */
const CONTROL_VALUE = textUpTo(4095);

const QUOTA = unlessZero(whole(-1, Number.MAX_SAFE_INTEGER));
const WEIGHT = unlessZero(weight);

const DEVICE_RULE = object<LinuxDeviceRule>({
  allow: required(truth),
  type: unlessEmpty(word("is no type of device", ["a", "b", "c"])),
  major: unlessNegative(MAJOR),
  minor: unlessNegative(MINOR),
  access: unlessEmpty(shaped(/^[rwm]{1,3}$/, "is no access", "of r, w and m")),
});

const MEMORY = object<LinuxMemory>({
  limit: unlessZero(limit),
  swap: unlessZero(limit),
  reservation: unlessZero(limit),
  kernel: limited,
  kernelTCP: limited,
  swappiness: swappiness,
  disableOOMKiller: truthOrAbsent,
  useHierarchy: truth,
  checkBeforeUpdate: truthOrAbsent,
});

const CPU = object<LinuxCpu>({
  shares: unlessZero(count),
  quota: QUOTA,
  period: unlessZero(count),
  burst: count,
  idle: whole(0, 1),
  realtimeRuntime: QUOTA,
  realtimePeriod: unlessZero(count),
  cpus: unlessEmpty(numberList),
  mems: unlessEmpty(numberList),
});

const PIDS = object<LinuxPids>({ limit: unlessZero(limit) });

const HUGEPAGE_LIMIT = object<LinuxHugepageLimit>({
  pageSize: required(shaped(/^[1-9]\d*(KB|MB|GB)$/, "is no size of a huge page", "2MB, 1GB")),
  limit: required(limit),
});

const INTERFACE_PRIORITY = object<LinuxInterfacePriority>({
  name: required(interfaceName),
  priority: required(whole(0, UINT32)),
});

const NETWORK = object<LinuxNetwork>({
  classID: unlessZero(whole(0, UINT32)),
  priorities: someOf(INTERFACE_PRIORITY),
});

const RDMA = checked(
  object<LinuxRdma>({ hcaHandles: whole(0, UINT32), hcaObjects: whole(0, UINT32) }),
  (place, { hcaHandles, hcaObjects }) => {
    if (hcaHandles === undefined && hcaObjects === undefined) {
      throw place.wrong("has neither hcaHandles nor hcaObjects");
    }
  },
);

const WEIGHT_DEVICE = object<LinuxWeightDevice>({
  major: required(MAJOR),
  minor: required(MINOR),
  weight: WEIGHT,
  leafWeight: WEIGHT,
});

const THROTTLE_DEVICE = object<LinuxThrottleDevice>({
  major: required(MAJOR),
  minor: required(MINOR),
  rate: required(rate),
});

const BLOCK_IO = object<LinuxBlockIo>({
  weight: WEIGHT,
  leafWeight: WEIGHT,
  weightDevice: someOf(WEIGHT_DEVICE),
  throttleReadBpsDevice: someOf(THROTTLE_DEVICE),
  throttleWriteBpsDevice: someOf(THROTTLE_DEVICE),
  throttleReadIOPSDevice: someOf(THROTTLE_DEVICE),
  throttleWriteIOPSDevice: someOf(THROTTLE_DEVICE),
});

/** `linux.resources`, and the document of `update --resources`. */
export const RESOURCES: Reader<LinuxResources> = object<LinuxResources>({
  devices: someOf(DEVICE_RULE),
  memory: MEMORY,
  cpu: CPU,
  pids: PIDS,
  blockIO: BLOCK_IO,
  hugepageLimits: someOf(HUGEPAGE_LIMIT),
  network: NETWORK,
  rdma: record(RDMA),
  unified: record(CONTROL_VALUE, controlFile),
});

/** Containers of version 1.0 could write -1 for any number. */
function unlessNegative(read: Reader<number>): Reader<number | undefined> {
  return (place, value) => value === -1 ? undefined : read(place, value);
}

/** No limit is what there is without one, and v2 has no such file. */
function limited(place: Place, value: unknown): number | undefined {
  const bytes = limit(place, value);
  return bytes <= 0 ? undefined : bytes;
}

/** -1 as engines write it: with 64 bits and without a sign. */
const UNSET = 18_446_744_073_709_551_615n;

/** -1 asks for nothing. */
function swappiness(place: Place, value: unknown): number | undefined {
  const unset = value === -1 || value === UNSET;
  return unset ? undefined : whole(0, 100)(place, value);
}

/** 0, or 10 to 1000. */
function weight(place: Place, value: unknown): number {
  return value === 0 ? 0 : whole(10, 1000)(place, value);
}

/** More than any device does is no limit, which v1 writes as 0. */
function rate(place: Place, value: unknown): number {
  const each = limit(place, value);
  return each < 0 ? 0 : each;
}

function controlFile(place: Place, name: string): void {
  if (!CONTROL_FILE.test(name) || name.length > 128) throw place.wrong("is no control file", "memory.high, io.max");
  if (name.startsWith("cgroup.") && !OWN_FILES.includes(name)) {
    throw place.wrong("is masu's own to write", "memory.high, io.max, cgroup.max.depth");
  }
}

/** Files of the core that are limits; the others move processes or change what a cgroup is. */
const OWN_FILES: readonly string[] = ["cgroup.max.depth", "cgroup.max.descendants", "cgroup.pressure"];
