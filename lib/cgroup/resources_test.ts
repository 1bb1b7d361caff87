import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import type { LinuxResources } from "../spec/oci.ts";
import { HYBRID_ROOT, V1_ALL, V2_ALL, V2_ORDINARY, V2_ROOT } from "./layout_fixtures.ts";
import { type CgroupLayout, noCgroups } from "./layout.ts";
import { controllerVersion, resourceWrites } from "./resources.ts";
import { cpuWeight } from "./rules_cpu.ts";

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
  [
    "takes swap for itself where memory has no limit on v2",
    { memory: { limit: -1, swap: MIB } },
    ["memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes=1048576"],
    ["memory.max=max", "memory.swap.max=1048576"],
  ],
  ["protects memory", { memory: { reservation: MIB } }, ["memory.soft_limit_in_bytes=1048576"], ["memory.low=1048576"]],
  ["counts children's memory", { memory: { useHierarchy: true } }, ["memory.use_hierarchy=1"], []],
  ["limits huge pages, or does not", { hugepageLimits: [{ pageSize: "2MB", limit: -1 }] }, [
    "hugetlb.2MB.limit_in_bytes=-1",
    "hugetlb.2MB.rsvd.limit_in_bytes=-1",
  ], ["hugetlb.2MB.max=max", "hugetlb.2MB.rsvd.max=max"]],
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
  [
    "lets a quota be saved up",
    { cpu: { quota: 20_000, burst: 10_000 } },
    ["cpu.cfs_period_us=100000", "cpu.cfs_quota_us=20000", "cpu.cfs_burst_us=10000"],
    ["cpu.max=20000 100000", "cpu.max.burst=10000"],
  ],
  ["makes it idle", { cpu: { idle: 1 } }, ["cpu.idle=1"], ["cpu.idle=1"]],
  [
    "weighs block devices, by BFQ and by the cost model",
    {
      blockIO: {
        weight: 500,
        weightDevice: [{ major: 8, minor: 0, weight: 10 }, { major: 8, minor: 16, weight: 1000 }],
      },
    },
    ["blkio.bfq.weight=500", "blkio.bfq.weight_device=8:0 10", "blkio.bfq.weight_device=8:16 1000"],
    ["io.weight=4950", "io.weight=8:0 1", "io.weight=8:16 10000"],
  ],
  [
    "throttles block devices, and takes a limit of 0 away",
    {
      blockIO: {
        throttleReadBpsDevice: [{ major: 8, minor: 0, rate: MIB }],
        throttleWriteBpsDevice: [{ major: 8, minor: 0, rate: 0 }],
        throttleReadIOPSDevice: [{ major: 8, minor: 0, rate: 100 }],
        throttleWriteIOPSDevice: [{ major: 8, minor: 16, rate: 200 }],
      },
    },
    [
      "blkio.throttle.read_bps_device=8:0 1048576",
      "blkio.throttle.write_bps_device=8:0 0",
      "blkio.throttle.read_iops_device=8:0 100",
      "blkio.throttle.write_iops_device=8:16 200",
    ],
    ["io.max=8:0 rbps=1048576", "io.max=8:0 wbps=max", "io.max=8:0 riops=100", "io.max=8:16 wiops=200"],
  ],
  [
    "limits huge pages of each size, used and reserved",
    { hugepageLimits: [{ pageSize: "2MB", limit: 4 * MIB }, { pageSize: "1GB", limit: 0 }] },
    [
      "hugetlb.2MB.limit_in_bytes=4194304",
      "hugetlb.2MB.rsvd.limit_in_bytes=4194304",
      "hugetlb.1GB.limit_in_bytes=0",
      "hugetlb.1GB.rsvd.limit_in_bytes=0",
    ],
    ["hugetlb.2MB.max=4194304", "hugetlb.2MB.rsvd.max=4194304", "hugetlb.1GB.max=0", "hugetlb.1GB.rsvd.max=0"],
  ],
  [
    "limits RDMA devices",
    { rdma: { mlx4_0: { hcaHandles: 2, hcaObjects: 2000 }, mlx5_1: { hcaObjects: 5 } } },
    ["rdma.max=mlx4_0 hca_handle=2 hca_object=2000", "rdma.max=mlx5_1 hca_object=5"],
    ["rdma.max=mlx4_0 hca_handle=2 hca_object=2000", "rdma.max=mlx5_1 hca_object=5"],
  ],
];

for (const [name, resources, v1, v2] of CASES) {
  const lines = (layout: CgroupLayout) =>
    resourceWrites(resources, layout).map(({ file, value }) => `${file}=${value}`);
  Deno.test(`resourceWrites() ${name} on v1`, () => assertEquals(lines(V1_ALL), v1));
  Deno.test(`resourceWrites() ${name} on v2`, () => assertEquals(lines(V2_ALL), v2));
}

