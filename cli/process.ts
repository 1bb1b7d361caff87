/**
 * This process: its streams, environment, core and files, each opened on first use.
 *
 * @module
 */
import type { Caller, PathKind } from "../lib/config/caller.ts";
import { call } from "../lib/core/call.ts";
import { type Core, openCore } from "../lib/core/load.ts";
import type { Seen, Want } from "../lib/core/wire.ts";
import { MasuError } from "../lib/error.ts";
import type { Streams } from "./report.ts";

/** What commands need of the process that they run in. */
export interface Process extends Streams {
  /** What was typed after `masu`. */
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The core, loaded once. */
  core(): Core;
  readonly caller: Caller;
}

/** The process as it is. `core`: where the core is, if not in the usual places. */
export function thisProcess({ core: place }: { readonly core?: URL } = {}): Process {
  const environment = Deno.env.toObject();
  const core = once(() => openCore(place));
  return {
    arguments: Deno.args,
    environment,
    core,
    caller: callerOf(environment, core),
    write: (stream, text) => writeAll(stream === "stdout" ? Deno.stdout : Deno.stderr, text),
    isTerminal: (stream) => (stream === "stdout" ? Deno.stdout : Deno.stderr).isTerminal(),
    // https://no-color.org: set and not empty.
    colours: (environment.NO_COLOR ?? "") === "" && environment.TERM !== "dumb",
  };
}

/** The caller, seen through the core: the compiled program itself may not read files. */
export function callerOf(environment: Readonly<Record<string, string>>, core: () => Core): Caller {
  const look = (path: string, want: Want): Seen => {
    const { seen } = call(core(), "observe", { looks: [{ path, root: null, want }] });
    const [answer] = seen;
    if (answer === undefined) throw new MasuError("bug", `Look at "${path}": the core answered nothing`);
    return answer;
  };
  const directory = once(() => call(core(), "process", {}).directory);
  return {
    environment,
    directory,
    readText(where, path) {
      const { text, errno } = look(path.startsWith("/") ? path : `${directory()}/${path}`, "text");
      if (text !== null) return text;
      const code = errno === ENOENT ? "not_found" : errno === EACCES ? "denied" : "failed";
      throw new MasuError(code, `Read ${where} "${path}": ${whyUnread(errno)}`, {
        call: "open",
        errno: errno ?? undefined,
      });
    },
    kindOf: (path) => kindOf(look(path, "stat")),
  };
}

/** errno(3). */
const ENOENT = 2;
const EACCES = 13;
const ENOTDIR = 20;
const EISDIR = 21;
const EINVAL = 22; // of the core: neither a directory nor a regular file

function whyUnread(errno: number | null): string {
  switch (errno) {
    case ENOENT:
    case ENOTDIR:
      return "no such file";
    case EACCES:
      return "permission denied";
    case EISDIR:
      return "it is a directory";
    case EINVAL:
      return "not a regular file";
    default:
      return errno === null ? "nothing to read" : `errno ${errno}`;
  }
}

function kindOf({ status }: Seen): PathKind {
  if (status === null) return "missing";
  return status.kind === "directory" ? "directory" : "other";
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
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
