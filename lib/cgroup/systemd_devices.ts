/**
 * Device rules as systemd has them. It knows no exceptions, so it is told all that a rule allows: the cgroup itself is the stricter.
 *
 * Source: systemd.resource-control(5), "DeviceAllow=".
 *
 * @module
 */
import type { UnitProperty } from "../core/wire.ts";
import type { LinuxDeviceRule } from "../spec/oci.ts";
import { allowsAllDevices, deviceProgram } from "./devices.ts";

/** Before 240 it takes a number for a file's name, and would allow nothing of it: then it is not asked to restrict anything. */
const SINCE = 240;

/** `DevicePolicy` and `DeviceAllow`; nothing where everything is allowed. */
export function deviceProperties(rules: readonly LinuxDeviceRule[]): UnitProperty[] {
  if (rules.length === 0 || allowsAllDevices(rules)) return [];
  const allowed = deviceProgram(rules).filter(({ allow }) => allow);
  if (allowed.some(({ type, major }) => type === "a" && major === null)) return [];
  const entries = allowed.flatMap(({ type, major, minor, access }) =>
    (type === "a" ? ["c", "b"] : [type]).map((kind): [string, string] => [nodes(kind, major, minor), access])
  );
  return [
    { name: "DevicePolicy", value: { type: "text", value: "strict" }, since: SINCE },
    { name: "DeviceAllow", value: { type: "pairs", value: entries }, since: SINCE },
  ];
}

/** `/dev/char/1:3`, `char-136` for all of a driver's, `block-*` for all. */
function nodes(kind: string, major: number | null, minor: number | null): string {
  const word = kind === "b" ? "block" : "char";
  if (major === null) return `${word}-*`;
  return minor === null ? `${word}-${major}` : `/dev/${word}/${major}:${minor}`;
}
