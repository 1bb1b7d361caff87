/** `masu top`: what containers do now, the busiest first; or the processes of one. */
import { ProcessReader } from "../../lib/engine/processes.ts";
import { type ContainerStats, StatsReader } from "../../lib/engine/stats.ts";
import { pause } from "../../lib/engine/key.ts";
import type { Command, Invocation } from "../command.ts";
import { storeFor } from "../container_words.ts";
import { EXIT } from "../exit.ts";
import { drawLive, History } from "../live.ts";
import { intervalMs, LIVE_FLAGS, type LiveFlag } from "../live_flags.ts";
import { table } from "../table.ts";
import { chosenColumns, PROCESS_FLAGS, type ProcessFlag } from "../table_process_flags.ts";
import { topColumns } from "../table_stats.ts";
import { binarySize, percent } from "../table_words.ts";

type TopFlag = LiveFlag | ProcessFlag;

/** The CPU's share needs two looks; so long after each other are the first two. */
const FIRST_MS = 200;
const HISTORY_LENGTH = 20;

export const top: Command<TopFlag> = {
  name: "top",
  group: "Look",
  operands: "[CONTAINER [PS OPTION...]] [CONTAINER...]",
  summary: "Show the busiest containers, or processes of one",
  description: [
    "On a terminal it draws every second until q or Ctrl-C is pressed: containers by what they use of a CPU (100 % is one), with " +
    "what they used lately, or with one CONTAINER its processes. Elsewhere it prints once, which for one CONTAINER is " +
    "docker's top.",
  ],
  flags: LIVE_FLAGS,
  laterFlags: [...LIVE_FLAGS, ...PROCESS_FLAGS],
  examples: [
    ["masu top", "All containers that run"],
    ["masu top web", "Its processes; masu ps web prints them once"],
    ["masu top web -o pid,rss,args", "Chosen columns; -ef and aux work too"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run(invocation): Promise<number> {
    const [container, ...words] = invocation.operands;
    const isProcesses = container !== undefined && words.every((word) => /^-?[auxw]+$/.test(word));
    return isProcesses ? topProcesses(invocation, container, words) : topContainers(invocation);
  },
};

async function topContainers(invocation: Invocation<TopFlag>): Promise<number> {
  const { flags, operands, report, process } = invocation;
  const core = process.core();
  const reader = new StatsReader(core, storeFor(invocation), { words: operands, all: false });
  const history = new History(HISTORY_LENGTH);
  const look = () => {
    const found = reader.read().toSorted((one, other) => (other.cpuPercent ?? -1) - (one.cpuPercent ?? -1));
    history.add(found.flatMap(({ id, cpuPercent }) => cpuPercent === null ? [] : [[id, cpuPercent] as const]));
    return found;
  };
  const text = (found: readonly ContainerStats[], columns: number | undefined) =>
    table(topColumns(columns === undefined ? undefined : history), found, {
      paint: report.paint,
      ...(columns !== undefined && { columns }),
    });
  if (isLive(invocation)) {
    const drawing = {
      firstMs: FIRST_MS,
      text: (columns: number | undefined) => {
        const found = look();
        return `${totals(found)}\n\n${text(found, columns)}`;
      },
    };
    return await drawLive(drawing, { core, report, intervalMs: intervalMs(flags) });
  }
  look();
  await pause(core, FIRST_MS);
  const found = look();
  report.result(found, text(found, undefined));
  return EXIT.success;
}

async function topProcesses(
  invocation: Invocation<TopFlag>,
  container: string,
  words: readonly string[],
): Promise<number> {
  const { flags, report, process } = invocation;
  const columns = () => chosenColumns(flags, words, { nowMs: Date.now() });
  columns();
  const core = process.core();
  const reader = new ProcessReader(core, storeFor(invocation), container);
  if (!isLive(invocation)) {
    const found = reader.read();
    report.result(found, table(columns(), found, { paint: report.paint }));
    return EXIT.success;
  }
  const text = (width: number | undefined) => {
    const found = reader.read().toSorted((one, other) => other.cpuPercent - one.cpuPercent || one.pid - other.pid);
    return table(columns(), found, { paint: report.paint, ...(width !== undefined && { columns: width }) });
  };
  return await drawLive({ text, firstMs: FIRST_MS }, { core, report, intervalMs: intervalMs(flags) });
}

/** Drawn again and again: on a terminal, unless one document was asked for. */
function isLive({ flags, globals, report, process }: Invocation<TopFlag>): boolean {
  intervalMs(flags);
  const isDocument = globals.on("json") || globals.text("format") === "json";
  return report.onTerminal && !isDocument && !flags.on("no-stream") && process.stays !== true;
}

/** One line about all of them. */
function totals(stats: readonly ContainerStats[]): string {
  const sum = (figure: (stats: ContainerStats) => number | null) =>
    stats.reduce((total, one) => total + (figure(one) ?? 0), 0);
  const count = `${stats.length} ${stats.length === 1 ? "container" : "containers"}`;
  const cpu = percent(sum(({ cpuPercent }) => cpuPercent));
  return `${count}   CPU ${cpu}   memory ${binarySize(sum(({ memoryBytes }) => memoryBytes))}   q: quit`;
}
