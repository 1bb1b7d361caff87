/**
 * Where containers are, and what is asked of all of them.
 *
 * @module
 */
import type { GlobalConfig } from "../config/run_config.ts";
import type { EventFilter } from "../engine/events.ts";

/** Where containers are, and how they are made. */
export interface MasuOptions extends Partial<GlobalConfig> {
  /** The core's file, if not in the usual places. */
  readonly core?: string;
  /** What is read of the environment; by default that of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Which events. */
export interface EventsOptions {
  /** From this time on: a date, or a word as `masu events --since` has it; the default is from now on. */
  readonly since?: Date | string;
  /** Up to this time, and then they end; the default is for ever. */
  readonly until?: Date | string;
  /** Only what has happened already; without `since` all that is kept. */
  readonly past?: boolean;
  /** Of one key any, of all keys: `[{ key: "event", value: "die" }]`. */
  readonly filters?: readonly EventFilter[];
  /** Ends them: its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** What is removed when nobody has it any more. */
export interface PruneOptions {
  /** Containers that do not run, too. */
  readonly containers?: boolean;
}
