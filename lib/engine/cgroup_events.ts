/**
 * What happens in a group, as the kernel tells it.
 *
 * Source: cgroup-v2.rst, `cgroup.events`, `memory.events`, `pids.events`; cgroup-v1/memory.rst, "OOM Control"; cgroup-v1/pids.rst.
 *
 * @module
 */
import type { HierarchyChoice } from "../cgroup/group.ts";
import type { GroupPlace } from "../cgroup/parts.ts";
import { MasuError } from "../error.ts";
import { ask, type CgroupHost, findGroup } from "./cgroup_host.ts";
import { type ControlChange, type ControlFile, followControlChanges, readControlChanges } from "./events_cgroup.ts";

/** One thing that happened. */
export interface GroupEvent {
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly group: string;
  readonly hierarchy: string;
  /** `oom`, `oom_kill`, `max`, `high`, `low`, `populated`, `frozen`, `pids.max`, `removed` and so on: the kernel's words. */
  readonly event: string;
  /** Of `populated`, `frozen` and `under_oom` 1 or 0; of others how often it has happened. */
  readonly value: number | null;
}

/** The files that tell, by whether they count or say how it is. */
const TELLING = ["cgroup.events", "memory.events", "memory.swap.events", "pids.events", "memory.oom_control"];

interface Watched {
  readonly files: readonly ControlFile[];
  readonly places: ReadonlyMap<string, GroupPlace>;
}

function watched(host: CgroupHost, group: string, choice: HierarchyChoice): Watched {
  const places = findGroup(host, group, choice);
  const candidates = places.flatMap((place) =>
    TELLING.map((file) => ({ file, place, path: `${place.directory}/${file}` }))
  );
  const seen = ask(host.core, "stat", candidates.map(({ path }) => path));
  const there = candidates.filter((_, index) => seen[index]?.status != null);
  if (there.length === 0) {
    throw new MasuError("kernel_lacks", `Watch control group "${group}": the kernel tells nothing of it where it is`, {
      hint: "it does in v2, in v1's memory and in v1's pids",
    });
  }
  return {
    files: there.map(({ file, path }) => ({ path, ...(file === "memory.oom_control" && { registration: "" }) })),
    places: new Map(there.map(({ path, place }) => [path, place])),
  };
}

/**
 * What happens in a group from now on; waits on this thread. Ends when the group is deleted, which the last event tells.
 *
 * `timeoutMs`: or when nothing has happened for so long; -1: never. Errors: `not_found`, `kernel_lacks`.
 */
export function* readGroupEvents(
  host: CgroupHost,
  group: string,
  choice: HierarchyChoice,
  timeoutMs = -1,
): Generator<readonly GroupEvent[], void> {
  const { files, places } = watched(host, group, choice);
  for (let left: readonly ControlFile[] = files; left.length > 0;) {
    try {
      for (const changes of readControlChanges(host.core, left, timeoutMs)) yield eventsOf(group, places, changes);
      return;
    } catch (error) {
      if (!isGone(error)) throw error;
      const there = existing(host, left);
      yield removals(group, places, left.filter((file) => !there.includes(file)));
      left = there;
    }
  }
}

/** The same, waiting on another thread. Throws the reason of `signal` when that is aborted. */
export async function* followGroupEvents(
  host: CgroupHost,
  group: string,
  choice: HierarchyChoice,
  signal?: AbortSignal,
): AsyncGenerator<GroupEvent, void> {
  const { files, places } = watched(host, group, choice);
  for (let left: readonly ControlFile[] = files; left.length > 0;) {
    try {
      for await (const changes of followControlChanges(host.core, left, signal)) {
        yield* eventsOf(group, places, changes);
      }
      return;
    } catch (error) {
      if (!isGone(error)) throw error;
      const there = existing(host, left);
      yield* removals(group, places, left.filter((file) => !there.includes(file)));
      left = there;
    }
  }
}

/** A group is deleted in one hierarchy after the other: its files are gone when some are to be watched again. */
function isGone(error: unknown): boolean {
  return error instanceof MasuError && (error.errno === 2 || error.errno === 19);
}

function existing({ core }: CgroupHost, files: readonly ControlFile[]): ControlFile[] {
  const seen = ask(core, "stat", files.map(({ path }) => path));
  return files.filter((_, index) => seen[index]?.status != null);
}

function removals(
  group: string,
  places: ReadonlyMap<string, GroupPlace>,
  files: readonly ControlFile[],
): GroupEvent[] {
  return eventsOf(group, places, files.map(({ path }) => ({ path, before: null, now: null, signalled: false })));
}

function eventsOf(
  group: string,
  places: ReadonlyMap<string, GroupPlace>,
  changes: readonly ControlChange[],
): GroupEvent[] {
  const time = new Date().toISOString();
  const removed = new Set<string>();
  return changes.flatMap((change) => {
    const place = places.get(change.path);
    const hierarchy = place?.hierarchy.name ?? "";
    const told = (event: string, value: number | null): GroupEvent => ({ time, group, hierarchy, event, value });
    if (change.now === null) {
      if (removed.has(hierarchy)) return [];
      removed.add(hierarchy);
      return [told("removed", null)];
    }
    return differences(change).map(([event, value]) => told(event, value));
  });
}

/** What a change of a control file says: its lines that are another now. */
export function differences(
  { path, before, now, signalled }: ControlChange,
): (readonly [event: string, value: number])[] {
  const [then, current] = [counts(before), counts(now)];
  const prefix = path.endsWith("/pids.events") ? "pids." : path.endsWith("/memory.swap.events") ? "swap." : "";
  const changed = [...current].filter(([key, value]) => then.get(key) !== value)
    .map(([key, value]) => [`${prefix}${key}`, value] as const);
  // v1 signals when there is no memory; the lines are as before once a process was killed and the count is not there (before 4.13).
  if (signalled && changed.length === 0) return [["oom", current.get("oom_kill") ?? 0]];
  return changed;
}

function counts(text: string | null): Map<string, number> {
  const pairs = (text ?? "").matchAll(/^(\S+) (\d+)$/gm);
  return new Map([...pairs].map(([, key = "", digits]) => [key, Number(digits)]));
}
