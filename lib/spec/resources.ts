/**
 * Limits of a container: what was asked for, and the defaults that this host can keep.
 *
 * @module
 */
import type { ResourceConfig } from "../config/run_config.ts";
import type { CgroupLayout } from "../cgroup/layout.ts";
import { enforcesDevices } from "../cgroup/placement.ts";
import { controllerVersion, DEFAULT_PERIOD_US } from "../cgroup/resources.ts";
import { DEFAULT_PIDS_LIMIT } from "./defaults.ts";
import type { LinuxDeviceRule, LinuxResources } from "./oci.ts";

/**
 * `linux.resources`.
 *
 * A default that this host or this user cannot have is left out; what was written stays, so that the plan refuses it by name.
 */
export function containerResources(
  config: ResourceConfig,
  rules: readonly LinuxDeviceRule[],
  layout: CgroupLayout,
): LinuxResources {
  const { memory, cpus, cpuShares, cpusetCpus } = config;
  const swap = config.memorySwap ?? defaultSwap(memory, layout);
  const pids = config.pidsLimit ?? (controllerVersion(layout, "pids") === null ? undefined : DEFAULT_PIDS_LIMIT);
  const cpu = {
    ...(cpuShares !== undefined && { shares: cpuShares }),
    ...(cpus !== undefined && { period: DEFAULT_PERIOD_US, quota: Math.round(cpus * DEFAULT_PERIOD_US) }),
    ...(cpusetCpus !== undefined && { cpus: cpusetCpus }),
  };
  return {
    ...(enforcesDevices(layout) && { devices: [...rules] }),
    ...(memory !== undefined && { memory: { limit: memory, ...(swap !== undefined && { swap }) } }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
    ...(pids !== undefined && { pids: { limit: pids } }),
  };
}

/** As with docker: as much swap as memory. */
function defaultSwap(memory: number | undefined, { swapAccounting }: CgroupLayout): number | undefined {
  return memory === undefined || !swapAccounting ? undefined : 2 * memory;
}
