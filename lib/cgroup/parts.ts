/**
 * What is done to make groups and to take them away, as steps. Pure.
 *
 * Source: cgroup-v2.rst, "Top-down Constraint"; cpuset(7).
 *
 * @module
 */
import type { HostStep, NeededController, Owner } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import type { LinuxDeviceRule } from "../spec/oci.ts";
import { deviceProgram, deviceWrites } from "./devices.ts";
import { controllerOf } from "./files.ts";
import { type Hierarchy, stepsDown } from "./group.ts";

/** A group's place in one hierarchy. */
export interface GroupPlace {
  readonly hierarchy: Hierarchy;
  readonly directory: string;
}

/** What was read of a group that is there already. */
export interface ParentView {
  /** v1 cpuset: what a new group must be given before anything can join it. */
  readonly cpus: string;
  readonly mems: string;
  /** `cgroup.subtree_control`. */
  readonly enabled: readonly string[];
}

/** A new group, as it is wanted. */
export interface NewGroup {
  /** v2 controllers that it must have. */
  readonly needed: readonly NeededController[];
  readonly threaded: boolean;
  /** Who may put processes and groups into it. */
  readonly owner: Owner | null;
  /** What is there by directory, on the way down. */
  readonly parents: ReadonlyMap<string, ParentView>;
}

/** v2 controllers that a new group gets where they can be had. */
const USUAL = ["cpu", "io", "memory", "pids"];

/** What a threaded group can have, and all that its parent may enable. cgroup-v2.rst, "Threads" */
const THREADED = ["cpu", "cpuset", "perf_event", "pids"];

/** Makes one group in one hierarchy, with what is missing above it. */
export function creationSteps({ hierarchy, directory }: GroupPlace, group: NewGroup): HostStep[] {
  return hierarchy.version === 1 ? v1Steps(hierarchy, directory, group) : v2Steps(hierarchy, directory, group);
}

function v1Steps(hierarchy: Hierarchy, directory: string, { parents, owner }: NewGroup): HostStep[] {
  const missing = stepsDown(directory, hierarchy.mountPoint).filter((part) => !parents.has(part));
  const [first] = missing;
  const above = first === undefined ? undefined : parents.get(first.slice(0, first.lastIndexOf("/")));
  return missing.flatMap((part): HostStep[] => [
    makeGroup(part, part === directory ? owner : null),
    ...(hierarchy.controllers.includes("cpuset") && above !== undefined
      ? [writeControl(`${part}/cpuset.cpus`, above.cpus), writeControl(`${part}/cpuset.mems`, above.mems)]
      : []),
  ]);
}

function v2Steps(hierarchy: Hierarchy, directory: string, group: NewGroup): HostStep[] {
  const { needed, parents, owner, threaded } = group;
  const way = [hierarchy.mountPoint, ...stepsDown(directory, hierarchy.mountPoint)];
  // Only from the base on down is anything this user's to change.
  const from = hierarchy.base === null ? 0 : Math.max(0, way.indexOf(hierarchy.base));
  const usual = USUAL.filter((name) => hierarchy.controllers.includes(name) && (!threaded || THREADED.includes(name)));
  const steps: HostStep[] = [];
  way.forEach((part, index) => {
    const there = parents.get(part);
    if (there === undefined) steps.push(makeGroup(part, part === directory ? owner : null));
    if (part !== directory && index >= from) steps.push(...enableControllers(part, { needed, usual }, there?.enabled));
  });
  if (threaded) steps.push(writeControl(`${directory}/cgroup.type`, "threaded"));
  return steps;
}

/** mkdir(2), with parents that somebody else may be making at the same time. */
export function makeGroup(path: string, owner: Owner | null = null): HostStep {
  return { kind: "make_directory", path, mode: 0o755, parents: true, owner };
}

/** Controllers for the groups below one. */
export interface WantedControllers {
  readonly needed: readonly NeededController[];
  /** Those that nothing needs: where a group cannot enable them, they are left out. */
  readonly usual: readonly string[];
}

/** Each once, by name, with the first that needs it. */
export function eachController(needed: readonly NeededController[]): NeededController[] {
  const first = new Map(needed.toReversed().map((one) => [one.name, one]));
  return [...first.values()].sort((one, other) => one.name < other.name ? -1 : 1);
}

/** Those that a person names, and those of control files. */
export function controllersFor(named: readonly string[], files: readonly string[]): NeededController[] {
  return eachController([
    ...named.map((name) => ({ name, by: "--controllers" })),
    ...files.flatMap((by) => {
      const name = controllerOf(by);
      return name === null ? [] : [{ name, by }];
    }),
  ]);
}

/** Enables those that are not yet; nothing where all are. cgroup-v2.rst, "Top-down Constraint" */
export function enableControllers(
  path: string,
  { needed, usual }: WantedControllers,
  enabled: readonly string[] = [],
): HostStep[] {
  const isNew = (name: string) => !enabled.includes(name);
  const isNeeded = (name: string) => needed.some((one) => one.name === name);
  const wanted = {
    needed: needed.filter(({ name }) => isNew(name)),
    usual: usual.filter((name) => isNew(name) && !isNeeded(name)),
  };
  const some = wanted.needed.length + wanted.usual.length > 0;
  return some ? [{ kind: "enable_controllers", path, ...wanted }] : [];
}

/** One write to a control file. `optional`: it need not be there. */
export function writeControl(path: string, text: string, optional = false): HostStep {
  return { kind: "write_control", path, text, ...(optional && { optional }) };
}

/**
 * Leaves a group these devices and no others: v1 by its lists, v2 by a program, which takes the place of one that is there in one go.
 *
 * Errors: `kernel_lacks` it is in no hierarchy that restricts devices.
 */
export function deviceSteps(places: readonly GroupPlace[], allowed: readonly LinuxDeviceRule[]): HostStep[] {
  const rules: LinuxDeviceRule[] = [{ allow: false, access: "rwm" }, ...allowed];
  const v1 = places.find(({ hierarchy }) => hierarchy.controllers.includes("devices"));
  if (v1 !== undefined) {
    return deviceWrites(rules).map(({ file, line }) => writeControl(`${v1.directory}/${file}`, line));
  }
  const v2 = places.find(({ hierarchy }) => hierarchy.version === 2);
  if (v2 !== undefined) {
    return [{ kind: "attach_device_program", cgroup: v2.directory, rules: deviceProgram(rules) }];
  }
  throw new MasuError("kernel_lacks", "Restrict devices: the group is in no hierarchy that does", {
    hint: "name one that does: --controllers devices, or --hierarchy unified",
  });
}

/** Takes a group away in all its hierarchies. `kill`: its processes end first. */
export function removalSteps(
  places: readonly GroupPlace[],
  { kill, recursive }: { readonly kill: boolean; readonly recursive: boolean },
): HostStep[] {
  // v2 first: cgroup.kill ends all at once, and v1 then has nobody left to kill.
  const directories = places.toSorted((one, other) => other.hierarchy.version - one.hierarchy.version)
    .map(({ directory }) => directory);
  return [
    ...(kill ? directories.map((path): HostStep => ({ kind: "kill_cgroup", path })) : []),
    ...directories.map((path): HostStep => ({ kind: "remove_cgroup", path, recursive })),
  ];
}

/** The files by which a process, or a single thread, is put into a group. */
export function joinFile({ hierarchy, directory }: GroupPlace, threads: boolean): string {
  if (!threads) return `${directory}/cgroup.procs`;
  return `${directory}/${hierarchy.version === 1 ? "tasks" : "cgroup.threads"}`;
}
