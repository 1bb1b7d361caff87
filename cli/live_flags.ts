/**
 * Flags of commands that draw again and again.
 *
 * @module
 */
import { parseDuration } from "../lib/config/duration.ts";
import { mistake } from "../lib/config/mistake.ts";
import type { Flag, FlagValues } from "./flags.ts";

/** podman's --interval in seconds, and top's -d. */
export const LIVE_FLAGS = [
  { name: "no-stream", group: "Flags", help: "Print once" },
  {
    name: "interval",
    short: "d",
    aliases: ["delay"],
    value: "SECONDS",
    group: "Flags",
    help: "How often to look (default 1); 0.5 and 500ms work too",
  },
] as const satisfies readonly Flag[];

/** Their names. */
export type LiveFlag = typeof LIVE_FLAGS[number]["name"];

const DEFAULT_MS = 1000;
/** Looking more often would show little but itself. */
const LEAST_MS = 50;

/** How often to look, in milliseconds. Errors: `invalid_config`. */
export function intervalMs(flags: FlagValues<LiveFlag>): number {
  const written = flags.text("interval");
  if (written === undefined) return DEFAULT_MS;
  const ms = parseDuration(
    "--interval",
    /^[0-9]*\.?[0-9]+$/.test(written) ? `${written.replace(/^\./, "0.")}s` : written,
  );
  if (ms < LEAST_MS) throw mistake("--interval", written, `shorter than ${LEAST_MS} ms`);
  return ms;
}
