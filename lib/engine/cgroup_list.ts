/**
 * The groups of this host as a tree: the same name in several hierarchies is one group.
 *
 * @module
 */
import { chooseHierarchies, groupPath, type HierarchyChoice, parseGroup } from "../cgroup/group.ts";
import type { GroupPlace } from "../cgroup/parts.ts";
import type { Store } from "../core/wire.ts";
import { ask, type CgroupHost, findGroup, readTexts } from "./cgroup_host.ts";
import { numbers } from "./cgroup_members.ts";
import { viewContainers } from "./lifecycle.ts";

/** A process, or a thread, in a group. */
export interface ListedTask {
  readonly pid: number;
  /** Its name; null: it has ended. */
  readonly command: string | null;
}

/** One group. */
export interface ListedGroup {
  /** From the hierarchy's root. */
  readonly group: string;
  /** Those in which there is such a group. */
  readonly hierarchies: readonly string[];
  /** masu's container whose group it is: its name, or its ID; null: none. */
  readonly container: string | null;
  /** In it in any of the hierarchies; of the root group, those that are in no other. */
  readonly processes: readonly ListedTask[];
}

/** What is wanted. */
export interface ListRequest {
  /** The top; none: every hierarchy's root. */
  readonly group?: string;
  readonly choice: HierarchyChoice;
  /** How far below the top; none: all the way. */
  readonly depth?: number;
  /** Threads instead of processes. */
  readonly threads: boolean;
}

interface Found {
  readonly group: string;
  readonly places: GroupPlace[];
}

/** Lists groups, each before those below it. Errors: `not_found` the group, see `chooseHierarchies`. */
export function listGroups(host: CgroupHost, store: Store, request: ListRequest): ListedGroup[] {
  const found = findAll(host, request);
  const containers = containersByDirectory(host, store);
  const tasks = tasksOf(host, found, request.threads);
  const elsewhere = new Set(found.filter(({ group }) => group !== "/").flatMap(({ group }) => tasks.get(group) ?? []));
  const shown = new Map(
    [...tasks].map(([group, pids]) => [group, group === "/" ? pids.filter((pid) => !elsewhere.has(pid)) : pids]),
  );
  const commands = commandsOf(host, [...shown.values()].flat());
  return found.map(({ group, places }) => ({
    group,
    hierarchies: places.map(({ hierarchy }) => hierarchy.name),
    container: places.map(({ directory }) => containers.get(directory)).find((word) => word !== undefined) ?? null,
    processes: (shown.get(group) ?? []).map((pid) => ({ pid, command: commands.get(pid) ?? null })),
  })).sort((one, other) => byPath(one.group, other.group));
}

/** A group before those below it, and these together. */
function byPath(one: string, other: string): number {
  const [a, b] = [one.split("/"), other.split("/")];
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const [x = "", y = ""] = [a[index], b[index]];
    if (x !== y) return x < y ? -1 : 1;
  }
  return a.length - b.length;
}

function findAll(host: CgroupHost, { group, choice, depth }: ListRequest): Found[] {
  const found = new Map<string, Found>();
  const note = (place: GroupPlace) => {
    const name = groupPath(place.directory, place.hierarchy);
    const known = found.get(name);
    if (known === undefined) found.set(name, { group: name, places: [place] });
    else known.places.push(place);
  };
  let level = topPlaces(host, group, choice);
  for (let below = 0; level.length > 0; below++) {
    level.forEach(note);
    if (depth !== undefined && below >= depth) break;
    const parents = level;
    level = ask(host.core, "list", parents.map(({ directory }) => directory)).flatMap(({ entries }, index) => {
      const parent = parents[index];
      if (parent === undefined) return [];
      return (entries ?? []).filter(({ kind }) => kind === "directory")
        .map(({ name }) => ({ ...parent, directory: `${parent.directory}/${name}` }));
    });
  }
  return [...found.values()];
}

/** Without a group all hierarchies, also those that this user may only look at. */
function topPlaces(host: CgroupHost, group: string | undefined, choice: HierarchyChoice): GroupPlace[] {
  const isAny = (choice.controllers ?? []).length + (choice.hierarchies ?? []).length === 0;
  const hierarchies = host.hierarchies.map((hierarchy) => ({
    ...hierarchy,
    base: hierarchy.base ?? hierarchy.own,
  }));
  if (group !== undefined) return findGroup({ ...host, hierarchies }, parseGroup(group), choice);
  const chosen = isAny ? hierarchies : chooseHierarchies(hierarchies, choice, host.mounts);
  return chosen.map((hierarchy) => ({ hierarchy, directory: hierarchy.mountPoint }));
}

function tasksOf({ core }: CgroupHost, found: readonly Found[], threads: boolean): Map<string, number[]> {
  const fileOf = ({ hierarchy, directory }: GroupPlace) =>
    `${directory}/${threads ? (hierarchy.version === 1 ? "tasks" : "cgroup.threads") : "cgroup.procs"}`;
  const read = readTexts(core, found.flatMap(({ places }) => places.map(fileOf)));
  return new Map(found.map(({ group, places }) => {
    const pids = new Set(places.flatMap((place) => numbers(read(fileOf(place)))));
    pids.delete(0); // cgroups(7): a process of a pid namespace that is not seen from here
    return [group, [...pids].sort((one, other) => one - other)];
  }));
}

function commandsOf({ core }: CgroupHost, pids: readonly number[]): Map<number, string> {
  const read = readTexts(core, pids.map((pid) => `/proc/${pid}/comm`));
  return new Map(pids.flatMap((pid) => {
    const text = read(`/proc/${pid}/comm`);
    return text === null ? [] : [[pid, text.trimEnd()] as const];
  }));
}

function containersByDirectory({ core }: CgroupHost, store: Store): Map<string, string> {
  return new Map(
    viewContainers(core, store).flatMap(({ id, name, record }) =>
      Object.values(record?.masu.cgroups.directories ?? {}).flatMap((directory) =>
        directory === undefined ? [] : [[directory, name ?? id] as const]
      )
    ),
  );
}
