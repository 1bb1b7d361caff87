/**
 * A line -> words, as a POSIX shell splits it, without expansions.
 *
 * @module
 */
import { invalidConfig } from "../lib/error.ts";

/**
 * Splits a line. `'…'` is literal; in `"…"` a backslash escapes `"`, `\`, `$` and a backquote; elsewhere it escapes anything. A `#` at a
 * word's start begins a comment.
 *
 * Errors: `invalid_config` a quotation that does not end, or an expansion, which would mean something else in a shell.
 */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let rest = line;
  while (rest !== "") {
    const [piece = ""] = /^\s+|^#|^'[^']*'|^"(?:[^"\\]|\\[\s\S])*"|^\\[\s\S]|^[^\s'"\\]+/.exec(rest) ?? [];
    if (piece === "") throw invalidConfig(`Read line "${line}": its quotation does not end`);
    if (piece === "#" && word === undefined) break;
    rest = rest.slice(piece.length);
    if (/^\s/.test(piece)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + unquoted(piece, line);
    }
  }
  return word === undefined ? words : [...words, word];
}

function unquoted(piece: string, line: string): string {
  if (piece.startsWith("'")) return piece.slice(1, -1);
  if (piece.startsWith("\\")) return piece.slice(1);
  const quoted = piece.startsWith('"');
  const inner = quoted ? piece.slice(1, -1) : piece;
  refuseExpansion(inner, quoted, line);
  return quoted ? inner.replace(/\\(["\\$`])/g, "$1") : inner;
}

function refuseExpansion(text: string, quoted: boolean, line: string): void {
  const plain = quoted ? text.replace(/\\[\s\S]/g, "") : text;
  const [found] = (quoted ? /[$`]/ : /[$`|&;<>()]/).exec(plain) ?? [];
  if (found === undefined) return;
  const hint = "quote it with '…', or write the command as a JSON array";
  throw invalidConfig(`Read line "${line}": "${found}" has a meaning in a shell only`, hint);
}
