/**
 * Container IDs as engines choose them.
 *
 * @module
 */
import { mistake } from "./mistake.ts";

/** The name of a directory, with room for what is added to it. */
const LONGEST_ID = 200;

/** As runc: libcontainer/factory_linux.go, `idRegex`. */
const CONTAINER_ID = /^[\w+.-]+$/;

/** Letters, digits, `_`, `+`, `-` and `.`. Errors: `invalid_config` it is none. */
export function parseContainerID(where: string, text: string): string {
  if (text.length > LONGEST_ID) {
    throw mistake(where, text, `has ${text.length} characters, the most is ${LONGEST_ID}`);
  }
  if (!CONTAINER_ID.test(text) || text === "." || text === "..") {
    throw mistake(where, text, "not a container ID", "letters, digits, _ + - and .");
  }
  return text;
}
