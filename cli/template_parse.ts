/**
 * Reads a template of `--format`: Go's text/template, as far as docker's users need it.
 *
 * @module
 */
import { mistake } from "../lib/config/mistake.ts";
import type { MasuError } from "../lib/error.ts";

/** Something that has a value. */
export type Term =
  | { readonly kind: "value"; readonly value: string | number | boolean | null }
  /** `.A.B`, `$x.A`, `(...).A`: fields of a base. */
  | { readonly kind: "field"; readonly base: Base; readonly path: readonly string[] }
  | { readonly kind: "function"; readonly name: string };

/** Where a chain of fields begins. */
export type Base =
  | { readonly kind: "dot" }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "pipeline"; readonly pipeline: Pipeline };

/** Commands, each one's value the last argument of the next. */
export type Pipeline = readonly (readonly Term[])[];

/** A part of a template. */
export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly pipeline: Pipeline }
  | { readonly kind: "assign"; readonly name: string; readonly pipeline: Pipeline }
  | { readonly kind: "if" | "with"; readonly pipeline: Pipeline; readonly then: Node[]; readonly otherwise: Node[] }
  | {
    readonly kind: "range";
    /** `$index, $value` or `$value`. */
    readonly names: readonly string[];
    readonly pipeline: Pipeline;
    readonly then: Node[];
    readonly otherwise: Node[];
  };

/** Reads a template. Errors: `invalid_config` for what is no template, or is of Go and not known here. */
export function parseTemplate(text: string): readonly Node[] {
  const reader = new Reader(text);
  const nodes = reader.nodes();
  if (reader.left !== undefined) throw reader.wrong(`{{${reader.left}}} without an action before it`);
  return nodes;
}

/** An action's words, and what is between actions. */
type Piece = { readonly text: string } | { readonly words: readonly string[] };

/** Go's lexer: texts in quotes, names with a dot or a dollar sign, numbers, and single characters. */
const WORD =
  /\s*("(?:[^"\\]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)*'|\$?[\p{L}_][\p{L}\p{N}_]*|\$|\.[\p{L}_][\p{L}\p{N}_]*|\.|-?\d+(?:\.\d+)?|:=|=|[()|,])/uy;

class Reader {
  readonly #text: string;
  readonly #pieces: readonly Piece[];
  #at = 0;
  /** `end` or `else` that no block has asked for. */
  left: string | undefined;
  #leftWords: readonly string[] = [];

  constructor(text: string) {
    this.#text = text;
    this.#pieces = this.#split(text);
  }

