/**
 * Readers of JSON values, and how they are put together: what has a wrong shape is named by its key.
 *
 * @module
 */
import { nearest } from "../../config/nearest.ts";
import type { Place } from "./place.ts";

/** Reads a value that is there; undefined: it is as good as absent. Errors: `invalid_config` with the key. */
export interface Reader<Value> {
  (place: Place, value: unknown): Value;
  /** Keys below it that are read: `name`, `list[].name`, `record.*.name`. */
  readonly keys?: readonly string[];
}

/** A key that has to be there, or has a value where it is not. */
export interface Needed<Value> {
  readonly read: Reader<Value | undefined>;
  /** Its value where it is absent, null, or as good as absent. */
  readonly absent: (place: Place) => Value;
}

/** A reader for each key of an object, whichever it has: a key of the type that is missing here is a mistake of the compiler's. */
export type Fields<Value> = {
  readonly [Key in keyof Value]-?: Record<never, never> extends Pick<Value, Key> ? Reader<Value[Key] | undefined>
    : Needed<Value[Key]>;
};

/** Keys that masu refuses, and why: `is not supported: ...`. */
export type Refused = Readonly<Record<string, string>>;

/** A key that must be there. */
export function required<Value>(read: Reader<Value | undefined>): Needed<Value> {
  return {
    read,
    absent: (place) => {
      throw place.wrong("is missing");
    },
  };
}

/** A key that has a value where it is absent. */
export function otherwise<Value>(read: Reader<Value>, value: () => Value): Needed<Value> {
  return { read, absent: value };
}

/**
 * An object. Null counts as absent: Go writes it for empty lists. Unknown keys are noted and ignored, as the specification demands.
 *
 * Source: config.md, "Extensibility".
 */
export function object<Value extends object>(fields: Fields<Value>, refused: Refused = {}): Reader<Value> {
  const table = Object.entries(fields) as [string, Reader<unknown> | Needed<unknown>][];
  const known = new Set([...table.map(([key]) => key), ...Object.keys(refused)]);
  const read = (place: Place, value: unknown): Value => {
    const given = objectOf(place, value);
    for (const [key, inner] of Object.entries(given)) {
      if (!known.has(key)) noteUnknown(place, key, known);
      else if (Object.hasOwn(refused, key)) refuse(place.at(key), inner, refused[key] ?? "");
    }
    const result: Record<string, unknown> = {};
    for (const [key, field] of table) {
      const inner = readField(place, key, { given: Object.hasOwn(given, key) ? given[key] : undefined, field });
      if (inner !== undefined) result[key] = inner;
    }
    return result as Value;
  };
  const keys = table.flatMap(([key, field]) => below(key, typeof field === "function" ? field : field.read));
  return Object.assign(read, { keys: [...keys, ...Object.keys(refused)] });
}

/** What is given for a key, and what reads it. */
interface GivenField {
  readonly given: unknown;
  readonly field: Reader<unknown> | Needed<unknown>;
}

function readField(place: Place, key: string, { given, field }: GivenField): unknown {
  const there = given !== undefined && given !== null;
  if (typeof field === "function") return there ? field(place.at(key), given) : undefined;
  return (there ? field.read(place.at(key), given) : undefined) ?? field.absent(place.at(key));
}

function noteUnknown(place: Place, key: string, known: Iterable<string>): void {
  const meant = nearest(key.slice(0, 64), known);
  place.at(key).note(`is unknown and ignored${meant === undefined ? "" : ` (did you mean "${meant}"?)`}`);
}

/** Empty values ask for nothing. */
function refuse(place: Place, value: unknown, why: string): void {
  if (value === null || value === "" || value === false || Array.isArray(value) && value.length === 0) return;
  throw place.wrong(`is not supported: ${why}`);
}

/** What a reader has read, and what must hold of it. */
export function checked<Value>(read: Reader<Value>, check: (place: Place, value: Value) => void): Reader<Value> {
  const both = (place: Place, value: unknown) => {
    const result = read(place, value);
    check(place, result);
    return result;
  };
  return Object.assign(both, { keys: read.keys ?? [] });
}

/** A list. */
export function list<Item>(item: Reader<Item>): Reader<Item[]> {
  const read = (place: Place, value: unknown): Item[] => {
    if (!Array.isArray(value)) throw place.wrong("is not a list");
    return value.map((inner, index) => item(place.at(index), inner));
  };
  return Object.assign(read, { keys: below("[]", item).slice(1) });
}

/** A list that is as good as absent where it is empty. */
export function someOf<Item>(item: Reader<Item>): Reader<Item[] | undefined> {
  const all = list(item);
  const read = (place: Place, value: unknown) => {
    const items = all(place, value);
    return items.length === 0 ? undefined : items;
  };
  return Object.assign(read, { keys: all.keys ?? [] });
}

/** An object whose keys are names; as good as absent where it is empty. */
export function record<Value>(
  value: Reader<Value>,
  name: (place: Place, name: string) => void = () => {},
): Reader<Record<string, Value> | undefined> {
  const read = (place: Place, given: unknown) => {
    const entries = Object.entries(objectOf(place, given)).map(([key, inner]): [string, Value] => {
      name(place.at(key), key);
      return [key, value(place.at(key), inner)];
    });
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  };
  return Object.assign(read, { keys: below("*", value).slice(1) });
}

/** `key`, and what is read below it. */
function below(key: string, reader: Reader<unknown>): string[] {
  const dotted = (inner: string) => inner.startsWith("[]") ? inner : `.${inner}`;
  return [key, ...(reader.keys ?? []).map((inner) => `${key}${dotted(inner)}`)];
}

function objectOf(place: Place, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw place.wrong("is not an object");
  return value as Readonly<Record<string, unknown>>;
}
