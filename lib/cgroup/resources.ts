/**
 * Portable resources as writes to the control files of v1 and v2 cgroups.
 *
 * Source: OCI runtime-spec, config-linux.md, "Control groups"; kernel, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/.
 *
 * @module
 */
import { MasuError } from "../error.ts";
import type { LinuxResources } from "../spec/oci.ts";
import { type CgroupLayout, controllerIn } from "./layout.ts";

/** One write to a control file of a container's cgroup. */
export interface ControlWrite {
  /** Whose hierarchy. */
  readonly controller: string;
  readonly file: string;
  readonly value: string;
}

/** File and value. */
type Setting = readonly [file: string, value: string];

/** One resource: where it is in OCI, what asked for it, and what it becomes. `null`: it has no counterpart there. */
interface ResourceRule {
  readonly controller: string;
  /** The flag, for messages. */
  readonly flag: string;
  readonly isSet: (resources: LinuxResources) => boolean;
  readonly v1: ((resources: LinuxResources) => readonly Setting[]) | null;
  readonly v2: ((resources: LinuxResources) => readonly Setting[]) | null;
}

/** In the order of writing: a v1 memory limit must be there before the limit of memory and swap together. */
const RULES: readonly ResourceRule[] = [
  {
    controller: "memory",
    flag: "--memory",
    isSet: ({ memory }) => memory?.limit !== undefined,
    v1: ({ memory }) => [["memory.limit_in_bytes", `${memory?.limit}`]],
    v2: ({ memory }) => [["memory.max", limit(memory?.limit)]],
  },
  {
    controller: "memory",
    flag: "--memory-swap",
    isSet: ({ memory }) => memory?.swap !== undefined,
    v1: ({ memory }) => [["memory.memsw.limit_in_bytes", `${memory?.swap}`]],
    v2: ({ memory }) => [["memory.swap.max", swapMax(memory?.limit, memory?.swap)]],
  },
  {
    controller: "memory",
    flag: "--memory-reservation",
    isSet: ({ memory }) => memory?.reservation !== undefined,
    v1: ({ memory }) => [["memory.soft_limit_in_bytes", `${memory?.reservation}`]],
    v2: ({ memory }) => [["memory.low", limit(memory?.reservation)]],
  },
  {
    controller: "memory",
    flag: "--memory-swappiness",
    isSet: ({ memory }) => memory?.swappiness !== undefined,
    v1: ({ memory }) => [["memory.swappiness", `${memory?.swappiness}`]],
    v2: null,
  },
  {
    controller: "memory",
    flag: "--oom-kill-disable",
    isSet: ({ memory }) => memory?.disableOOMKiller === true,
    v1: () => [["memory.oom_control", "1"]],
    v2: null,
  },
  {
    controller: "cpu",
    flag: "--cpu-shares",
    isSet: ({ cpu }) => cpu?.shares !== undefined,
    v1: ({ cpu }) => [["cpu.shares", `${cpu?.shares}`]],
    v2: ({ cpu }) => [["cpu.weight", `${cpuWeight(cpu?.shares ?? 1024)}`]],
  },
  {
    controller: "cpu",
    flag: "--cpus",
    isSet: ({ cpu }) => cpu?.quota !== undefined || cpu?.period !== undefined,
    v1: ({ cpu }) => [
      ["cpu.cfs_period_us", `${cpu?.period ?? DEFAULT_PERIOD_US}`],
      ["cpu.cfs_quota_us", `${cpu?.quota ?? -1}`],
    ],
    v2: ({ cpu }) => [["cpu.max", `${limit(cpu?.quota)} ${cpu?.period ?? DEFAULT_PERIOD_US}`]],
  },
  {
    controller: "cpuset",
    flag: "--cpuset-cpus",
    isSet: ({ cpu }) => cpu?.cpus !== undefined,
    v1: ({ cpu }) => [["cpuset.cpus", `${cpu?.cpus}`]],
    v2: ({ cpu }) => [["cpuset.cpus", `${cpu?.cpus}`]],
  },
  {
    controller: "cpuset",
    flag: "--cpuset-mems",
    isSet: ({ cpu }) => cpu?.mems !== undefined,
    v1: ({ cpu }) => [["cpuset.mems", `${cpu?.mems}`]],
    v2: ({ cpu }) => [["cpuset.mems", `${cpu?.mems}`]],
  },
  {
    controller: "pids",
    flag: "--pids-limit",
    isSet: ({ pids }) => pids !== undefined,
    v1: ({ pids }) => [["pids.max", limit(pids?.limit)]],
    v2: ({ pids }) => [["pids.max", limit(pids?.limit)]],
  },
];

/** The kernel's own default of `cpu.cfs_period_us` and `cpu.max`. */
export const DEFAULT_PERIOD_US = 100_000;

