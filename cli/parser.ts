/**
 * What was typed -> flags and operands, in docker's and POSIX's way: `--flag value`, `--flag=value`, `-it`, `-eNAME=v`,
 * `--rm=false`, and `--` ends the flags.
 *
 * @module
 */
import { notAmong } from "../lib/config/mistake.ts";
import { nearest } from "../lib/config/nearest.ts";
import { parseBoolean } from "../lib/config/number.ts";
import { invalidConfig, type MasuError } from "../lib/error.ts";
import type { Flag, FlagValues } from "./flags.ts";

/** How to read a list of arguments. */
export interface Grammar {
  readonly flags: readonly Flag[];
  /** As it is typed, for messages: `masu run`. */
  readonly command: string;
  /** The first operand ends the flags. */
  readonly stopAtOperand: boolean;
}

/** What was read. */
export interface Parsed {
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
}

/** Reads arguments. Errors: `invalid_config`, with the nearest name for an unknown one. */
export function parseArguments(args: readonly string[], grammar: Grammar): Parsed {
  const values = new Map<string, string[]>();
  const operands: string[] = [];
  const words = [...args];
  const next: Next = (among) => {
    const [word = ""] = words;
    return among === undefined || among.includes(word) ? words.shift() : undefined;
  };
  for (let word = next(); word !== undefined; word = next()) {
    if (word === "--") operands.push(...words.splice(0));
    else if (word.startsWith("--")) readLong(word, grammar, values, next);
    else if (word.startsWith("-") && word !== "-") readOneDash(word, grammar, values, next);
    else if (grammar.stopAtOperand) operands.push(word, ...words.splice(0));
    else operands.push(word);
  }
  return { values, operands };
}

/** Access to values by the names of a set of flags. */
export function flagValues<Name extends string>(...layers: readonly Parsed["values"][]): FlagValues<Name> {
  const all = (name: Name) => layers.flatMap((values) => values.get(name) ?? []);
  const text = (name: Name) => all(name).at(-1);
  return { all, text, on: (name) => text(name) === "true" };
}

/** Takes the next word; `among`: only if it is one of these. */
type Next = (among?: readonly string[]) => string | undefined;

function readLong(word: string, grammar: Grammar, values: Map<string, string[]>, next: Next): void {
  const equals = word.indexOf("=");
  const name = word.slice(2, equals < 0 ? undefined : equals);
  const flag = grammar.flags.find((flag) => flag.name === name || flag.aliases?.includes(name));
  if (flag === undefined) throw unknownFlag(`--${name}`, name, grammar);
  readValue(flag, equals < 0 ? undefined : word.slice(equals + 1), { grammar, values, next });
}

/** `-no-subreaper` where a flag allows it, otherwise letters. */
function readOneDash(word: string, grammar: Grammar, values: Map<string, string[]>, next: Next): void {
  const [name] = word.slice(1).split("=", 1);
  const isLong = grammar.flags.some((flag) => flag.oneDash === true && flag.name === name);
  if (isLong) readLong(`-${word}`, grammar, values, next);
  else readShort(word, grammar, values, next);
}

/** `-it`, `-eNAME=v`, `-e NAME=v`, `-e=NAME=v`, `-i=false`. */
function readShort(word: string, grammar: Grammar, values: Map<string, string[]>, next: Next): void {
  let rest = word.slice(1);
  while (rest !== "") {
    const letter = String.fromCodePoint(rest.codePointAt(0) ?? 0);
    const flag = grammar.flags.find(({ short }) => short === letter);
    if (flag === undefined) {
      throw unknownFlag(word.length > 2 ? `-${letter}" in "${word}` : word, word.slice(1), grammar);
    }
    rest = rest.slice(letter.length);
    const takesRest = flag.value !== undefined && flag.bare === undefined && rest !== "" || rest.startsWith("=");
    const value = takesRest ? rest.replace(/^=/, "") : undefined;
    readValue(flag, value, { grammar, values, next });
    if (takesRest) return;
  }
}

interface Reading {
  readonly grammar: Grammar;
  readonly values: Map<string, string[]>;
  readonly next: Next;
}

function readValue(flag: Flag, written: string | undefined, { grammar, values, next }: Reading): void {
  const value = flag.value === undefined
    ? String(parseBoolean(`--${flag.name}`, written ?? "true"))
    : written ?? (flag.bare === undefined ? next() : next(flag.nextWords ?? []) ?? flag.bare);
  if (value === undefined) {
    const hint = `--${flag.name} ${flag.value}`;
    // Podman looks for the last words to see whether a runtime knows a flag: common/pkg/checkpoint/crutils
    throw invalidConfig(`Read flag "--${flag.name}" of "${grammar.command}": it requires an argument`, hint);
  }
  // What is off by default may be said to be off.
  if (flag.refused !== undefined && value !== "false") throw refusedFlag(flag, grammar);
  const before = values.get(flag.name);
  if (before === undefined) values.set(flag.name, [value]);
  else before.push(value);
}

function refusedFlag(flag: Flag, { command }: Grammar): MasuError {
  return invalidConfig(`Read flag "--${flag.name}" of "${command}": masu does not support it`, flag.refused);
}

function unknownFlag(shown: string, name: string, { flags, command }: Grammar): MasuError {
  const supported = flags.filter(({ refused }) => refused === undefined);
  const names = supported.flatMap((flag) => [flag.name, ...flag.aliases ?? []]);
  const meant = name.length > 1 ? nearest(name, names) : undefined;
  const hint = meant === undefined ? `${command} --help lists the flags` : `did you mean "--${meant}"?`;
  return invalidConfig(`Read flag "${shown}" of "${command}": no such flag`, hint);
}

/** A value that must be one of a few words. */
export function choice<Word extends string>(where: string, text: string, words: readonly Word[]): Word {
  const word = words.find((word) => word === text);
  if (word === undefined) throw notAmong(where, text, "no such choice", words);
  return word;
}
