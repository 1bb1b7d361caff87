/**
 * `masu cgroup run`: a program in a group, without a container.
 *
 * @module
 */
import { controllerOf } from "../cgroup/files.ts";
import { chooseHierarchies, groupDirectory, type HierarchyChoice, UNIFIED } from "../cgroup/group.ts";
import {
  controllersFor,
  creationSteps,
  deviceSteps,
  type GroupPlace,
  removalSteps,
  writeControl,
} from "../cgroup/parts.ts";
import { call, callBlocking, fromWire } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { HostStep, Plan, WaitReply } from "../core/wire.ts";
import { escapeBlanks } from "../plan/blank.ts";
import { partPlan } from "../plan/part.ts";
import { runPart } from "./become.ts";
import { readParents } from "./cgroup.ts";
import { type CgroupHost, findGroup } from "./cgroup_host.ts";
import { assignmentsOf, type GroupValues, setGroup, type SetValue } from "./cgroup_values.ts";
import { newID } from "./launch.ts";
import { explainPart, type PartExplanation } from "./part_explain.ts";

/** A program, and in which group. */
export interface GroupProgram extends GroupValues {
  /** One that is there; none: a new one, which goes with the program. */
  readonly group?: string;
  readonly choice: HierarchyChoice;
  readonly program: readonly string[];
  /** The program's, `NAME=value` each. */
  readonly environment: readonly string[];
}

/** Makes the plan; changes nothing. Errors: `not_found` the group; a limit that cannot be had. */
export function prepareGroupProgram(host: CgroupHost, request: GroupProgram): Plan {
  const { group, choice, environment } = request;
  const isNew = group === undefined;
  const places = isNew ? newPlaces(host, request) : findGroup(host, group, choice);
  const v2 = places.find(({ hierarchy }) => hierarchy.version === 2);
  const tasks = places.filter(({ hierarchy }) => hierarchy.version === 1).map(({ directory }) => `${directory}/tasks`);
  // masu's own process can become the program only where nothing is left to be cloned into.
  const paths = isNew || v2 === undefined ? tasks : [...tasks, `${v2.directory}/cgroup.procs`];
  return partPlan({
    environment,
    ...escapeBlanks({
      before: isNew ? setUp(host, places, request) : writes(host, places, request),
      clone: { cgroup: isNew ? v2?.directory ?? null : null },
      inside: paths.length === 0 ? [] : [{ kind: "join_cgroups" as const, paths }],
      afterwards: isNew ? removalSteps(places, { kill: true, recursive: true }) : [],
    }),
  });
}

/** Where the limits are, and what was named; without either wherever this user may. */
function newPlaces(host: CgroupHost, request: GroupProgram): GroupPlace[] {
  const { choice } = request;
  const limited = [
    ...assignmentsOf(host, request).flatMap(({ file }) => controllerOf(file) ?? []),
    ...(request.devices === undefined ? [] : ["devices"]),
  ];
  const names = [...new Set(limited)].map((name) =>
    host.hierarchies.find(({ controllers }) => controllers.includes(name))?.name ?? UNIFIED
  );
  const isFree = limited.length === 0;
  const chosen = chooseHierarchies(
    host.hierarchies,
    isFree ? choice : { ...choice, hierarchies: [...(choice.hierarchies ?? []), ...names] },
    host.mounts,
  );
  const group = `masu-run-${newID()}`;
  return chosen.map((hierarchy) => ({ hierarchy, directory: groupDirectory(group, hierarchy) }));
}

function setUp(host: CgroupHost, places: readonly GroupPlace[], request: GroupProgram): HostStep[] {
  const parents = readParents(host, places);
  const files = assignmentsOf(host, request).map(({ file }) => file);
  const needed = controllersFor(request.choice.controllers ?? [], files);
  return [
    ...places.flatMap((place) =>
      creationSteps(place, {
        needed: needed.filter(({ name }) => place.hierarchy.controllers.includes(name)),
        threaded: false,
        owner: null,
        parents,
      })
    ),
    ...writes(host, places, request),
  ];
}

/** Each value once, in the hierarchy that has its file. */
function writes(host: CgroupHost, places: readonly GroupPlace[], request: GroupProgram): HostStep[] {
  const devices = request.devices === undefined ? [] : deviceSteps(places, request.devices);
  const files = assignmentsOf(host, request, request.group).map(({ file, value, optional }) => {
    const controller = controllerOf(file);
    const place = places.find(({ hierarchy }) => controller === null || hierarchy.controllers.includes(controller)) ??
      places.find(({ hierarchy }) => hierarchy.version === 2) ?? places[0];
    return writeControl(`${place?.directory}/${file}`, value, optional);
  });
  return [...files, ...devices];
}

/**
 * Runs the program: this process becomes it, or its monitor where a group must go with it, so this returns only by throwing.
 *
 * `tell`: is told what the limits of a group that is there became, which are set first. Errors: see {@link prepareGroupProgram};
 * `program_not_found`, `program_not_executable`; the step that failed, undone by then.
 */
export function runInGroup(
  core: Core,
  host: CgroupHost,
  request: GroupProgram,
  tell: (values: readonly SetValue[]) => void,
): never {
  const plan = prepareGroupProgram(host, request);
  if (request.group === undefined) return runPart(core, plan, request.program);
  tell(setGroup(host, request.group, request, request.choice));
  return runPart(core, { ...plan, before: [] }, request.program);
}

/** Prints the plan, which touches nothing. Errors: see {@link prepareGroupProgram}. */
export function explainGroupProgram(
  host: CgroupHost,
  request: GroupProgram,
  explanation: Omit<PartExplanation, "program">,
): string {
  return explainPart(prepareGroupProgram(host, request), { ...explanation, program: request.program });
}

/** Starts the program as a child of this process, waits for its end, and takes a new group away. Errors: as of {@link runInGroup}. */
export async function startInGroup(host: CgroupHost, request: GroupProgram): Promise<WaitReply> {
  const plan = prepareGroupProgram(host, request);
  const { pid, pidfd } = call(host.core, "launch", {
    plan,
    blanks: {},
    arguments: [...request.program],
    monitor: { bareInit: false, detachKeys: [] },
  });
  const ended = await callBlocking(host.core, "wait", { pid, pidfd });
  const [failure] = call(host.core, "teardown", { steps: plan.afterwards, blanks: {} }).failures;
  if (failure !== undefined) throw fromWire(failure);
  return ended;
}
