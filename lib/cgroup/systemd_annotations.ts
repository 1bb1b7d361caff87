/**
 * Annotations `org.systemd.property.NAME`: properties of the unit that a spec has no words for.
 *
 * Source: runc, docs/systemd.md, "Auxiliary properties"; GVariant Text Format.
 *
 * @module
 */
import type { UnitProperty, UnitValue } from "../core/wire.ts";
import { invalidConfig } from "../error.ts";

const PREFIX = "org.systemd.property.";
const NUMBER = /^(?:(int32|uint32|int64|uint64) +)?([+-]?\d+)$/;

/** The properties, in the order of the annotations. Errors: `invalid_config` a name or a value that is none. */
export function annotatedProperties(annotations: Readonly<Record<string, string>>): UnitProperty[] {
  return Object.entries(annotations).filter(([key]) => key.startsWith(PREFIX)).map(([key, text]) => {
    const name = key.slice(PREFIX.length);
    if (!/^[A-Z][A-Za-z]{2,}$/.test(name)) throw wrong(key, `"${name}" is no name of a property`);
    const value = parseValue(text.trim());
    if (value === null) throw wrong(key, `"${text}" is no value`);
    return name.endsWith("Sec") && !name.endsWith("USec") ? inMicroseconds(key, name, value) : { name, value };
  });
}

function wrong(key: string, cause: string) {
  return invalidConfig(
    `Read annotation "${key}": ${cause}`,
    `for example "uint64 5", "true", "'text'" or "['a', 'b']"`,
  );
}

/** Unit files have seconds where the bus has microseconds only: `TimeoutStopSec` is `TimeoutStopUSec`. */
function inMicroseconds(key: string, name: string, value: UnitValue): UnitProperty {
  const { type } = value;
  const isNumber = type === "signed32" || type === "unsigned32" || type === "signed" || type === "unsigned";
  const seconds = isNumber ? BigInt(value.value) : null;
  if (seconds === null || seconds < 0n) throw wrong(key, "seconds are a number");
  return {
    name: `${name.slice(0, -"Sec".length)}USec`,
    value: { type: "unsigned", value: `${seconds * 1_000_000n}` },
  };
}

/** A value of GVariant's text format, of those types that a unit's properties have; null: none. */
function parseValue(text: string): UnitValue | null {
  if (text === "true" || text === "false") return { type: "boolean", value: text === "true" };
  const [, type = "int32", digits] = NUMBER.exec(text) ?? [];
  if (digits !== undefined) return numberValue(type, BigInt(digits));
  const list = /^(?:@as )?\[(.*)\]$/s.exec(text)?.[1];
  if (list !== undefined) {
    const texts = parseTexts(list);
    return texts === null ? null : { type: "texts", value: texts };
  }
  const [first, ...rest] = parseTexts(text) ?? [];
  return first === undefined || rest.length > 0 ? null : { type: "text", value: first };
}

const RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

function numberValue(type: string, value: bigint): UnitValue | null {
  const [least = 0n, greatest = 0n] = RANGES[type] ?? [];
  if (value < least || value > greatest) return null;
  switch (type) {
    case "uint32":
      return { type: "unsigned32", value: Number(value) };
    case "int64":
      return { type: "signed", value: `${value}` };
    case "uint64":
      return { type: "unsigned", value: `${value}` };
    default:
      return { type: "signed32", value: Number(value) };
  }
}

const TEXT = /^\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*/s;

/** `'a', "b"`: what is between the commas; null: something else is there, too. */
function parseTexts(list: string): string[] | null {
  const texts: string[] = [];
  let rest = list;
  while (rest.trim() !== "") {
    const found = TEXT.exec(rest);
    if (found === null) return null;
    const text = unescaped(found[1] ?? found[2] ?? "");
    if (text === null) return null;
    texts.push(text);
    rest = rest.slice(found[0].length);
    if (rest !== "" && !rest.startsWith(",")) return null;
    rest = rest.slice(1);
  }
  return texts;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\", "'": "'", '"': '"' };

/** null: an escape that there is not. */
function unescaped(text: string): string | null {
  let known = true;
  const plain = text.replaceAll(/\\(.)/gs, (_, letter: string) => {
    const character = ESCAPES[letter];
    known &&= character !== undefined;
    return character ?? "";
  });
  return known ? plain : null;
}
