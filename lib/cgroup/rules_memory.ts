/**
 * Memory, huge pages and processes.
 *
 * Source: kernel, Documentation/admin-guide/cgroup-v1/{memory,hugetlb,pids}.rst; cgroup-v2.rst, "Memory", "HugeTLB", "PID".
 *
 * @module
 */
import { limit, type ResourceRule, type Setting } from "./rule.ts";

/** In the order of writing: a v1 memory limit must be there before the limit of memory and swap together. */
export const MEMORY_RULES: readonly ResourceRule[] = [
  {
    controller: "memory",
    flag: "--memory-hierarchy",
    field: "memory.useHierarchy",
    isSet: ({ memory }) => memory?.useHierarchy === true,
    v1: () => [["memory.use_hierarchy", "1"]],
    // There is no other way.
    v2: () => [],
  },
  {
    controller: "memory",
    flag: "--memory-hierarchy",
    field: "memory.useHierarchy",
    isSet: ({ memory }) => memory?.useHierarchy === false,
    // Up to Linux 5.10.
    v1: () => [["memory.use_hierarchy", "0"]],
    v2: null,
  },
  {
    controller: "memory",
    flag: "--memory",
    field: "memory.limit",
    isSet: ({ memory }) => memory?.limit !== undefined,
    v1: ({ memory }) => [["memory.limit_in_bytes", `${memory?.limit}`]],
    v2: ({ memory }) => [["memory.max", limit(memory?.limit)]],
  },
  {
    controller: "memory",
    flag: "--memory-swap",
    field: "memory.swap",
    isSet: ({ memory }) => memory?.swap !== undefined,
    v1: ({ memory }) => [["memory.memsw.limit_in_bytes", `${memory?.swap}`]],
    v2: ({ memory }) => [swapMax(memory?.limit, memory?.swap)],
  },
  {
    controller: "memory",
    flag: "--memory-reservation",
    field: "memory.reservation",
    isSet: ({ memory }) => memory?.reservation !== undefined,
    v1: ({ memory }) => [["memory.soft_limit_in_bytes", `${memory?.reservation}`]],
    v2: ({ memory }) => [["memory.low", limit(memory?.reservation)]],
  },
  {
    controller: "memory",
    flag: "--kernel-memory",
    field: "memory.kernel",
    isSet: ({ memory }) => memory?.kernel !== undefined,
    v1: ({ memory }) => [["memory.kmem.limit_in_bytes", `${memory?.kernel}`]],
    v2: null,
    instead: "--memory counts the kernel's memory too",
  },
  {
    controller: "memory",
    flag: "--kernel-memory-tcp",
    field: "memory.kernelTCP",
    isSet: ({ memory }) => memory?.kernelTCP !== undefined,
    v1: ({ memory }) => [["memory.kmem.tcp.limit_in_bytes", `${memory?.kernelTCP}`]],
    v2: null,
    instead: "--memory counts the memory of sockets too",
  },
  {
    controller: "memory",
    flag: "--memory-swappiness",
    field: "memory.swappiness",
    isSet: ({ memory }) => memory?.swappiness !== undefined,
    v1: ({ memory }) => [["memory.swappiness", `${memory?.swappiness}`]],
    v2: null,
    instead: "--memory-swap limits swap",
  },
  {
    controller: "memory",
    flag: "--oom-kill-disable",
    field: "memory.disableOOMKiller",
    isSet: ({ memory }) => memory?.disableOOMKiller === true,
    v1: () => [["memory.oom_control", "1"]],
    v2: null,
    instead: "leave it out: --memory alone limits memory",
  },
  {
    controller: "hugetlb",
    flag: "--hugepage-limit",
    field: "hugepageLimits",
    isSet: ({ hugepageLimits = [] }) => hugepageLimits.length > 0,
    // What is reserved is counted apart from what is used, from Linux 5.7 on. Of one limit both are meant, as with runc.
    v1: ({ hugepageLimits = [] }) =>
      hugepageLimits.flatMap(({ pageSize, limit }): Setting[] => [
        [`hugetlb.${pageSize}.limit_in_bytes`, `${limit}`],
        [`hugetlb.${pageSize}.rsvd.limit_in_bytes`, `${limit}`, "optional"],
      ]),
    v2: ({ hugepageLimits = [] }) =>
      hugepageLimits.flatMap(({ pageSize, limit: bytes }): Setting[] => [
        [`hugetlb.${pageSize}.max`, limit(bytes)],
        [`hugetlb.${pageSize}.rsvd.max`, limit(bytes), "optional"],
      ]),
  },
  {
    controller: "pids",
    flag: "--pids-limit",
    field: "pids.limit",
    isSet: ({ pids }) => pids !== undefined,
    v1: ({ pids }) => [["pids.max", limit(pids?.limit)]],
    v2: ({ pids }) => [["pids.max", limit(pids?.limit)]],
  },
];

/** A kernel without swap needs no file to have none of it, or all there is. */
function swapMax(memory: number | undefined, both: number | undefined): Setting {
  const value = swapAlone(memory, both);
  return value === "max" || value === "0" ? ["memory.swap.max", value, "optional"] : ["memory.swap.max", value];
}

/** v2 counts swap alone; OCI and v1 count memory and swap together. Beside memory without a limit it is what swap alone may be, as with runc. */
export function swapAlone(memory: number | undefined, both: number | undefined): string {
  if (both === undefined || both < 0 || memory === undefined) return "max";
  return `${memory < 0 ? both : both - memory}`;
}
