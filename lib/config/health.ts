/**
 * `--health-cmd` and its kin.
 *
 * @module
 */
import { invalidConfig } from "../error.ts";
import { parseDuration } from "./duration.ts";
import { mistake } from "./mistake.ts";
import { parseWhole } from "./number.ts";
import type { HealthConfig } from "./run_config.ts";
import { plainWord } from "./text.ts";

/** Of the flags that say when a check is made. */
const TIMES = [
  ["intervalMs", "--health-interval"],
  ["timeoutMs", "--health-timeout"],
  ["startPeriodMs", "--health-start-period"],
  ["startIntervalMs", "--health-start-interval"],
] as const;

/** The flags as they were written. */
export interface HealthWords extends Partial<Record<typeof TIMES[number][0], string | undefined>> {
  readonly command?: string | undefined;
  readonly retries?: string | undefined;
  /** `--no-healthcheck` */
  readonly none: boolean;
}

/** The check; undefined: none. As with docker, a time or number of 0 is as if nothing were written. */
export function parseHealth(words: HealthWords): HealthConfig | undefined {
  const { command, retries: count, none } = words;
  const written = TIMES.find(([key]) => words[key] !== undefined)?.[1] ??
    (count === undefined ? undefined : "--health-retries");
  const first = command === undefined ? written : "--health-cmd";
  if (none && first !== undefined) throw invalidConfig(`Read flag "--no-healthcheck": it contradicts ${first}`);
  if (command === undefined || command === "none") {
    if (written === undefined) return undefined;
    throw invalidConfig(`Read flag "${written}": there is no health check`, "--health-cmd COMMAND is one");
  }
  const retries = count === undefined ? 0 : parseWhole("--health-retries", count, { least: 0, most: 1_000_000 });
  return {
    command: plainLine("--health-cmd", command),
    ...Object.fromEntries(TIMES.flatMap(([key, where]) => {
      const text = words[key];
      const ms = text === undefined ? 0 : parseDuration(where, text);
      return ms === 0 ? [] : [[key, ms]];
    })),
    ...(retries > 0 && { retries }),
  };
}

/** A shell's line may have tabs and line feeds. */
function plainLine(where: string, text: string): string {
  if (text.trim() === "") throw mistake(where, text, "is empty");
  plainWord(where, text.replaceAll(/[\t\n]/g, " "));
  return text;
}
