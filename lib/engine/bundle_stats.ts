/**
 * What a bundle's container uses, and its processes, as engines ask for them.
 *
 * @module
 */
import { hugePageSizes, runtimeStats, runtimeStatsPaths, runtimeStatsText } from "../cgroup/runtime_stats.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { ContainerRecord } from "../core/wire.ts";
import { cgroupMembers } from "./cgroup_members.ts";

const HUGE_PAGES = "/sys/kernel/mm/hugepages";

/** The text of runc's document of counts: `data` of an event of type `stats`. Errors: none; what cannot be read is 0. */
export function bundleStats(core: Core, { masu: { cgroups } }: ContainerRecord): string {
  const { seen: [pages] } = call(core, "observe", { looks: [{ path: HUGE_PAGES, root: null, want: "list" }] });
  const sizes = hugePageSizes((pages?.entries ?? []).map(({ name }) => name));
  const paths = runtimeStatsPaths(cgroups, sizes);
  const { seen } = call(core, "observe", {
    looks: paths.map((path) => ({ path, root: null, want: "text" as const })),
  });
  const texts = new Map(paths.map((path, index) => [path, seen[index]?.text ?? null]));
  return runtimeStatsText(runtimeStats(cgroups, sizes, (path) => texts.get(path) ?? null));
}

/** All processes in the container's cgroups, by pid in the runtime namespace; without cgroups the first one alone. */
export function bundlePids(core: Core, { pid, masu: { cgroups } }: ContainerRecord): number[] {
  const { unified, pids, memory, ...others } = cgroups.directories;
  const top = unified ?? pids ?? memory ?? Object.values(others)[0];
  return top === undefined ? [pid] : cgroupMembers(core, top).filter((member) => member > 0);
}
