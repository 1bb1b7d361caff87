/**
 * `linux.resources` of the OCI runtime-spec's `config.json`.
 *
 * Source: config-linux.md, "Control groups".
 *
 * @module
 */

/** Bytes, microseconds; -1: without limit. */
export interface LinuxResources {
  devices?: LinuxDeviceRule[];
  memory?: LinuxMemory;
  cpu?: LinuxCpu;
  pids?: LinuxPids;
  blockIO?: LinuxBlockIo;
  hugepageLimits?: LinuxHugepageLimit[];
  network?: LinuxNetwork;
  /** By device. */
  rdma?: Record<string, LinuxRdma>;
  /** v2's files and what to write into them, as it is. */
  unified?: Record<string, string>;
}

/** `swap` counts memory and swap together. */
export interface LinuxMemory {
  limit?: number;
  swap?: number;
  reservation?: number;
  kernel?: number;
  kernelTCP?: number;
  swappiness?: number;
  disableOOMKiller?: boolean;
  /** v1: children's memory counts. Kernels from 5.11 on know nothing else. */
  useHierarchy?: boolean;
  /** Refuse a limit below what is used now. */
  checkBeforeUpdate?: boolean;
}

/** `quota` in each `period`, and `burst` of what was left of it; `idle` 1: only what nobody else wants. */
export interface LinuxCpu {
  shares?: number;
  quota?: number;
  period?: number;
  burst?: number;
  idle?: number;
  realtimeRuntime?: number;
  realtimePeriod?: number;
  cpus?: string;
  mems?: string;
}

/** Absent: as it is. */
export interface LinuxPids {
  limit?: number;
}

/** `pageSize`: `2MB`, `1GB`. */
export interface LinuxHugepageLimit {
  pageSize: string;
  limit: number;
}

/** v1's net_cls and net_prio. */
export interface LinuxNetwork {
  classID?: number;
  priorities?: LinuxInterfacePriority[];
}

/** Of the packets that leave through an interface. */
export interface LinuxInterfacePriority {
  name: string;
  priority: number;
}

/** At least one of the two. */
export interface LinuxRdma {
  hcaHandles?: number;
  hcaObjects?: number;
}

/** Weights are 10 to 1000. */
export interface LinuxBlockIo {
  weight?: number;
  leafWeight?: number;
  weightDevice?: LinuxWeightDevice[];
  throttleReadBpsDevice?: LinuxThrottleDevice[];
  throttleWriteBpsDevice?: LinuxThrottleDevice[];
  throttleReadIOPSDevice?: LinuxThrottleDevice[];
  throttleWriteIOPSDevice?: LinuxThrottleDevice[];
}

/** Weights on one device. */
export interface LinuxWeightDevice {
  major: number;
  minor: number;
  weight?: number;
  leafWeight?: number;
}

/** `rate`: bytes or operations a second; 0: without limit. */
export interface LinuxThrottleDevice {
  major: number;
  minor: number;
  rate: number;
}

/** `type` absent: all; a number absent: all numbers; `access` absent: all of `rwm`. */
export interface LinuxDeviceRule {
  allow: boolean;
  type?: "a" | "b" | "c";
  major?: number;
  minor?: number;
  access?: string;
}
