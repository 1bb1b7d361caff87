/**
 * Limits of a container: what was asked for, and the defaults that this host can keep.
 *
 * @module
 */
import type { DeviceAmount, ResourceConfig } from "../config/run_config.ts";
import type { HostFacts } from "../host/facts.ts";
import type { CgroupLayout } from "../cgroup/layout.ts";
import { enforcesDevices } from "../cgroup/placement.ts";
import { controllerVersion } from "../cgroup/resources.ts";
import { DEFAULT_PERIOD_US } from "../cgroup/rules_cpu.ts";
import { DEFAULT_PIDS_LIMIT } from "./defaults.ts";
import { blockDevice, type DeviceNodes } from "./devices.ts";
import type { LinuxBlockIo, LinuxDeviceRule, LinuxResources } from "./oci.ts";

/**
 * `linux.resources`.
 *
 * A default that this host or this user cannot have is left out; what was written stays, so that the plan refuses it by name.
 * Errors: `not_found`, `invalid_config` a block device is none.
 */
export function containerResources(
  config: ResourceConfig,
  rules: readonly LinuxDeviceRule[],
  { cgroups, devices }: Pick<HostFacts, "cgroups" | "devices">,
): LinuxResources {
  const pids = config.pidsLimit ?? (controllerVersion(cgroups, "pids") === null ? undefined : DEFAULT_PIDS_LIMIT);
  const { hugepageLimits, rdma, unified } = config;
  return {
    ...(enforcesDevices(cgroups) && { devices: [...rules] }),
    ...part("memory", memoryOf(config, cgroups)),
    ...part("cpu", cpuOf(config)),
    ...(pids !== undefined && { pids: { limit: pids } }),
    ...part("blockIO", blockIoOf(config, devices)),
    ...(hugepageLimits !== undefined && { hugepageLimits: [...hugepageLimits] }),
    ...part("network", networkOf(config)),
    ...(rdma !== undefined && { rdma: { ...rdma } }),
    ...(unified !== undefined && { unified: { ...unified } }),
  };
}

/** Nothing where nothing is set. */
function part<Key extends keyof LinuxResources, Value extends LinuxResources[Key] & object>(
  key: Key,
  value: Value,
): { [K in Key]?: Value } {
  return Object.keys(value).length === 0 ? {} : { [key]: value } as { [K in Key]: Value };
}

function memoryOf(config: ResourceConfig, layout: CgroupLayout): NonNullable<LinuxResources["memory"]> {
  const { memory, memoryReservation, memorySwappiness, kernelMemory, kernelMemoryTcp, oomKillDisable } = config;
  const swap = config.memorySwap ?? defaultSwap(memory, layout);
  return {
    ...(memory !== undefined && { limit: memory }),
    ...(memory !== undefined && swap !== undefined && { swap }),
    ...(memoryReservation !== undefined && { reservation: memoryReservation }),
    ...(kernelMemory !== undefined && { kernel: kernelMemory }),
    ...(kernelMemoryTcp !== undefined && { kernelTCP: kernelMemoryTcp }),
    ...(memorySwappiness !== undefined && { swappiness: memorySwappiness }),
    ...(oomKillDisable === true && { disableOOMKiller: true }),
  };
}

/** As with docker: as much swap as memory. */
function defaultSwap(memory: number | undefined, { swapAccounting }: CgroupLayout): number | undefined {
  return memory === undefined || !swapAccounting ? undefined : 2 * memory;
}

function cpuOf(config: ResourceConfig): NonNullable<LinuxResources["cpu"]> {
  const { cpus, cpuShares, cpuPeriodUs, cpuQuotaUs, cpuBurstUs, cpuRtPeriodUs, cpuRtRuntimeUs } = config;
  const { cpusetCpus, cpusetMems } = config;
  return {
    ...(cpuShares !== undefined && { shares: cpuShares }),
    ...(cpus !== undefined && { period: DEFAULT_PERIOD_US, quota: Math.round(cpus * DEFAULT_PERIOD_US) }),
    ...(cpuPeriodUs !== undefined && { period: cpuPeriodUs }),
    ...(cpuQuotaUs !== undefined && { quota: cpuQuotaUs }),
    ...(cpuBurstUs !== undefined && { burst: cpuBurstUs }),
    ...(cpuRtPeriodUs !== undefined && { realtimePeriod: cpuRtPeriodUs }),
    ...(cpuRtRuntimeUs !== undefined && { realtimeRuntime: cpuRtRuntimeUs }),
    ...(cpusetCpus !== undefined && { cpus: cpusetCpus }),
    ...(cpusetMems !== undefined && { mems: cpusetMems }),
  };
}

function blockIoOf(config: ResourceConfig, nodes: DeviceNodes): LinuxBlockIo {
  const { blkioWeight, blkioWeightDevices, deviceReadBps, deviceWriteBps, deviceReadIops, deviceWriteIops } = config;
  const rates = (amounts: readonly DeviceAmount[]) =>
    amounts.map(({ device, amount }) => ({ ...blockDevice(device, nodes), rate: amount }));
  return {
    ...(blkioWeight !== undefined && { weight: blkioWeight }),
    ...(blkioWeightDevices !== undefined && {
      weightDevice: blkioWeightDevices.map(({ device, amount }) => ({ ...blockDevice(device, nodes), weight: amount })),
    }),
    ...(deviceReadBps !== undefined && { throttleReadBpsDevice: rates(deviceReadBps) }),
    ...(deviceWriteBps !== undefined && { throttleWriteBpsDevice: rates(deviceWriteBps) }),
    ...(deviceReadIops !== undefined && { throttleReadIOPSDevice: rates(deviceReadIops) }),
    ...(deviceWriteIops !== undefined && { throttleWriteIOPSDevice: rates(deviceWriteIops) }),
  };
}

function networkOf({ netClass, netPriorities }: ResourceConfig): NonNullable<LinuxResources["network"]> {
  return {
    ...(netClass !== undefined && { classID: netClass }),
    ...(netPriorities !== undefined && { priorities: [...netPriorities] }),
  };
}
