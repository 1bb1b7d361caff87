/**
 * Colours of a terminal, and what may not reach one.
 *
 * @module
 */

/** How a piece of text looks. */
export type Tone = "bold" | "good" | "doubtful" | "bad" | "faint";

/** Paints text, or leaves it as it is where there are no colours. */
export type Paint = (tone: Tone, text: string) => string;

/** ECMA-48, "Select Graphic Rendition". */
const CODES: Readonly<Record<Tone, number>> = { bold: 1, good: 32, doubtful: 33, bad: 31, faint: 2 };

/** Text as it is. */
export const plain: Paint = (_tone, text) => text;

/** With colours. */
export const coloured: Paint = (tone, text) => `\u001b[${CODES[tone]}m${text}\u001b[0m`;

/** Control characters, and those that reorder text (Unicode's bidirectional controls), except newline and tab. */
const UNSAFE = /[^\P{Cc}\n\t]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Writes control characters of several lines as `\u{1b}`, so that what users named cannot steer a terminal. */
export function escapeLines(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** Like {@link escapeLines} for what must stay one line. */
export function escapeLine(text: string): string {
  return escapeLines(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/** The same for a JSON document, which stays the same document. JSON.stringify already escapes C0. */
export function escapeJson(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
