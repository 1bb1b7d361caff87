/**
 * What is done with containers that were made: thin over the core's ops, which lock and write.
 *
 * Words name containers: an ID, a name, or the start of an ID that only one has.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import { MasuError } from "../error.ts";
import type {
  ContainersReply,
  InspectReply,
  Outcome,
  PruneReply,
  StartReply,
  Status,
  StopRequest,
  Store,
} from "../core/wire.ts";

/** What is true of containers now; of all without words. Errors: `not_found`. */
export function viewContainers(core: Core, store: Store, words: readonly string[] = []): ContainersReply["containers"] {
  return call(core, "containers", { store, words: [...words] }).containers;
}

/** IDs of this user's containers, the oldest first. */
export function containerIDs(core: Core, store: Store, statuses: readonly Status[]): string[] {
  return viewContainers(core, store).filter(({ status }) => statuses.includes(status)).map(({ id }) => id);
}

/** Whether one of these was made from an OCI bundle. False: none was, or is there. */
export function areBundles(core: Core, store: Store, words: readonly string[]): boolean {
  return words.some((word) => {
    try {
      return viewContainers(core, store, [word]).some(({ record }) => record?.masu.bundle !== undefined);
    } catch (error) {
      // Whatever the command does will say why.
      if (error instanceof MasuError) return false;
      throw error;
    }
  });
}

/** All that is known of one container. Errors: `not_found`. */
export function inspectContainer(core: Core, store: Store, container: string): InspectReply {
  return call(core, "inspect", { store, container });
}

/**
 * Starts a container, and returns when its program runs.
 *
 * Errors: `not_found`; why its program does not run.
 */
export function startContainer(
  core: Core,
  store: Store,
  container: string,
  { attach = false, notifySocket = "" }: StartOptions = {},
): StartReply {
  return call(core, "start", { store, container, attach, ...(notifySocket !== "" && { notifySocket }) });
}

/** How a container is started. */
export interface StartOptions {
  /** With a connection to it, if it did not run already. */
  readonly attach?: boolean;
  /** Whom to tell when a bundle's program is ready, which is waited for; empty: nobody. sd_notify(3), `NOTIFY_SOCKET` */
  readonly notifySocket?: string | undefined;
}

/** How to connect to a container. */
export interface Attachment {
  /** From {@link startContainer}; null: a new one. */
  readonly connection: number | null;
  readonly stdin: boolean;
  readonly detachKeys: readonly number[];
  /** Pass signals on to its first process, unless it has a terminal; true when it is absent. */
  readonly forwardSignals?: boolean;
}

/** This process becomes one that connects its terminal or streams to a container, so this returns only by throwing. */
export function attachContainer(core: Core, store: Store, container: string, attachment: Attachment): never {
  const detachKeys = [...attachment.detachKeys];
  return call(core, "attach", { store, container, forwardSignals: true, ...attachment, detachKeys });
}

/** How to end a container; null: as it says itself. */
export type Ending = Pick<StopRequest, "signal" | "timeoutMs">;

/** Asks all to end at once, waits, and kills those that take too long. */
export function stopContainers(core: Core, store: Store, words: readonly string[], ending: Ending): Outcome[] {
  return call(core, "stop", { store, words: [...words], ...ending }).outcomes;
}

/** The same, and starts each again. */
export function restartContainers(core: Core, store: Store, words: readonly string[], ending: Ending): Outcome[] {
  return call(core, "restart", { store, words: [...words], ...ending }).outcomes;
}

/** Which signal, and to whom. */
export interface SignalOptions {
  readonly signal: number;
  /** To every process, not only the first. */
  readonly all: boolean;
}

/** Sends a signal to each. */
export function killContainers(core: Core, store: Store, words: readonly string[], options: SignalOptions): Outcome[] {
  return call(core, "kill", { store, words: [...words], ...options }).outcomes;
}

/** Waits until each has ended and will not be started again. */
export function awaitEnds(core: Core, store: Store, words: readonly string[]): Outcome[] {
  return call(core, "await_end", { store, words: [...words] }).outcomes;
}

/** What to do with those that run or are not there. */
export interface DeleteOptions {
  readonly force: boolean;
  readonly ignore: boolean;
}

/** Removes containers and all they left. */
export function deleteContainers(
  core: Core,
  store: Store,
  words: readonly string[],
  options: DeleteOptions,
): Outcome[] {
  return call(core, "delete", { store, words: [...words], ...options }).outcomes;
}

/** Stops all processes of containers, or lets them go on. */
export function freezeContainers(core: Core, store: Store, words: readonly string[], frozen: boolean): Outcome[] {
  return call(core, "freeze", { store, words: [...words], frozen }).outcomes;
}

/** Gives a container another name, and returns its ID. Errors: `not_found`, `already_exists`. */
export function renameContainer(core: Core, store: Store, container: string, name: string): string {
  return call(core, "rename", { store, container, name }).id;
}

/** What is removed besides leftovers, and whether anything is. */
export interface PruneOptions {
  readonly containers: boolean;
  readonly dry: boolean;
}

/** Removes what no container has any more. */
export function pruneContainers(core: Core, store: Store, options: PruneOptions): PruneReply {
  return call(core, "prune", { store, ...options });
}
