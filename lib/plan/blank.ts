/**
 * Blanks: what differs between two runs of the same command stays a named blank in the plan.
 *
 * A blank is written `${name}`, a literal `${` is written `$${`. The core fills them in when it executes the plan
 * (core-rs/wire/src/blank.rs); here they are written, and filled in for people to read.
 *
 * @module
 */

/** The container's ID. */
export const ID = "${id}";
/** When the container was made: RFC 3339, UTC. */
export const CREATED = "${created}";
/** The first process in the runtime namespace; known once it exists. */
export const PID = "${pid}";
/** Its start time in clock ticks since boot, proc_pid_stat(5) field 22; known once it exists. */
export const START = "${start}";
/** The process that watches the container; known once the container's first process exists. */
export const MONITOR = "${monitor}";
/** Its start time in clock ticks since boot. */
export const MONITOR_START = "${monitorStart}";
/** When the container was started: RFC 3339, UTC. */
export const STARTED = "${started}";
/** The program and its arguments as a JSON array, for what is written down of the container. */
export const COMMAND = "${command}";
/** As a whole list element: all of the program's arguments. */
export const ARGUMENTS = "${arguments}";

/** Values of blanks; what has none stays as it is. */
export interface Blanks {
  readonly text: Readonly<Record<string, string>>;
  readonly arguments?: readonly string[];
}

/** Escapes text that is not ours, deep in a value, its keys too: no text of a person's or the host's is a blank. */
export function escapeBlanks<T>(value: T): T {
  // Nearly always there is nothing to escape, and looking at the whole as one text is ten times as fast as copying it.
  return JSON.stringify(value)?.includes("${") ? mapTexts(value, escapeText) as T : value;
}

/** Fills in blanks and undoes escapes, deep in a value, as the core would. */
export function fillBlanks<T>(value: T, blanks: Blanks): T {
  return mapTexts(value, (text) => fillText(text, blanks.text), blanks.arguments) as T;
}

function escapeText(text: string): string {
  // A function: in a replacement text, `$$` would stand for one `$`.
  return text.replaceAll("${", () => "$${");
}

function fillText(text: string, values: Readonly<Record<string, string>>): string {
  let filled = "";
  let rest = text;
  for (let at = rest.indexOf("${"); at >= 0; at = rest.indexOf("${")) {
    if (rest[at - 1] === "$") {
      filled += rest.slice(0, at - 1) + "${";
      rest = rest.slice(at + 2);
      continue;
    }
    const [name = ""] = rest.slice(at + 2).split("}", 1);
    const blank = rest.slice(at, at + 3 + name.length);
    filled += rest.slice(0, at) + (Object.hasOwn(values, name) ? values[name] : blank);
    rest = rest.slice(at + blank.length);
  }
  return filled + rest;
}

/** Maps every text of a plain value; with `list`, an element that is the blank of the arguments becomes its elements. */
function mapTexts(value: unknown, map: (text: string) => string, list?: readonly string[]): unknown {
  if (typeof value === "string") return map(value);
  if (Array.isArray(value)) {
    return value.flatMap((item): unknown[] =>
      item === ARGUMENTS && list !== undefined ? [...list] : [mapTexts(item, map, list)]
    );
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [map(key), mapTexts(item, map, list)]));
}
