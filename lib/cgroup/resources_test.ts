import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import type { LinuxResources } from "../spec/oci.ts";
import { HYBRID_ROOT, V2_ORDINARY, V2_ROOT } from "./layout_fixtures.ts";
import { type CgroupLayout, noCgroups } from "./layout.ts";
import { controllerVersion, cpuWeight, resourceWrites } from "./resources.ts";

const MIB = 1024 * 1024;

const CASES: [name: string, resources: LinuxResources, v1: string[], v2: string[]][] = [
  ["writes nothing for nothing", {}, [], []],
  ["limits memory", { memory: { limit: 64 * MIB } }, ["memory.limit_in_bytes=67108864"], ["memory.max=67108864"]],
  [
    "counts swap alone on v2, with memory on v1, memory first",
    { memory: { swap: 96 * MIB, limit: 64 * MIB } },
    ["memory.limit_in_bytes=67108864", "memory.memsw.limit_in_bytes=100663296"],
    ["memory.max=67108864", "memory.swap.max=33554432"],
  ],
  [
    "knows unlimited swap",
    { memory: { limit: MIB, swap: -1 } },
    ["memory.limit_in_bytes=1048576", "memory.memsw.limit_in_bytes=-1"],
    ["memory.max=1048576", "memory.swap.max=max"],
  ],
  [
    "forbids swap when both limits are the same",
    { memory: { limit: MIB, swap: MIB } },
    ["memory.limit_in_bytes=1048576", "memory.memsw.limit_in_bytes=1048576"],
    ["memory.max=1048576", "memory.swap.max=0"],
  ],
  ["protects memory", { memory: { reservation: MIB } }, ["memory.soft_limit_in_bytes=1048576"], ["memory.low=1048576"]],
  ["weighs CPU", { cpu: { shares: 512 } }, ["cpu.shares=512"], ["cpu.weight=59"]],
  [
    "limits CPU",
    { cpu: { quota: 50_000, period: 100_000 } },
    ["cpu.cfs_period_us=100000", "cpu.cfs_quota_us=50000"],
    ["cpu.max=50000 100000"],
  ],
  [
    "sets the period alone",
    { cpu: { period: 20_000 } },
    ["cpu.cfs_period_us=20000", "cpu.cfs_quota_us=-1"],
    ["cpu.max=max 20000"],
  ],
  ["pins to CPUs", { cpu: { cpus: "0-1", mems: "0" } }, ["cpuset.cpus=0-1", "cpuset.mems=0"], [
    "cpuset.cpus=0-1",
    "cpuset.mems=0",
  ]],
  ["limits processes", { pids: { limit: 2048 } }, ["pids.max=2048"], ["pids.max=2048"]],
  ["knows unlimited processes", { pids: { limit: -1 } }, ["pids.max=max"], ["pids.max=max"]],
];

for (const [name, resources, v1, v2] of CASES) {
  const lines = (layout: CgroupLayout) =>
    resourceWrites(resources, layout).map(({ file, value }) => `${file}=${value}`);
  Deno.test(`resourceWrites() ${name} on v1`, () => assertEquals(lines(HYBRID_ROOT), v1));
  Deno.test(`resourceWrites() ${name} on v2`, () => assertEquals(lines(V2_ROOT), v2));
}

const V2_BUSY: CgroupLayout = { ...V2_ROOT, v2: { ...V2_ROOT.v2!, internalProcesses: true } };
const V1_DENIED: CgroupLayout = { ...HYBRID_ROOT, v1: HYBRID_ROOT.v1.map((one) => ({ ...one, base: null })) };

const REFUSED: [name: string, resources: LinuxResources, layout: CgroupLayout, code: string, message: string][] = [
  ["no cgroups wanted", { pids: { limit: 1 } }, noCgroups("disabled"), "invalid_config", "--cgroup-manager disabled"],
  ["none mounted", { pids: { limit: 1 } }, noCgroups("none"), "kernel_lacks", "no cgroup hierarchy is mounted"],
  ["nothing delegated on v2", { memory: { limit: MIB } }, V2_ORDINARY, "denied", '"--memory": this user may not'],
  ["nothing delegated on v1", { cpu: { shares: 2 } }, V1_DENIED, "denied", '"--cpu-shares": this user may not'],
  ["processes in the way", { cpu: { quota: 1000 } }, V2_BUSY, "denied", 'keep it from enabling "cpu"'],
  [
    "controller missing",
    { cpu: { cpus: "0" } },
    { ...V2_ROOT, v2: { ...V2_ROOT.v2!, controllers: [] } },
    "kernel_lacks",
    '"cpuset" is not there',
  ],
  ["no counterpart", { memory: { swappiness: 0 } }, V2_ROOT, "kernel_lacks", "no such setting"],
  [
    "no swap accounting",
    { memory: { limit: MIB, swap: MIB } },
    { ...HYBRID_ROOT, swapAccounting: false },
    "kernel_lacks",
    "does not account swap",
  ],
  [
    "a path as a file name",
    { unified: { "memory/../x": "1" } },
    V2_ROOT,
    "invalid_config",
    "no name of a v2 control file",
  ],
];

for (const [name, resources, layout, code, message] of REFUSED) {
  Deno.test(`resourceWrites() refuses: ${name}`, () => {
    const error = assertThrows(() => resourceWrites(resources, layout), MasuError, message);
    assertEquals(error.code, code);
  });
}

Deno.test("resourceWrites() takes v2 files by their own names", () => {
  assertEquals(resourceWrites({ unified: { "memory.high": "1G", "cgroup.max.depth": "3" } }, V2_ROOT), [
    { controller: "memory", file: "memory.high", value: "1G" },
    { controller: "cgroup", file: "cgroup.max.depth", value: "3" },
  ]);
});

Deno.test("controllerVersion() prefers the v1 hierarchy that has the controller", () => {
  assertEquals(controllerVersion(HYBRID_ROOT, "memory"), "v1");
  assertEquals(controllerVersion(HYBRID_ROOT, "hugetlb"), "v2");
  assertEquals(controllerVersion(V2_BUSY, "memory"), "v2"); // enabled already
  assertEquals(controllerVersion(V2_BUSY, "cpu"), null);
});

// The pairs of https://github.com/opencontainers/runc/pull/4785.
const WEIGHTS: [shares: number, weight: number][] = [[2, 1], [512, 59], [1024, 100], [2048, 174], [
  262_144,
  10_000,
]];
for (const [shares, weight] of WEIGHTS) {
  Deno.test(`cpuWeight() makes ${weight} of ${shares}`, () => assertEquals(cpuWeight(shares), weight));
}
