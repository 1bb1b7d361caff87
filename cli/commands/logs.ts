/** `masu logs`: what a container wrote. */
import { parseTimePoint } from "../../lib/config/time_point.ts";
import { parseWhole } from "../../lib/config/number.ts";
import { type LogLine, type LogOptions, readLog } from "../../lib/engine/logs.ts";
import type { Command } from "../command.ts";
import { namedContainer, storeFor } from "../container_words.ts";
import { EXIT } from "../exit.ts";
import type { FlagValues } from "../flags.ts";
import { escapeJson } from "../paint.ts";
import type { Report } from "../report.ts";

type LogsFlag = "follow" | "since" | "until" | "tail" | "timestamps";

export const logs: Command<LogsFlag> = {
  name: "logs",
  group: "Containers",
  operands: "CONTAINER",
  summary: "Print what a container wrote",
  description: [
    "What it wrote to stdout goes to stdout, and what it wrote to stderr to stderr, across its starts and rotated files. " +
    "With --json each line is a JSON document on a line of its own, on stdout.",
    "TIME is a date and time (2026-01-02T03:04:05Z), seconds since 1970, or how long ago (10m, 1h30m, 2d).",
  ],
  flags: [
    { name: "follow", short: "f", group: "Flags", help: "Go on until the container has ended" },
    { name: "since", value: "TIME", group: "Flags", help: "Only what was written since then" },
    { name: "until", value: "TIME", group: "Flags", help: "Only what was written up to then" },
    { name: "tail", short: "n", value: "N", group: "Flags", help: "Begin with the last N lines, or all (default)" },
    { name: "timestamps", short: "t", group: "Flags", help: "Print before each line when it was written" },
    {
      name: "details",
      group: "Flags",
      help: "",
      refused: "masu keeps no details of a line but its time: --timestamps",
    },
    { name: "names", group: "Flags", help: "", refused: "it prints the lines of one container" },
    { name: "latest", short: "l", group: "Flags", help: "", refused: "name the container: masu list shows them" },
  ],
  examples: [
    ["masu logs web", "Everything that is kept"],
    ["masu logs -f -n 20 web", "The last 20 lines, and then each as it is written"],
    ["masu logs --since 10m -t web", "What it wrote in the last ten minutes, with times"],
    ["masu logs --json web | jq -r 'select(.stream == \"stderr\").log'", "For scripts"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { flags, globals, operands, report, process } = invocation;
    const container = namedContainer("logs", operands);
    const options = readOptions(flags);
    const target = { core: process.core(), store: storeFor(invocation), container };
    const isJson = globals.on("json") || globals.text("format") === "json";
    const print = isJson ? jsonPrinter(report) : linePrinter(report, flags.on("timestamps"));
    for (const lines of readLog(target, options)) print(lines);
    return EXIT.success;
  },
};

function readOptions(flags: FlagValues<LogsFlag>): LogOptions {
  const now = Date.now();
  const point = (name: "since" | "until") => {
    const text = flags.text(name);
    return text === undefined ? undefined : parseTimePoint(`--${name}`, text, now);
  };
  const tail = flags.text("tail") ?? "all";
  return {
    since: point("since"),
    until: point("until"),
    // docker takes -1 for all, too.
    tail: tail === "all" || tail === "-1" ? undefined : parseWhole("--tail", tail, { least: 0, most: 1_000_000_000 }),
    follow: flags.on("follow"),
  };
}

function jsonPrinter(report: Report): (lines: readonly LogLine[]) => void {
  return (lines) => {
    if (lines.length > 0) report.raw("stdout", lines.map((line) => `${escapeJson(JSON.stringify(line))}\n`).join(""));
  };
}

/** Lines in the order written, each stream's to its own; the bytes are the program's. */
function linePrinter(report: Report, timestamps: boolean): (lines: readonly LogLine[]) => void {
  const within = { stdout: false, stderr: false };
  return (lines) => {
    let pending = "";
    let last: LogLine["stream"] = "stdout";
    const flush = () => {
      if (pending !== "") report.raw(last, pending);
      pending = "";
    };
    for (const { time, stream, log, partial } of lines) {
      if (stream !== last) flush();
      last = stream;
      pending += timestamps && !within[stream] ? `${time} ${log}` : log;
      within[stream] = partial;
    }
    flush();
  };
}
