/**
 * This process's ends of a program's pipes, as streams.
 *
 * @module
 */
import { call } from "../core/call.ts";
import { callUntil } from "../core/cancel.ts";
import type { Core } from "../core/load.ts";

/** Bytes that are read at once. */
const BLOCK = 64 * 1024;

/** A stream, and how to end it whoever holds it. */
export interface OwnStream<S> {
  readonly stream: S;
  /** Waits no longer, and closes the pipe. A reader sees the end, a writer an error. */
  stop(): void;
}

/** Reads on another thread, only when somebody wants it. */
export function pipeReader(core: Core, descriptor: number): OwnStream<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const pipe = new Pipe(core, descriptor);
  let end = () => {};
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      end = () => controller.close();
    },
    async pull(controller) {
      const block = await pipe.use((signal) => callUntil(core, "read_pipe", { descriptor, bytes: BLOCK }, signal));
      if (block === null) return;
      if (block.data !== "") return controller.enqueue(Uint8Array.fromBase64(block.data));
      pipe.stop();
      controller.close();
    },
    cancel: () => void pipe.stop(),
  }, { highWaterMark: 0 });
  const stop = () => {
    if (pipe.stop()) end();
  };
  return { stream, stop };
}

/** Writes on another thread, and waits while the pipe is full. */
export function pipeWriter(core: Core, descriptor: number): OwnStream<WritableStream<Uint8Array>> {
  const pipe = new Pipe(core, descriptor);
  let fail = (_reason: Error) => {};
  const stream = new WritableStream<Uint8Array>({
    start(controller) {
      fail = (reason) => controller.error(reason);
      controller.signal.addEventListener("abort", () => pipe.stop());
    },
    async write(chunk) {
      const data = chunk.toBase64();
      const reply = await pipe.use((signal) => callUntil(core, "write_pipe", { descriptor, data }, signal));
      if (reply?.taken === true) return;
      pipe.stop();
      throw unread();
    },
    close: () => void pipe.stop(),
  });
  const stop = () => {
    if (pipe.stop()) fail(unread());
  };
  return { stream, stop };
}

function unread(): Error {
  return new Deno.errors.BrokenPipe("The program does not read its input any more");
}

/** One end of a pipe. It is closed once, and not while a thread uses it: its number may soon be another's. */
class Pipe {
  readonly #core: Core;
  readonly #descriptor: number;
  readonly #stop = new AbortController();
  #users = 0;

  constructor(core: Core, descriptor: number) {
    this.#core = core;
    this.#descriptor = descriptor;
  }

  /** null: it was stopped, before or meanwhile. */
  async use<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    const { signal } = this.#stop;
    if (signal.aborted) return null;
    using _held = this.#core.hold?.();
    this.#users++;
    try {
      return await act(signal);
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    } finally {
      this.#users--;
      if (signal.aborted) this.#close();
    }
  }

  /** True: this ended it. */
  stop(): boolean {
    if (this.#stop.signal.aborted) return false;
    this.#stop.abort();
    if (this.#users === 0) this.#close();
    return true;
  }

  #close(): void {
    call(this.#core, "close_descriptors", { descriptors: [this.#descriptor] });
  }
}
