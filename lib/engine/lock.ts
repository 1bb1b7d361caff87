/**
 * One command at a time on a container, for changes that take several calls of the core.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { Store } from "../core/wire.ts";

/** Nobody else changes the container until this is disposed of. */
export interface ContainerLock extends Disposable {
  /** Its ID. */
  readonly id: string;
  /** What ops that want the lock are given. */
  readonly descriptor: number;
}

/**
 * Locks a container, and waits for whoever has the lock. What is changed is to be read after this.
 *
 * Errors: `not_found`; those of flock(2).
 */
export function lockContainer(core: Core, store: Store, container: string): ContainerLock {
  const { id, descriptor } = call(core, "lock", { store, container });
  return {
    id,
    descriptor,
    [Symbol.dispose]: () => void call(core, "close_descriptors", { descriptors: [descriptor] }),
  };
}
