/**
 * Limits of a group, from words.
 *
 * @module
 */
import { parseAssignment } from "../cgroup/files.ts";
import { blockDevicePaths } from "../config/block_io.ts";
import { parseDeviceRule } from "../config/device_rule.ts";
import { parseResources, type ResourceWords } from "../config/resources.ts";
import type { ResourceConfig } from "../config/run_config.ts";
import { allowedDevice } from "../spec/devices.ts";
import { containerResources } from "../spec/resources.ts";
import { ask, type CgroupHost } from "./cgroup_host.ts";
import type { GroupValues } from "./cgroup_values.ts";

/** Limits, and devices. */
export interface GroupWords extends ResourceWords {
  /** Those that it is left with: `c 1:3 rwm`. */
  readonly deviceRules?: readonly string[];
}

/** A page: a group need not hold what a container needs to start. */
const LEAST_MEMORY = 4096;

/** Reads portable words, and `FILE=VALUE`. Errors: `invalid_config`; `not_found` a block device. */
export function groupValues(host: CgroupHost, words: GroupWords, files: readonly string[]): GroupValues {
  const { deviceRules = [] } = words;
  const config = parseResources(words, LEAST_MEMORY);
  const { devices: _, pids, memory, ...others } = containerResources(config, [], {
    cgroups: host.layout,
    devices: devicesOf(host, config),
  });
  const { swap, ...limits } = memory ?? {};
  const kept = { ...limits, ...(config.memorySwap !== undefined && swap !== undefined && { swap }) };
  return {
    // A container's defaults are none of a group's.
    resources: {
      ...others,
      ...(Object.keys(kept).length > 0 && { memory: kept }),
      ...(config.pidsLimit !== undefined && pids !== undefined && { pids }),
    },
    files: files.map(parseAssignment),
    ...(deviceRules.length > 0 && {
      devices: deviceRules.map((text) => allowedDevice(parseDeviceRule("--device-cgroup-rule", text))),
    }),
  };
}

function devicesOf({ core }: CgroupHost, config: ResourceConfig) {
  const paths = blockDevicePaths(config);
  const seen = ask(core, "stat", paths);
  return Object.fromEntries(paths.map((path, index) => [path, seen[index]?.status ?? null]));
}
