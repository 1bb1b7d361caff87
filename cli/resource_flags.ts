/**
 * The flags that set limits: those of `run`, `create` and `update`, and of control groups without containers.
 *
 * @module
 */
import type { ResourceWords } from "../lib/config/resources.ts";
import type { Flag, FlagValues } from "./flags.ts";

const LIMITS = "Limits";
const DEVICES = "Limits of devices and networks";

/** docker's and podman's, and what OCI knows beside them. In the order of the help. */
export const RESOURCE_FLAGS = [
  { name: "memory", short: "m", value: "SIZE", group: LIMITS, help: "Most memory, for example 512m" },
  { name: "memory-swap", value: "SIZE", group: LIMITS, help: "Most memory and swap together; -1: unlimited swap" },
  {
    name: "memory-reservation",
    value: "SIZE",
    group: LIMITS,
    help: "Memory that is left to it when memory is scarce",
  },
  {
    name: "memory-swappiness",
    value: "N",
    group: LIMITS,
    help: "How readily its memory is swapped, 0 to 100 (cgroup v1)",
  },
  { name: "kernel-memory", value: "SIZE", group: LIMITS, help: "Most memory of the kernel for it (cgroup v1)" },
  {
    name: "kernel-memory-tcp",
    value: "SIZE",
    group: LIMITS,
    help: "Most memory of the kernel for its TCP connections (cgroup v1)",
  },
  {
    name: "oom-kill-disable",
    group: LIMITS,
    help: "Programs wait for memory instead of being killed (cgroup v1; needs --memory)",
  },
  { name: "cpus", value: "NUMBER", group: LIMITS, help: "Most CPU time, in CPUs, for example 0.5 or 50%" },
  {
    name: "cpu-shares",
    aliases: ["cpu-share"],
    short: "c",
    value: "N",
    group: LIMITS,
    help: "Share of busy CPUs, 2 to 262144, of 1024",
  },
  { name: "cpu-period", value: "MICROSECONDS", group: LIMITS, help: "Period of --cpu-quota (default 100000)" },
  { name: "cpu-quota", value: "MICROSECONDS", group: LIMITS, help: "Most CPU time in each period; -1: unlimited" },
  {
    name: "cpu-burst",
    value: "MICROSECONDS",
    group: LIMITS,
    help: "Time left over that may be used beyond the quota",
  },
  { name: "cpu-rt-period", value: "MICROSECONDS", group: LIMITS, help: "Period of --cpu-rt-runtime (cgroup v1)" },
  {
    name: "cpu-rt-runtime",
    value: "MICROSECONDS",
    group: LIMITS,
    help: "Most time of realtime programs in each period (cgroup v1)",
  },
  { name: "cpuset-cpus", value: "LIST", group: LIMITS, help: "Run on these CPUs only, for example 0-2,4" },
  { name: "cpuset-mems", value: "LIST", group: LIMITS, help: "Take memory of these nodes only, for example 0-1" },
  {
    name: "pids-limit",
    aliases: ["pids"],
    value: "N",
    group: LIMITS,
    help: "Most processes and threads; -1: unlimited",
  },
  {
    name: "blkio-weight",
    value: "N",
    group: DEVICES,
    help: "Share of busy block devices, 10 to 1000 (a scheduler must weigh)",
  },
  {
    name: "blkio-weight-device",
    value: "DEVICE:N",
    repeatable: true,
    group: DEVICES,
    help: "Share of this one, for example /dev/sda:200",
  },
  {
    name: "device-read-bps",
    value: "DEVICE:SIZE",
    repeatable: true,
    group: DEVICES,
    help: "Most bytes read a second, for example /dev/sda:10m",
  },
  {
    name: "device-write-bps",
    value: "DEVICE:SIZE",
    repeatable: true,
    group: DEVICES,
    help: "Most bytes written a second",
  },
  {
    name: "device-read-iops",
    value: "DEVICE:N",
    repeatable: true,
    group: DEVICES,
    help: "Most reads a second, for example /dev/sda:100",
  },
  { name: "device-write-iops", value: "DEVICE:N", repeatable: true, group: DEVICES, help: "Most writes a second" },
  {
    name: "hugepage-limit",
    value: "PAGE:SIZE",
    repeatable: true,
    group: DEVICES,
    help: "Most memory in huge pages of a size, for example 2MB:64m",
  },
  {
    name: "rdma",
    value: "DEVICE:LIMITS",
    repeatable: true,
    group: DEVICES,
    help: "Limits of an RDMA device, for example mlx4_0:hca_handle=2,hca_object=2000",
  },
  { name: "net-class", value: "CLASS", group: DEVICES, help: "Class of its packets for tc(8), 10:1 (cgroup v1)" },
  {
    name: "net-priority",
    value: "INTERFACE:N",
    repeatable: true,
    group: DEVICES,
    help: "Priority of its packets by interface, for example eth0:5 (cgroup v1)",
  },
  {
    name: "cgroup-conf",
    value: "FILE=VALUE",
    repeatable: true,
    group: DEVICES,
    help: "A control file of cgroup v2 by its name, for example memory.high=67108864",
  },
] as const satisfies readonly Flag[];

/** Their names. */
export type ResourceFlagName = typeof RESOURCE_FLAGS[number]["name"];

/** What was written of them. */
export function resourceWords(flags: FlagValues<ResourceFlagName>): ResourceWords {
  return {
    memory: flags.text("memory"),
    memorySwap: flags.text("memory-swap"),
    memoryReservation: flags.text("memory-reservation"),
    memorySwappiness: flags.text("memory-swappiness"),
    kernelMemory: flags.text("kernel-memory"),
    kernelMemoryTcp: flags.text("kernel-memory-tcp"),
    oomKillDisable: flags.on("oom-kill-disable"),
    cpus: flags.text("cpus"),
    cpuShares: flags.text("cpu-shares"),
    cpuPeriod: flags.text("cpu-period"),
    cpuQuota: flags.text("cpu-quota"),
    cpuBurst: flags.text("cpu-burst"),
    cpuRtPeriod: flags.text("cpu-rt-period"),
    cpuRtRuntime: flags.text("cpu-rt-runtime"),
    cpusetCpus: flags.text("cpuset-cpus"),
    cpusetMems: flags.text("cpuset-mems"),
    pidsLimit: flags.text("pids-limit"),
    blkioWeight: flags.text("blkio-weight"),
    blkioWeightDevice: flags.all("blkio-weight-device"),
    deviceReadBps: flags.all("device-read-bps"),
    deviceWriteBps: flags.all("device-write-bps"),
    deviceReadIops: flags.all("device-read-iops"),
    deviceWriteIops: flags.all("device-write-iops"),
    hugepageLimit: flags.all("hugepage-limit"),
    rdma: flags.all("rdma"),
    netClass: flags.text("net-class"),
    netPriority: flags.all("net-priority"),
    cgroupConf: flags.all("cgroup-conf"),
  };
}

/** Whether any of them was written. */
export function hasResourceWords(flags: FlagValues<ResourceFlagName>): boolean {
  return RESOURCE_FLAGS.some(({ name }) => flags.on(name) || flags.all(name).length > 0);
}
