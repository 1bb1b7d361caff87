/**
 * Resources as properties of a unit of systemd's, so that systemd knows what the kernel was told, and does not take it back.
 *
 * Source: systemd.resource-control(5), "History"; org.freedesktop.systemd1(5).
 *
 * @module
 */
import type { UnitProperty, UnitValue } from "../core/wire.ts";
import type { LinuxResources, LinuxThrottleDevice } from "../spec/oci.ts";
import { type CgroupLayout, controllerIn } from "./layout.ts";
import { cpuWeight, DEFAULT_PERIOD_US } from "./rules_cpu.ts";
import { ioWeight } from "./rules_io.ts";
import { swapAlone } from "./rules_memory.ts";
import { processorSet } from "./systemd_set.ts";

/** systemd's "no limit" of numbers that have no sign: 2^64 - 1. */
export const INFINITY = "18446744073709551615";

/** One property, and what of the resources it says. */
interface PropertyRule {
  readonly name: string;
  readonly controller: string;
  /** The version of control groups for which systemd has it; none: both. */
  readonly version?: 1 | 2;
  /** The first version of systemd that has it, where the oldest that is in use does not. */
  readonly since?: number;
  /** undefined: nothing is said. */
  readonly value: (resources: LinuxResources) => UnitValue | undefined;
}

/** In the order in which they are sent. */
const RULES: readonly PropertyRule[] = [
  { name: "MemoryLimit", controller: "memory", version: 1, value: ({ memory }) => limit(memory?.limit) },
  { name: "MemoryMax", controller: "memory", version: 2, value: ({ memory }) => limit(memory?.limit) },
  { name: "MemorySwapMax", controller: "memory", version: 2, value: ({ memory }) => swapLimit(memory) },
  { name: "MemoryLow", controller: "memory", version: 2, value: ({ memory }) => limit(memory?.reservation) },
  { name: "CPUShares", controller: "cpu", version: 1, value: ({ cpu }) => limit(cpu?.shares) },
  { name: "CPUWeight", controller: "cpu", version: 2, value: ({ cpu }) => weightOf(cpu) },
  { name: "CPUWeight", controller: "cpu", version: 2, since: 252, value: ({ cpu }) => idleWeight(cpu) },
  { name: "CPUQuotaPeriodUSec", controller: "cpu", since: 242, value: ({ cpu }) => limit(cpu?.period) },
  { name: "CPUQuotaPerSecUSec", controller: "cpu", value: ({ cpu }) => quotaPerSecond(cpu?.quota, cpu?.period) },
  { name: "AllowedCPUs", controller: "cpuset", version: 2, since: 244, value: ({ cpu }) => set(cpu?.cpus) },
  { name: "AllowedMemoryNodes", controller: "cpuset", version: 2, since: 244, value: ({ cpu }) => set(cpu?.mems) },
  { name: "TasksMax", controller: "pids", since: 227, value: ({ pids }) => limit(pids?.limit) },
  { name: "BlockIOWeight", controller: "blkio", version: 1, value: ({ blockIO }) => limit(blockIO?.weight) },
  { name: "IOWeight", controller: "io", version: 2, value: ({ blockIO }) => limit(ioWeightOf(blockIO?.weight)) },
  ...throttle("ReadBandwidth", "throttleReadBpsDevice", 1),
  ...throttle("WriteBandwidth", "throttleWriteBpsDevice", 1),
  ...throttle("ReadIOPS", "throttleReadIOPSDevice", 2),
  ...throttle("WriteIOPS", "throttleWriteIOPSDevice", 2),
  unified("MemoryMin", "memory.min", limitWord, 240),
  unified("MemoryLow", "memory.low", limitWord),
  unified("MemoryHigh", "memory.high", limitWord),
  unified("MemoryMax", "memory.max", limitWord),
  unified("MemorySwapMax", "memory.swap.max", limitWord),
  unified("MemoryZSwapMax", "memory.zswap.max", limitWord, 253),
  unified("TasksMax", "pids.max", limitWord, 227),
  unified("CPUWeight", "cpu.weight", limitWord),
  unified("CPUQuotaPeriodUSec", "cpu.max", (text) => limit(number(text.split(/\s+/)[1])), 242),
  unified("CPUQuotaPerSecUSec", "cpu.max", quotaWord),
  unified("AllowedCPUs", "cpuset.cpus", set, 244),
  unified("AllowedMemoryNodes", "cpuset.mems", set, 244),
];