const V1_ONLY: [name: string, resources: LinuxResources, v1: string[], instead: string][] = [
  ["memory of the kernel", { memory: { kernel: MIB } }, ["memory.kmem.limit_in_bytes=1048576"], "--memory counts"],
  ["memory of TCP", { memory: { kernelTCP: MIB } }, ["memory.kmem.tcp.limit_in_bytes=1048576"], "--memory counts"],
  ["swappiness", { memory: { swappiness: 0 } }, ["memory.swappiness=0"], "--memory-swap limits swap"],
  ["no OOM killer", { memory: { disableOOMKiller: true } }, ["memory.oom_control=1"], "leave it out"],
  [
    "realtime",
    { cpu: { realtimePeriod: 1000, realtimeRuntime: 950 } },
    ["cpu.rt_period_us=1000", "cpu.rt_runtime_us=950"],
    "chrt(1)",
  ],
  ["a class of packets", { network: { classID: 0x100001 } }, ["net_cls.classid=1048577"], "nftables"],
  [
    "priorities of packets",
    { network: { priorities: [{ name: "eth0", priority: 5 }] } },
    ["net_prio.ifpriomap=eth0 5"],
    "nftables",
  ],
];

for (const [name, resources, v1, instead] of V1_ONLY) {
  Deno.test(`resourceWrites() knows ${name} on v1, and says what to use on v2`, () => {
    assertEquals(resourceWrites(resources, V1_ALL).map(({ file, value }) => `${file}=${value}`), v1);
    const error = assertThrows(() => resourceWrites(resources, V2_ALL), MasuError, "no such setting");
    assertStringIncludes(error.hint ?? "", instead);
  });
}

const V2_BUSY: CgroupLayout = { ...V2_ROOT, v2: { ...V2_ROOT.v2!, internalProcesses: true } };
const V1_DENIED: CgroupLayout = { ...HYBRID_ROOT, v1: HYBRID_ROOT.v1.map((one) => ({ ...one, base: null })) };

const { kernelMemory: _, ...NEW_KERNEL } = HYBRID_ROOT;

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
  ["no other way", { memory: { useHierarchy: false } }, V2_ROOT, "kernel_lacks", "no such setting"],
  [
    "no swap accounting",
    { memory: { limit: MIB, swap: MIB } },
    { ...HYBRID_ROOT, swapAccounting: false },
    "kernel_lacks",
    "does not account swap",
  ],
  [
    "some swap where v2 has none",
    { memory: { limit: MIB, swap: 2 * MIB } },
    { ...V2_ALL, swapAccounting: false },
    "kernel_lacks",
    "does not account swap",
  ],
  [
    "memory and swap together where memory has no limit, on v2",
    { memory: { swap: MIB } },
    V2_ALL,
    "invalid_config",
    "memory has no limit here",
  ],
  [
    "nothing that weighs block devices",
    { blockIO: { weight: 500 } },
    { ...V1_ALL, ioWeight: null },
    "kernel_lacks",
    "no scheduler of this kernel weighs",
  ],
  ["no hierarchy of its own", { network: { classID: 1 } }, noCgroups("none"), "kernel_lacks", '"--net-class"'],
  [
    "kernel memory where the kernel ignores it",
    { memory: { kernel: MIB } },
    NEW_KERNEL,
    "kernel_lacks",
    "does nothing with it",
  ],
  [
    "a v2 file of a controller that is v1's",
    { unified: { "memory.high": "1" } },
    HYBRID_ROOT,
    "kernel_lacks",
    'has the controller "memory" on cgroup v1',
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

Deno.test("resourceWrites() takes v2 files by their own names, and each line as a value of its own", () => {
  const unified = {
    "memory.high": "1G",
    "hugetlb.2MB.max": "",
    "cgroup.max.depth": "3",
    "io.max": "8:0 rbps=1\n8:16 rbps=2\n",
  };
  const writes = resourceWrites({ unified }, V2_ALL, "field");
  assertEquals(writes.map(({ controller, file, value }) => [controller, file, value]), [
    ["memory", "memory.high", "1G"],
    ["hugetlb", "hugetlb.2MB.max", ""],
    ["cgroup", "cgroup.max.depth", "3"],
    ["io", "io.max", "8:0 rbps=1"],
    ["io", "io.max", "8:16 rbps=2"],
  ]);
  assertEquals(writes.map(({ by }) => by)[0], "linux.resources.unified.memory.high");
});

const NO_SWAP: CgroupLayout = { ...V2_ALL, swapAccounting: false };
for (const [name, memory, value] of [["no", { limit: MIB, swap: MIB }, "0"], ["all", { swap: -1 }, "max"]] as const) {
  Deno.test(`resourceWrites() gives ${name} swap on v2 to a kernel that has none`, () => {
    const swap = resourceWrites({ memory }, NO_SWAP).find(({ file }) => file === "memory.swap.max");
    assertEquals([swap?.value, swap?.optional], [value, true]);
  });
}

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
