/**
 * How `masu stop` and `masu restart` end containers.
 *
 * @module
 */
import { parseStopTimeout } from "../lib/config/stop_timeout.ts";
import type { Ending } from "../lib/engine/lifecycle.ts";
import { parseSignal } from "../lib/spec/signal.ts";
import type { Flag, FlagValues } from "./flags.ts";

/** docker's, with both of its names for the time. */
export const ENDING_FLAGS = [
  {
    name: "time",
    short: "t",
    aliases: ["timeout"],
    value: "SECONDS",
    front: true,
    group: "Flags",
    help: "How long to wait before it is killed, in place of --stop-timeout; -1: for ever",
  },
  {
    name: "signal",
    short: "s",
    value: "SIGNAL",
    front: true,
    group: "Flags",
    help: "Signal that asks it to end, in place of --stop-signal",
  },
] as const satisfies readonly Flag[];

/** Their names. */
export type EndingFlag = typeof ENDING_FLAGS[number]["name"];

/** What was written; null: as each container says. Errors: `invalid_config`. */
export function readEnding(flags: FlagValues<EndingFlag>): Ending {
  const time = flags.text("time");
  const signal = flags.text("signal");
  const seconds = time === undefined ? undefined : parseStopTimeout("--time", time);
  return {
    signal: signal === undefined ? null : parseSignal(signal),
    timeoutMs: seconds === undefined ? null : seconds < 0 ? -1 : seconds * 1000,
  };
}
