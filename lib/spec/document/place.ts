/**
 * Where something stands in a document: the file and the key.
 *
 * @module
 */
import { invalidConfig, type MasuError } from "../../error.ts";
import { nearest } from "../../config/nearest.ts";

/** What is not wrong, but worth a word to whoever looks for a mistake. */
export type Note = string;

/** Longest part of a document that an error repeats. */
const LONGEST_QUOTE = 120;

/** Keys that need no quotes in a path of keys. */
const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** A key of a document, and of all that is said about it. */
export class Place {
  /** What is said of the whole document. */
  readonly notes: Note[];
  readonly #above: Place | null;
  readonly #part: string | number;

  /** `file`: as a person would find it. The key is put together only where something is said of it. */
  constructor(readonly file: string, above: Place | null = null, part: string | number = "") {
    this.#above = above;
    this.#part = part;
    this.notes = above?.notes ?? [];
  }

  /** A key or an index below this one. */
  at(part: string | number): Place {
    return new Place(this.file, this, part);
  }

  /** `linux.namespaces[2].type`; empty: the whole document. */
  get key(): string {
    if (this.#above === null) return "";
    const above = this.#above.key;
    const part = this.#part;
    if (typeof part === "number") return `${above}[${part}]`;
    if (!PLAIN_KEY.test(part)) return `${above}[${quoted(part)}]`;
    return above === "" ? part : `${above}.${part}`;
  }

  /** The error for what stands here. Code: `invalid_config`. */
  wrong(cause: string, hint?: string): MasuError {
    return invalidConfig(`Read ${this.#name}: ${this.#what()} ${cause}`, hint);
  }

  /** The same, with what was written. */
  wrongValue(value: unknown, cause: string, hint?: string): MasuError {
    return this.wrong(`${quoted(value)} ${cause}`, hint);
  }

  /** The error for a word that is none of `choices`, with the one that was meant, or all of them where they are few. */
  notAmong(word: string, what: string, choices: readonly string[]): MasuError {
    const meant = nearest(word, choices);
    const all = choices.length <= 8 ? `one of ${choices.join(", ")}` : undefined;
    return this.wrongValue(word, what, meant === undefined ? all : `did you mean "${meant}"?`);
  }

  /** Keeps a word for `--debug`. */
  note(what: string): void {
    this.notes.push(`Read ${this.#name}: ${this.#what()} ${what}`);
  }

  /** In full: engines' paths are long, and differ at their ends. */
  get #name(): string {
    return escaped(JSON.stringify(this.file));
  }

  #what(): string {
    const { key } = this;
    return key === "" ? "it" : `key "${key.replaceAll('"', "'")}"`;
  }
}

/** A value of a document as an error may repeat it: short, without control characters, in double quotes where it is a text. */
export function quoted(value: unknown): string {
  if (typeof value === "bigint") return `${value}`;
  const shown = typeof value === "string" && value.length > LONGEST_QUOTE
    ? `${value.slice(0, LONGEST_QUOTE)}...`
    : value;
  const text = JSON.stringify(shown, (_, inner) => typeof inner === "bigint" ? `${inner}` : inner) ?? "nothing";
  const safe = escaped(text);
  return safe.length <= 2 * LONGEST_QUOTE ? safe : `${safe.slice(0, 2 * LONGEST_QUOTE)}...`;
}

/** A text in which nothing acts on a terminal or ends a line. */
export function escaped(text: string): string {
  return text.replaceAll(CONTROL, (character) => `\\u{${character.codePointAt(0)?.toString(16).padStart(4, "0")}}`);
}

/** What JSON leaves as it is, and terminals do not. */
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
