/**
 * Calls of the core: one op, one request, one reply, as JSON.
 *
 * @module
 */
import { MasuError } from "../error.ts";
import type { Core } from "./load.ts";
import type { CoreSymbols } from "./symbols.ts";
import { type CoreError, OPS, type Replies, type Requests } from "./wire.ts";

/** An op of the core, by name. */
export type Op = keyof typeof OPS;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Runs `op` on this thread. Errors: a MasuError with the core's code, call, errno and place. */
export function call<O extends Op>(core: Core, op: O, request: Requests[O]): Replies[O] {
  if (core.stays === true && BECOMING.has(op)) throw cannotBecome(op);
  const body = encoder.encode(JSON.stringify(request));
  const slot = newSlot();
  const { symbols } = core;
  const status = symbols.masu_call(OPS[op], body, BigInt(body.byteLength), slot);
  return answer<O>(symbols, status, slot);
}

/** Runs `op` on another thread, for ops that wait. Errors: as {@link call}. */
export async function callBlocking<O extends Op>(core: Core, op: O, request: Requests[O]): Promise<Replies[O]> {
  const body = encoder.encode(JSON.stringify(request));
  const slot = newSlot();
  const { symbols } = core;
  using _held = core.hold?.();
  const status = await symbols.masu_call_blocking(OPS[op], body, BigInt(body.byteLength), slot);
  return answer<O>(symbols, status, slot);
}

/** Ops after which this process is another program. */
const BECOMING: ReadonlySet<Op> = new Set<Op>(["become", "run", "exec_run", "attach"]);

function cannotBecome(op: Op): MasuError {
  return new MasuError("invalid_config", "Connect a program to this process: it goes on with other commands", {
    ...(op === "run" && { hint: "detach the program: masu run -d" }),
  });
}

/** Address and byte length of the answer, written by the core. */
function newSlot(): BigUint64Array<ArrayBuffer> {
  return new BigUint64Array(2);
}

function answer<O extends Op>(symbols: CoreSymbols, status: number, slot: BigUint64Array): Replies[O] {
  const document = take(symbols, slot);
  if (status !== 0) throw fromWire(document as CoreError);
  return document as Replies[O]; // types generated from the Rust side
}

/** Copies the core's bytes into JS and gives them back; the pointer does not leave here. */
function take(symbols: CoreSymbols, [address = 0n, length = 0n]: BigUint64Array): unknown {
  const pointer = Deno.UnsafePointer.create(address);
  if (pointer === null) throw new MasuError("bug", "Call core: it answered nothing");
  try {
    const view = Deno.UnsafePointerView.getArrayBuffer(pointer, Number(length));
    return JSON.parse(decoder.decode(view));
  } finally {
    symbols.masu_free(pointer, length);
  }
}

/** The error that a core's error document stands for. */
export function fromWire({ code, message, call, errno, place, hint }: CoreError): MasuError {
  return new MasuError(code, message, {
    call: call ?? undefined,
    errno: errno ?? undefined,
    place: place ?? undefined,
    hint: hint ?? undefined,
  });
}
