/**
 * Control groups without containers, on v1, v2 and hybrid hosts alike.
 *
 * A group is named by its path below the one in which this user may make others (`web/db`), or from a hierarchy's root (`/web`), and
 * is in every hierarchy at once that this user may use, unless `controllers` or `hierarchies` say in which.
 *
 * @module
 */
import type { HierarchyChoice } from "../cgroup/group.ts";
import type { GroupStats } from "../cgroup/stats_group.ts";
import { hostPath } from "../config/path.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { Owner, Store } from "../core/wire.ts";
import { type CreatedGroup, createGroup, deleteGroup } from "../engine/cgroup.ts";
import { followGroupEvents, type GroupEvent } from "../engine/cgroup_events.ts";
import { type CgroupHost, readCgroupHost } from "../engine/cgroup_host.ts";
import { groupValues } from "../engine/cgroup_limits.ts";
import { type ListedGroup, listGroups } from "../engine/cgroup_list.ts";
import { type MountedHierarchyView, type MountHierarchy, mountHierarchy } from "../engine/cgroup_mount.ts";
import { freezeGroup, mover } from "../engine/cgroup_processes.ts";
import { startInGroup } from "../engine/cgroup_run.ts";
import { statsOfGroups } from "../engine/cgroup_stats.ts";
import { getGroup, type GotValue, setGroup, type SetValue } from "../engine/cgroup_values.ts";
import { type ProgramStatus, statusOf } from "../engine/programs.ts";
import { storeOf } from "../engine/store.ts";
import { workingDirectory } from "../host/process.ts";
import type { CgroupCreateOptions, CgroupLimits, CgroupListOptions, CgroupRunOptions } from "./cgroup_options.ts";
import { usualCore } from "./core.ts";

function host(): CgroupHost {
  return readCgroupHost(usualCore());
}

/** Limits as the engine has them. */
function valuesOf(host: CgroupHost, { files = {}, cpus, cpuShares, pids, ...words }: CgroupLimits) {
  const text = (value: string | number | undefined) => value === undefined ? undefined : `${value}`;
  const written = Object.entries(files).map(([file, value]) => `${file}=${value}`);
  const resources = { ...words, cpus: text(cpus), cpuShares: text(cpuShares), pidsLimit: text(pids) };
  return groupValues(host, resources, written);
}

/**
 * Makes a group with what is missing above it, and sets its limits.
 *
 * Errors: `already_exists`; `invalid_config` a limit; `denied`, `kernel_lacks` a controller; what the kernel refuses. Nothing is left then.
 */
export function create(group: string, options: CgroupCreateOptions = {}): Promise<CreatedGroup> {
  return Promise.try(() => {
    const { controllers, hierarchies, threaded = false, owner, ...limits } = options;
    const found = host();
    return createGroup(found, {
      ...valuesOf(found, limits),
      group,
      choice: choiceOf({ controllers, hierarchies }),
      threaded,
      ...(owner !== undefined && { owner: { ...owner } satisfies Owner }),
    });
  });
}

/** How a group is taken away. */
export interface CgroupDeleteOptions extends HierarchyChoice {
  /** With the groups below it. */
  readonly recursive?: boolean;
  /** With the processes in it and below it. */
  readonly kill?: boolean;
}

/** Takes a group away. Errors: `not_found`; `failed` it has processes, or groups below it. */
function remove(group: string, options: CgroupDeleteOptions = {}): Promise<void> {
  return Promise.try(() => deleteGroup(host(), group, { ...options, choice: options }));
}
export { remove as delete };

/** Sets limits, and tells what each became. Errors: `not_found`; as of {@link create}, and then those before it are set. */
export function set(group: string, limits: CgroupLimits, choice: HierarchyChoice = {}): Promise<SetValue[]> {
  return Promise.try(() => {
    const found = host();
    return setGroup(found, group, valuesOf(found, limits), choice);
  });
}

