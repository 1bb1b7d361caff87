/**
 * What happened to containers, and what happens to them now: the lines that masu's own programs add to a file.
 *
 * @module
 */
import { call, fromWire } from "../core/call.ts";
import { callUntil } from "../core/cancel.ts";
import type { Core } from "../core/load.ts";
import type { Store, WatchReply, WatchRequest } from "../core/wire.ts";
import { timeText } from "../config/time_point.ts";
import { escapeBlanks } from "../plan/blank.ts";
import { RotatedLines } from "./rotated_lines.ts";

/** One thing that happened. */
export interface ContainerEvent {
  /** RFC 3339, UTC, with nine digits of a second: such texts compare as their times do. */
  readonly time: string;
  /** `container`. */
  readonly type: string;
  /** `create`, `start`, `die` and so on. */
  readonly action: string;
  /** Of the container. */
  readonly id: string;
  /** Of the container; null: it had none. */
  readonly name: string | null;
  /** Of the container, as it was written. */
  readonly image: string;
  /** Of the container. */
  readonly labels: Readonly<Record<string, string>>;
  /** What else there is to say: `exitCode`, `signal` and so on. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Which events. */
export interface EventOptions {
  /** From this time on; absent: from now on. */
  readonly since?: string | undefined;
  /** Up to this time; absent: for ever. */
  readonly until?: string | undefined;
  /** Only what has happened already; without `since` all that is kept. */
  readonly past?: boolean;
  /** Of one key any, of all keys. */
  readonly filters?: readonly EventFilter[];
}

/** What an event must be like. */
export interface EventFilter {
  /** What of an event is meant. */
  readonly key: "container" | "event" | "image" | "label" | "type";
  /** What it must be; of a container its name, or the start of its ID; `NAME` or `NAME=VALUE` of a label. */
  readonly value: string;
}

/** The events, one block at a time, as they happen. Waits on this thread. */
export function* readEvents(
  core: Core,
  store: Store,
  options: EventOptions,
): Generator<readonly ContainerEvent[], void> {
  const turns = eventTurns(core, store, options);
  try {
    for (let turn = turns.next(); turn.done !== true;) {
      if (turn.value.kind === "events") yield turn.value.events;
      turn = turns.next(turn.value.kind === "wait" ? call(core, "watch", turn.value.request) : undefined);
    }
  } finally {
    turns.return();
  }
}

/** The same, waiting on another thread. Throws the reason of `signal` when that is aborted. */
export async function* followEvents(
  core: Core,
  store: Store,
  options: EventOptions,
  signal?: AbortSignal,
): AsyncGenerator<ContainerEvent, void> {
  const turns = eventTurns(core, store, options);
  const wait = (request: WatchRequest) => callUntil(core, "watch", request, signal);
  try {
    for (let turn = turns.next(); turn.done !== true;) {
      signal?.throwIfAborted();
      if (turn.value.kind === "events") yield* turn.value.events;
      turn = turns.next(turn.value.kind === "wait" ? await wait(turn.value.request) : undefined);
    }
  } finally {
    turns.return();
  }
}

type Turn =
  | { readonly kind: "events"; readonly events: readonly ContainerEvent[] }
  | { readonly kind: "wait"; readonly request: WatchRequest };

/** The longest that one wait takes; nothing has to be looked at then, but a number must be named. */
const WAIT_MS = 3_600_000;
const END_OF_TIME = "\uffff";

function* eventTurns(
  core: Core,
  store: Store,
  { since, until = END_OF_TIME, past = false, filters = [] }: EventOptions,
): Generator<Turn, void, WatchReply | undefined> {
  const from = since ?? (past ? "" : timeText(BigInt(Date.now()) * 1_000_000n));
  if (!past) makeRuntimeDirectory(core, store);
  using lines = new RotatedLines(core, `${store.runtime}/events`);
  if (past) lines.endHere();
  for (;;) {
    for (let block = lines.read(); block.length > 0; block = lines.read()) {
      const events = block.flatMap(parseEvent);
      const early = events.filter(({ time }) => time <= until);
      yield { kind: "events", events: early.filter((event) => event.time >= from && isWanted(event, filters)) };
      if (early.length < events.length) return;
    }
    const left = until === END_OF_TIME ? WAIT_MS : Math.min(WAIT_MS, Date.parse(until) - Date.now());
    if (past || left <= 0) return;
    yield { kind: "wait", request: { files: [lines.seen()], timeoutMs: Math.ceil(left) } };
  }
}

/** What is not there cannot be watched; after a boot it is made by whichever command comes first. */
function makeRuntimeDirectory(core: Core, { runtime }: Store): void {
  const path = escapeBlanks(runtime);
  const step = { kind: "make_directory", path, mode: 0o711, parents: true, owner: null } as const;
  const [failure] = call(core, "teardown", { steps: [step], blanks: {} }).failures;
  if (failure !== undefined) throw fromWire(failure);
}

function isWanted(event: ContainerEvent, filters: readonly EventFilter[]): boolean {
  const keys = new Set(filters.map(({ key }) => key));
  return [...keys].every((key) => filters.some((filter) => filter.key === key && fits(event, filter)));
}

function fits({ id, name, action, image, labels, type }: ContainerEvent, { key, value }: EventFilter): boolean {
  switch (key) {
    case "container":
      return name === value || (value !== "" && id.startsWith(value));
    case "event":
      // docker's health_status is followed by what it is.
      return action === value;
    case "image":
      return image === value;
    case "label":
      return hasLabel(labels, value);
    case "type":
      return type === value;
    default:
      return key satisfies never;
  }
}

/** `NAME`: with whatever value. */
function hasLabel(labels: ContainerEvent["labels"], written: string): boolean {
  const [, name = "", value] = /^([^=]*)(?:=([^]*))?$/.exec(written) ?? [];
  return Object.hasOwn(labels, name) && (value === undefined || labels[name] === value);
}

/** None: what a crash has left of a line. */
export function parseEvent(line: string): ContainerEvent[] {
  try {
    const { time, type, action, id, name, image, labels, attributes } = JSON.parse(line) as Record<string, unknown>;
    const words = [time, type, action, id, image];
    if (!words.every((text) => typeof text === "string") || typeof attributes !== "object") return [];
    return [{
      time: String(time),
      type: String(type),
      action: String(action),
      id: String(id),
      name: typeof name === "string" ? name : null,
      image: String(image),
      labels: texts(labels),
      attributes: texts(attributes),
    }];
  } catch {
    return [];
  }
}

function texts(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)]));
}
