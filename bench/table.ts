/**
 * Figures of repeated runs, and the table that shows them.
 *
 * @module
 */

/** Microseconds of one variant's runs. */
export interface Series {
  readonly name: string;
  readonly values: number[];
}

/** The value below which `share` (0 to 1) of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The median of the ratios of two series run in turn, pair by pair: it holds when the machine's speed drifts. */
export function pairedRatio(series: Series, base: Series): number {
  return median(series.values.map((value, index) => value / (base.values[index] ?? NaN)));
}

/** Rows of cells as a Markdown table below its title. */
export function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return ["", title, "", line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line), ""].join("\n");
}

/** Milliseconds with two digits. */
export function milliseconds(microseconds: number): string {
  return (microseconds / 1000).toFixed(2);
}

/** The usual row of a series: minimum, median, 95th percentile in ms, and the ratio to a base. */
export function seriesRow(series: Series, base: Series | undefined): string[] {
  const { name, values } = series;
  const figures = [quantile(values, 0), median(values), quantile(values, 0.95)].map(milliseconds);
  return [name, ...figures, base === undefined ? "" : pairedRatio(series, base).toFixed(2), String(values.length)];
}

/** The head that belongs to {@linkcode seriesRow}. */
export const SERIES_HEAD = ["", "min ms", "median ms", "p95 ms", "ratio", "runs"] as const;
