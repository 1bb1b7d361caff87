/**
 * New limits over those that a container has.
 *
 * @module
 */
import type { LinuxResources } from "../spec/oci.ts";
import { settledResources } from "./settled_resources.ts";

/** What is not said stays. Device rules stay in any case: an engine's update does not mean them. */
export function mergedResources(
  before: LinuxResources,
  changed: LinuxResources,
  swapAccounting: boolean,
): LinuxResources {
  const settled = changedResources(changed, swapAccounting);
  const { memory, cpu, blockIO, network, rdma, unified, ...others } = settled;
  return {
    ...before,
    ...others,
    ...(memory !== undefined && { memory: { ...before.memory, ...memory } }),
    ...(cpu !== undefined && { cpu: { ...before.cpu, ...cpu } }),
    ...(blockIO !== undefined && { blockIO: { ...before.blockIO, ...blockIO } }),
    ...(network !== undefined && { network: { ...before.network, ...network } }),
    ...(rdma !== undefined && { rdma: { ...before.rdma, ...rdma } }),
    ...(unified !== undefined && { unified: { ...before.unified, ...unified } }),
  };
}

/**
 * What a change says. Of an idle CPU 0 says something: that it is none any longer. Memory without a limit means swap without one,
 * where nothing else is said of it.
 */
export function changedResources(changed: LinuxResources, swapAccounting: boolean): LinuxResources {
  const settled = settledResources(changed);
  const idle = changed.cpu?.idle;
  const { memory } = settled;
  const unlimited = swapAccounting && memory?.limit === -1 && memory.swap === undefined;
  return {
    ...settled,
    ...(idle !== undefined && { cpu: { ...settled.cpu, idle } }),
    ...(unlimited && { memory: { ...memory, swap: -1 } }),
  };
}
