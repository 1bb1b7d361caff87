/**
 * Columns of text: aligned by what a terminal shows, and free of what could steer one.
 *
 * @module
 */
import { escapeLine, type Paint, plain } from "./paint.ts";

/** One column. */
export interface Column<Row> {
  readonly title: string;
  /** Numbers are easier to compare at the right. */
  readonly right?: boolean;
  /** The text of one row, as it is: control characters are escaped here. */
  cell(row: Row): string;
}

/** How a table is drawn. */
export interface TableStyle {
  readonly paint?: Paint;
  /** Lines are cut there; absent: they are as long as they are. */
  readonly columns?: number;
  /** Leave the titles out. */
  readonly untitled?: boolean;
}

const GAP = "   ";

/** One line for the titles and one for each row; nothing at the end of a line. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], style: TableStyle = {}): string {
  const { paint = plain, untitled = false } = style;
  const cells = rows.map((row) => columns.map(({ cell }) => escapeLine(cell(row))));
  const titles = columns.map(({ title }) => title);
  const all = untitled ? cells : [titles, ...cells];
  const widths = columns.map((_, index) => Math.max(0, ...all.map((line) => displayWidth(line[index] ?? ""))));
  const lines = all.map((line) => {
    const text = line.map((cell, index) => padded(cell, widths[index] ?? 0, columns[index]?.right === true)).join(GAP);
    return cut(text, style.columns ?? Number.POSITIVE_INFINITY).trimEnd();
  });
  const [title, ...rest] = lines;
  return (untitled || title === undefined ? lines : [paint("bold", title), ...rest]).join("\n");
}

function padded(text: string, width: number, right: boolean): string {
  const blanks = " ".repeat(Math.max(0, width - displayWidth(text)));
  return right ? `${blanks}${text}` : `${text}${blanks}`;
}

/** The start of a line that fits into so many columns. */
export function cut(line: string, columns: number): string {
  if (line.length <= columns && isNarrow(line)) return line;
  let used = 0;
  let fits = "";
  for (const character of line) {
    used += displayWidth(character);
    if (used > columns) return fits;
    fits += character;
  }
  return fits;
}

/** Unicode Standard Annex #11: East Asian wide characters and emoji take two columns. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
/** What is drawn over the character before it, or not at all. */
const NO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** How many columns of a terminal a text takes. */
export function displayWidth(text: string): number {
  if (isNarrow(text)) return text.length;
  let width = 0;
  for (const character of text) width += NO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

function isNarrow(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}
