/**
 * The capability sets of a process: proc_pid_status(5), "CapInh, CapPrm, CapEff, CapBnd, CapAmb".
 *
 * @module
 */
import { CAPABILITIES } from "./capabilities.ts";

/** Capabilities by name in the order of their numbers; one without a name is `CAP_41` and so on. capabilities(7) */
export interface CapabilitySets {
  readonly inheritable: readonly string[];
  readonly permitted: readonly string[];
  readonly effective: readonly string[];
  readonly bounding: readonly string[];
  readonly ambient: readonly string[];
}

/** The sets in the text of `/proc/PID/status`; empty where it does not say. */
export function parseCapabilitySets(status: string): CapabilitySets {
  return {
    inheritable: setOf("CapInh", status),
    permitted: setOf("CapPrm", status),
    effective: setOf("CapEff", status),
    bounding: setOf("CapBnd", status),
    ambient: setOf("CapAmb", status),
  };
}

/** What the first process of a new user namespace has: all that there is, and nothing that execve(2) keeps by itself. */
export function fullCapabilitySets(lastCapability: number): CapabilitySets {
  const all = CAPABILITIES.slice(0, lastCapability + 1);
  return { inheritable: [], permitted: all, effective: all, bounding: all, ambient: [] };
}

/** The capabilities of a mask, bit n for number n. */
export function capabilitiesOfMask(mask: bigint): string[] {
  const names: string[] = [];
  for (let number = 0; mask >> BigInt(number) > 0n; number++) {
    if ((mask >> BigInt(number) & 1n) === 1n) names.push(CAPABILITIES[number] ?? `CAP_${number}`);
  }
  return names;
}

function setOf(name: string, status: string): string[] {
  const hex = new RegExp(`^${name}:\\s*([0-9a-f]{1,16})$`, "m").exec(status)?.[1];
  return hex === undefined ? [] : capabilitiesOfMask(BigInt(`0x${hex}`));
}

/** The mask of capabilities: bit n for number n. One that has no name is written `CAP_41`. */
export function maskOfCapabilities(names: readonly string[]): bigint {
  return names.reduce((mask, name) => {
    const number = CAPABILITIES.indexOf(name);
    const known = number >= 0 ? number : Number(/^CAP_(\d{1,2})$/.exec(name)?.[1]);
    return Number.isNaN(known) ? mask : mask | 1n << BigInt(known);
  }, 0n);
}

/** A mask as `/proc/PID/status` has it: 16 digits. */
export function maskText(mask: bigint): string {
  return mask.toString(16).padStart(16, "0");
}
