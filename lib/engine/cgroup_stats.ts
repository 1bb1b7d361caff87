/**
 * What groups have used, many of them in two calls of the core.
 *
 * @module
 */
import type { HierarchyChoice } from "../cgroup/group.ts";
import { countingFiles, type GroupStats, groupStats } from "../cgroup/stats_group.ts";
import { ask, type CgroupHost, findGroup, readTexts } from "./cgroup_host.ts";

/** The counts of groups, in the order asked for. Errors: `not_found` one of them. */
export function statsOfGroups(host: CgroupHost, groups: readonly string[], choice: HierarchyChoice): GroupStats[] {
  const found = groups.map((group) => ({ group, places: findGroup(host, group, choice) }));
  const directories = [...new Set(found.flatMap(({ places }) => places.map(({ directory }) => directory)))];
  const paths = ask(host.core, "list", directories).flatMap(({ entries }, index) =>
    countingFiles((entries ?? []).map(({ name }) => name)).map((name) => `${directories[index]}/${name}`)
  );
  const read = readTexts(host.core, paths);
  return found.map(({ group, places }) => groupStats(group, places, read));
}
