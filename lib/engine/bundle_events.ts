/**
 * What a bundle's container uses and what becomes of it, in runc's words.
 *
 * Source: runc, types/events.go.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { ContainerRecord, Store, WatchedControl } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { bundleStats } from "./bundle_stats.ts";
import { viewContainers } from "./lifecycle.ts";

/** Which container. */
export interface BundleWatch {
  readonly core: Core;
  readonly store: Store;
  readonly container: string;
}

/** One event of what it uses now, as JSON. Errors: `not_found`; `failed` it does not run. */
export function statsEvent(watch: BundleWatch): string {
  return statsOf(watch.core, runningRecord(watch));
}

/**
 * An event of what it uses in each interval, and one whenever a process of it is killed for lack of memory, as JSON each; until it has
 * ended. Waits on this thread. Errors: as of {@link statsEvent}.
 */
export function* bundleEvents(watch: BundleWatch, intervalMs: number): Generator<string, void> {
  const { core } = watch;
  const record = runningRecord(watch);
  const files = watchedFiles(record);
  let { kills } = look(core, files);
  for (let due = Date.now() + intervalMs; isRunning(watch);) {
    awaitChange(core, files, Math.max(0, due - Date.now()));
    for (const now = look(core, files).kills; kills < now; kills++) {
      yield JSON.stringify({ type: "oom", id: record.id });
    }
    if (Date.now() < due) continue;
    due = Date.now() + intervalMs;
    if (isRunning(watch)) yield statsOf(core, record);
  }
}

function statsOf(core: Core, record: ContainerRecord): string {
  // The counts go beyond what a number holds exactly: their text stays as it is.
  return `{"type":"stats","id":${JSON.stringify(record.id)},"data":${bundleStats(core, record)}}`;
}

function runningRecord({ core, store, container }: BundleWatch): ContainerRecord {
  const [view] = viewContainers(core, store, [container]);
  if (view?.record != null && view.status !== "stopped") return view.record;
  throw new MasuError("failed", `Watch container "${container}": container not running`);
}

function isRunning({ core, store, container }: BundleWatch): boolean {
  try {
    return viewContainers(core, store, [container]).some(({ status }) => status !== "stopped");
  } catch (error) {
    if (error instanceof MasuError && error.code === "not_found") return false;
    throw error;
  }
}

/** v1 registers an event; v2 tells whoever watches the file, and of the last process's end too. */
function watchedFiles({ masu: { cgroups: { directories } } }: ContainerRecord): Omit<WatchedControl, "seen">[] {
  const { unified, memory } = directories;
  return [
    ...(unified === undefined ? [] : [{ path: `${unified}/memory.events` }, { path: `${unified}/cgroup.events` }]),
    ...(memory === undefined ? [] : [{ path: `${memory}/memory.oom_control`, registration: "" }]),
  ];
}

interface Look {
  /** What there is to watch, as it is now. */
  readonly there: WatchedControl[];
  /** How many processes were killed for lack of memory. */
  readonly kills: number;
}

function look(core: Core, files: readonly Omit<WatchedControl, "seen">[]): Look {
  const looks = files.map(({ path }) => ({ path, root: null, want: "text" as const }));
  const { seen } = call(core, "observe", { looks });
  const there = files.flatMap((file, index) => {
    const text = seen[index]?.text ?? null;
    return text === null ? [] : [{ ...file, seen: text }];
  });
  const counts = there.map((file) => Number(/^oom_kill (\d+)$/m.exec(file.seen ?? "")?.[1] ?? 0));
  return { there, kills: Math.max(0, ...counts) };
}

/** Until something of it changes, or the time is over. */
function awaitChange(core: Core, files: readonly Omit<WatchedControl, "seen">[], timeoutMs: number): void {
  const { there } = look(core, files);
  if (there.length > 0) call(core, "watch_cgroup", { files: there, timeoutMs });
  else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs);
}
