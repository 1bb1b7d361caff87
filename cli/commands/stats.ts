/** `masu stats`: what containers use. */
import { pause } from "../../lib/engine/key.ts";
import { type ContainerStats, StatsReader } from "../../lib/engine/stats.ts";
import type { Command, Invocation } from "../command.ts";
import { storeFor } from "../container_words.ts";
import { EXIT } from "../exit.ts";
import { templateText } from "../global_options.ts";
import { drawLive, History } from "../live.ts";
import { intervalMs, LIVE_FLAGS, type LiveFlag } from "../live_flags.ts";
import { escapeJson } from "../paint.ts";
import { table } from "../table.ts";
import { statsColumns, statsFields } from "../table_stats.ts";
import { readTemplate } from "../template.ts";

type StatsFlag = "all" | "no-trunc" | "no-reset" | LiveFlag;

/** The CPU's share needs two looks; so long after each other are the first two. */
const FIRST_MS = 200;
const HISTORY_LENGTH = 12;

export const stats: Command<StatsFlag> = {
  name: "stats",
  group: "Look",
  operands: "[CONTAINER...]",
  summary: "Show what containers use: CPU, memory, network, disks",
  description: [
    "On a terminal it draws every second until q or Ctrl-C is pressed; elsewhere it prints a table every second. CPU % is of one " +
    "CPU, since the look before. Memory is without the cache that could be dropped at once. -- is what nothing counts: there is " +
    "no such controller, or no network of the container's own.",
    "With --json each container is a JSON document on a line of its own, each second. A template prints .Container .ID .Name " +
    ".CPUPerc .MemUsage .MemPerc .NetIO .BlockIO .PIDs.",
  ],
  flags: [
    { name: "all", short: "a", group: "Flags", help: "Those that do not run too" },
    { name: "no-trunc", group: "Flags", help: "Cut nothing" },
    ...LIVE_FLAGS,
    { name: "no-reset", group: "Flags", help: "", refused: "piped through cat(1), each table follows the one before" },
  ],
  examples: [
    ["masu stats", "All that run, live"],
    ["masu stats --no-stream --json web | jq .memoryBytes", "One look, for a script"],
    ["masu stats --format '{{.Name}} {{.CPUPerc}}' -d 5", "Every five seconds, as one likes"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  templates: true,
  async run(invocation): Promise<number> {
    const { flags, operands, report, process } = invocation;
    const interval = intervalMs(flags);
    const core = process.core();
    const reader = new StatsReader(core, storeFor(invocation), { words: operands, all: flags.on("all") });
    const history = new History(HISTORY_LENGTH);
    const print = printer(invocation, history);
    if (!flags.on("no-stream") && process.stays !== true) {
      const text = (columns: number | undefined) => {
        const found = reader.read();
        history.add(found.flatMap(({ id, cpuPercent }) => cpuPercent === null ? [] : [[id, cpuPercent] as const]));
        return print(found, columns);
      };
      return await drawLive({ text, firstMs: FIRST_MS }, { core, report, intervalMs: interval });
    }
    reader.read();
    await pause(core, FIRST_MS);
    const found = reader.read();
    const text = print(found, undefined);
    if (isPlain(invocation)) report.result(found, text);
    else if (text !== "") report.text(text);
    return EXIT.success;
  },
};

/** Neither JSON lines nor a template. */
function isPlain({ globals, process }: Invocation<StatsFlag>): boolean {
  return process.stays === true || (!wantsLines(globals) && templateText(globals) === undefined);
}

function wantsLines(globals: Invocation<StatsFlag>["globals"]): boolean {
  return globals.on("json") || globals.text("format") === "json";
}

type Print = (stats: readonly ContainerStats[], columns: number | undefined) => string;

/** Errors: `invalid_config` a wrong template. */
function printer({ flags, globals, report }: Invocation<StatsFlag>, history: History): Print {
  const whole = flags.on("no-trunc");
  if (wantsLines(globals)) return (stats) => stats.map((one) => escapeJson(JSON.stringify(one))).join("\n");
  const written = templateText(globals);
  if (written !== undefined) {
    const template = readTemplate(written);
    return (stats) => template.lines(stats.map((one) => statsFields(one, whole)));
  }
  return (stats, columns) => {
    const shown = statsColumns(whole, columns === undefined ? undefined : history);
    return table(shown, stats, { paint: report.paint, ...(columns !== undefined && { columns }) });
  };
}
