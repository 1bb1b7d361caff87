/**
 * `masu create --bundle` and `masu run --bundle` as engines type them, without the other commands, help and whatever else only
 * people want.
 *
 * @module
 */
import { makeFromBundle } from "./bundle.ts";
import { type BundleFlagName, RUNTIME_CREATE_FLAGS, RUNTIME_RUN_FLAGS } from "./bundle_flags.ts";
import { RUNTIME_EXIT } from "./contract.ts";
import { EXIT } from "./exit.ts";
import { EARLY_FLAGS, type Flag, GLOBAL_FLAGS, type GlobalName } from "./flags.ts";
import { reportSettings } from "./global_options.ts";
import { flagValues, parseArguments } from "./parser.ts";
import type { Process } from "./process.ts";
import { createReport } from "./report.ts";
import type { MakingCommand } from "./run_words.ts";

/** Global flags that change what is done or printed in ways that only the whole program knows. */
const OTHER: readonly GlobalName[] = ["help", "version", "explain", "dry-run", "format", "json", "quiet"];

/**
 * Makes the container and returns the exit status; undefined: something else was typed, or a mistake, and nothing was done.
 *
 * The status and all that is printed are those that `main` would have: engines cannot tell them apart.
 */
export function makeForEngine(args: readonly string[], process: Process): number | undefined {
  const words = readWords(args, process);
  if (words === undefined) return undefined;
  const { command, flags, globals, operands, settings } = words;
  const report = createReport({ ...settings, contract: () => true }, process);
  try {
    return makeFromBundle(command, { flags, globals, operands, report, process });
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return EXIT.brokenPipe;
    report.error(error);
    return RUNTIME_EXIT.failed;
  }
}

function readWords(args: readonly string[], process: Process) {
  try {
    const early = parseArguments(args, { flags: EARLY_FLAGS, command: "masu", stopAtOperand: true });
    const [name, ...rest] = early.operands;
    if (name !== "create" && name !== "run") return undefined;
    const command: MakingCommand = name;
    const own: readonly Flag[] = command === "create" ? RUNTIME_CREATE_FLAGS : RUNTIME_RUN_FLAGS;
    const grammar = { flags: [...own, ...GLOBAL_FLAGS], command: `masu ${name}`, stopAtOperand: true };
    const { values, operands } = parseArguments(rest, grammar);
    const flags = flagValues<BundleFlagName>(values);
    const globals = flagValues<GlobalName>(early.values, values);
    const isBundle = flags.text("bundle") !== undefined && OTHER.every((flag) => globals.text(flag) === undefined);
    return isBundle ? { command, flags, globals, operands, settings: reportSettings(globals, process) } : undefined;
  } catch {
    // The whole program says what the mistake is.
    return undefined;
  }
}
