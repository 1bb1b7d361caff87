/**
 * Words of a POSIX shell.
 *
 * @module
 */

/** A text as one shell word: as it is when it is harmless, else in single quotes. */
export function word(text: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A text as one word in which the blanks `${pid}` and `${start}` are the shell's variables of these names. */
export function wordWithVariables(text: string): string {
  const parts = text.split(/(\$\{(?:pid|start)\})/);
  if (parts.length === 1) return word(text);
  return parts.map((part) => /^\$\{(pid|start)\}$/.test(part) ? `"${part}"` : part === "" ? "" : word(part)).join("");
}
