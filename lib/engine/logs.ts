/**
 * What a container wrote to stdout and stderr, as its log keeps it.
 *
 * @module
 */
import { call } from "../core/call.ts";
import { callUntil } from "../core/cancel.ts";
import type { Core } from "../core/load.ts";
import type { Status, Store, WatchReply, WatchRequest } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { inspectContainer } from "./lifecycle.ts";
import { RotatedLines } from "./rotated_lines.ts";

/** One line of a log. */
export interface LogLine {
  /** RFC 3339, UTC, with nine digits of a second: such texts compare as their times do. */
  readonly time: string;
  /** Where it was written. */
  readonly stream: "stdout" | "stderr";
  /** With its newline, unless it is `partial`. */
  readonly log: string;
  /** The line goes on in the next one of its stream, or nothing came after it. */
  readonly partial: boolean;
}

/** Which lines. */
export interface LogOptions {
  /** From this time on, as {@link LogLine.time}. */
  readonly since?: string | undefined;
  /** Up to this time. */
  readonly until?: string | undefined;
  /** Only so many of those that are there already. */
  readonly tail?: number | undefined;
  /** Go on until the container has ended and will not be started again. */
  readonly follow?: boolean;
}

/** Whose. */
export interface LogTarget {
  readonly core: Core;
  readonly store: Store;
  /** An ID, a name, or the start of an ID that only one has. */
  readonly container: string;
}

/** The lines, one block at a time. Waits on this thread. Errors: `not_found`; `failed` it keeps no log. */
export function* readLog(target: LogTarget, options: LogOptions): Generator<readonly LogLine[], void> {
  const events = logEvents(target, options);
  try {
    for (let event = events.next(); event.done !== true;) {
      if (event.value.kind === "lines") yield event.value.lines;
      event = events.next(event.value.kind === "wait" ? call(target.core, "watch", event.value.request) : undefined);
    }
  } finally {
    events.return();
  }
}

/** The same, waiting on another thread. Throws the reason of `signal` when that is aborted. */
export async function* followLog(
  target: LogTarget,
  options: LogOptions,
  signal?: AbortSignal,
): AsyncGenerator<LogLine, void> {
  const events = logEvents(target, options);
  const wait = (request: WatchRequest) => callUntil(target.core, "watch", request, signal);
  try {
    for (let event = events.next(); event.done !== true;) {
      signal?.throwIfAborted();
      if (event.value.kind === "lines") yield* event.value.lines;
      event = events.next(event.value.kind === "wait" ? await wait(event.value.request) : undefined);
    }
  } finally {
    events.return();
  }
}

/** What a log's reader does next: hand over lines, or wait. */
type LogEvent =
  | { readonly kind: "lines"; readonly lines: readonly LogLine[] }
  | { readonly kind: "wait"; readonly request: WatchRequest };

/** How long is waited before it is looked whether the container runs, where nothing else told: its monitor may have been killed. */
const LOOK_AGAIN_MS = 5000;

const LIVE: readonly Status[] = ["running", "paused", "restarting"];

function* logEvents(target: LogTarget, options: LogOptions): Generator<LogEvent, void, WatchReply | undefined> {
  const { core, store } = target;
  const { id, path } = logOf(target);
  using lines = new RotatedLines(core, path);
  const { tail, until = END_OF_TIME, follow = false } = options;
  lines.endHere();
  if (tail !== undefined && (yield* chosen([lastLines(lines, tail)], options))) return;
  // They change when the container has ended, and when its monitor has.
  const others = [`${path.slice(0, path.lastIndexOf("/"))}/end.json`, `${store.runtime}/monitors/${id}`];
  for (;;) {
    const seen = others.map((other) => seenFile(core, other));
    // Looked at before the log is read, so that what is read then is all of it.
    const goesOn = follow && isLive({ core, store, container: id });
    if (follow) lines.goOn();
    if (yield* chosen(blocks(lines), options)) return;
    if (!goesOn) return;
    // As long as only its log changes it runs.
    for (let onlyGrows = true; onlyGrows;) {
      const left = millisecondsUntil(until);
      if (left <= 0) return;
      const request = { files: [lines.seen(), ...seen], timeoutMs: Math.min(LOOK_AGAIN_MS, left) };
      const [hasGrown, ...haveChanged] = (yield { kind: "wait", request })?.changed ?? [];
      onlyGrows = hasGrown === true && lines.isThere() && !haveChanged.includes(true);
      if (hasGrown === true && (yield* chosen(blocks(lines), options))) return;
    }
  }
}

/** After every time of a log. */
const END_OF_TIME = "\uffff";

/** Hands over lines of the times asked for. True: those that come next are too late. */
function* chosen(
  blocks: Iterable<readonly string[]>,
  { since = "", until = END_OF_TIME }: LogOptions,
): Generator<LogEvent, boolean, unknown> {
  for (const block of blocks) {
    const lines = block.flatMap(parseLine);
    const early = lines.filter(({ time }) => time <= until);
    yield { kind: "lines", lines: early.filter(({ time }) => time >= since) };
    if (early.length < lines.length) return true;
  }
  return false;
}

/** All that is there. */
function* blocks(lines: RotatedLines): Generator<readonly string[]> {
  for (let block = lines.read(); block.length > 0; block = lines.read()) yield block;
}

function lastLines(lines: RotatedLines, count: number): string[] {
  lines.skipToLast(count);
  let last: string[] = [];
  for (const block of blocks(lines)) last = [...last, ...block].slice(-count || Infinity);
  return count === 0 ? [] : last;
}

/** None: what a crash has left of a line. */
function parseLine(text: string): LogLine[] {
  try {
    const { time, stream, log, partial } = JSON.parse(text) as Partial<Record<keyof LogLine, unknown>>;
    const isLine = typeof time === "string" && typeof log === "string" && (stream === "stdout" || stream === "stderr");
    return isLine ? [{ time, stream, log, partial: partial === true }] : [];
  } catch {
    return [];
  }
}

/** Where a container's log is. */
function logOf({ core, store, container }: LogTarget): { readonly id: string; readonly path: string } {
  const { view, document } = inspectContainer(core, store, container);
  const refuse = (cause: string) => new MasuError("failed", `Read the log of container "${container}": ${cause}`);
  if (document === null) {
    if (view.lasting) throw refuse("its container.json cannot be read");
    const isBundle = view.record?.masu.bundle !== undefined;
    throw refuse(
      isBundle
        ? "whoever had it made from its OCI bundle has its output"
        : "it runs in the foreground, and its output is masu's own",
    );
  }
  const { driver, path } = document.log;
  if (driver !== "json_file") throw refuse(`it keeps none (--log-driver ${driver})`);
  return { id: view.id, path };
}

/** It runs, or its monitor has something left to do. */
function isLive({ core, store, container }: LogTarget): boolean {
  try {
    const { status, watched } = inspectContainer(core, store, container).view;
    return watched || LIVE.includes(status);
  } catch (error) {
    // Deleted meanwhile.
    if (error instanceof MasuError && error.code === "not_found") return false;
    throw error;
  }
}

function seenFile(core: Core, path: string): WatchRequest["files"][number] {
  const { file, size } = call(core, "read", { path, offset: 0, bytes: 0, lines: false });
  return { path, file, size };
}

function millisecondsUntil(until: string): number {
  return until === END_OF_TIME ? Infinity : Date.parse(until) - Date.now();
}
