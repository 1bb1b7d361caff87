/**
 * Templates of `--format`, as `docker ps --format '{{.ID}} {{json .Names}}'` has them.
 *
 * Fields, variables, `if`, `with`, `range`, pipelines and the functions of template_functions.ts; what else Go has is refused
 * by its name.
 *
 * @module
 */
import { mistake } from "../lib/config/mistake.ts";
import { nearest } from "../lib/config/nearest.ts";
import type { MasuError } from "../lib/error.ts";
import { escapeLines } from "./paint.ts";
import { type Fields, FUNCTIONS, isList, isMap, isTrue, printed, type Value } from "./template_functions.ts";
import { type Base, type Node, parseTemplate, type Pipeline, type Term } from "./template_parse.ts";

export type { Fields, Value } from "./template_functions.ts";

/** A template that was read. */
export interface Template {
  /** One line for each row; with `table` before the template, titles above them. */
  lines(rows: readonly Fields[]): string;
}

/** Reads a template. `\t` and `\n` written as two characters are meant. Errors: `invalid_config`. */
export function readTemplate(written: string): Template {
  const [, isTable = "", text = ""] = /^(table\s+)?([^]*)$/.exec(written) ?? [];
  const nodes = parseTemplate(text.replaceAll("\\t", "\t").replaceAll("\\n", "\n"));
  const render = (row: Fields) => new Evaluation(written, row).text(nodes);
  return {
    lines(rows) {
      const lines = rows.map(render);
      // Text of users keeps its newlines, and nothing that could steer a terminal.
      return escapeLines(isTable === "" ? lines.join("\n") : aligned([titles(nodes), ...lines]));
    },
  };
}

/** The name of each column above it. */
function titles(nodes: readonly Node[]): string {
  return nodes.map((node) => node.kind === "text" ? node.text : node.kind === "print" ? titleOf(node.pipeline) : "")
    .join("");
}

/** `.CreatedAt` -> `CREATED AT`. */
function titleOf(pipeline: Pipeline): string {
  const field = pipeline.flat().find((term) => term.kind === "field");
  const name = field?.kind === "field" ? field.path.at(-1) ?? "" : "";
  return name === "ID" ? "CONTAINER ID" : name.replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2").toUpperCase();
}

/** Columns between tabs, as wide as the widest. */
function aligned(lines: readonly string[]): string {
  const cells = lines.map((line) => line.split("\t"));
  const count = Math.max(...cells.map((line) => line.length));
  const widths = Array.from({ length: count }, (_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)));
  return cells.map((line) => line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("   ").trimEnd()).join("\n");
}

/** One template with one row. */
class Evaluation {
  readonly #written: string;
  readonly #variables = new Map<string, Value>();
  #dot: Value;

  constructor(written: string, row: Value) {
    this.#written = written;
    this.#dot = row;
    this.#variables.set("$", row);
  }

