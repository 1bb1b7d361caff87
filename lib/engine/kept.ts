/**
 * Plans that are kept: the same command again needs no second decision, as long as all that its plan was made of is so.
 *
 * @module
 */
import type { RunConfig } from "../config/run_config.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { KeepPlan, Store } from "../core/wire.ts";

/** Where a user's plans are kept. */
export function planDirectory({ runtime }: Store): string {
  return `${runtime}/plans`;
}

/** Variables of the environment by name, as they were read; undefined: not set. */
export type ReadVariables = ReadonlyMap<string, string | undefined>;

/**
 * What a plan is kept for; undefined: it has to be decided each time. A name is taken by the first container, a file too; and the
 * descriptors that a caller passes on, or another container's process, are not the same the next time.
 */
export function keepFor(
  config: RunConfig,
  store: Store,
  command: readonly string[],
  read: ReadVariables,
): KeepPlan | undefined {
  const { name, cidfile, pidfile, preserveFds, pid, ipc, uts, network, cgroupns } = config;
  const joins = [pid, ipc, uts, network, cgroupns].some((mode) => mode?.kind === "container");
  if ([name, cidfile, pidfile].some((word) => word !== undefined) || preserveFds > 0 || joins) return undefined;
  const environment = Object.fromEntries([...read].map(([variable, value]) => [variable, value ?? null]));
  return { directory: planDirectory(store), command: [...command], environment };
}

/**
 * Makes and starts a container that lives on by a kept plan, and returns its ID; null: none was kept, or it does not hold.
 *
 * Errors: why its program does not run, and then nothing is left of the container.
 */
export function runKept(core: Core, store: Store, command: readonly string[]): string | null {
  return call(core, "run_kept", { store, directory: planDirectory(store), command: [...command] }).id;
}