/**
 * All writes that the resources need, in order.
 *
 * Errors: `kernel_lacks` when the controller or its counterpart is not there, `denied` when this user may not use it.
 */
export function resourceWrites(resources: LinuxResources, layout: CgroupLayout): ControlWrite[] {
  const writes: ControlWrite[] = [];
  for (const rule of RULES) {
    if (!rule.isSet(resources)) continue;
    const version = controllerVersion(layout, rule.controller);
    if (version === null) throw missingController(rule.flag, rule.controller, layout);
    const convert = rule[version];
    if (convert === null) {
      throw new MasuError(
        "kernel_lacks",
        `Apply "${rule.flag}": the v2 controller "${rule.controller}" has no such setting`,
      );
    }
    if (rule.flag === "--memory-swap" && !layout.swapAccounting) throw noSwapAccounting();
    for (const [file, value] of convert(resources)) writes.push({ controller: rule.controller, file, value });
  }
  return [...writes, ...unifiedWrites(resources.unified ?? {}, layout)];
}

/** `linux.resources.unified`: the v2 files by their own names. */
function unifiedWrites(unified: Readonly<Record<string, string>>, layout: CgroupLayout): ControlWrite[] {
  return Object.entries(unified).map(([file, value]) => {
    const [controller = ""] = file.split(".");
    if (!/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$/.test(file)) {
      throw new MasuError(
        "invalid_config",
        `Set "${file}" of linux.resources.unified: this is no name of a v2 control file`,
      );
    }
    if (controller !== "cgroup" && controllerVersion(layout, controller) !== "v2") {
      throw missingController(file, controller, layout);
    }
    return { controller, file, value };
  });
}

/** Which hierarchy gives a controller to this user's new cgroups; null: none. */
export function controllerVersion(layout: CgroupLayout, controller: string): "v1" | "v2" | null {
  const v1 = controllerIn(layout.v1, controller);
  if (v1 !== undefined) return v1.base === null ? null : "v1";
  const { v2 } = layout;
  if (v2 === null || v2.base === null) return null;
  const usable = v2.internalProcesses ? v2.enabled : v2.controllers;
  return usable.includes(controller) ? "v2" : null;
}

/** Why a controller cannot be used, and what to do about it. */
function missingController(what: string, controller: string, layout: CgroupLayout): MasuError {
  const action = `Apply "${what}"`;
  const { mode, v1, v2 } = layout;
  if (mode === "disabled") {
    return new MasuError("invalid_config", `${action}: control groups are turned off by "--cgroup-manager disabled"`);
  }
  if (mode === "none") {
    return new MasuError("kernel_lacks", `${action}: no cgroup hierarchy is mounted`, {
      hint: "mount one, for example: mount -t cgroup2 cgroup2 /sys/fs/cgroup",
    });
  }
  const hierarchy = controllerIn(v1, controller);
  if (hierarchy !== undefined) {
    return new MasuError("denied", `${action}: this user may not make cgroups in "${hierarchy.mountPoint}"`, {
      hint: `have root delegate a cgroup there: chown it to this user and start masu in it`,
    });
  }
  if (v2 !== null && v2.base === null) {
    return new MasuError("denied", `${action}: this user may not make cgroups in "${v2.mountPoint}"`, {
      hint: "start masu in a delegated cgroup: systemd-run --user --scope -p Delegate=yes -- masu run ...",
    });
  }
  if (v2 !== null && v2.controllers.includes(controller)) {
    return new MasuError(
      "denied",
      `${action}: processes in the cgroup "${v2.base}" keep it from enabling "${controller}"`,
      {
        hint: "move them into a child cgroup first, or start masu where the controller is enabled already",
      },
    );
  }
  return new MasuError("kernel_lacks", `${action}: the cgroup controller "${controller}" is not there`, {
    hint: `enable it in the kernel (/proc/cgroups lists what it has), or in the parent's cgroup.subtree_control`,
  });
}

function noSwapAccounting(): MasuError {
  return new MasuError("kernel_lacks", `Apply "--memory-swap": this kernel does not account swap`, {
    hint: "boot it with swapaccount=1",
  });
}

/**
 * `cpu.weight` (1 to 10000, default 100) for `cpu.shares` (2 to 262144, default 1024): the curve through these three pairs
 * that runc 1.3.2, crun 1.23 and Kubernetes use.
 *
 * Source: https://github.com/opencontainers/runc/pull/4785
 */
export function cpuWeight(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262_144) return 10_000;
  const log = Math.log2(shares);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}

/** A v2 limit: OCI's negative number is `max`. */
function limit(value: number | undefined): string {
  return value === undefined || value < 0 ? "max" : `${value}`;
}

/** v2 counts swap alone; OCI and v1 count memory and swap together. */
function swapMax(memory: number | undefined, both: number | undefined): string {
  if (both === undefined || both < 0 || memory === undefined || memory < 0) return "max";
  return `${both - memory}`;
}
