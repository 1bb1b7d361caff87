/**
 * What the library is told of a program's capabilities.
 *
 * @module
 */
import type { CapabilityRunWords, SetName } from "../config/capability_run.ts";

/** What a program has: as the flags of `masu cap run`, a set as its words. */
export interface CapabilityOptions
  extends Omit<CapabilityRunWords, "sets">, Partial<Record<SetName, readonly string[]>> {
  /** The program's; by default that of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** How a program has ended. */
export interface CapabilityStatus {
  /** Exit status; 128 + n when signal n ended it. */
  readonly code: number;
  /** The signal that ended it; null: none. */
  readonly signal: number | null;
}
