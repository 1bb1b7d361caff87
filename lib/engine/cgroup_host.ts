/**
 * The control groups of this host, as they are now.
 *
 * @module
 */
import { type CgroupLayout, cgroupLayout, layoutLooks, mountedHierarchies } from "../cgroup/layout.ts";
import {
  chooseHierarchies,
  groupDirectory,
  hierarchiesOf,
  type Hierarchy,
  type HierarchyChoice,
  parseGroup,
} from "../cgroup/group.ts";
import type { GroupPlace } from "../cgroup/parts.ts";
import { call, fromWire } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { HostStep, Look, ProcessReply, Seen, Want } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { escapeBlanks } from "../plan/blank.ts";
import { type MountEntry, parseMounts, visibleMounts } from "../host/mounts.ts";

/** What was read of the host, and how to read more of it. */
export interface CgroupHost {
  readonly core: Core;
  readonly process: ProcessReply;
  readonly layout: CgroupLayout;
  readonly hierarchies: readonly Hierarchy[];
  readonly mounts: readonly MountEntry[];
}

/** Reads it, in three calls of the core. */
export function readCgroupHost(core: Core): CgroupHost {
  const process = call(core, "process", {});
  const [mountinfo, own] = ask(core, "text", ["/proc/self/mountinfo", "/proc/self/cgroup"]);
  const mounts = visibleMounts(parseMounts(mountinfo?.text ?? ""));
  const mounted = mountedHierarchies(mounts, own?.text ?? "");
  const seen = call(core, "observe", { looks: layoutLooks(mounted) }).seen;
  const layout = cgroupLayout(mounted, seen, process);
  return { core, process, layout, hierarchies: hierarchiesOf(layout), mounts };
}

/** Looks at many paths in one call. */
export function ask(core: Core, want: Want, paths: readonly string[]): readonly Seen[] {
  const looks = paths.map((path): Look => ({ want, path, root: null }));
  return looks.length === 0 ? [] : call(core, "observe", { looks }).seen;
}

/** Texts by path; null: cannot be read. */
export function readTexts(core: Core, paths: readonly string[]): (path: string) => string | null {
  const seen = ask(core, "text", paths);
  const texts = new Map(paths.map((path, index) => [path, seen[index]?.text ?? null]));
  return (path) => texts.get(path) ?? null;
}

/** Where a group is or would be, in each hierarchy that is meant. Errors: see `chooseHierarchies`, `parseGroup`. */
export function groupPlaces(host: CgroupHost, group: string, choice: HierarchyChoice): GroupPlace[] {
  const name = parseGroup(group);
  // A group that was delegated is found by its path from the root: there the kernel says who may what.
  const hierarchies = name.startsWith("/")
    ? host.hierarchies.map((hierarchy) => ({ ...hierarchy, base: hierarchy.base ?? hierarchy.own }))
    : host.hierarchies;
  return chooseHierarchies(hierarchies, choice, host.mounts)
    .map((hierarchy) => ({ hierarchy, directory: groupDirectory(name, hierarchy) }));
}

/**
 * Where a group is. Errors: `not_found` nowhere, or not in a hierarchy that was named.
 */
export function findGroup(host: CgroupHost, group: string, choice: HierarchyChoice): GroupPlace[] {
  const places = groupPlaces(host, group, choice);
  const seen = ask(host.core, "stat", places.map(({ directory }) => directory));
  const there = places.filter((_, index) => seen[index]?.status?.kind === "directory");
  const named = (choice.controllers ?? []).length + (choice.hierarchies ?? []).length > 0;
  if (there.length > 0 && !(named && there.length < places.length)) return there;
  const missing = places.find((place) => !there.includes(place));
  const where = there.length === 0 && !named ? "" : ` in hierarchy "${missing?.hierarchy.name}"`;
  throw new MasuError("not_found", `Find control group "${group}": there is none${where}`, {
    hint: `masu cgroup list shows those that are there; masu cgroup create ${group} makes it`,
  });
}

/** Executes steps in order, up to the first that fails. Errors: that step's. */
export function performSteps(core: Core, steps: readonly HostStep[]): void {
  for (const step of steps) {
    const [failure] = call(core, "teardown", { steps: escapeBlanks([step]), blanks: {} }).failures;
    if (failure !== undefined) throw fromWire({ ...failure, place: null });
  }
}
