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

/** What is known only while the script runs: its variables have the blanks' names. */
const VARIABLES = "pid|start|monitor|monitorStart|started";
const BLANK = new RegExp(`(\\$\\{(?:${VARIABLES})\\})`);

/** A text as one word in which what is known only then is the script's variables. */
export function wordWithVariables(text: string): string {
  const parts = text.split(BLANK);
  if (parts.length === 1) return word(text);
  return parts.map((part) => BLANK.test(part) ? `"${part}"` : part === "" ? "" : word(part)).join("");
}
