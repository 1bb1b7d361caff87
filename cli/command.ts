/**
 * What a command is, and the table of all of them.
 *
 * @module
 */
import { check } from "./commands/check.ts";
import { help } from "./commands/help.ts";
import { run } from "./commands/run.ts";
import { version } from "./commands/version.ts";
import type { Flag, FlagValues, GlobalName } from "./flags.ts";
import type { Process } from "./process.ts";
import type { Report } from "./report.ts";

/** What a command is given. */
export interface Invocation<Name extends string = string> {
  readonly flags: FlagValues<Name>;
  readonly globals: FlagValues<GlobalName>;
  readonly operands: readonly string[];
  /** All that was typed after `masu`. */
  readonly args: readonly string[];
  /** The whole table, for `masu help`. */
  readonly commands: readonly Command[];
  readonly report: Report;
  readonly process: Process;
}

/** One command. */
export interface Command<Name extends string = string> {
  readonly name: string;
  /** Its heading in the overview. */
  readonly group: string;
  /** Its operands as the usage line has them. */
  readonly operands: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** Paragraphs. */
  readonly description: readonly string[];
  /** Those that `Name` names, and those that are refused. */
  readonly flags: readonly Flag[];
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  /** Flags end at the first operand: what follows is another program's. */
  readonly runsProgram: boolean;
  /** It would make a plan, so that --explain has something to print. */
  readonly makesPlan: boolean;
  /** It prints a result, so that --json has a meaning. */
  readonly hasResult: boolean;
  /** Returns the exit status. Errors are thrown. */
  run(invocation: Invocation<Name>): number;
}

/** All commands, in the order of the overview. */
export const COMMANDS: readonly Command[] = [run, check, help, version];
