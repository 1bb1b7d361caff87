/**
 * The program that a part is for.
 *
 * @module
 */
import type { Process } from "../../process.ts";

/** What was typed, or the caller's shell. */
export function programOf(
  operands: readonly string[],
  { environment }: Pick<Process, "environment">,
): readonly string[] {
  if (operands.length > 0) return operands;
  const shell = environment.SHELL ?? "";
  return [shell === "" ? "/bin/sh" : shell];
}

/** The caller's environment, `NAME=value` each. */
export function programEnvironment({ environment }: Pick<Process, "environment">): string[] {
  return Object.entries(environment).map(([name, value]) => `${name}=${value}`);
}