  text(nodes: readonly Node[]): string {
    return nodes.map((node) => this.#node(node)).join("");
  }

  #node(node: Node): string {
    switch (node.kind) {
      case "text":
        return node.text;
      case "print":
        return printed(this.#value(node.pipeline));
      case "assign":
        this.#variables.set(node.name, this.#value(node.pipeline));
        return "";
      case "if":
        return this.text(isTrue(this.#value(node.pipeline)) ? node.then : node.otherwise);
      case "with": {
        const value = this.#value(node.pipeline);
        return isTrue(value) ? this.#within(value, node.then) : this.text(node.otherwise);
      }
      case "range":
        return this.#range(node);
      default:
        return node satisfies never;
    }
  }

  #within(dot: Value, nodes: readonly Node[]): string {
    const before = this.#dot;
    this.#dot = dot;
    const text = this.text(nodes);
    this.#dot = before;
    return text;
  }

  #range({ names, pipeline, then, otherwise }: Extract<Node, { kind: "range" }>): string {
    const entries = entriesOf(this.#value(pipeline));
    if (entries === null) throw this.#wrong("{{range}} needs a list or a map");
    if (entries.length === 0) return this.text(otherwise);
    return entries.map(([key, value]) => {
      const [first, second] = names;
      if (second !== undefined) this.#variables.set(second, value);
      if (first !== undefined) this.#variables.set(first, second === undefined ? value : key);
      return this.#within(value, then);
    }).join("");
  }

  #value(pipeline: Pipeline): Value {
    let last: Value[] = [];
    for (const command of pipeline) last = [this.#command(command, last)];
    return last[0];
  }

  /** A function with its arguments, or a value alone. */
  #command([first, ...rest]: readonly Term[], piped: readonly Value[]): Value {
    if (first?.kind === "function") {
      const run = FUNCTIONS.get(first.name);
      if (run === undefined) throw this.#noFunction(first.name);
      const values = [...rest.map((term) => this.#term(term)), ...piped];
      if (values.length === 0) throw this.#wrong(`${first.name}: nothing to work on`);
      return run(values, (cause) => this.#wrong(`${first.name}: ${cause}`));
    }
    if (first === undefined || piped.length > 0) throw this.#wrong("only a function takes values");
    const value = this.#term(first);
    const [key, surplus] = rest;
    if (key === undefined) return value;
    // docker's `{{.Label "name"}}`
    if (isMap(value) && surplus === undefined) return value.get(printed(this.#term(key))) ?? "";
    throw this.#wrong("only a function takes values");
  }

  #term(term: Term): Value {
    switch (term.kind) {
      case "value":
        return term.value;
      case "function":
        return this.#command([term], []);
      case "field":
        return term.path.reduce((value, name) => this.#field(value, name), this.#base(term.base));
      default:
        return term satisfies never;
    }
  }

  #base(base: Base): Value {
    if (base.kind === "dot") return this.#dot;
    if (base.kind === "pipeline") return this.#value(base.pipeline);
    if (!this.#variables.has(base.name)) throw this.#wrong(`there is no variable ${base.name}`);
    return this.#variables.get(base.name);
  }

  #field(value: Value, name: string): Value {
    if (isMap(value)) return value.get(name);
    if (typeof value !== "object" || value === null || isList(value)) {
      throw this.#wrong(`.${name} of what has no fields`);
    }
    if (!isMap(value) && Object.hasOwn(value, name)) return (value as Fields)[name];
    const names = Object.keys(value);
    const meant = nearest(name, names);
    const hint = meant === undefined
      ? `there are ${names.map((name) => `.${name}`).join(" ")}`
      : `did you mean .${meant}?`;
    throw this.#wrong(`there is no field .${name}`, hint);
  }

  #noFunction(name: string): MasuError {
    const meant = nearest(name, FUNCTIONS.keys());
    const hint = meant === undefined ? `there are ${[...FUNCTIONS.keys()].join(", ")}` : `did you mean ${meant}?`;
    return this.#wrong(`there is no function ${name}`, hint);
  }

  #wrong(cause: string, hint?: string): MasuError {
    return mistake("--format", this.#written, cause, hint);
  }
}

/** Objects of a document whose keys are users' words, or a host's. */
const MAPS = ["Labels", "labels", "annotations", "Attributes", "attributes", "sysctl", "unified", "directories"];

/** A document as a template reads it: the objects that are maps may be asked for any key. */
export function templateFields(document: unknown): Fields {
  const value = templateValue(document, "");
  return typeof value === "object" && value !== null && !isList(value) && !isMap(value) ? value as Fields : {};
}

function templateValue(value: unknown, key: string): Value {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value !== "object" || value === null) return null;
  if (Array.isArray(value)) return value.map((item) => templateValue(item, ""));
  const entries = Object.entries(value).map(([name, item]) => [name, templateValue(item, name)] as const);
  return MAPS.includes(key) ? new Map(entries) : Object.fromEntries(entries);
}

function entriesOf(value: Value): readonly (readonly [Value, Value])[] | null {
  if (value === null || value === undefined) return [];
  if (isList(value)) return value.map((item, index) => [index, item] as const);
  if (isMap(value)) return [...value].sort(([a], [b]) => a < b ? -1 : 1);
  return null;
}
