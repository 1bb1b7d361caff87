/**
 * This process: its streams, environment, core and files, each opened on first use.
 *
 * @module
 */
import type { Caller } from "../lib/config/caller.ts";
import { call } from "../lib/core/call.ts";
import { type Core, openCore } from "../lib/core/load.ts";
import type { Look } from "../lib/core/wire.ts";
import { callerOf } from "../lib/engine/caller.ts";
import { once } from "../lib/engine/once.ts";
import type { ReadVariables } from "../lib/engine/kept.ts";
import { MasuError } from "../lib/error.ts";
import { notedEnvironment } from "./environment.ts";
import type { Source } from "./lines.ts";
import type { Streams } from "./report.ts";

/** What commands need of the process that they run in. */
export interface Process extends Streams {
  /** What was typed after `masu`. */
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** argv[0]; absent: nobody knows. */
  argument0?(): string;
  /** What was read of the environment so far; absent or undefined: nobody knows. */
  read?(): ReadVariables | undefined;
  /** The core, loaded once. */
  core(): Core;
  readonly caller: Caller;
  /** Its input; read by those commands that say so. */
  readonly stdin: Source;
  /** It goes on after a command, and so cannot become another program. */
  readonly stays?: true;
  /** Is told the error that ended a command, before that is printed. */
  failed?(error: unknown): void;
}

/** The process as it is. `core`: where the core is, if not in the usual places. */
export function thisProcess({ core: place }: { readonly core?: URL } = {}): Process {
  const variables = Deno.env.toObject();
  const { environment, read } = notedEnvironment(variables);
  const core = once(() => openCore(place));
  return {
    arguments: Deno.args,
    environment,
    argument0: () => firstArgument(core),
    read,
    core,
    caller: callerOf(environment, core),
    stdin: Deno.stdin,
    write: (stream, text) => writeAll(stream === "stdout" ? Deno.stdout : Deno.stderr, text),
    isTerminal: (stream) => (stream === "stdout" ? Deno.stdout : Deno.stderr).isTerminal(),
    // https://no-color.org: set and not empty.
    colours: (variables.NO_COLOR ?? "") === "" && variables.TERM !== "dumb",
  };
}

/** Deno hides it. Nothing without the core, which then says itself why it is missing. proc_pid_cmdline(5) */
function firstArgument(core: () => Core): string {
  try {
    const looks: Look[] = [{ path: "/proc/self/cmdline", root: null, want: "text" }];
    return call(core(), "observe", { looks }).seen[0]?.text?.split("\0", 1)[0] ?? "";
  } catch (error) {
    if (error instanceof MasuError) return "";
    throw error;
  }
}

const encoder = new TextEncoder();

/** Writes all bytes, also where a write takes only some or, on a descriptor that others made non-blocking, none yet. */
function writeAll(stream: typeof Deno.stdout, text: string): void {
  let rest = encoder.encode(text);
  while (rest.byteLength > 0) {
    try {
      rest = rest.subarray(stream.writeSync(rest));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
