/**
 * Waiting for a key of whoever watches, or for a time.
 *
 * @module
 */
import { call, callBlocking } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { AwaitKeyReply } from "../core/wire.ts";

/** Waits on another thread. The terminal of stdin, if it is one, has raw modes until {@link giveTerminalBack}. */
export function awaitKey(core: Core, timeoutMs: number): Promise<AwaitKeyReply> {
  return callBlocking(core, "await_key", { timeoutMs });
}

/** Gives the terminal its modes back; when none was taken, nothing. */
export function giveTerminalBack(core: Core): void {
  call(core, "await_key", { timeoutMs: null });
}

/** Waits on another thread, whatever is typed. */
export async function pause(core: Core, timeoutMs: number): Promise<void> {
  await callBlocking(core, "watch", { files: [], timeoutMs });
}
