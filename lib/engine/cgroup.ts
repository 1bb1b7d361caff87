/**
 * Control groups without containers: made and taken away.
 *
 * @module
 */
import { groupDirectory, type HierarchyChoice, parseGroup, stepsDown } from "../cgroup/group.ts";
import { controllersFor, creationSteps, type GroupPlace, type ParentView, removalSteps } from "../cgroup/parts.ts";
import type { HostStep, NeededController, Owner } from "../core/wire.ts";
import { invalidConfig, MasuError } from "../error.ts";
import { ask, type CgroupHost, findGroup, groupPlaces, performSteps, readTexts } from "./cgroup_host.ts";
import { cgroupMembers } from "./cgroup_members.ts";
import { assignmentsOf, type GroupValues, type SetValue, setValues } from "./cgroup_values.ts";

/** A group that is wanted. */
export interface GroupRequest extends GroupValues {
  readonly group: string;
  readonly choice: HierarchyChoice;
  /** v2: for single threads of processes of its parent. */
  readonly threaded?: boolean;
  /** Who may use it as a base: it is delegated to this user and group. */
  readonly owner?: Owner;
}

/** A group that was made. */
export interface CreatedGroup {
  readonly group: string;
  /** Its directory in each hierarchy, by the hierarchy's name. */
  readonly directories: Readonly<Record<string, string>>;
  readonly values: readonly SetValue[];
}

/**
 * Makes a group in every hierarchy that is meant, with what is missing above it, and sets its values.
 *
 * Errors: `already_exists` it is there in all of them; what the kernel refuses. Then nothing of it is left.
 */
export function createGroup(host: CgroupHost, request: GroupRequest): CreatedGroup {
  const { group, choice, threaded = false, owner = null } = request;
  const places = groupPlaces(host, group, choice);
  const assignments = assignmentsOf(host, request, group);
  const parents = readParents(host, places);
  const missing = places.filter(({ directory }) => !parents.has(directory));
  if (missing.length === 0) {
    throw new MasuError("already_exists", `Make control group "${group}": it is there already`, {
      hint: `masu cgroup set changes its values, masu cgroup delete ${group} takes it away`,
    });
  }
  if (threaded && !places.some(({ hierarchy }) => hierarchy.version === 2)) {
    throw invalidConfig(
      `Make threaded control group "${group}": only v2 has such groups`,
      "v1 moves single threads anyway",
    );
  }
  const needed = neededControllers(choice, places, assignments.map(({ file }) => file));
  const made: string[] = [];
  try {
    for (const place of missing) {
      made.push(...stepsDown(place.directory, place.hierarchy.mountPoint).filter((part) => !parents.has(part)));
      const isThreaded = threaded && place.hierarchy.version === 2;
      performSteps(host.core, [
        ...creationSteps(place, { needed, threaded: isThreaded, owner, parents }),
        ...(owner === null ? [] : delegation(place, owner)),
      ]);
    }
    const values = setValues(host, group, places, request);
    return {
      group,
      directories: Object.fromEntries(places.map(({ hierarchy, directory }) => [hierarchy.name, directory])),
      values,
    };
  } catch (error) {
    undo(host, made);
    throw error;
  }
}

/** Of v2, where controllers must be enabled on the way down. */
function neededControllers(
  { controllers = [] }: HierarchyChoice,
  places: readonly GroupPlace[],
  files: readonly string[],
): NeededController[] {
  const v2 = places.find(({ hierarchy }) => hierarchy.version === 2)?.hierarchy;
  return controllersFor(controllers, files).filter(({ name }) => v2?.controllers.includes(name));
}

/** What is there of the groups on the way down, by directory. */
export function readParents({ core }: CgroupHost, places: readonly GroupPlace[]): Map<string, ParentView> {
  const directories = [
    ...new Set(places.flatMap(({ hierarchy: { mountPoint }, directory }) => [
      mountPoint,
      ...stepsDown(directory, mountPoint),
    ])),
  ];
  const seen = ask(core, "stat", directories);
  const there = directories.filter((_, index) => seen[index]?.status?.kind === "directory");
  const names = ["cpuset.cpus", "cpuset.mems", "cgroup.subtree_control"];
  const read = readTexts(core, there.flatMap((directory) => names.map((name) => `${directory}/${name}`)));
  return new Map(there.map((directory) => {
    const text = (name: string) => read(`${directory}/${name}`)?.trim() ?? "";
    return [directory, {
      cpus: text("cpuset.cpus"),
      mems: text("cpuset.mems"),
      enabled: text("cgroup.subtree_control").split(" "),
    }];
  }));
}

/** cgroup-v2.rst, "Model of Delegation": these files too, and no limits. */
function delegation({ hierarchy, directory }: GroupPlace, owner: Owner): HostStep[] {
  const files = hierarchy.version === 1
    ? ["cgroup.procs", "tasks"]
    : ["cgroup.procs", "cgroup.threads", "cgroup.subtree_control"];
  return files.map((file) => ({ kind: "change_owner", path: `${directory}/${file}`, owner }));
}

/** The innermost first; what fails leaves the first failure to be told. */
function undo({ core }: CgroupHost, made: readonly string[]): void {
  for (const path of made.toReversed()) {
    try {
      performSteps(core, [{ kind: "remove_cgroup", path }]);
    } catch (error) {
      if (!(error instanceof MasuError)) throw error;
    }
  }
}

/** How a group is taken away. */
export interface RemovalOptions {
  readonly choice: HierarchyChoice;
  /** With the groups below it. */
  readonly recursive?: boolean;
  /** With the processes in it and below it. */
  readonly kill?: boolean;
}

/** Takes a group away. Errors: `not_found`; `failed` it has processes, or groups below it, and these were not to go. */
export function deleteGroup(host: CgroupHost, group: string, options: RemovalOptions): void {
  const { choice, recursive = false, kill = false } = options;
  const name = parseGroup(group);
  const places = findGroup(host, group, choice);
  for (const { hierarchy, directory } of places) {
    if (directory === hierarchy.mountPoint || directory === groupDirectory("", hierarchy).replace(/\/$/, "")) {
      throw invalidConfig(`Delete control group "${name}": it is the root of hierarchy "${hierarchy.name}"`);
    }
  }
  if (!recursive) refuseBelow(host, group, places);
  if (!kill) refuseProcesses(host, group, places);
  performSteps(host.core, removalSteps(places, { kill, recursive }));
}

function refuseBelow({ core }: CgroupHost, group: string, places: readonly GroupPlace[]): void {
  const below = ask(core, "list", places.map(({ directory }) => directory))
    .flatMap(({ entries }) => (entries ?? []).filter(({ kind }) => kind === "directory").map(({ name }) => name));
  const [first] = below;
  if (first === undefined) return;
  throw new MasuError("failed", `Delete control group "${group}": it has groups below it ("${first}")`, {
    hint: `with them: masu cgroup delete --recursive ${group}`,
  });
}

/** Those below too: nothing is removed when something must stay. */
function refuseProcesses({ core }: CgroupHost, group: string, places: readonly GroupPlace[]): void {
  const pids = new Set(places.flatMap(({ directory }) => cgroupMembers(core, directory)));
  if (pids.size === 0) return;
  const [first] = pids;
  const others = pids.size === 1 ? "" : ` and ${pids.size - 1} more`;
  throw new MasuError(
    "failed",
    `Delete control group "${group}": process ${first}${others} ${pids.size === 1 ? "is" : "are"} in it`,
    {
      hint: `move them (masu cgroup move / PID...), or end them: masu cgroup delete --kill ${group}`,
    },
  );
}
