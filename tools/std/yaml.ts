/**
 * `@std/yaml` over npm's js-yaml, from which it descends: for where JSR cannot be reached (see tools/without-jsr.json).
 * It has the signatures that masu uses, no more.
 */
// @ts-types="npm:@types/js-yaml@4.0.9"
import { dump, JSON_SCHEMA, load, YAMLException } from "npm:js-yaml@4.1.1";

/** Options of {@linkcode parse}. */
export interface ParseOptions {
  /** The last of several equal keys wins, instead of an error. */
  readonly allowDuplicateKeys?: boolean;
  /** `json` knows no merge keys, dates and binaries. */
  readonly schema?: "default" | "json";
}

/** Options of {@linkcode stringify}. */
export interface StringifyOptions {
  /** Spaces a level; 2 when not given. */
  readonly indent?: number;
  /** Where long lines are folded; -1 for never, 80 when not given. */
  readonly lineWidth?: number;
  /** Order the keys. */
  readonly sortKeys?: boolean;
  /** Leave out what YAML cannot say, instead of an error. */
  readonly skipInvalid?: boolean;
}

/** The value of a YAML document. Throws SyntaxError with line and column. */
export function parse(content: string, options: ParseOptions = {}): unknown {
  try {
    return load(content, {
      json: options.allowDuplicateKeys ?? false,
      ...(options.schema === "json" ? { schema: JSON_SCHEMA } : {}),
    });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new SyntaxError(`${error.reason} at line ${error.mark.line + 1}, column ${error.mark.column + 1}`);
  }
}

/** A value as a YAML document. Throws TypeError for what YAML cannot say. */
export function stringify(data: unknown, options: StringifyOptions = {}): string {
  try {
    return dump(data, options);
  } catch (error) {
    throw error instanceof YAMLException ? new TypeError(error.reason) : error;
  }
}
