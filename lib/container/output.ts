/**
 * What a container wrote, as its log keeps it: lines, streams, or all of it.
 *
 * @module
 */
import { followLog, type LogLine, type LogTarget } from "../engine/logs.ts";
import { timeOf } from "./time.ts";

/** Which lines of a container's log. */
export interface LogsOptions {
  /** Go on until the container has ended and will not be started again. */
  readonly follow?: boolean;
  /** Only from this time on: a date, or a word as `masu logs --since` has it (`10m`, RFC 3339). */
  readonly since?: Date | string;
  /** Only up to this time. With `follow`, the end is then. */
  readonly until?: Date | string;
  /** Begin with the last so many lines; the default is all. */
  readonly tail?: number;
  /** Ends it: its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** How a container ended, and all that its log holds of it. */
export interface ContainerOutput {
  /** Its exit status, or 128 and the signal, as a shell has it. */
  readonly code: number;
  /** What is not UTF-8 is U+FFFD. */
  readonly stdout: string;
  /** In the same way. */
  readonly stderr: string;
}

/** The lines. Errors: `invalid_config` no such time; as of `followLog`; the signal's reason. */
export async function* logLines(target: LogTarget, options: LogsOptions): AsyncGenerator<LogLine, void> {
  const { since, until, tail, follow = false, signal } = options;
  const times = { since: timeOf("since", since), until: timeOf("until", until) };
  yield* followLog(target, { ...times, tail, follow }, signal);
}

/** One of its two streams, from the first line that is kept to its end. Cancelled, nothing is waited for any more. */
export function logStream(target: LogTarget, stream: LogLine["stream"]): ReadableStream<Uint8Array<ArrayBuffer>> {
  const stop = new AbortController();
  const encoder = new TextEncoder();
  const lines = logLines(target, { follow: true, signal: stop.signal });
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
          if (next.value.stream === stream) return controller.enqueue(encoder.encode(next.value.log));
        }
        controller.close();
      } catch (error) {
        if (!stop.signal.aborted) throw error;
      }
    },
    cancel() {
      stop.abort();
    },
  }, { highWaterMark: 0 });
}
