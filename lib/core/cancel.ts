/**
 * Waits of the core that an AbortSignal ends.
 *
 * @module
 */
import { call, callBlocking } from "./call.ts";
import type { Core } from "./load.ts";
import type { Replies, Requests } from "./wire.ts";

/** Ops that wait, and that can be told to wait no longer. */
export type CancellableOp =
  | "await_end"
  | "collect"
  | "read_pipe"
  | "restart"
  | "stop"
  | "watch"
  | "watch_cgroup"
  | "write_pipe";

/**
 * Runs `op` on another thread. When `signal` is aborted, that thread waits no longer.
 *
 * Errors: the signal's reason; as of `call`.
 */
export async function callUntil<O extends CancellableOp>(
  core: Core,
  op: O,
  request: Requests[O],
  signal: AbortSignal | undefined,
): Promise<Replies[O]> {
  if (signal === undefined) return await callBlocking(core, op, request);
  signal.throwIfAborted();
  using _held = core.hold?.();
  const { pipes: [[cancel, other] = [-1, -1]] } = call(core, "pipes", { count: 1 });
  let open = [other];
  const abort = () => {
    call(core, "close_descriptors", { descriptors: open });
    open = [];
  };
  signal.addEventListener("abort", abort);
  try {
    const reply = await callBlocking(core, op, { ...request, cancel });
    signal.throwIfAborted();
    return reply;
  } finally {
    signal.removeEventListener("abort", abort);
    call(core, "close_descriptors", { descriptors: [...open, cancel] });
  }
}
