/**
 * A container's cgroups: made, limited, joined and removed, as steps of a plan.
 *
 * @module
 */
import type { HostStep } from "../core/wire.ts";
import { invalidConfig } from "../error.ts";
import type { LinuxResources } from "../spec/oci.ts";
import { allowsAllDevices, deviceProgram, deviceWrites } from "./devices.ts";
import { type CgroupLayout, controllerIn, type V1Hierarchy, type V2Hierarchy } from "./layout.ts";
import { controllerVersion, type ControlWrite, resourceWrites } from "./resources.ts";

/** Which cgroups a container gets. */
export interface CgroupRequest {
  /** `linux.cgroupsPath`: below the base of each hierarchy, for example `/masu/${id}`. */
  readonly path: string;
  readonly resources: LinuxResources;
}

/** The steps that concern cgroups. */
export interface CgroupPlan {
  readonly before: readonly HostStep[];
  /** `tasks` files that the first process writes `0` to: it joins alone, without the lock that whole processes need. */
  readonly join: readonly string[];
  /** The v2 cgroup that the first process starts in. */
  readonly cloneInto: string | null;
  readonly afterwards: readonly HostStep[];
  /** Mount points of the hierarchies in which the container has a cgroup of its own. */
  readonly mountPoints: readonly string[];
}

/**
 * v1 controllers whose hierarchies every container joins: what limits, accounts and freezes. Making, joining and removing
 * a cgroup takes about 0.1 ms each, so cpuset, net_cls, perf_event and the rest are joined when something is set there only.
 */
const JOINED_V1 = ["cpu", "cpuacct", "memory", "pids", "devices", "blkio"];

/** v2 controllers that every container's cgroup gets where they can be had. */
const ENABLED_V2 = ["cpu", "io", "memory", "pids"];

/** The steps for a container's cgroups on this host. Errors: see {@link resourceWrites}. */
export function cgroupPlan({ path, resources }: CgroupRequest, layout: CgroupLayout): CgroupPlan {
  const below = checkedPath(path);
  const writes = resourceWrites(resources, layout);
  const rules = resources.devices ?? [];
  const wanted = new Set(writes.map(({ controller }) => controller));
  const v1 = joinedHierarchies(layout, wanted);
  const v2 = layout.v2?.base == null ? null : layout.v2;
  const before: HostStep[] = [];
  for (const hierarchy of v1) before.push(...v1Steps(hierarchy, below, writes, layout));
  if (v2 !== null) before.push(...v2Steps(v2, below, writes, layout));
  if (rules.length > 0 && layout.deviceControl && !allowsAllDevices(rules)) {
    const devices = controllerIn(v1, "devices");
    if (devices !== undefined) {
      for (const { file, line } of deviceWrites(rules)) before.push(control(`${devices.base}${below}/${file}`, line));
    } else if (v2 !== null) {
      before.push({ kind: "attach_device_program", cgroup: `${v2.base}${below}`, rules: deviceProgram(rules) });
    }
  }
  const v1Directories = v1.map(({ base }) => `${base}${below}`);
  const v2Directory = v2 === null ? null : `${v2.base}${below}`;
  return {
    before,
    join: v1Directories.map((directory) => `${directory}/tasks`),
    cloneInto: v2Directory,
    afterwards: removal(below, [...(v2 === null ? [] : [v2.base]), ...v1.map(({ base }) => base)]),
    mountPoints: [...v1, ...(v2 === null ? [] : [v2])].map(({ mountPoint }) => mountPoint),
  };
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

/** A v1 hierarchy in which this user may make cgroups. */
type UsableHierarchy = V1Hierarchy & { readonly base: string };

function joinedHierarchies(layout: CgroupLayout, wanted: ReadonlySet<string>): UsableHierarchy[] {
  // v2 freezes without any controller (cgroup.freeze), so on a hybrid host nothing is gained by the v1 freezer.
  const joined = layout.v2?.base == null ? [...JOINED_V1, "freezer"] : JOINED_V1;
  return layout.v1.filter((hierarchy): hierarchy is UsableHierarchy =>
    hierarchy.base !== null && hierarchy.controllers.some((name) => joined.includes(name) || wanted.has(name))
  );
}

function v1Steps(
  { base, controllers }: UsableHierarchy,
  below: string,
  writes: readonly ControlWrite[],
  layout: CgroupLayout,
): HostStep[] {
  const steps: HostStep[] = [];
  const directory = `${base}${below}`;
  if (controllers.includes("cpuset") && layout.cpuset !== null) {
    // cpuset(7): a new cpuset is empty, and no task can join it before it has processors and memory nodes.
    for (const part of pathsBelow(base, below)) {
      steps.push(makeCgroup(part));
      steps.push(
        control(`${part}/cpuset.cpus`, layout.cpuset.cpus),
        control(`${part}/cpuset.mems`, layout.cpuset.mems),
      );
    }
  } else {
    steps.push(makeCgroup(directory));
  }
  for (const { controller, file, value } of writes) {
    if (controllers.includes(controller)) steps.push(control(`${directory}/${file}`, value));
  }
  return steps;
}

function v2Steps(v2: V2Hierarchy, below: string, writes: readonly ControlWrite[], layout: CgroupLayout): HostStep[] {
  const own = writes.filter(({ controller }) =>
    controller === "cgroup" || controllerVersion(layout, controller) === "v2"
  );
  const wanted = new Set([...ENABLED_V2, ...own.map(({ controller }) => controller)]);
  const enabled = [...wanted].filter((name) => controllerVersion(layout, name) === "v2").sort();
  const missing = enabled.filter((name) => !v2.enabled.includes(name));
  const steps: HostStep[] = [];
  // cgroup-v2.rst, "Top-down Constraint": a controller must be enabled in each parent on the way down.
  if (missing.length > 0) steps.push(enable(`${v2.base}`, missing));
  const parts = pathsBelow(`${v2.base}`, below);
  parts.forEach((part, index) => {
    steps.push(makeCgroup(part));
    if (index < parts.length - 1 && enabled.length > 0) steps.push(enable(part, enabled));
  });
  for (const { file, value } of own) steps.push(control(`${v2.base}${below}/${file}`, value));
  return steps;
}

/** Kills what is left in the container's cgroup (processes outlive the first one in a shared pid namespace), then removes all. */
function removal(below: string, bases: readonly (string | null)[]): HostStep[] {
  const [first] = bases;
  if (first == null) return [];
  const steps: HostStep[] = [{ kind: "kill_cgroup", path: `${first}${below}` }];
  const parts = bases.map((base) => pathsBelow(`${base}`, below).reverse());
  for (let depth = 0; depth < (parts[0]?.length ?? 0); depth++) {
    // Only the container's own cgroup may have more below it; a parent that others use stays.
    for (const paths of parts) steps.push({ kind: "remove_cgroup", path: paths[depth] ?? "", recursive: depth === 0 });
  }
  return steps;
}

/** `/base`, `/a/b` -> `/base/a`, `/base/a/b`. */
function pathsBelow(base: string, below: string): string[] {
  const names = below.slice(1).split("/");
  return names.map((_, index) => `${base}/${names.slice(0, index + 1).join("/")}`);
}

function makeCgroup(path: string): HostStep {
  return { kind: "make_directory", path, mode: 0o755, parents: true, owner: null };
}

function enable(cgroup: string, controllers: readonly string[]): HostStep {
  return control(`${cgroup}/cgroup.subtree_control`, controllers.map((name) => `+${name}`).join(" "));
}

function control(path: string, text: string): HostStep {
  return { kind: "write_control", path, text };
}
