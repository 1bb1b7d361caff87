/**
 * What the kernel tells of a control group: out of memory, no process left, too many processes.
 *
 * @module
 */
import { call } from "../core/call.ts";
import { callUntil } from "../core/cancel.ts";
import type { Core } from "../core/load.ts";
import type { ControlNow, WatchCgroupReply, WatchCgroupRequest } from "../core/wire.ts";

/** A control file to be told about. */
export interface ControlFile {
  /**
   * Absolute. v2: `cgroup.events`, `memory.events`, `memory.events.local`, `memory.swap.events`, `pids.events` ...; v1: `memory.oom_control` and
   * others with a `registration`, and `pids.events`. Of other files the kernel tells nobody, so their changes are not seen as they happen.
   */
  readonly path: string;
  /**
   * v1's `cgroup.event_control`: `""` for `memory.oom_control`, a number of bytes for `memory.usage_in_bytes`, `low`, `medium` or `critical` for
   * `memory.pressure_level`. v2 needs none.
   */
  readonly registration?: string;
}

/** One change of a control file. */
export interface ControlChange {
  /** Which one. */
  readonly path: string;
  /** Its text before; null: there was none, or it cannot be read (`memory.pressure_level`). */
  readonly before: string | null;
  /** Its text now; null: its group was removed. */
  readonly now: string | null;
  /** What was registered has happened, whether or not the text differs. */
  readonly signalled: boolean;
}

/**
 * The changes of control files as they happen, those of one moment together. Ends when none of the files is there any more; the last
 * changes tell that. Waits on this thread; nothing is looked at in intervals.
 *
 * Errors: `failed` a file cannot be watched.
 */
export function* readControlChanges(
  core: Core,
  files: readonly ControlFile[],
  timeoutMs = -1,
): Generator<readonly ControlChange[], void> {
  const turns = controlTurns(core, files, timeoutMs);
  for (let turn = turns.next(); turn.done !== true;) {
    const { value } = turn;
    if (value.kind === "changes") yield value.changes;
    turn = turns.next(value.kind === "wait" ? call(core, "watch_cgroup", value.request) : undefined);
  }
}

/** The same, waiting on another thread. Throws the reason of `signal` when that is aborted. */
export async function* followControlChanges(
  core: Core,
  files: readonly ControlFile[],
  signal?: AbortSignal,
): AsyncGenerator<readonly ControlChange[], void> {
  const turns = controlTurns(core, files, -1);
  for (let turn = turns.next(); turn.done !== true;) {
    const { value } = turn;
    if (value.kind === "changes") yield value.changes;
    turn = turns.next(
      value.kind === "wait" ? await callUntil(core, "watch_cgroup", value.request, signal) : undefined,
    );
  }
}

type Turn =
  | { readonly kind: "changes"; readonly changes: readonly ControlChange[] }
  | { readonly kind: "wait"; readonly request: WatchCgroupRequest };

function* controlTurns(
  core: Core,
  files: readonly ControlFile[],
  timeoutMs: number,
): Generator<Turn, void, WatchCgroupReply | undefined> {
  let left = files.map(({ path, registration }) => ({ path, registration, seen: textOf(core, path) }));
  while (left.length > 0) {
    const request = {
      files: left.map(({ path, seen, registration }) => ({
        path,
        seen,
        ...(registration !== undefined && { registration }),
      })),
      timeoutMs,
    };
    const reply = yield { kind: "wait", request };
    const now = reply?.files ?? [];
    const changes = left.flatMap((file, at) => changeOf(file.path, file.seen, now[at]));
    // Only where the time is over nothing has changed.
    if (changes.length === 0) return;
    yield { kind: "changes", changes };
    left = left.map((file, at) => ({ ...file, seen: now[at]?.text ?? null })).filter(({ path, seen }) =>
      seen !== null || exists(core, path)
    );
  }
}

function changeOf(path: string, before: string | null, now: ControlNow | undefined): ControlChange[] {
  if (now === undefined || !now.changed && !now.signalled) return [];
  return [{ path, before, now: now.text, signalled: now.signalled }];
}

function textOf(core: Core, path: string): string | null {
  const { seen: [seen] } = call(core, "observe", { looks: [{ path, root: null, want: "text" }] });
  return seen?.text ?? null;
}

/** A file that cannot be read, such as `memory.pressure_level`, may still be there. */
function exists(core: Core, path: string): boolean {
  const { seen: [seen] } = call(core, "observe", { looks: [{ path, root: null, want: "stat" }] });
  return seen !== undefined && seen.errno === null;
}
