/**
 * `masu`: what was typed -> a command -> an exit status.
 *
 * @module
 */
import { invalidConfig } from "../lib/error.ts";
import { type Command, COMMANDS, endsFlags } from "./command.ts";
import { EXIT, exitStatus } from "./exit.ts";
import { findCommand, findSubcommand } from "./family.ts";
import { EARLY_FLAGS, type FlagValues, GLOBAL_FLAGS, type GlobalName } from "./flags.ts";
import { RUNTIME_EXIT } from "./contract.ts";
import { calledAs, explainForm, refuseResult, refuseTemplate, reportSettings } from "./global_options.ts";
import { commandHelp, overview, shortHelp } from "./help.ts";
import { flagValues, type Grammar, parseArguments, type Parsed } from "./parser.ts";
import { type Process, thisProcess } from "./process.ts";
import { createReport, PLAIN_SETTINGS, type Report, type ReportSettings } from "./report.ts";
import { runtimeVersion, VERSION_LINE } from "./version.ts";

/** Runs what `args` say. Returns the exit status, and never throws. */
export async function main(args: readonly string[], process: Process): Promise<number> {
  const session: Session = {
    report: createReport(PLAIN_SETTINGS, process),
    runsProgram: false,
    runtimeFailure: RUNTIME_EXIT.failed,
  };
  try {
    try {
      return await dispatch(args, process, session);
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) throw error;
      process.failed?.(error);
      session.report.error(error);
      return failureStatus(error, session);
    }
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return EXIT.brokenPipe;
    return failureStatus(error, session);
  }
}

function failureStatus(error: unknown, { report, runsProgram, runtimeFailure }: Session): number {
  return report.contract && runtimeFailure !== undefined ? runtimeFailure : exitStatus(error, runsProgram);
}

/** What is known so far of how to print and how to exit; it becomes better while arguments are read. */
interface Session {
  report: Report;
  runsProgram: boolean;
  /** The exit status of a runtime's command; undefined: engines do not call it. */
  runtimeFailure: number | undefined;
}

function dispatch(args: readonly string[], process: Process, session: Session): number | Promise<number> {
  const early = parseEarly(args, process, session);
  const [name, ...rest] = early.operands;
  const globals = flagValues<GlobalName>(early.values);
  session.report = createReport(reportSettings(globals, process), process);
  if (name === undefined || globals.on("help") || globals.on("version")) {
    return withoutCommand(globals, name, { report: session.report, process });
  }
  const found = findCommand(name, COMMANDS);
  const command = runtimeForm(found, session.report, process) ?? found;
  const start = { args, rest, early: [early.values], process, session };
  return command.subcommands === undefined ? runCommand(command, start) : runSubcommand(command, start);
}

/** What was typed up to the command's name. An engine finds a mistake there in the log that it named before. */
function parseEarly(args: readonly string[], process: Process, session: Session): Parsed {
  const grammar = { flags: EARLY_FLAGS, command: "masu", stopAtOperand: true };
  try {
    return parseArguments(args, grammar);
  } catch (error) {
    const globals = flagValues<GlobalName>(valuesBefore(args, grammar));
    session.report = createReport(reportSettings(globals, process), process);
    throw error;
  }
}

/** What can be read before the first mistake. */
function valuesBefore(args: readonly string[], grammar: Grammar): Parsed["values"] {
  let values: Parsed["values"] = new Map();
  // A flag without its value, which is the next word, is one mistake.
  for (let [length, mistakes] = [1, 0]; length <= args.length && mistakes < 2; length++) {
    try {
      ({ values } = parseArguments(args.slice(0, length), grammar));
      mistakes = 0;
    } catch {
      mistakes++;
    }
  }
  return values;
}

/** What stands for a command where engines mean a runtime's; undefined: the command itself. */
function runtimeForm(command: Command, report: Report, process: Process): Command | undefined {
  if (command.asRuntime === undefined) return undefined;
  // Where flags say which is meant, a log does not.
  const byName = typeof command.runtimeFailure === "function";
  return (byName ? calledAs(process) !== undefined : report.contract) ? command.asRuntime : undefined;
}

