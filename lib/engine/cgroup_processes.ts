/**
 * Processes of control groups: moved, frozen, let go on.
 *
 * @module
 */
import type { HierarchyChoice } from "../cgroup/group.ts";
import { type GroupPlace, joinFile, writeControl } from "../cgroup/parts.ts";
import { MasuError } from "../error.ts";
import { ask, type CgroupHost, findGroup, performSteps, readTexts } from "./cgroup_host.ts";
import { cgroupMembers } from "./cgroup_members.ts";
import { pause } from "./key.ts";

/** What is moved where. */
export interface MoveRequest {
  readonly group: string;
  readonly choice: HierarchyChoice;
  /** The numbers are threads, and only those are moved. */
  readonly threads: boolean;
}

/** Finds where to move to, and returns what moves one. Errors: `not_found` the group; then of each, see {@link MoveRequest}. */
export function mover(host: CgroupHost, request: MoveRequest): (pid: number) => void {
  const places = findGroup(host, request.group, request.choice);
  return (pid) => moveOne(host, places, pid, request);
}

function moveOne({ core }: CgroupHost, places: readonly GroupPlace[], pid: number, request: MoveRequest): void {
  for (const place of places) {
    try {
      performSteps(core, [writeControl(joinFile(place, request.threads), `${pid}`)]);
    } catch (error) {
      throw error instanceof MasuError ? cannotMove(pid, place, request, error) : error;
    }
  }
}

/** errno(3) of a move, in words. cgroup-v2.rst, "Organizing Processes and Threads", "Delegation Containment"; cpuset(7). */
const CANNOT: Readonly<Record<number, readonly [name: string, cause: string, hint?: string]>> = {
  1: ["EPERM", "this user may not"],
  3: ["ESRCH", "there is no such process"],
  13: [
    "EACCES",
    "this user may not",
    "the user must own cgroup.procs there and, on v2, that of the nearest group above both",
  ],
  16: [
    "EBUSY",
    "groups below it have controllers, so that it can have no processes (no internal processes)",
    "move it into a group below that",
  ],
  22: ["EINVAL", "this process cannot be moved there", "kernel threads and realtime processes without a budget stay"],
  28: ["ENOSPC", "the cpuset there has no CPUs or memory nodes", "masu cgroup set GROUP cpuset.cpus=0 cpuset.mems=0"],
  95: [
    "EOPNOTSUPP",
    "the group is threaded and takes single threads of its own processes",
    "masu cgroup move --threads",
  ],
};

function cannotMove(
  pid: number,
  { hierarchy }: GroupPlace,
  { group, threads }: MoveRequest,
  error: MasuError,
): MasuError {
  const known = CANNOT[error.errno ?? 0];
  if (known === undefined) return error;
  const [name, cause, hint] = known;
  const what = threads ? "thread" : "process";
  return new MasuError(
    error.errno === 3 ? "not_found" : error.code,
    `Move ${what} ${pid} to control group "${group}" of hierarchy "${hierarchy.name}": ${cause} (${name} from ${
      error.call ?? "write"
    }(2))`,
    { call: error.call, errno: error.errno, cause: error, hint },
  );
}

/** How long the kernel may take to stop all processes: one in an uninterruptible wait of a disk stops after it. */
const PATIENCE_MS = 10_000;

/**
 * Stops all processes of a group and of those below it, or lets them go on; returns once they are.
 *
 * Errors: `not_found`; `kernel_lacks` nothing can freeze it; `failed` some did not stop in 10 s: then all go on again.
 */
export async function freezeGroup(
  host: CgroupHost,
  group: string,
  frozen: boolean,
  choice: HierarchyChoice,
): Promise<void> {
  const places = freezers(host, findGroup(host, group, choice));
  if (places.length === 0) {
    throw new MasuError("kernel_lacks", `Freeze control group "${group}": no hierarchy that it is in can`, {
      hint: `make it in the v1 freezer or in v2: masu cgroup create --controllers freezer ${group}`,
    });
  }
  const chosen = frozen ? enough(host, places) : places;
  for (const place of chosen) write(host, place, frozen);
  const deadline = performance.now() + PATIENCE_MS;
  for (const place of chosen) {
    while (isFrozen(host, place) !== frozen) {
      if (performance.now() > deadline) throw gaveUp(host, group, chosen, frozen);
      await pause(host.core, 2);
      // freezer-subsystem.rst: while it is FREEZING, writing again freezes those that came meanwhile.
      if (place.hierarchy.version === 1 && frozen) write(host, place, frozen);
    }
  }
}

function gaveUp(host: CgroupHost, group: string, places: readonly GroupPlace[], frozen: boolean): MasuError {
  if (!frozen) {
    return new MasuError("failed", `Thaw control group "${group}": it stays frozen`, {
      hint: "a group above it is frozen: thaw that one",
    });
  }
  for (const place of places) write(host, place, false);
  return new MasuError("failed", `Freeze control group "${group}": some processes did not stop in 10 s`, {
    hint: "they wait for a disk or a network file system, and all go on again",
  });
}

/** A v2 group always can (from Linux 5.2 on), but for the root; of v1 the freezer can. */
function freezers({ core }: CgroupHost, places: readonly GroupPlace[]): GroupPlace[] {
  const seen = ask(core, "stat", places.map(fileOf));
  return places.filter((_, index) => seen[index]?.status != null);
}

/**
 * Where to freeze it. A process that is stopped by v2's freezer never stops for v1's as well, which would wait for ever: on a host
 * with both, one of them is used that has all processes, v2's if it can.
 */
function enough(host: CgroupHost, places: readonly GroupPlace[]): readonly GroupPlace[] {
  const members = places.map((place) => ({ place, pids: cgroupMembers(host.core, place.directory) }));
  const all = new Set(members.flatMap(({ pids }) => pids));
  const complete = members.filter(({ pids }) => pids.length === all.size)
    .toSorted((one, other) => other.place.hierarchy.version - one.place.hierarchy.version);
  const [best] = complete;
  return best === undefined ? places : [best.place];
}

function fileOf({ hierarchy, directory }: GroupPlace): string {
  return `${directory}/${hierarchy.version === 1 ? "freezer.state" : "cgroup.freeze"}`;
}

function write({ core }: CgroupHost, place: GroupPlace, frozen: boolean): void {
  const words = place.hierarchy.version === 1 ? ["FROZEN", "THAWED"] : ["1", "0"];
  performSteps(core, [writeControl(fileOf(place), words[frozen ? 0 : 1] ?? "")]);
}

function isFrozen({ core }: CgroupHost, { hierarchy, directory }: GroupPlace): boolean {
  const path = `${directory}/${hierarchy.version === 1 ? "freezer.state" : "cgroup.events"}`;
  const text = readTexts(core, [path])(path) ?? "";
  return hierarchy.version === 1 ? text.trim() === "FROZEN" : /^frozen 1$/m.test(text);
}
