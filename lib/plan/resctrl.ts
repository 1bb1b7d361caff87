/**
 * The container's group in /sys/fs/resctrl.
 *
 * Source: OCI runtime-spec, config-linux.md, "IntelRdt"; kernel, Documentation/filesystems/resctrl.rst.
 *
 * @module
 */
import { makeGroup, writeControl } from "../cgroup/parts.ts";
import type { HostStep } from "../core/wire.ts";
import { invalidConfig, MasuError } from "../error.ts";
import { ID, PID } from "./blank.ts";
import type { BundleContext } from "./bundle_context.ts";

/** The steps that concern it. */
export interface ResctrlPlan {
  readonly before: readonly HostStep[];
  /** Once the first process exists. */
  readonly joining: readonly HostStep[];
  readonly afterwards: readonly HostStep[];
  /** Its directory; null: the container has none. */
  readonly directory: string | null;
}

const NOTHING: ResctrlPlan = { before: [], joining: [], afterwards: [], directory: null };

/** Plans it. Errors: `kernel_lacks` it is not mounted; `invalid_config` a group that is meant to be there is not. */
export function resctrlPlan({ spec: { linux: { intelRdt } }, facts }: BundleContext): ResctrlPlan {
  if (intelRdt === undefined) return NOTHING;
  const { closID, schemata = [], l3CacheSchema, memBwSchema, enableMonitoring = false } = intelRdt;
  if (facts.resctrl === null) {
    throw new MasuError("kernel_lacks", "Apply linux.intelRdt: no resctrl file system is mounted", {
      hint: "where the processor has it: mount -t resctrl resctrl /sys/fs/resctrl",
    });
  }
  const directory = `${facts.resctrl}/${closID ?? ID}`;
  const lines = [...schemata, l3CacheSchema, memBwSchema].filter((line) => line !== undefined && line !== "");
  const isThere = facts.resctrlGroup !== null;
  if (closID !== undefined && lines.length === 0 && !isThere) {
    throw invalidConfig(`Join the resctrl group "${closID}" (linux.intelRdt.closID): there is no such group`);
  }
  const monitoring = `${directory}/mon_groups/${ID}`;
  return {
    before: [
      makeGroup(directory),
      ...(enableMonitoring ? [makeGroup(monitoring)] : []),
      ...(lines.length === 0 ? [] : [writeControl(`${directory}/schemata`, `${lines.join("\n")}\n`)]),
    ],
    joining: [
      writeControl(`${directory}/tasks`, PID),
      ...(enableMonitoring ? [writeControl(`${monitoring}/tasks`, PID)] : []),
    ],
    afterwards: [
      ...(enableMonitoring ? [{ kind: "remove_cgroup", path: monitoring } as const] : []),
      // A group that was there is somebody else's.
      ...(isThere ? [] : [{ kind: "remove_cgroup", path: directory } as const]),
    ],
    directory: isThere ? null : directory,
  };
}
