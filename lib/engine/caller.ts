/**
 * Who asks for a container: a working directory, an environment and files, seen through the core.
 *
 * @module
 */
import type { Caller, PathKind } from "../config/caller.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { Seen, Want } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { workingDirectory } from "../host/process.ts";
import { once } from "./once.ts";

/** The caller, seen through the core: the compiled program itself may not read files. */
export function callerOf(environment: Readonly<Record<string, string>>, core: () => Core): Caller {
  const look = (path: string, want: Want): Seen => {
    const { seen } = call(core(), "observe", { looks: [{ path, root: null, want }] });
    const [answer] = seen;
    if (answer === undefined) throw new MasuError("bug", `Look at "${path}": the core answered nothing`);
    return answer;
  };
  const directory = once(() => workingDirectory(call(core(), "process", {})));
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
