/** `ps` as engines call it: runc's. */
import { hostProcesses } from "../../../lib/engine/host_ps.ts";
import { processIDs, ProcessReader } from "../../../lib/engine/processes.ts";
import { invalidConfig } from "../../../lib/error.ts";
import type { Command } from "../../command.ts";
import { storeFor } from "../../container_words.ts";
import { RUNTIME_EXIT } from "../../contract.ts";
import { EXIT } from "../../exit.ts";
import { choice, flagValues, parseArguments } from "../../parser.ts";
import { table } from "../../table.ts";
import { chosenColumns, PROCESS_FLAGS } from "../../table_process_flags.ts";
import { formColumns } from "../../table_processes.ts";

/** runc's, without others. */
const USUAL = ["-ef"];

export const runtimePs: Command<"format"> = {
  name: "ps",
  group: "Look",
  operands: "CONTAINER [PS OPTION...]",
  summary: "List the processes of a container",
  description: [
    "The table is what the host's ps(1) prints for these options, -ef without any, as far as it is about the container's " +
    "processes. Where there is no ps(1), it is read of the kernel, for -ef, aux and -o pid,args.",
  ],
  flags: [
    {
      name: "format",
      short: "f",
      value: "FORM",
      front: true,
      group: "Flags",
      help: "table (default), or json: PIDs alone",
    },
  ],
  examples: [
    ["masu ps --format json web", "PIDs as the host sees them"],
    ["masu ps web -o pid,wchan,args --sort=-rss", "Whatever ps(1) knows"],
  ],
  operandsEndFlags: true,
  front: true,
  runsProgram: false,
  runtimeFailure: RUNTIME_EXIT.failed,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { flags, operands: [container, ...words], report, process } = invocation;
    if (container === undefined) throw invalidConfig('Read operands of "masu ps": no CONTAINER');
    const form = choice("--format", flags.text("format") ?? "table", ["table", "json"]);
    const core = process.core();
    const store = storeFor(invocation);
    const pids = processIDs(core, store, container);
    if (form === "json") report.text(JSON.stringify(pids));
    else {
      const ownTable = () => readTable(new ProcessReader(core, store, container), words);
      report.text(hostProcesses(core, words.length === 0 ? USUAL : words, pids) ?? ownTable());
    }
    return EXIT.success;
  },
};

/** The table without ps(1). Errors: `invalid_config` for options that only that one knows. */
function readTable(reader: ProcessReader, words: readonly string[]): string {
  const style = { nowMs: Date.now() };
  const grammar = { flags: PROCESS_FLAGS, command: "masu ps", stopAtOperand: false };
  const { values, operands } = parseArguments(words, grammar);
  const columns = words.length === 0 ? formColumns("full", style) : chosenColumns(flagValues(values), operands, style);
  return table(columns, reader.read());
}
