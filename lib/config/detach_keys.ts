/**
 * `--detach-keys`.
 *
 * @module
 */
import { mistake } from "./mistake.ts";

/** docker's. */
export const DEFAULT_DETACH_KEYS: readonly number[] = [0x10, 0x11]; // ctrl-p, ctrl-q

/**
 * Keys by commas, each a character or `ctrl-` with a letter or one of `@ [ \ ] ^ _`, as the bytes that a terminal sends for them.
 * The empty text: none, so that nothing detaches.
 *
 * Source: docker attach, "Override the detach sequence".
 */
export function parseDetachKeys(where: string, text: string): number[] {
  if (text === "") return [];
  return text.split(",").flatMap((key) => {
    const [, control] = /^ctrl-([a-zA-Z@[\\\]^_])$/.exec(key) ?? [];
    if (control !== undefined) return [control.toUpperCase().charCodeAt(0) & 0x1f];
    // One character that is no control character.
    if (/^\P{Cc}$/u.test(key)) return [...new TextEncoder().encode(key)];
    throw mistake(where, text, `there is no key "${key}"`, "for example ctrl-p,ctrl-q, or ctrl-], or q");
  });
}
