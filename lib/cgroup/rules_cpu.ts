/**
 * CPU time and CPUs.
 *
 * Source: kernel, Documentation/scheduler/{sched-bwc,sched-rt-group}.rst, cgroup-v1/cpusets.rst; cgroup-v2.rst, "CPU", "Cpuset".
 *
 * @module
 */
import type { LinuxResources } from "../spec/oci.ts";
import { limit, type ResourceRule, type Setting } from "./rule.ts";

/** The kernel's own default of `cpu.cfs_period_us` and `cpu.max`. */
export const DEFAULT_PERIOD_US = 100_000;

/** In the order of writing: a burst is at most the quota, and realtime runtime at most its period. */
export const CPU_RULES: readonly ResourceRule[] = [
  {
    controller: "cpu",
    flag: "--cpu-shares",
    field: "cpu.shares",
    isSet: ({ cpu }) => cpu?.shares !== undefined,
    v1: ({ cpu }) => [["cpu.shares", `${cpu?.shares}`]],
    v2: ({ cpu }) => [["cpu.weight", `${cpuWeight(cpu?.shares ?? 1024)}`]],
  },
  {
    controller: "cpu",
    flag: "--cpus",
    field: "cpu.quota",
    isSet: ({ cpu }) => cpu?.quota !== undefined || cpu?.period !== undefined,
    v1: ({ cpu }) => [
      ["cpu.cfs_period_us", `${cpu?.period ?? DEFAULT_PERIOD_US}`],
      ["cpu.cfs_quota_us", `${cpu?.quota ?? -1}`],
    ],
    v2: ({ cpu }) => [["cpu.max", `${limit(cpu?.quota)} ${cpu?.period ?? DEFAULT_PERIOD_US}`]],
  },
  {
    controller: "cpu",
    flag: "--cpu-burst",
    field: "cpu.burst",
    isSet: ({ cpu }) => cpu?.burst !== undefined,
    v1: ({ cpu }) => [["cpu.cfs_burst_us", `${cpu?.burst}`]],
    v2: ({ cpu }) => [["cpu.max.burst", `${cpu?.burst}`]],
  },
  {
    controller: "cpu",
    flag: "--cpu-idle",
    field: "cpu.idle",
    isSet: ({ cpu }) => cpu?.idle !== undefined,
    v1: ({ cpu }) => [["cpu.idle", `${cpu?.idle}`]],
    v2: ({ cpu }) => [["cpu.idle", `${cpu?.idle}`]],
  },
  {
    controller: "cpu",
    flag: "--cpu-rt-runtime",
    field: "cpu.realtimeRuntime",
    isSet: ({ cpu }) => cpu?.realtimePeriod !== undefined || cpu?.realtimeRuntime !== undefined,
    v1: realtime,
    v2: null,
    instead: "chrt(1) gives realtime priorities, which v2 does not limit",
  },
  {
    controller: "cpuset",
    flag: "--cpuset-cpus",
    field: "cpu.cpus",
    isSet: ({ cpu }) => cpu?.cpus !== undefined,
    v1: ({ cpu }) => [["cpuset.cpus", `${cpu?.cpus}`]],
    v2: ({ cpu }) => [["cpuset.cpus", `${cpu?.cpus}`]],
  },
  {
    controller: "cpuset",
    flag: "--cpuset-mems",
    field: "cpu.mems",
    isSet: ({ cpu }) => cpu?.mems !== undefined,
    v1: ({ cpu }) => [["cpuset.mems", `${cpu?.mems}`]],
    v2: ({ cpu }) => [["cpuset.mems", `${cpu?.mems}`]],
  },
];

function realtime({ cpu }: LinuxResources): Setting[] {
  const settings: Setting[] = [];
  if (cpu?.realtimePeriod !== undefined) settings.push(["cpu.rt_period_us", `${cpu.realtimePeriod}`]);
  if (cpu?.realtimeRuntime !== undefined) settings.push(["cpu.rt_runtime_us", `${cpu.realtimeRuntime}`]);
  return settings;
}

/**
 * `cpu.weight` (1 to 10000, default 100) for `cpu.shares` (2 to 262144, default 1024): the curve through these three pairs
 * that runc 1.3.2, crun 1.23 and Kubernetes use.
 *
 * Source: https://github.com/opencontainers/runc/pull/4785
 */
export function cpuWeight(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262_144) return 10_000;
  const log = Math.log2(shares);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}