  wrong(cause: string, hint?: string): MasuError {
    return mistake("--format", this.#text, cause, hint);
  }

  /** Up to an `else` or `end`, which becomes {@link left}. */
  nodes(): Node[] {
    const nodes: Node[] = [];
    for (let piece = this.#next(); piece !== undefined; piece = this.#next()) {
      if ("text" in piece) {
        if (piece.text !== "") nodes.push({ kind: "text", text: piece.text });
        continue;
      }
      const [first = "", ...rest] = piece.words;
      if (first === "end" || first === "else") {
        [this.left, this.#leftWords] = [first, rest];
        return nodes;
      }
      nodes.push(this.#action(first, rest));
    }
    this.left = undefined;
    return nodes;
  }

  #next(): Piece | undefined {
    return this.#pieces[this.#at++];
  }

  #split(text: string): Piece[] {
    const pieces: Piece[] = [];
    let trim = false;
    for (let rest = text; rest !== "";) {
      const open = rest.indexOf("{{");
      const before = open < 0 ? rest : rest.slice(0, open);
      if (open < 0) return [...pieces, { text: trim ? before.trimStart() : before }];
      const close = rest.indexOf("}}", open);
      if (close < 0) throw this.wrong("{{ without }}");
      let action = rest.slice(open + 2, close);
      const trimBefore = /^-\s/.test(action);
      const between = trim ? before.trimStart() : before;
      pieces.push({ text: trimBefore ? between.trimEnd() : between });
      trim = /\s-$/.test(action);
      action = action.slice(trimBefore ? 1 : 0, trim ? -1 : undefined).trim();
      if (!/^\/\*[^]*\*\/$/.test(action)) pieces.push({ words: this.#words(action) });
      rest = rest.slice(close + 2);
    }
    return pieces;
  }

  #words(action: string): string[] {
    const words: string[] = [];
    WORD.lastIndex = 0;
    while (WORD.lastIndex < action.length) {
      const at = WORD.lastIndex;
      const match = WORD.exec(action);
      if (match === null) throw this.wrong(`"${action.slice(at).trim()}" is not understood`);
      // A dot that touches what is before it goes on with it: `(index . 0).Name`, `$x.Name`.
      const touches = /^[.]./.test(match[1] ?? "") && match[0] === match[1] && at > 0;
      words.push(touches ? `${match[1]}+` : match[1] ?? "");
    }
    if (words.length === 0) throw this.wrong("{{}} is empty");
    return words;
  }

  #action(first: string, rest: readonly string[]): Node {
    switch (first) {
      case "if":
      case "with":
        return this.#branch(first, rest);
      case "range":
        return this.#range(rest);
      case "define":
      case "template":
      case "block":
      case "break":
      case "continue":
        throw this.wrong(`{{${first}}} is not supported`, "--format json, for example for jq(1)");
      default:
        return this.#printOrAssign([first, ...rest]);
    }
  }

  #printOrAssign(words: readonly string[]): Node {
    const [name = "", sign] = words;
    if (/^\$./.test(name) && (sign === ":=" || sign === "=")) {
      return { kind: "assign", name, pipeline: this.#pipeline(words.slice(2)) };
    }
    return { kind: "print", pipeline: this.#pipeline(words) };
  }

  #branch(kind: "if" | "with", words: readonly string[]): Node {
    const pipeline = this.#pipeline(words);
    const then = this.nodes();
    return { kind, pipeline, then, otherwise: this.#otherwise(kind) };
  }

  #range(words: readonly string[]): Node {
    const assign = words.indexOf(":=");
    const names = assign < 0 ? [] : words.slice(0, assign).filter((word) => word !== ",");
    if (names.length > 2 || names.some((name) => !/^\$./.test(name))) {
      throw this.wrong("{{range}} takes {{range $index, $value := LIST}} or {{range LIST}}");
    }
    const pipeline = this.#pipeline(words.slice(assign + 1));
    const then = this.nodes();
    return { kind: "range", names, pipeline, then, otherwise: this.#otherwise("range") };
  }

  /** What is between `else` and `end`; an `else if` is a branch of its own that ends with the same `end`. */
  #otherwise(kind: string): Node[] {
    if (this.left === "end") return [];
    if (this.left === undefined) throw this.wrong(`{{${kind}}} without {{end}}`);
    const [word, ...words] = this.#leftWords;
    if (word === "if" || word === "with") return [this.#branch(word, words)];
    if (word !== undefined) throw this.wrong(`{{else ${word}}} is not understood`);
    const otherwise = this.nodes();
    if (this.left !== "end") throw this.wrong(`{{${kind}}} without {{end}}`);
    return otherwise;
  }

  #pipeline(words: readonly string[]): Pipeline {
    const { terms, rest } = this.#commands(words);
    if (rest.length > 0) throw this.wrong(`"${rest[0]}" is one too many`);
    return terms;
  }

  /** Up to the end, or to the parenthesis that closes it. */
  #commands(words: readonly string[]): { terms: Pipeline; rest: readonly string[] } {
    const terms: Term[][] = [[]];
    let rest = words;
    while (rest[0] !== undefined && rest[0] !== ")") {
      if (rest[0] === "|") {
        terms.push([]);
        rest = rest.slice(1);
        continue;
      }
      const read = this.#term(rest);
      terms.at(-1)?.push(read.term);
      rest = read.rest;
    }
    if (terms.some((command) => command.length === 0)) throw this.wrong("a value is missing");
    return { terms, rest };
  }

  #term([word = "", ...rest]: readonly string[]): { term: Term; rest: readonly string[] } {
    if (word === "(") {
      const { terms, rest: after } = this.#commands(rest);
      if (after[0] !== ")") throw this.wrong("( without )");
      return this.#fields({ kind: "pipeline", pipeline: terms }, [], after.slice(1));
    }
    if (word.startsWith("$")) return this.#fields({ kind: "variable", name: word }, [], rest);
    if (word === ".") return this.#fields({ kind: "dot" }, [], rest);
    if (word.startsWith(".")) return this.#fields({ kind: "dot" }, [fieldName(word)], rest);
    return { term: this.#constant(word), rest };
  }

  #fields(base: Base, start: readonly string[], words: readonly string[]): { term: Term; rest: readonly string[] } {
    const path = [...start];
    let rest = words;
    for (let word = rest[0]; word?.endsWith("+") && word.startsWith("."); word = rest[0]) {
      path.push(fieldName(word));
      rest = rest.slice(1);
    }
    return { term: { kind: "field", base, path }, rest };
  }

  #constant(word: string): Term {
    if (/^-?\d/.test(word)) return { kind: "value", value: Number(word) };
    if (word.startsWith("`")) return { kind: "value", value: word.slice(1, -1) };
    if (word.startsWith('"') || word.startsWith("'")) return { kind: "value", value: this.#quoted(word) };
    if (word === "true" || word === "false") return { kind: "value", value: word === "true" };
    if (word === "nil") return { kind: "value", value: null };
    if (/^[\p{L}_]/u.test(word)) return { kind: "function", name: word };
    throw this.wrong(`"${word}" is not understood`);
  }

  /** Go's escapes that are JSON's too. */
  #quoted(word: string): string {
    try {
      return String(JSON.parse(`"${word.slice(1, -1).replaceAll("\\'", "'")}"`));
    } catch {
      throw this.wrong(`${word} is no text`);
    }
  }
}

function fieldName(word: string): string {
  return word.slice(1).replace(/\+$/, "");
}