/**
 * What is said of the resources, for the hierarchies that this host has. What has no property is left to the cgroup's own files.
 *
 * Later ones win, as `unified` does over what else says the same.
 */
export function resourceProperties(resources: LinuxResources, layout: CgroupLayout): UnitProperty[] {
  const properties = new Map<string, UnitProperty>();
  for (const { name, controller, version, since, value } of RULES) {
    const has = controllerIn(layout.v1, controller === "io" ? "blkio" : controller) === undefined ? 2 : 1;
    if (version !== undefined && version !== has) continue;
    const said = value(resources);
    if (said !== undefined) properties.set(name, { name, value: said, ...(since !== undefined && { since }) });
  }
  return [...properties.values()];
}

type ThrottleKey =
  | "throttleReadBpsDevice"
  | "throttleWriteBpsDevice"
  | "throttleReadIOPSDevice"
  | "throttleWriteIOPSDevice";

/** v1's `BlockIOReadBandwidth` is v2's `IOReadBandwidthMax`; of v1 systemd limits no operations. */
function throttle(what: string, key: ThrottleKey, first: 1 | 2): PropertyRule[] {
  const value = ({ blockIO }: LinuxResources) => rates(blockIO?.[key]);
  return [
    ...(first === 1 ? [{ name: `BlockIO${what}`, controller: "blkio", version: 1, value } as const] : []),
    { name: `IO${what}Max`, controller: "io", version: 2, value },
  ];
}

/** `linux.resources.unified`: a v2 file by its own name. */
function unified(
  name: string,
  file: string,
  convert: (text: string) => UnitValue | undefined,
  since?: number,
): PropertyRule {
  const [controller = ""] = file.split(".");
  return {
    name,
    controller,
    version: 2,
    ...(since !== undefined && { since }),
    value: ({ unified }) => unified?.[file] === undefined ? undefined : convert(unified[file].trim()),
  };
}

function unsigned(value: string): UnitValue {
  return { type: "unsigned", value };
}

/** Negative is "no limit" in OCI; of processes and shares 0 is nothing that systemd could set. */
function limit(value: number | undefined): UnitValue | undefined {
  if (value === undefined || value === 0) return undefined;
  return unsigned(value < 0 ? INFINITY : `${value}`);
}

function limitWord(text: string): UnitValue | undefined {
  if (text === "max") return unsigned(INFINITY);
  return /^\d+$/.test(text) ? unsigned(text) : undefined;
}

function swapLimit(memory: LinuxResources["memory"]): UnitValue | undefined {
  const { limit: max, swap } = memory ?? {};
  return swap === undefined ? undefined : limitWord(swapAlone(max, swap));
}

function weightOf(cpu: LinuxResources["cpu"]): UnitValue | undefined {
  return cpu?.shares === undefined || cpu.shares === 0 ? undefined : unsigned(`${cpuWeight(cpu.shares)}`);
}

/** `idle`, which is the kernel's `cpu.idle`. */
function idleWeight(cpu: LinuxResources["cpu"]): UnitValue | undefined {
  return cpu?.idle === 1 ? unsigned("0") : undefined;
}

function ioWeightOf(weight: number | undefined): number | undefined {
  return weight === undefined || weight === 0 ? undefined : ioWeight(weight);
}

/** systemd keeps whole percents: rounded up, so that what the container itself was given fits in. */
function quotaPerSecond(quota: number | undefined, period: number | undefined): UnitValue | undefined {
  if (quota === undefined || quota === 0) return undefined;
  return unsigned(quota < 0 ? INFINITY : `${Math.ceil(quota / (period || DEFAULT_PERIOD_US) * 100) * 10_000}`);
}

/** `cpu.max`: `50000 100000`, or `max`. */
function quotaWord(text: string): UnitValue | undefined {
  const [quota = "", period] = text.split(/\s+/);
  return quota === "max" ? unsigned(INFINITY) : quotaPerSecond(number(quota), number(period));
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function set(list: string | undefined): UnitValue | undefined {
  const bytes = list === undefined ? null : processorSet(list);
  return bytes === null ? undefined : { type: "bytes", value: bytes };
}

/** 0 takes a limit away. */
function rates(devices: readonly LinuxThrottleDevice[] | undefined): UnitValue | undefined {
  if (devices === undefined || devices.length === 0) return undefined;
  return {
    type: "rates",
    value: devices.map(({ major, minor, rate }) => [`/dev/block/${major}:${minor}`, rate === 0 ? INFINITY : `${rate}`]),
  };
}
