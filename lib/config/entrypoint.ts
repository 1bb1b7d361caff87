/**
 * `--entrypoint`.
 *
 * @module
 */
import { mistake } from "./mistake.ts";

/** One word; or, as podman has it, a JSON array of words. The empty word clears the image's entry point. */
export function parseEntrypoint(where: string, text: string): readonly string[] {
  if (text === "") return [];
  if (!text.startsWith("[")) return [text];
  const words = parseJson(text);
  const hint = 'for example ["/bin/sh", "-c"]; a program whose name starts with [ is written ["[..."]';
  if (!isWords(words)) throw mistake(where, text, "not a JSON array of words", hint);
  if (words.some((word) => word.includes("\0"))) throw mistake(where, text, "holds a NUL character");
  return words;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isWords(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((word) => typeof word === "string");
}
