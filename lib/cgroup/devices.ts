/**
 * Device rules as a v1 hierarchy's lines and as a v2 device program's rules.
 *
 * Source: kernel, Documentation/admin-guide/cgroup-v1/devices.rst; OCI runtime-spec, config-linux.md, "Allowed Device list".
 *
 * @module
 */
import type { DeviceRule } from "../core/wire.ts";
import type { LinuxDeviceRule } from "../spec/oci.ts";

/** One write to a v1 device cgroup. */
export interface DeviceWrite {
  readonly file: "devices.allow" | "devices.deny";
  readonly line: string;
}

/** What is written to a v1 device cgroup, in order. A rule for all devices resets those before it. */
export function deviceWrites(rules: readonly LinuxDeviceRule[]): DeviceWrite[] {
  return effectiveRules(rules).map(({ allow, type, major, minor, access }) => ({
    file: allow ? "devices.allow" : "devices.deny",
    line: `${type} ${number(major)}:${number(minor)} ${access}`,
  }));
}

/** The rules of a v2 device program, in order; later ones win. */
export function deviceProgram(rules: readonly LinuxDeviceRule[]): DeviceRule[] {
  return effectiveRules(rules);
}

/** Whether the rules let everything pass, so that a new cgroup needs none. */
export function allowsAllDevices(rules: readonly LinuxDeviceRule[]): boolean {
  return effectiveRules(rules).every(({ allow }) => allow);
}

/** Fills in what OCI lets a rule leave out, and drops what a later rule for all devices makes void. */
function effectiveRules(rules: readonly LinuxDeviceRule[]): DeviceRule[] {
  const filled = rules.map(({ allow, type = "a", major, minor, access = "rwm" }) => ({
    allow,
    type,
    major: wildcard(major),
    minor: wildcard(minor),
    access,
  }));
  const last = filled.findLastIndex(({ type, major, minor, access }) =>
    type === "a" && major === null && minor === null && access.length === 3
  );
  return last < 0 ? filled : filled.slice(last);
}

/** OCI: absent or negative is any. */
function wildcard(number: number | undefined): number | null {
  return number === undefined || number < 0 ? null : number;
}

function number(value: number | null): string {
  return value === null ? "*" : `${value}`;
}
