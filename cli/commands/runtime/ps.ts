/** `ps` as engines call it: runc's. */
import { processIDs, ProcessReader } from "../../../lib/engine/processes.ts";
import { invalidConfig } from "../../../lib/error.ts";
import type { Command } from "../../command.ts";
import { storeFor } from "../../container_words.ts";
import { RUNTIME_EXIT } from "../../contract.ts";
import { EXIT } from "../../exit.ts";
import { choice } from "../../parser.ts";
import { table } from "../../table.ts";
import { chosenColumns, PROCESS_FLAGS, type ProcessFlag } from "../../table_process_flags.ts";
import { formColumns } from "../../table_processes.ts";

export const runtimePs: Command<"format" | ProcessFlag> = {
  name: "ps",
  group: "Look",
  operands: "CONTAINER [PS OPTION...]",
  summary: "List the processes of a container",
  description: [
    "The table is read of the kernel and has ps(1)'s columns for these options, -ef without any; no program runs for it.",
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
  laterFlags: PROCESS_FLAGS,
  examples: [["masu ps --format json web", "PIDs as the host sees them"]],
  operandsEndFlags: true,
  front: true,
  runsProgram: false,
  runtimeFailure: RUNTIME_EXIT.failed,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { flags, operands: [container, ...words], report, process } = invocation;
    if (container === undefined) throw invalidConfig('Read operands of "masu ps": no CONTAINER');
    const core = process.core();
    const store = storeFor(invocation);
    if (choice("--format", flags.text("format") ?? "table", ["table", "json"]) === "json") {
      report.text(JSON.stringify(processIDs(core, store, container)));
      return EXIT.success;
    }
    const style = { nowMs: Date.now() };
    const isPlain = words.length === 0 && !flags.on("every") && !flags.on("full") && flags.all("columns").length === 0;
    const columns = isPlain ? formColumns("full", style) : chosenColumns(flags, words, style);
    report.text(table(columns, new ProcessReader(core, store, container).read()));
    return EXIT.success;
  },
};
