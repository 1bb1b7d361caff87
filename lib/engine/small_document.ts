/**
 * A document of a person's or an engine's, read whole.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import { invalidConfig, MasuError } from "../error.ts";

/** One call's worth: the core reads no more at once. */
const CHUNK = 1024 * 1024;

/** The largest that engines write are some 100 KiB. */
const LARGEST = 16 * CHUNK;

/** The text of a file. Errors: `not_found` there is none; `invalid_config` it is too large; those of open(2). */
export function readDocument(core: Core, path: string): string {
  let text = "";
  for (let offset = 0;;) {
    const reply = call(core, "read", { path, offset, bytes: CHUNK, lines: false });
    if (reply.file === null) throw new MasuError("not_found", `Read "${path}": no such file or directory`);
    if (reply.size > LARGEST) throw invalidConfig(`Read "${path}": it is larger than ${LARGEST} bytes`);
    text += reply.text;
    offset = reply.next;
    if (offset >= reply.size || reply.text === "") return text;
  }
}
