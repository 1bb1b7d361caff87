import { assertEquals } from "@std/assert";
import type { UnitProperty, UnitValue } from "../core/wire.ts";
import type { LinuxResources } from "../spec/oci.ts";
import { type CgroupLayout, noCgroups } from "./layout.ts";
import { INFINITY, resourceProperties } from "./systemd_properties.ts";

const V2: CgroupLayout = { ...noCgroups("none"), mode: "v2" };
const V1: CgroupLayout = {
  ...V2,
  mode: "v1",
  v1: ["cpu,cpuacct", "memory", "pids", "blkio", "cpuset"].map((names) => ({
    controllers: names.split(","),
    mountPoint: `/c/${names}`,
    own: `/c/${names}`,
    base: `/c/${names}`,
  })),
};

function words(properties: readonly UnitProperty[]): string[] {
  const text = ({ value }: UnitValue) => Array.isArray(value) ? value.flat().join(" ") : `${value}`;
  return properties.map(({ name, value, since }) => `${name}=${text(value)}${since === undefined ? "" : ` @${since}`}`);
}

const MEMORY = { memory: { limit: 64, swap: 96, reservation: 32 } };
const CPU = { cpu: { shares: 512, quota: 50_500, period: 100_000, cpus: "0-1", mems: "0" } };
const RATE = { throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 10 }] };
const OPERATIONS = { throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 0 }] };

const CASES: [name: string, resources: LinuxResources, layout: CgroupLayout, expected: string[]][] = [
  ["nothing for nothing", {}, V2, []],
  ["v2's memory with swap alone", MEMORY, V2, ["MemoryMax=64", "MemorySwapMax=32", "MemoryLow=32"]],
  ["v1's memory", MEMORY, V1, ["MemoryLimit=64"]],
  [
    "no limits as infinity",
    { memory: { limit: -1, swap: -1 }, pids: { limit: -1 }, cpu: { quota: -1 } },
    V2,
    [
      `MemoryMax=${INFINITY}`,
      `MemorySwapMax=${INFINITY}`,
      `CPUQuotaPerSecUSec=${INFINITY}`,
      `TasksMax=${INFINITY} @227`,
    ],
  ],
  [
    "v2's CPUs, whole percents rounded up",
    CPU,
    V2,
    [
      "CPUWeight=59",
      "CPUQuotaPeriodUSec=100000 @242",
      "CPUQuotaPerSecUSec=510000",
      "AllowedCPUs=3 @244",
      "AllowedMemoryNodes=1 @244",
    ],
  ],
  [
    "v1's CPUs, and of cpusets nothing",
    CPU,
    V1,
    ["CPUShares=512", "CPUQuotaPeriodUSec=100000 @242", "CPUQuotaPerSecUSec=510000"],
  ],
  ["a quota of the usual period", { cpu: { quota: 200_000 } }, V2, ["CPUQuotaPerSecUSec=2000000"]],
  ["idle CPUs", { cpu: { idle: 1 } }, V2, ["CPUWeight=0 @252"]],
  ["what is 0 not at all", { cpu: { shares: 0, quota: 0, period: 0 }, pids: { limit: 0 } }, V2, []],
  ["v2's weight of devices", { blockIO: { weight: 500 } }, V2, ["IOWeight=4950"]],
  ["v1's weight of devices", { blockIO: { weight: 500 } }, V1, ["BlockIOWeight=500"]],
  [
    "v2's rates",
    { blockIO: { ...RATE, ...OPERATIONS } },
    V2,
    ["IOReadBandwidthMax=/dev/block/8:0 10", `IOWriteIOPSMax=/dev/block/8:0 ${INFINITY}`],
  ],
  ["v1's rates", { blockIO: { ...RATE, ...OPERATIONS } }, V1, ["BlockIOReadBandwidth=/dev/block/8:0 10"]],
  [
    "v2's files by their names, over what says the same",
    {
      pids: { limit: 5 },
      unified: {
        "memory.high": "100",
        "memory.min": "7",
        "pids.max": "max",
        "cpu.max": "25000 50000",
        "io.max": "8:0",
      },
    },
    V2,
    [
      `TasksMax=${INFINITY} @227`,
      "MemoryMin=7 @240",
      "MemoryHigh=100",
      "CPUQuotaPeriodUSec=50000 @242",
      "CPUQuotaPerSecUSec=500000",
    ],
  ],
];
for (const [name, resources, layout, expected] of CASES) {
  Deno.test(`resourceProperties() says ${name}`, () =>
    assertEquals(words(resourceProperties(resources, layout)), expected));
}
