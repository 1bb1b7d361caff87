/**
 * What is drawn again and again: over itself on a terminal, one after the other elsewhere.
 *
 * @module
 */
import { awaitKey, giveTerminalBack, pause } from "../lib/engine/key.ts";
import type { Core } from "../lib/core/load.ts";
import { EXIT } from "./exit.ts";
import type { Report } from "./report.ts";
import { cut } from "./table.ts";

/** How it is drawn. */
export interface LiveOptions {
  readonly core: Core;
  readonly report: Report;
  readonly intervalMs: number;
}

/** What is drawn. */
export interface Drawing {
  /** The text of now; `columns`: of the terminal, if one shows it. Throwing ends it. */
  text(columns: number | undefined): string;
  /** How long to wait before the first text that is worth being shown. */
  readonly firstMs: number;
}

/** ECMA-48: the cursor to the top left; the rest of the line, and of the screen, cleared. */
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";
/** Room for the table until the terminal has said how large it is. */
const DEFAULT_SIZE = { columns: 80, rows: 24 };

/** Draws until somebody presses q or Ctrl-C, or for ever. Returns the exit status. */
export async function drawLive(drawing: Drawing, options: LiveOptions): Promise<number> {
  const { core, report } = options;
  drawing.text(undefined);
  if (!report.onTerminal) return await printOn(drawing, options);
  try {
    return await drawOver(drawing, options);
  } finally {
    giveTerminalBack(core);
  }
}

async function drawOver({ text, firstMs }: Drawing, { core, report, intervalMs }: LiveOptions): Promise<number> {
  for (let waitMs = firstMs;; waitMs = intervalMs) {
    const { key, columns, rows } = await awaitKey(core, waitMs);
    if (key === "quit") return EXIT.success;
    if (key === "interrupt") return EXIT.interrupted;
    if (key === "abort") return EXIT.aborted;
    const size = columns > 0 && rows > 0 ? { columns, rows } : DEFAULT_SIZE;
    report.raw("stdout", frame(text(size.columns), size));
  }
}

/** Ends with the reader, or with masu. */
async function printOn({ text, firstMs }: Drawing, { core, report, intervalMs }: LiveOptions): Promise<never> {
  for (let waitMs = firstMs;; waitMs = intervalMs) {
    await pause(core, waitMs);
    const now = text(undefined);
    if (now !== "") report.text(now);
  }
}

/** One frame: as many lines as there are rows, none longer than the terminal is wide. Pure. */
export function frame(text: string, { columns, rows }: { readonly columns: number; readonly rows: number }): string {
  const lines = text.split("\n").slice(0, Math.max(1, rows - 1));
  // The carriage return: a terminal with raw modes does not add it.
  return `${HOME}${lines.map((line) => `${clipped(line, columns)}${CLEAR_LINE}\r\n`).join("")}${CLEAR_BELOW}`;
}

/** A line that is painted is short enough already: only titles are. */
function clipped(line: string, columns: number): string {
  return line.includes("\u001b") ? line : cut(line, columns);
}

const BLOCKS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588";

/** Figures as block characters, the latest last: `full` is a whole block, and so is the highest where that is more. */
export function blockHistory(figures: readonly number[], full: number): string {
  const most = Math.max(full, ...figures);
  return figures.map((figure) => BLOCKS[Math.min(7, Math.floor(figure / most * 8))] ?? "").join("");
}

/** The last figures of several things. */
export class History {
  readonly #length: number;
  #figures: ReadonlyMap<string, readonly number[]> = new Map();

  constructor(length: number) {
    this.#length = length;
  }

  /** Adds a figure for each; what has none any more is forgotten. */
  add(figures: readonly (readonly [key: string, figure: number])[]): void {
    this.#figures = new Map(figures.map(([key, figure]) => [key, [...this.of(key), figure].slice(-this.#length)]));
  }

  /** The oldest first. */
  of(key: string): readonly number[] {
    return this.#figures.get(key) ?? [];
  }
}
