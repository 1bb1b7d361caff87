/**
 * `--cap-add` and `--cap-drop`.
 *
 * @module
 */
import { ALL, CAPABILITIES, parseCapability } from "../spec/capabilities.ts";
import { notAmong } from "./mistake.ts";

/** A capability with or without `CAP_`, in any case, or `ALL`: `CAP_CHOWN`. */
export function parseCapabilityWord(where: string, text: string): string {
  try {
    return parseCapability(text);
  } catch {
    const short = CAPABILITIES.map((name) => name.slice("CAP_".length));
    const prefixed = text.toUpperCase().startsWith("CAP_");
    throw notAmong(where, text, "no such capability", [...prefixed ? CAPABILITIES : short, ALL]);
  }
}
