/**
 * A container's cgroups: made, limited, joined and removed, as steps of a plan.
 *
 * @module
 */
import type { HostStep, NeededController, UnitRecord } from "../core/wire.ts";
import { invalidConfig } from "../error.ts";
import { OWN_CGROUP } from "../spec/defaults.ts";
import type { LinuxDeviceRule, LinuxResources } from "../spec/oci.ts";
import { allowsAllDevices, deviceProgram, deviceWrites } from "./devices.ts";
import { stepsDown } from "./group.ts";
import { type CgroupLayout, controllerIn, type V1Hierarchy, type V2Hierarchy } from "./layout.ts";
import { eachController, enableControllers, makeGroup, writeControl } from "./parts.ts";
import { controllerVersion, type ControlWrite, type ResourceWords, resourceWrites } from "./resources.ts";

/** Which cgroups a container gets. */
export interface CgroupRequest {
  /** Below the base of each hierarchy, for example `/masu/${id}`. */
  readonly path: string;
  readonly resources: LinuxResources;
}

/** The same for a group whose place in each hierarchy is decided already. */
export interface PlacedRequest {
  /** The group's directory in a hierarchy that this user may use; null: it has none there. */
  readonly place: (hierarchy: UsableHierarchy, version: 1 | 2) => string | null;
  readonly resources: LinuxResources;
  /** v1 controllers whose hierarchies it joins even where nothing is set there; null: all hierarchies. */
  readonly joined: readonly string[] | null;
  /** v2 controllers that it gets where they can be had. */
  readonly enabled: readonly string[];
  /** How many of the directories that lead to it go with it. */
  readonly removed: (below: readonly string[]) => number;
  /** What a limit is called that cannot be had. */
  readonly words: ResourceWords;
}

/** A hierarchy in which this user may make cgroups. */
export type UsableHierarchy = Pick<V1Hierarchy, "mountPoint" | "own"> & { readonly base: string };

/** The steps that concern cgroups. */
export interface CgroupPlan {
  readonly before: readonly HostStep[];
  /** Once the first process exists, before anything else is done in it. */
  readonly record: readonly HostStep[];
  /** `tasks` files that the first process writes `0` to: it joins alone, without the lock that whole processes need. */
  readonly join: readonly string[];
  /** The v2 cgroup that the first process starts in. */
  readonly cloneInto: string | null;
  readonly afterwards: readonly HostStep[];
  /** The container's cgroup in each hierarchy, by controller; in v2's as `unified`. */
  readonly directories: Readonly<Record<string, string>>;
  /** Mount points of the hierarchies in which the container has a cgroup of its own. */
  readonly mountPoints: readonly string[];
  /** systemd's unit that holds them; null: they are masu's own. */
  readonly unit: UnitRecord | null;
}

/**
 * v1 controllers whose hierarchies every container joins: what limits, accounts and freezes. Making, joining and removing
 * a cgroup takes about 0.1 ms each, so cpuset, net_cls, perf_event and the rest are joined when something is set there only.
 */
export const JOINED_V1 = ["cpu", "cpuacct", "memory", "pids", "devices", "blkio"];

/** v2 controllers that every container's cgroup gets where they can be had. */
export const ENABLED_V2 = ["cpu", "io", "memory", "pids"];

/** The steps for a container's cgroups on this host. Errors: see {@link resourceWrites}. */
export function cgroupPlan({ path, resources }: CgroupRequest, layout: CgroupLayout): CgroupPlan {
  const below = checkedPath(path);
  const isOwn = below.startsWith(`${OWN_CGROUP}/`);
  return placedCgroups({
    place: ({ base }) => `${base}${below}`,
    resources,
    joined: JOINED_V1,
    enabled: ENABLED_V2,
    // The cgroup of masu's own above it goes unless others are there. A parent that a person named is theirs.
    removed: (parts) => isOwn ? parts.length : 1,
    words: "flag",
  }, layout);
}

/** The steps for a group wherever it is. Errors: see {@link resourceWrites}. */
export function placedCgroups(request: PlacedRequest, whole: CgroupLayout): CgroupPlan {
  const { resources, words } = request;
  const layout = withoutUnplaced(request, whole);
  const writes = resourceWrites(resources, layout, words);
  const v1 = v1Groups(request, layout, new Set(writes.map(({ controller }) => controller)));
  const v2 = v2Group(request, layout);
  const before: HostStep[] = [];
  for (const group of v1) before.push(...v1Steps(group, writes));
  if (v2 !== null) before.push(...v2Steps(v2, writes, { layout, enabled: request.enabled }));
  before.push(...deviceSteps(resources.devices ?? [], layout, { v1, v2 }));
  return {
    before,
    record: [],
    join: v1.map(({ directory }) => `${directory}/tasks`),
    cloneInto: v2?.directory ?? null,
    afterwards: removal([...(v2 === null ? [] : [v2]), ...v1], request.removed),
    directories: Object.fromEntries([
      ...v1.flatMap(({ directory, controllers }) => controllers.map((name) => [name, directory])),
      ...(v2 === null ? [] : [["unified", v2.directory]]),
    ]),
    mountPoints: [...v1, ...(v2 === null ? [] : [v2])].map(({ mountPoint }) => mountPoint),
    unit: null,
  };
}

/** A hierarchy in which the group has no place is none that its limits could be in. */
function withoutUnplaced({ place }: PlacedRequest, layout: CgroupLayout): CgroupLayout {
  const placed = <H extends V1Hierarchy | V2Hierarchy>(hierarchy: H, version: 1 | 2): H => {
    const { base } = hierarchy;
    return base === null || place({ ...hierarchy, base }, version) === null ? { ...hierarchy, base: null } : hierarchy;
  };
  return {
    ...layout,
    v1: layout.v1.map((hierarchy) => placed(hierarchy, 1)),
    v2: layout.v2 === null ? null : placed(layout.v2, 2),
  };
}