/** What was typed after a family's name: global flags, and a command of its own. */
function runSubcommand(family: Command, { rest, early, ...start }: Start): number | Promise<number> {
  const grammar = { flags: GLOBAL_FLAGS, command: `masu ${family.name}`, stopAtOperand: true };
  const { values, operands: [name, ...words] } = parseArguments(rest, grammar);
  const layers = [...early, values];
  if (name === undefined) return runCommand(family, { ...start, rest, early });
  return runCommand(findSubcommand(name, family), { ...start, rest: words, early: layers });
}

function withoutCommand(
  globals: FlagValues<GlobalName>,
  name: string | undefined,
  { report, process }: Pick<Start, "process"> & Pick<Session, "report">,
): number {
  if (globals.on("version")) report.text(report.contract ? runtimeVersion(calledAs(process)) : VERSION_LINE);
  else if (name !== undefined) report.text(commandHelp(findCommand(name, COMMANDS), report.paint));
  else report.text((globals.on("help") ? overview : shortHelp)(COMMANDS, report.paint));
  return EXIT.success;
}

interface Start {
  readonly args: readonly string[];
  readonly rest: readonly string[];
  readonly early: readonly Parsed["values"][];
  readonly process: Process;
  readonly session: Session;
}

function runCommand(command: Command, { args, rest, early, process, session }: Start): number | Promise<number> {
  session.runsProgram = command.runsProgram;
  session.runtimeFailure = unreadFailure(command, session.report);
  const { layers, operands } = parseCommand(command, rest);
  const globals = flagValues<GlobalName>(...early, ...layers);
  session.runtimeFailure = runtimeFailure(command, flagValues(...layers));
  const settings = reportSettings(globals, process);
  const report = createReport({ ...settings, contract: contractOf(command, settings, session) }, process);
  session.report = report;
  if (globals.on("version")) report.text(VERSION_LINE);
  else if (globals.on("help")) report.text(commandHelp(command, report.paint));
  else {
    refuseMeaningless(command, globals);
    const flags = flagValues(...layers);
    return command.run({ flags, globals, operands, args, commands: COMMANDS, report, process, main });
  }
  return EXIT.success;
}

/** It holds for a runtime's commands, and always where their flags alone say that they are meant so. */
function contractOf(command: Command, { contract }: ReportSettings, { runtimeFailure }: Session): () => boolean {
  if (runtimeFailure === undefined) return () => false;
  return typeof command.runtimeFailure === "function" ? () => true : contract;
}

/** The exit status while flags are still to be read: who mistypes one of `create` with a log is an engine. */
function unreadFailure({ runtimeFailure }: Command, { contract }: Report): number | undefined {
  if (typeof runtimeFailure !== "function") return runtimeFailure;
  return contract ? RUNTIME_EXIT.failed : undefined;
}

function runtimeFailure({ runtimeFailure }: Command, flags: FlagValues): number | undefined {
  return typeof runtimeFailure === "function" ? runtimeFailure(flags) : runtimeFailure;
}

/** What was typed after a command's name. */
function parseCommand(
  command: Command,
  rest: readonly string[],
): { layers: readonly Parsed["values"][]; operands: readonly string[] } {
  const { flags, laterFlags } = command;
  const grammar = { flags: [...flags, ...GLOBAL_FLAGS], command: `masu ${command.name}` };
  const stopAtOperand = endsFlags(command) || laterFlags !== undefined;
  const { values, operands } = parseArguments(rest, { ...grammar, stopAtOperand });
  const [first, ...words] = operands;
  if (laterFlags === undefined || first === undefined) return { layers: [values], operands };
  const later = parseArguments(words, {
    ...grammar,
    flags: [...laterFlags, ...GLOBAL_FLAGS],
    stopAtOperand: endsFlags(command),
  });
  return { layers: [values, later.values], operands: [first, ...later.operands] };
}

/** A global flag that has no meaning for a command is a mistake, not something to ignore. */
function refuseMeaningless(command: Command, globals: FlagValues<GlobalName>): void {
  const explain = explainForm(globals);
  const isDry = globals.text("explain") === undefined && command.dryRuns === true;
  if (explain !== undefined && !command.makesPlan && !isDry) {
    throw invalidConfig(`Read flag "--explain" of "masu ${command.name}": it makes no plan`);
  }
  if (!command.hasResult && explain === undefined) refuseResult(command.name, globals);
  if (command.templates === undefined) refuseTemplate(command.name, globals);
}

if (import.meta.main) main(Deno.args, thisProcess()).then(Deno.exit);
