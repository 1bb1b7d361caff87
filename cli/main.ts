/**
 * `masu`: what was typed -> a command -> an exit status.
 *
 * @module
 */
import { invalidConfig } from "../lib/error.ts";
import { type Command, COMMANDS } from "./command.ts";
import { findCommand } from "./commands/help.ts";
import { EXIT, exitStatus } from "./exit.ts";
import { type FlagValues, GLOBAL_FLAGS, type GlobalName } from "./flags.ts";
import { explainForm, reportSettings } from "./global_options.ts";
import { commandHelp, overview, shortHelp } from "./help.ts";
import { flagValues, parseArguments } from "./parser.ts";
import { type Process, thisProcess } from "./process.ts";
import { createReport, PLAIN_SETTINGS, type Report } from "./report.ts";
import { VERSION_LINE } from "./version.ts";

/** Runs what `args` say. Returns the exit status, and never throws. */
export function main(args: readonly string[], process: Process): number {
  const session: Session = { report: createReport(PLAIN_SETTINGS, process), runsProgram: false };
  try {
    try {
      return dispatch(args, process, session);
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) throw error;
      session.report.error(error);
      return exitStatus(error, session.runsProgram);
    }
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return EXIT.brokenPipe;
    return exitStatus(error, session.runsProgram);
  }
}

/** What is known so far of how to print and how to exit; it becomes better while arguments are read. */
interface Session {
  report: Report;
  runsProgram: boolean;
}

function dispatch(args: readonly string[], process: Process, session: Session): number {
  const early = parseArguments(args, { flags: GLOBAL_FLAGS, command: "masu", stopAtOperand: true });
  const [name, ...rest] = early.operands;
  const globals = flagValues<GlobalName>(early.values);
  session.report = createReport(reportSettings(globals, process), process);
  if (name === undefined || globals.on("help") || globals.on("version")) {
    return withoutCommand(globals, name, session.report);
  }
  const command = findCommand(name, COMMANDS);
  session.runsProgram = command.runsProgram;
  return runCommand(command, { args, rest, early: early.values, process, session });
}

function withoutCommand(globals: FlagValues<GlobalName>, name: string | undefined, report: Report): number {
  if (globals.on("version")) report.text(VERSION_LINE);
  else if (name !== undefined) report.text(commandHelp(findCommand(name, COMMANDS), report.paint));
  else report.text((globals.on("help") ? overview : shortHelp)(COMMANDS, report.paint));
  return EXIT.success;
}

interface Start {
  readonly args: readonly string[];
  readonly rest: readonly string[];
  readonly early: ReadonlyMap<string, readonly string[]>;
  readonly process: Process;
  readonly session: Session;
}

function runCommand(command: Command, { args, rest, early, process, session }: Start): number {
  const late = parseArguments(rest, {
    flags: [...command.flags, ...GLOBAL_FLAGS],
    command: `masu ${command.name}`,
    stopAtOperand: command.runsProgram,
  });
  const globals = flagValues<GlobalName>(early, late.values);
  const report = createReport(reportSettings(globals, process), process);
  session.report = report;
  if (globals.on("version")) report.text(VERSION_LINE);
  else if (globals.on("help")) report.text(commandHelp(command, report.paint));
  else {
    refuseMeaningless(command, globals);
    const flags = flagValues(late.values);
    return command.run({ flags, globals, operands: late.operands, args, commands: COMMANDS, report, process });
  }
  return EXIT.success;
}

/** A global flag that has no meaning for a command is a mistake, not something to ignore. */
function refuseMeaningless(command: Command, globals: FlagValues<GlobalName>): void {
  const explain = explainForm(globals);
  if (explain !== undefined && !command.makesPlan) {
    throw invalidConfig(`Read flag "--explain" of "masu ${command.name}": it makes no plan`);
  }
  const json = globals.on("json") || globals.text("format") !== undefined;
  if (json && !command.hasResult && explain === undefined) {
    const flag = globals.on("json") ? "--json" : "--format";
    throw invalidConfig(`Read flag "${flag}" of "masu ${command.name}": it prints no result of its own`);
  }
}

if (import.meta.main) Deno.exit(main(Deno.args, thisProcess()));
