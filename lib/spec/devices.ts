/**
 * Devices of a container: those that were named, or all of the host.
 *
 * @module
 */
import { deviceNumbers } from "../config/block_io.ts";
import type { DeviceConfig, DeviceRuleConfig, RunConfig } from "../config/run_config.ts";
import type { FileStatus } from "../core/wire.ts";
import { invalidConfig, MasuError } from "../error.ts";
import { DEFAULT_DEVICES, DEVICE_RULES } from "./defaults.ts";
import type { LinuxDevice, LinuxDeviceRule } from "./oci.ts";

/** Nodes of the host by path, symbolic links followed; null: nothing there. */
export type DeviceNodes = Readonly<Record<string, FileStatus | null>>;

/** What a container gets beside the default devices: nodes and, for its device cgroup, all rules. */
export interface ContainerDevices {
  readonly nodes: readonly LinuxDevice[];
  readonly rules: readonly LinuxDeviceRule[];
}

/** Devices and rules. Errors: `not_found` no such device; `invalid_config` it is none. */
export function containerDevices(
  { devices, deviceRules, privileged }: RunConfig,
  nodes: DeviceNodes,
): ContainerDevices {
  const named = devices.map((device) => ({ device, node: deviceNode(device, nodes) }));
  if (!privileged) {
    return {
      nodes: named.map(({ node }) => node),
      rules: [...DEVICE_RULES, ...named.map(ruleOf), ...deviceRules.map(allowedDevice)],
    };
  }
  const taken = new Set([...DEFAULT_DEVICES, ...named.map(({ node }) => node)].map(({ path }) => path));
  const others = Object.entries(nodes).flatMap(([path, status]) =>
    status === null || !isDevice(status) || taken.has(path) ? [] : [toDevice(path, status)]
  );
  return { nodes: [...others, ...named.map(({ node }) => node)], rules: [{ allow: true, access: "rwm" }] };
}

/** As OCI has it, which leaves out what is any. */
export function allowedDevice({ type, major, minor, access }: DeviceRuleConfig): LinuxDeviceRule {
  return { allow: true, type, ...(major !== null && { major }), ...(minor !== null && { minor }), access };
}

/** Numbers of a block device that was written as a path or as `MAJOR:MINOR`. Errors: `not_found`; `invalid_config` it is none. */
export function blockDevice(device: string, nodes: DeviceNodes): { major: number; minor: number } {
  const numbers = deviceNumbers(device);
  if (numbers !== undefined) return numbers;
  const status = nodes[device] ?? null;
  if (status === null) throw new MasuError("not_found", `Limit device "${device}": no such file`);
  if (status.kind !== "block_device") throw invalidConfig(`Limit device "${device}": it is no block device`);
  return { major: status.major, minor: status.minor };
}

function deviceNode({ source, destination }: DeviceConfig, nodes: DeviceNodes): LinuxDevice {
  const status = nodes[source] ?? null;
  if (status === null) throw new MasuError("not_found", `Use device "${source}": no such file`);
  if (!isDevice(status)) {
    const hint = status.kind === "directory" ? "name the devices in it one by one" : undefined;
    throw invalidConfig(`Use device "${source}": it is not a device but a ${status.kind.replaceAll("_", " ")}`, hint);
  }
  return toDevice(destination, status);
}

function isDevice({ kind }: FileStatus): boolean {
  return kind === "character_device" || kind === "block_device";
}

function toDevice(path: string, { kind, major, minor, mode, uid, gid }: FileStatus): LinuxDevice {
  return { type: kind === "block_device" ? "b" : "c", path, major, minor, fileMode: mode & 0o777, uid, gid };
}

function ruleOf({ device, node }: { device: DeviceConfig; node: LinuxDevice }): LinuxDeviceRule {
  const { major, minor } = node;
  return { allow: true, type: node.type === "b" ? "b" : "c", major, minor, access: device.access };
}
