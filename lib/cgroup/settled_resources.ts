/**
 * Resources of a spec without what says nothing: engines write all fields of their structures, and 0 for those that are not set.
 *
 * Source: OCI runtime-spec, config-linux.md; runc, libcontainer/cgroups/config_linux.go, where 0 is "not set" for each of these.
 *
 * @module
 */
import type { LinuxBlockIo, LinuxResources } from "../spec/oci.ts";

/** The same limits, and nothing that is none. Device rules are left out: they are no amounts. */
export function settledResources(resources: LinuxResources): LinuxResources {
  const { memory, cpu, pids, blockIO, hugepageLimits, network, rdma, unified } = resources;
  return {
    ...(memory !== undefined && { memory: settledMemory(memory) }),
    ...(cpu !== undefined && { cpu: settledCpu(cpu) }),
    ...(pids?.limit !== undefined && pids.limit !== 0 && { pids: { limit: pids.limit } }),
    ...(blockIO !== undefined && { blockIO: settledBlockIo(blockIO) }),
    ...(hugepageLimits !== undefined && { hugepageLimits }),
    ...(network !== undefined && { network: amounts(network) }),
    ...(rdma !== undefined && { rdma }),
    ...(unified !== undefined && { unified }),
  };
}

type Memory = NonNullable<LinuxResources["memory"]>;
type Cpu = NonNullable<LinuxResources["cpu"]>;

/** 0 is a swappiness. What is checked before a change is nothing to a new cgroup, which holds no memory. */
function settledMemory(
  { swappiness, disableOOMKiller, useHierarchy, checkBeforeUpdate: _, ...limits }: Memory,
): Memory {
  return {
    ...amounts(limits),
    ...(useHierarchy !== undefined && { useHierarchy }),
    ...(swappiness !== undefined && { swappiness }),
    ...(disableOOMKiller === true && { disableOOMKiller }),
  };
}

/** 0 is no idle CPU, and no burst: what every cgroup has. */
function settledCpu({ cpus, mems, ...others }: Cpu): Cpu {
  return {
    ...amounts(others),
    ...(cpus !== undefined && cpus !== "" && { cpus }),
    ...(mems !== undefined && mems !== "" && { mems }),
  };
}

function settledBlockIo({ weight, leafWeight, weightDevice, ...throttles }: LinuxBlockIo): LinuxBlockIo {
  return {
    ...throttles,
    ...amounts({ weight, leafWeight }),
    ...(weightDevice !== undefined && {
      weightDevice: weightDevice.map(({ major, minor, ...weights }) => ({ major, minor, ...amounts(weights) })),
    }),
  };
}

/** Without what is 0. */
function amounts<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined && value !== 0);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
