/**
 * A program in a running container: its streams, its end.
 *
 * @module
 */
import { call, callBlocking } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import { type PipedProgram, type ProgramStatus, statusOf } from "../engine/programs.ts";
import { parseSignal } from "../spec/signal.ts";
import { type OwnStream, pipeReader, pipeWriter } from "./streams.ts";

/**
 * A program that runs in a container, with its streams: what {@link Container.spawn} returns. Disposing of it kills it.
 *
 * Whoever does not dispose of it reads both streams to their ends and closes `stdin`, or cancels them: each is an open pipe.
 *
 * ```ts
 * import { assert } from "@std/assert";
 * import { run } from "@masu/masu";
 *
 * await using box = await run({ image: "host", command: ["sleep", "100"] });
 * await using cat = box.spawn(["cat"]);
 * const writer = cat.stdin.getWriter();
 * await writer.write(new TextEncoder().encode("hello"));
 * await writer.close();
 * assert(await new Response(cat.stdout).text() === "hello");
 * assert((await cat.status).success);
 * ```
 */
export class Program implements AsyncDisposable {
  /** Its process ID in the runtime namespace, as this process sees it. */
  readonly pid: number;
  /** What is written here is its input; closing it is the input's end. Once the program reads no more, a write is a `BrokenPipe`. */
  readonly stdin: WritableStream<Uint8Array>;
  /** Its output, read only as fast as somebody wants it: a program whose pipe is full waits. */
  readonly stdout: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Its errors, in the same way. */
  readonly stderr: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** How it ended, once it has. It may have written more than was read by then. */
  readonly status: Promise<ProgramStatus>;
  readonly #core: Core;
  readonly #pidfd: number;
  readonly #streams: readonly OwnStream<unknown>[];
  #ended = false;

  /** For what {@link Container.spawn} starts; a program calls that. `signal` kills it. */
  constructor(core: Core, { launched: { pid, pidfd }, pipes }: PipedProgram, signal?: AbortSignal) {
    this.pid = pid;
    this.#core = core;
    this.#pidfd = pidfd;
    const [stdin, stdout, stderr] = [
      pipeWriter(core, pipes.stdin),
      pipeReader(core, pipes.stdout),
      pipeReader(core, pipes.stderr),
    ];
    this.stdin = stdin.stream;
    this.stdout = stdout.stream;
    this.stderr = stderr.stream;
    this.#streams = [stdin, stdout, stderr];
    this.status = this.#end(signal);
    // Whoever wants to know waits for it; nobody has to.
    this.status.catch(() => {});
  }

  /**
   * Sends it a signal by name, with or without `SIG`, or by number. One that has ended is fine.
   *
   * Errors: `invalid_config` no such signal.
   */
  kill(signal = "SIGTERM"): void {
    const number = parseSignal(signal);
    if (!this.#ended) call(this.#core, "signal_process", { pid: this.pid, pidfd: this.#pidfd, signal: number });
  }

  /** Kills it if it runs, waits for its end, and closes all streams, whoever holds them. */
  async [Symbol.asyncDispose](): Promise<void> {
    using _held = this.#core.hold?.();
    this.kill("SIGKILL");
    try {
      await this.status;
    } finally {
      for (const stream of this.#streams) stream.stop();
    }
  }

  async #end(signal: AbortSignal | undefined): Promise<ProgramStatus> {
    using _held = this.#core.hold?.();
    const kill = () => this.kill("SIGKILL");
    signal?.addEventListener("abort", kill);
    try {
      // The pidfd stays open for kill(): a pid may be another's once this one was reaped.
      return statusOf(await callBlocking(this.#core, "wait", { pid: this.pid, pidfd: -1 }));
    } finally {
      this.#ended = true;
      call(this.#core, "close_descriptors", { descriptors: [this.#pidfd] });
      signal?.removeEventListener("abort", kill);
    }
  }
}
