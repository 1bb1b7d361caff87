/**
 * How ps(1) is told what to print, after the container's name.
 *
 * @module
 */
import { invalidConfig } from "../lib/error.ts";
import type { Flag, FlagValues } from "./flags.ts";
import type { Column } from "./table.ts";
import { formColumns, namedColumns, type ProcessStyle } from "./table_processes.ts";
import type { ListedProcess } from "../lib/engine/processes.ts";

const GROUP = "After CONTAINER, as ps(1) has them";

/** ps's options, as far as they choose columns; all processes are shown anyway. */
export const PROCESS_FLAGS = [
  { name: "every", short: "e", group: GROUP, help: "Every process, which is always so" },
  { name: "full", short: "f", group: GROUP, help: "USER PID PPID C START TTY TIME COMMAND" },
  {
    name: "columns",
    short: "o",
    value: "NAMES",
    repeatable: true,
    group: GROUP,
    help: "These columns: -o pid,rss,args",
  },
] as const satisfies readonly Flag[];

/** Names of {@link PROCESS_FLAGS}. */
export type ProcessFlag = typeof PROCESS_FLAGS[number]["name"];

/** Which columns were asked for. `words`: what follows CONTAINER without a dash, as `aux`. Errors: `invalid_config`. */
export function chosenColumns(
  flags: FlagValues<ProcessFlag>,
  words: readonly string[],
  style: ProcessStyle,
): Column<ListedProcess>[] {
  const names = flags.all("columns");
  if (names.length > 0) return namedColumns(names, style);
  const [word, surplus] = words;
  const odd = surplus ?? (word !== undefined && !/^[auxw]+$/.test(word) ? word : undefined);
  if (odd !== undefined) {
    throw invalidConfig(
      `Read operand "${odd}" after CONTAINER: no option of ps that masu has`,
      "-ef, aux, -o pid,args",
    );
  }
  if (word !== undefined) return formColumns(word.includes("u") ? "bsd" : "plain", style);
  return formColumns(flags.on("full") ? "full" : flags.on("every") ? "plain" : "own", style);
}
