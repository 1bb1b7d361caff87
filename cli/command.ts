/**
 * What a command is, and the table of all of them.
 *
 * @module
 */
import { attach } from "./commands/attach.ts";
import { batch } from "./commands/batch.ts";
import { cap } from "./commands/cap.ts";
import { cgroup } from "./commands/cgroup.ts";
import { check } from "./commands/check.ts";
import { checkpoint, restore } from "./commands/checkpoint.ts";
import { completion } from "./commands/completion.ts";
import { cp } from "./commands/cp.ts";
import { diff } from "./commands/diff.ts";
import { events } from "./commands/events.ts";
import { exec } from "./commands/exec.ts";
import { exportation } from "./commands/export.ts";
import { features } from "./commands/features.ts";
import { spec } from "./commands/spec.ts";
import { create } from "./commands/create.ts";
import { deletion } from "./commands/delete.ts";
import { help } from "./commands/help.ts";
import { inspect } from "./commands/inspect.ts";
import { kill } from "./commands/kill.ts";
import { list } from "./commands/list.ts";
import { logs } from "./commands/logs.ts";
import { ns } from "./commands/ns.ts";
import { overlay } from "./commands/overlay.ts";
import { pause } from "./commands/pause.ts";
import { port } from "./commands/port.ts";
import { ps } from "./commands/ps.ts";
import { rename } from "./commands/rename.ts";
import { restart } from "./commands/restart.ts";
import { resume } from "./commands/resume.ts";
import { run } from "./commands/run.ts";
import { seccomp } from "./commands/seccomp.ts";
import { start } from "./commands/start.ts";
import { state } from "./commands/state.ts";
import { stats } from "./commands/stats.ts";
import { stop } from "./commands/stop.ts";
import { system } from "./commands/system.ts";
import { top } from "./commands/top.ts";
import { update } from "./commands/update.ts";
import { version } from "./commands/version.ts";
import { wait } from "./commands/wait.ts";
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
  /** Runs another command as if it had been typed, and returns its exit status. */
  readonly main: (args: readonly string[], inner: Process) => Promise<number>;
}

/** One command. */
export interface Command<Name extends string = string> {
  readonly name: string;
  /** Other names with the same meaning: those that users of docker, LXC or runc type from habit. */
  readonly aliases?: readonly string[];
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
  /** It ends with a program's own exit status. */
  readonly runsProgram: boolean;
  /** Flags end at the first operand: what follows is a program's. As `runsProgram` when it is absent. */
  readonly operandsEndFlags?: boolean;
  /** It would make a plan, so that --explain has something to print. */
  readonly makesPlan: boolean;
  /** --dry-run has a meaning without a plan. */
  readonly dryRuns?: true;
  /** It prints a result, so that --json has a meaning. */
  readonly hasResult: boolean;
  /** Its result can be printed by a template: --format '{{.ID}}'. */
  readonly templates?: true;
  /** Flags after the first operand, where they mean something else than before it. */
  readonly laterFlags?: readonly Flag[];
  /** The front executes it without this program, unless something was written that is not marked so: tools/front_grammar.ts. */
  readonly front?: true;
  /** Its exit status where it fails as the command of an OCI runtime: cli/contract.ts. Absent: engines do not call it. */
  readonly runtimeFailure?: number | ((flags: FlagValues) => number | undefined);
  /**
   * What takes its place where engines expect a runtime's command, when its words mean something else there; of a command whose flags
   * say which is meant, only where masu is called by a runtime's name.
   */
  readonly asRuntime?: Command;
  /** It is a family: these are the commands below it, `masu cgroup run`, each named by its last word. Made by {@link family}. */
  readonly subcommands?: readonly Command[];
  /** Returns the exit status. Errors are thrown. */
  run(invocation: Invocation<Name>): number | Promise<number>;
}

/** Whether flags end at a command's first operand. */
export function endsFlags({ operandsEndFlags, runsProgram }: Command): boolean {
  return operandsEndFlags ?? runsProgram;
}

/** All commands, in the order of the overview. */
export const COMMANDS: readonly Command[] = [
  run,
  create,
  start,
  stop,
  restart,
  kill,
  deletion,
  rename,
  exec,
  attach,
  logs,
  wait,
  pause,
  resume,
  update,
  cp,
  diff,
  exportation,
  list,
  ps,
  state,
  inspect,
  top,
  stats,
  events,
  port,
  checkpoint,
  restore,
  features,
  spec,
  ns,
  cgroup,
  overlay,
  cap,
  seccomp,
  check,
  system,
  batch,
  completion,
  help,
  version,
];
