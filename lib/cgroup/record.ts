/**
 * What is written down of a running container's cgroups: where they are, what freezes them, what counts their memory.
 *
 * @module
 */
import type { MemoryFiles, RecordCgroups } from "../core/wire.ts";
import { kernelAtLeast, type KernelVersion } from "../host/kernel.ts";
import { type CgroupLayout, controllerIn } from "./layout.ts";
import type { CgroupPlan } from "./placement.ts";
import { controllerVersion } from "./resources.ts";

/** The directories, and the one that can be frozen: v2's from Linux 5.2 on (cgroup-v2.rst, `cgroup.freeze`), else v1's freezer. */
export function recordCgroups({ directories }: Pick<CgroupPlan, "directories">, kernel: KernelVersion): RecordCgroups {
  const { unified, freezer } = directories;
  return {
    directories: { ...directories },
    freezer: unified !== undefined && kernelAtLeast(kernel, 5, 2)
      ? { unified: true, directory: unified }
      : freezer !== undefined
      ? { unified: false, directory: freezer }
      : null,
  };
}

/** Where the container's use and lack of memory are counted; null: nowhere. */
export function memoryFiles(
  { directories }: Pick<CgroupPlan, "directories">,
  layout: CgroupLayout,
): MemoryFiles | null {
  const { unified, memory } = directories;
  if (memory !== undefined && controllerIn(layout.v1, "memory") !== undefined) {
    return { events: `${memory}/memory.oom_control`, peak: `${memory}/memory.max_usage_in_bytes` };
  }
  if (unified === undefined || controllerVersion(layout, "memory") !== "v2") return null;
  return { events: `${unified}/memory.events`, peak: `${unified}/memory.peak` };
}
