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
import type { ResourceRule } from "./rule.ts";
import { CPU_RULES } from "./rules_cpu.ts";
import { IO_RULES } from "./rules_io.ts";
import { MEMORY_RULES } from "./rules_memory.ts";

/** One write to a control file of a container's cgroup. */
export interface ControlWrite {
  /** Whose hierarchy. */
  readonly controller: string;
  readonly file: string;
  readonly value: string;
  /** What asks for it: a flag of `masu run`, or a field of a spec. */
  readonly by: string;
  /** Where there is no such file, there is nothing to limit either. */
  readonly optional?: true;
}

const RULES: readonly ResourceRule[] = [...MEMORY_RULES, ...CPU_RULES, ...IO_RULES];

/** What the parts of resources are called in messages: flags of `masu run`, or fields of a spec. */
export type ResourceWords = "flag" | "field";

/**
 * All writes that the resources need, in order.
 *
 * Errors: `kernel_lacks` when the controller or its counterpart is not there, `denied` when this user may not use it.
 */
export function resourceWrites(
  resources: LinuxResources,
  layout: CgroupLayout,
  words: ResourceWords = "flag",
): ControlWrite[] {
  const writes: ControlWrite[] = [];
  for (const rule of RULES) {
    if (rule.isSet(resources)) writes.push(...ruleWrites(rule, resources, { layout, words }));
  }
  return [...writes, ...unifiedWrites(resources.unified ?? {}, { layout, words })];
}

function ruleWrites(
  rule: ResourceRule,
  resources: LinuxResources,
  { layout, words }: { readonly layout: CgroupLayout; readonly words: ResourceWords },
): ControlWrite[] {
  const { flag } = rule;
  const word = words === "flag" ? flag : `linux.resources.${rule.field}`;
  const [controller, version] = placeOf(rule, layout);
  if (version === null) throw missingController(word, controller, layout);
  const convert = rule[version];
  if (convert === null) {
    throw new MasuError(
      "kernel_lacks",
      `Apply "${word}": the v2 controller "${controller}" has no such setting`,
      words === "flag" ? { hint: rule.instead } : {},
    );
  }
  if (flag.startsWith("--blkio-weight") && layout.ioWeight === null) throw noWeights(word);
  if (flag === "--kernel-memory" && layout.kernelMemory !== true) throw noKernelMemory(word);
  const settings = convert(resources, layout);
  if (flag === "--memory-swap") {
    const { limit, swap = -1 } = resources.memory ?? {};
    if (version === "v2" && limit === undefined && swap >= 0) throw swapAlone(word);
    const isNeeded = settings.some(([, , optional]) => optional === undefined);
    if (isNeeded && !layout.swapAccounting) throw noSwapAccounting(word);
  }
  return settings.map(([file, value, optional]) => ({
    controller,
    file,
    value,
    by: word,
    ...(optional !== undefined && { optional: true }),
  }));
}

/** The controller as the version that has it calls it. What neither has is called as in the newest one that knows it. */
function placeOf({ controller, controllerV2 = controller, v2 }: ResourceRule, layout: CgroupLayout) {
  const isV1 = controllerIn(layout.v1, controller) !== undefined;
  const name = isV1 || (v2 === null && layout.v2 === null) ? controller : controllerV2;
  // What v2 has no counterpart for is refused as such, and not for want of a controller.
  const version = controllerVersion(layout, name) ?? (isV1 || v2 !== null || layout.v2?.base == null ? null : "v2");
  return [name, version] as const;
}

/** `linux.resources.unified`: the v2 files by their own names. The kernel takes each line as a value of its own. */
function unifiedWrites(
  unified: Readonly<Record<string, string>>,
  { layout, words }: { readonly layout: CgroupLayout; readonly words: ResourceWords },
): ControlWrite[] {
  return Object.entries(unified).flatMap(([file, value]) => {
    const [controller = ""] = file.split(".");
    if (!/^[a-z][a-z0-9_]*(\.[A-Za-z0-9_]+)+$/.test(file)) {
      throw new MasuError(
        "invalid_config",
        `Set "${file}" of linux.resources.unified: this is no name of a v2 control file`,
      );
    }
    const by = words === "flag" ? file : `linux.resources.unified.${file}`;
    const version = controllerVersion(layout, controller);
    if (version === "v1") throw notUnified(by, controller);
    if (controller !== "cgroup" && version !== "v2") throw missingController(by, controller, layout);
    return linesOf(value).map((line) => ({ controller, file, value: line, by }));
  });
}

/** A value of one line may be empty; after the last of several nothing is. */
function linesOf(value: string): string[] {
  return value.includes("\n") ? value.split("\n").filter((line) => line !== "") : [value];
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

/** A file of v2's for a controller that is v1's here. */
function notUnified(what: string, controller: string): MasuError {
  return new MasuError("kernel_lacks", `Apply "${what}": this host has the controller "${controller}" on cgroup v1`, {
    hint: "--memory, --cpus and their kin are for both versions",
  });
}

function noWeights(flag: string): MasuError {
  return new MasuError("kernel_lacks", `Apply "${flag}": no scheduler of this kernel weighs block devices`, {
    hint: "load one that does: modprobe bfq; --device-read-bps and its kin limit rates without one",
  });
}

function noKernelMemory(flag: string): MasuError {
  return new MasuError(
    "kernel_lacks",
    `Apply "${flag}": this kernel has its file, and does nothing with it since 5.16`,
    {
      hint: "leave it out: --memory counts the kernel's memory too",
    },
  );
}

/** v2 limits swap apart from memory. */
function swapAlone(word: string): MasuError {
  return new MasuError(
    "invalid_config",
    `Apply "${word}": it is memory and swap together, and memory has no limit here`,
    {
      hint: "limit memory too, or take the limit of both away",
    },
  );
}

function noSwapAccounting(word: string): MasuError {
  return new MasuError("kernel_lacks", `Apply "${word}": this kernel does not account swap`, {
    hint: "boot it with swapaccount=1",
  });
}