/** Reads values by portable words (`memory`, `cpus`) or files (`memory.stat`); without names all portable ones. Errors: `not_found`. */
export function get(group: string, names: readonly string[] = [], choice: HierarchyChoice = {}): Promise<GotValue[]> {
  return Promise.try(() => getGroup(host(), group, { names, all: false }, choice));
}

/** Groups with their processes, each before those below it. Errors: `not_found`. */
export function list({ controllers, hierarchies, group, depth, threads = false }: CgroupListOptions = {}): Promise<
  ListedGroup[]
> {
  return Promise.try(() =>
    listGroups(host(), usualStore(usualCore()), {
      choice: choiceOf({ controllers, hierarchies }),
      threads,
      ...(group !== undefined && { group }),
      ...(depth !== undefined && { depth }),
    })
  );
}

/** Moves processes, or with `threads` single threads. Errors: `not_found` the group, a process; what the kernel refuses. */
export function move(
  group: string,
  pids: readonly number[],
  { threads = false, ...choice }: HierarchyChoice & { readonly threads?: boolean } = {},
): Promise<void> {
  return Promise.try(() => pids.forEach(mover(host(), { group, choice, threads })));
}

/** Stops all processes of a group; returns once they have. Errors: `not_found`, `kernel_lacks`; `failed` some did not in 10 s. */
export function freeze(group: string, choice: HierarchyChoice = {}): Promise<void> {
  return Promise.try(() => freezeGroup(host(), group, true, choice));
}

/** Lets them go on. Errors: `not_found`, `kernel_lacks`; `failed` a group above it is frozen. */
export function thaw(group: string, choice: HierarchyChoice = {}): Promise<void> {
  return Promise.try(() => freezeGroup(host(), group, false, choice));
}

/** What groups have used, many in two calls of the kernel's files. Errors: `not_found` one of them. */
export function stats(groups: readonly string[], choice: HierarchyChoice = {}): Promise<GroupStats[]> {
  return Promise.try(() => statsOfGroups(host(), groups, choice));
}

/** What happens in a group, until it is deleted. Errors: `not_found`, `kernel_lacks`; the signal's reason. */
export async function* events(
  group: string,
  { signal, ...choice }: HierarchyChoice & { readonly signal?: AbortSignal } = {},
): AsyncGenerator<GroupEvent, void> {
  yield* followGroupEvents(host(), group, choice, signal);
}

/**
 * Runs a program in a group, as a child of this process with its streams, to its end. Without a group in a new one, which goes with it.
 *
 * Errors: as of {@link create}; `program_not_found`, `program_not_executable`.
 */
export async function run(command: readonly string[], options: CgroupRunOptions = {}): Promise<ProgramStatus> {
  const { controllers, hierarchies, group, environment = Deno.env.toObject(), ...limits } = options;
  const found = host();
  const ended = await startInGroup(found, {
    ...valuesOf(found, limits),
    choice: choiceOf({ controllers, hierarchies }),
    program: command,
    environment: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    ...(group !== undefined && { group }),
  });
  return statusOf(ended);
}

/** Mounts a hierarchy: v2's, or one of v1 with controllers or a name. Errors: `already_exists`; `failed` where a controller is. */
export function mount(
  directory: string,
  options: Omit<MountHierarchy, "directory" | "controllers"> & Partial<Pick<MountHierarchy, "controllers">> = {},
): Promise<MountedHierarchyView> {
  return Promise.try(() => {
    const path = hostPath("directory", directory, () => workingDirectory(call(usualCore(), "process", {})));
    return mountHierarchy(host(), { controllers: [], ...options, directory: path });
  });
}

function usualStore(core: Core): Store {
  return storeOf(core, { cgroupManager: "cgroupfs" }, Deno.env.toObject());
}

function choiceOf({ controllers, hierarchies }: { [Key in keyof HierarchyChoice]: HierarchyChoice[Key] | undefined }) {
  return { ...(controllers !== undefined && { controllers }), ...(hierarchies !== undefined && { hierarchies }) };
}
