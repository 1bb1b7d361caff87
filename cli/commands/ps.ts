/** `masu ps`: containers, or with one's name the processes in it. */
import { type ListedProcess, ProcessReader } from "../../lib/engine/processes.ts";
import type { Command, Invocation } from "../command.ts";
import { storeFor } from "../container_words.ts";
import { EXIT } from "../exit.ts";
import { templateText } from "../global_options.ts";
import { table } from "../table.ts";
import { chosenColumns, PROCESS_FLAGS, type ProcessFlag } from "../table_process_flags.ts";
import { type Fields, readTemplate, templateFields } from "../template.ts";
import { runtimePs } from "./runtime/ps.ts";
import { LIST_FLAGS, type ListFlag, printList } from "./list.ts";

type PsFlag = ListFlag | ProcessFlag;

export const ps: Command<PsFlag> = {
  name: "ps",
  group: "Look",
  operands: "[CONTAINER [PS OPTION...]]",
  summary: "List containers, or the processes of one",
  description: [
    "Without CONTAINER: masu list. With it, its processes as the host sees them: INNER is the PID that the container itself " +
    "sees. They are read of the kernel; no program runs for it, of the container least of all.",
    "With -q PIDs alone. A template prints a line for each process: .Pid .InnerPid .Parent .User .Uid .State .CpuPercent " +
    ".MemoryPercent .RssBytes .Threads .Terminal .Started .CpuSeconds .Name .Command.",
  ],
  flags: LIST_FLAGS,
  laterFlags: PROCESS_FLAGS,
  asRuntime: runtimePs,
  examples: [
    ["masu ps -a", "All containers"],
    ["masu ps web", "The processes of one"],
    ["masu ps web -o pid,rss,args", "Chosen columns; -ef and aux work too"],
    ["masu ps web --json", "For a program"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  templates: true,
  run(invocation): number {
    const [container, ...words] = invocation.operands;
    return container === undefined ? printList(invocation) : printProcesses(invocation, container, words);
  },
};

function printProcesses(invocation: Invocation<PsFlag>, container: string, words: readonly string[]): number {
  const { flags, globals, report, process } = invocation;
  const columns = chosenColumns(flags, words, { nowMs: Date.now() });
  const written = templateText(globals);
  const template = written === undefined ? undefined : readTemplate(written);
  const processes = new ProcessReader(process.core(), storeFor(invocation), container).read();
  if (template !== undefined) report.text(template.lines(processes.map(processFields)));
  else {
    const quiet = () => processes.map(({ pid }) => pid).join("\n");
    report.result(processes, report.quiet ? quiet() : table(columns, processes, { paint: report.paint }));
  }
  return EXIT.success;
}

/** What a template may name. */
function processFields(process: ListedProcess): Fields {
  const entries = Object.entries(process).map((
    [key, value],
  ) => [`${key.charAt(0).toUpperCase()}${key.slice(1)}`, value]);
  return templateFields(Object.fromEntries(entries));
}