function deviceSteps(
  rules: readonly LinuxDeviceRule[],
  layout: CgroupLayout,
  { v1, v2 }: { readonly v1: readonly V1Group[]; readonly v2: V2Group | null },
): HostStep[] {
  if (rules.length === 0 || !layout.deviceControl || allowsAllDevices(rules)) return [];
  const devices = controllerIn(v1, "devices");
  if (devices !== undefined) {
    return deviceWrites(rules).map(({ file, line }) => writeControl(`${devices.directory}/${file}`, line));
  }
  if (v2 === null) return [];
  return [{ kind: "attach_device_program", cgroup: v2.directory, rules: deviceProgram(rules) }];
}

/** Whether the device rules of a container can be enforced on this host. */
export function enforcesDevices(layout: CgroupLayout): boolean {
  if (!layout.deviceControl) return false;
  const devices = controllerIn(layout.v1, "devices");
  return devices === undefined ? layout.v2?.base != null : devices.base !== null;
}

/** A cgroup path that stays below its base. */
function checkedPath(path: string): string {
  const names = path.split("/").filter((name) => name !== "");
  if (names.length === 0 || names.some((name) => name === "." || name === "..")) {
    throw invalidConfig(`Use cgroup path "${path}": it must name a cgroup below the host's, without "." and ".."`);
  }
  return `/${names.join("/")}`;
}

/** A group in a v1 hierarchy. */
type V1Group = V1Hierarchy & { readonly base: string; readonly directory: string };

/** A group in the v2 hierarchy. */
type V2Group = V2Hierarchy & { readonly base: string; readonly directory: string };

function v1Groups({ place, joined }: PlacedRequest, layout: CgroupLayout, wanted: ReadonlySet<string>): V1Group[] {
  // v2 freezes without any controller (cgroup.freeze), so on a hybrid host nothing is gained by the v1 freezer.
  const usual = joined === null || layout.v2?.base != null ? joined : [...joined, "freezer"];
  return layout.v1.flatMap((hierarchy): V1Group[] => {
    const { base, controllers } = hierarchy;
    if (base === null) return [];
    if (usual !== null && !controllers.some((name) => usual.includes(name) || wanted.has(name))) return [];
    const directory = place({ ...hierarchy, base }, 1);
    return directory === null ? [] : [{ ...hierarchy, base, directory }];
  });
}

function v2Group({ place }: PlacedRequest, { v2 }: CgroupLayout): V2Group | null {
  if (v2 === null || v2.base === null) return null;
  const { base } = v2;
  const directory = place({ ...v2, base }, 2);
  return directory === null ? null : { ...v2, base, directory };
}

function v1Steps({ base, controllers, directory }: V1Group, writes: readonly ControlWrite[]): HostStep[] {
  const steps: HostStep[] = [];
  for (const part of controllers.includes("cpuset") ? stepsDown(directory, base) : [directory]) {
    steps.push(makeGroup(part));
    // cpuset(7): a new cpuset is empty, and no task can join it before it has processors and memory nodes.
    if (controllers.includes("cpuset")) steps.push({ kind: "inherit_cpuset", path: part });
  }
  steps.push(...limits(directory, writes.filter(({ controller }) => controllers.includes(controller))));
  return steps;
}

function v2Steps(
  v2: V2Group,
  writes: readonly ControlWrite[],
  { layout, enabled: usual }: { readonly layout: CgroupLayout; readonly enabled: readonly string[] },
): HostStep[] {
  const { base, directory } = v2;
  const own = writes.filter(({ controller }) =>
    controller === "cgroup" || controllerVersion(layout, controller) === "v2"
  );
  const wanted = {
    needed: neededControllers(own),
    usual: usual.filter((name) => controllerVersion(layout, name) === "v2").toSorted(),
  };
  const steps = enableControllers(base, wanted, v2.enabled);
  for (const part of stepsDown(directory, base)) {
    steps.push({ kind: "make_cgroup", path: part });
    if (part !== directory) steps.push(...enableControllers(part, wanted));
  }
  return [...steps, ...limits(directory, own)];
}

/** Files of the core are in every group; for one that need not be there its controller need not be either. */
function neededControllers(writes: readonly ControlWrite[]): NeededController[] {
  const needing = writes.filter(({ controller, optional }) => controller !== "cgroup" && optional !== true);
  return eachController(needing.map(({ controller: name, by }) => ({ name, by })));
}

function limits(directory: string, writes: readonly ControlWrite[]): HostStep[] {
  return writes.map(({ file, value, optional }) => writeControl(`${directory}/${file}`, value, optional));
}

/** Kills what is left in the group (processes outlive the first one in a shared pid namespace), then removes it. */
function removal(groups: readonly (V1Group | V2Group)[], removed: PlacedRequest["removed"]): HostStep[] {
  const [first] = groups;
  if (first === undefined) return [];
  const steps: HostStep[] = [{ kind: "kill_cgroup", path: first.directory }];
  const ways = groups.map(({ directory, base }) => {
    const parts = stepsDown(directory, base);
    return parts.toReversed().slice(0, removed(parts));
  });
  for (let depth = 0; depth < Math.max(...ways.map(({ length }) => length)); depth++) {
    for (const way of ways) {
      const path = way[depth];
      if (path !== undefined) steps.push({ kind: "remove_cgroup", path, recursive: depth === 0 });
    }
  }
  return steps;
}
