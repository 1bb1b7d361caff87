/**
 * Environment variables: `--env` and `--env-file`.
 *
 * @module
 */
import { invalidConfig, MasuError } from "../error.ts";
import { mistake } from "./mistake.ts";
import { plainText } from "./text.ts";

/** Larger than any environment that execve(2) takes: ARG_MAX is a quarter of the stack's limit, usually 2 MiB. */
const LARGEST_FILE = 1 << 20;

type Variables = Readonly<Record<string, string>>;

/** `NAME=value`; or `NAME`, with the caller's value, and undefined when the caller has none. */
export function parseVariable(where: string, text: string, caller: Variables): string | undefined {
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  if (name === "") throw mistake(where, text, "the variable has no name");
  plainText(where, name);
  if (text.includes("\0")) throw mistake(where, text, "holds a NUL character");
  if (equals >= 0) return text;
  return Object.hasOwn(caller, name) ? `${name}=${caller[name]}` : undefined;
}

/**
 * The variables of a file: `NAME=value` or `NAME` a line, blank lines and lines that start with `#` skipped. Quotes and
 * backslashes are part of the value.
 *
 * Errors name the file and the line.
 * Source: docker's opts.ParseEnvFile.
 */
export function parseEnvironmentFile(path: string, text: string, caller: Variables): readonly string[] {
  if (text.length > LARGEST_FILE) {
    throw invalidConfig(`Read --env-file "${path}": larger than ${LARGEST_FILE} bytes`);
  }
  const found: string[] = [];
  const lines = text.replace(/^\u{feff}/u, "").split("\n");
  for (const [index, written] of lines.entries()) {
    const line = written.replace(/\r$/, "").trimStart();
    if (line === "" || line.startsWith("#")) continue;
    const variable = parseLine(`${path}:${index + 1}`, line, caller);
    if (variable !== undefined) found.push(variable);
  }
  return found;
}

function parseLine(position: string, line: string, caller: Variables): string | undefined {
  const name = line.split("=", 1)[0] ?? "";
  if (/\s/.test(name)) {
    throw new MasuError("invalid_config", `Read --env-file "${position}": the name "${name}" holds white space`, {
      hint: "NAME=value, without spaces around =",
    });
  }
  return parseVariable(`--env-file ${position}`, line, caller);
}
