/**
 * `--stop-signal`.
 *
 * @module
 */
import { parseSignal, signalName } from "../spec/signal.ts";
import { mistake } from "./mistake.ts";

/** A signal by name or number: `SIGTERM`. */
export function parseStopSignal(where: string, text: string): string {
  try {
    return signalName(parseSignal(text));
  } catch {
    throw mistake(where, text, "no such signal", "a name such as TERM or RTMIN+3, or a number from 1 to 64");
  }
}
