/**
 * Block devices, RDMA devices, and the classes of network packets.
 *
 * Source: kernel, Documentation/admin-guide/cgroup-v1/{blkio-controller,rdma,net_cls,net_prio}.rst, Documentation/block/bfq-iosched.rst;
 * cgroup-v2.rst, "IO", "RDMA".
 *
 * @module
 */
import type { LinuxResources, LinuxThrottleDevice } from "../spec/oci.ts";
import type { Convert, ResourceRule, RuleSituation, Setting } from "./rule.ts";

type ThrottleKey =
  | "throttleReadBpsDevice"
  | "throttleWriteBpsDevice"
  | "throttleReadIOPSDevice"
  | "throttleWriteIOPSDevice";

/** In the order of writing. */
export const IO_RULES: readonly ResourceRule[] = [
  {
    controller: "blkio",
    controllerV2: "io",
    flag: "--blkio-weight",
    field: "blockIO.weight",
    isSet: ({ blockIO }) => blockIO?.weight !== undefined || blockIO?.leafWeight !== undefined,
    v1: weights,
    v2: weights,
  },
  {
    controller: "blkio",
    controllerV2: "io",
    flag: "--blkio-weight-device",
    field: "blockIO.weightDevice",
    isSet: ({ blockIO }) => (blockIO?.weightDevice ?? []).length > 0,
    v1: deviceWeights,
    v2: deviceWeights,
  },
  throttle("--device-read-bps", "throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps"),
  throttle("--device-write-bps", "throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps"),
  throttle("--device-read-iops", "throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops"),
  throttle("--device-write-iops", "throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops"),
  {
    controller: "rdma",
    flag: "--rdma",
    field: "rdma",
    isSet: ({ rdma = {} }) => Object.keys(rdma).length > 0,
    v1: rdmaLimits,
    v2: rdmaLimits,
  },
  {
    controller: "net_cls",
    flag: "--net-class",
    field: "network.classID",
    isSet: ({ network }) => network?.classID !== undefined,
    v1: ({ network }) => [["net_cls.classid", `${network?.classID}`]],
    v2: null,
    instead: "nftables knows a v2 cgroup by its path: socket cgroupv2",
  },
  {
    controller: "net_prio",
    flag: "--net-priority",
    field: "network.priorities",
    isSet: ({ network }) => (network?.priorities ?? []).length > 0,
    v1: ({ network }) =>
      (network?.priorities ?? []).map(({ name, priority }) => ["net_prio.ifpriomap", `${name} ${priority}`]),
    v2: null,
    instead: "nftables sets the priority of a v2 cgroup's packets: meta priority set",
  },
];

function throttle(flag: string, key: ThrottleKey, fileV1: string, keyV2: string): ResourceRule {
  const devices = ({ blockIO }: LinuxResources): readonly LinuxThrottleDevice[] => blockIO?.[key] ?? [];
  const each = (setting: (device: string, rate: number) => Setting): Convert => (resources) =>
    devices(resources).map(({ major, minor, rate }) => setting(`${major}:${minor}`, rate));
  return {
    controller: "blkio",
    controllerV2: "io",
    flag,
    field: `blockIO.${key}`,
    isSet: (resources) => devices(resources).length > 0,
    v1: each((device, rate) => [fileV1, `${device} ${rate}`]),
    // v1: 0 takes a limit away.
    v2: each((device, rate) => ["io.max", `${device} ${keyV2}=${rate === 0 ? "max" : rate}`]),
  };
}

function weights({ blockIO }: LinuxResources, situation: RuleSituation): Setting[] {
  const settings: Setting[] = [];
  const file = weightFile(situation);
  if (blockIO?.weight !== undefined) settings.push([file, weight(file, blockIO.weight)]);
  // Of the CFQ scheduler alone, which kernels had up to 4.20.
  if (blockIO?.leafWeight !== undefined) settings.push(["blkio.leaf_weight", `${blockIO.leafWeight}`]);
  return settings;
}

function deviceWeights({ blockIO }: LinuxResources, situation: RuleSituation): Setting[] {
  const file = weightFile(situation);
  const perDevice = file.startsWith("io.") ? file : `${file}_device`;
  return (blockIO?.weightDevice ?? []).flatMap(({ major, minor, weight: value, leafWeight }): Setting[] => [
    ...(value === undefined ? [] : [[perDevice, `${major}:${minor} ${weight(file, value)}`] as const]),
    ...(leafWeight === undefined ? [] : [["blkio.leaf_weight_device", `${major}:${minor} ${leafWeight}`] as const]),
  ]);
}

/** The name is the kernel's to refuse where no scheduler weighs. */
function weightFile({ ioWeight }: RuleSituation): string {
  return ioWeight ?? "blkio.weight";
}

function weight(file: string, value: number): string {
  return `${file === "io.weight" ? ioWeight(value) : value}`;
}

/**
 * `io.weight` (1 to 10000, default 100) for `blkio.weight` (10 to 1000): a straight line. BFQ's own files take the number as it is.
 *
 * Source: runc, docs/cgroup-v2.md, "blkio"; crun, crun.1, "IO controller".
 */
export function ioWeight(weight: number): number {
  return Math.floor(1 + (weight - 10) * 9999 / 990);
}

function rdmaLimits({ rdma = {} }: LinuxResources): Setting[] {
  return Object.entries(rdma).map(([device, { hcaHandles, hcaObjects }]) => [
    "rdma.max",
    [
      device,
      ...(hcaHandles === undefined ? [] : [`hca_handle=${hcaHandles}`]),
      ...(hcaObjects === undefined ? [] : [`hca_object=${hcaObjects}`]),
    ].join(" "),
  ]);
}
