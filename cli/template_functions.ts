/**
 * The functions of templates: Go's own, as far as they print or compare, and docker's.
 *
 * @module
 */
import { escapeJson } from "./paint.ts";

/** Data that a template reads. An object has the fields that it has; a map may be asked for any. */
export type Value =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Value[]
  | ReadonlyMap<string, Value>
  | Fields;

/** Fields by name. */
export interface Fields {
  readonly [name: string]: Value;
}

/** Reports a wrong argument. */
export type Wrong = (cause: string) => Error;
/** A function of templates. */
export type TemplateFunction = (values: readonly Value[], wrong: Wrong) => Value;

/** All of them by name. */
export const FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map<string, TemplateFunction>([
  ["json", ([value]) => toJson(value)],
  ["lower", ([value]) => printed(value).toLowerCase()],
  ["upper", ([value]) => printed(value).toUpperCase()],
  ["title", ([value]) => printed(value).replace(/(^|\s)(\p{L})/gu, (all) => all.toUpperCase())],
  ["join", ([list, separator], wrong) => asList(list, wrong).map(printed).join(printed(separator))],
  ["split", ([text, separator]) => printed(text).split(printed(separator))],
  ["pad", ([text, before, after], wrong) => pad(printed(text), asNumber(before, wrong), asNumber(after, wrong))],
  ["truncate", ([text, length], wrong) => [...printed(text)].slice(0, asNumber(length, wrong)).join("")],
  ["println", (values) => `${values.map(printed).join(" ")}\n`],
  ["print", (values) => values.map(printed).join("")],
  ["printf", ([format, ...values], wrong) => formatted(printed(format), values, wrong)],
  ["len", ([value], wrong) => lengthOf(value, wrong)],
  ["index", ([value, ...keys], wrong) => keys.reduce((inner, key) => itemOf(inner, key, wrong), value)],
  ["slice", ([value, from, to], wrong) => sliceOf(value, [from, to], wrong)],
  ["or", (values) => values.find(isTrue) ?? values.at(-1)],
  ["and", (values) => values.find((value) => !isTrue(value)) ?? values.at(-1)],
  ["not", ([value]) => !isTrue(value)],
  ["eq", ([value, ...others]) => others.some((other) => other === value)],
  ["ne", ([value, other]) => value !== other],
  ["lt", ([value, other], wrong) => compare(value, other, wrong) < 0],
  ["le", ([value, other], wrong) => compare(value, other, wrong) <= 0],
  ["gt", ([value, other], wrong) => compare(value, other, wrong) > 0],
  ["ge", ([value, other], wrong) => compare(value, other, wrong) >= 0],
]);

/** Whether `if` takes it for true: not empty, and not zero. */
export function isTrue(value: Value): boolean {
  if (value === null || value === undefined) return false;
  if (typeof value !== "object") return value !== "" && value !== 0 && value !== false;
  if (Array.isArray(value)) return value.length > 0;
  return value instanceof Map ? value.size > 0 : true;
}

/** The value as Go prints it. */
export function printed(value: Value): string {
  if (value === null || value === undefined) return "<no value>";
  if (typeof value !== "object") return `${value}`;
  if (isList(value)) return `[${value.map(printed).join(" ")}]`;
  if (isMap(value)) {
    const entries = [...value].sort(([a], [b]) => a < b ? -1 : 1);
    return `map[${entries.map(([key, item]) => `${key}:${printed(item)}`).join(" ")}]`;
  }
  return `{${Object.values(value).map(printed).join(" ")}}`;
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isMap(value: Value): value is ReadonlyMap<string, Value> {
  return value instanceof Map;
}

function toJson(value: Value): string {
  const text = JSON.stringify(value, (_key, item: unknown) => item instanceof Map ? Object.fromEntries(item) : item);
  return escapeJson(text ?? "null");
}

function asList(value: Value, wrong: Wrong): readonly Value[] {
  if (isList(value)) return value;
  throw wrong("not a list");
}

function asNumber(value: Value, wrong: Wrong): number {
  if (typeof value === "number") return value;
  throw wrong("not a number");
}

/** Blanks around a text that is not empty. */
function pad(text: string, before: number, after: number): string {
  return text === "" ? text : `${" ".repeat(before)}${text}${" ".repeat(after)}`;
}

function lengthOf(value: Value, wrong: Wrong): number {
  if (typeof value === "string" || isList(value)) return value.length;
  if (isMap(value)) return value.size;
  throw wrong("it has no length");
}

function itemOf(value: Value, key: Value, wrong: Wrong): Value {
  if (isMap(value)) return value.get(printed(key)) ?? "";
  if (isList(value) && typeof key === "number") {
    if (key >= 0 && key < value.length) return value[key];
    throw wrong(`there is no element ${key}, only ${value.length}`);
  }
  if (typeof value === "object" && value !== null && typeof key === "string") {
    return Object.entries(value).find(([name]) => name === key)?.[1];
  }
  throw wrong("neither a list nor a map");
}

function sliceOf(value: Value, bounds: readonly Value[], wrong: Wrong): Value {
  const [from = 0, to] = bounds.map((bound) => bound === undefined ? undefined : asNumber(bound, wrong));
  if (typeof value === "string" || isList(value)) return value.slice(from, to);
  throw wrong("neither a list nor a text");
}

function compare(left: Value, right: Value, wrong: Wrong): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  if (typeof left === "string" && typeof right === "string") return left < right ? -1 : left > right ? 1 : 0;
  throw wrong("only two numbers or two texts can be compared");
}

/** Go's verbs that say the same of every value. */
function formatted(format: string, values: readonly Value[], wrong: Wrong): string {
  const left = [...values];
  return format.replace(/%(-?\d*)(.)/g, (_all, width: string, verb: string) => {
    if (verb === "%") return "%";
    if (left.length === 0) throw wrong(`nothing for %${width}${verb}`);
    const value = left.shift();
    const text = verb === "q" ? JSON.stringify(printed(value)) : "svdt".includes(verb) ? printed(value) : undefined;
    if (text === undefined) throw wrong(`%${verb} is not supported: %s, %v, %d, %t and %q are`);
    return width.startsWith("-") ? text.padEnd(Number(width.slice(1))) : text.padStart(Number(width));
  });
}
