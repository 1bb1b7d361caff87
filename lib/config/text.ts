/**
 * Words that end up in files, in terminals and in the kernel: what they may hold.
 *
 * @module
 */
import { mistake } from "./mistake.ts";

/** Longest container name: it is a file's name, and leaves room for what is added to it. */
const LONGEST_NAME = 128;

/** HOST_NAME_MAX and the kernel's __NEW_UTS_LEN: gethostname(2). */
const LONGEST_HOSTNAME = 64;

const CONTAINER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const HOSTNAME = /^[a-zA-Z0-9_][a-zA-Z0-9_.-]*$/;

/** Unicode's control characters: C0, DEL and C1. One of them in a name forges lines in files and terminals. */
const CONTROL = /\p{Cc}/u;

/** Refuses control characters. */
export function plainText(where: string, text: string): string {
  if (CONTROL.test(text)) throw mistake(where, text, "holds a control character");
  return text;
}

/** Refuses the empty word and control characters. */
export function plainWord(where: string, text: string): string {
  if (text === "") throw mistake(where, text, "is empty");
  return plainText(where, text);
}

/** A container's name or ID: a letter or digit, then letters, digits, `_`, `.` and `-`; at most 128. */
export function parseContainerName(where: string, text: string): string {
  if (text.length > LONGEST_NAME) {
    throw mistake(where, text, `has ${text.length} characters, the most is ${LONGEST_NAME}`);
  }
  if (!CONTAINER_NAME.test(text)) {
    throw mistake(where, text, "not a container name", "letters, digits, _ . and -, and a letter or digit first");
  }
  return text;
}

/** sethostname(2), setdomainname(2): letters, digits, `_`, `.` and `-`, not `.` or `-` first; at most 64. */
export function parseHostname(where: string, text: string): string {
  if (text.length > LONGEST_HOSTNAME) {
    throw mistake(where, text, `has ${text.length} characters, the kernel takes ${LONGEST_HOSTNAME}`);
  }
  if (!HOSTNAME.test(text)) {
    throw mistake(where, text, "not a host name", "letters, digits, - _ and ., and a letter or digit first");
  }
  return text;
}

/** `NAME=VALUE` of labels and annotations; `NAME` alone is an empty value. */
export function parseNameValue(where: string, text: string): readonly [name: string, value: string] {
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  if (name === "") throw mistake(where, text, "the name before = is empty");
  plainText(where, text);
  return [name, equals < 0 ? "" : text.slice(equals + 1)];
}
