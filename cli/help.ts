/**
 * Renders help as text: pure, at most 100 columns wide.
 *
 * @module
 */
import type { Command } from "./command.ts";
import { subcommandsOf } from "./family.ts";
import { type Flag, GLOBAL_FLAGS } from "./flags.ts";
import type { Paint } from "./paint.ts";

const WIDTH = 100;
/** Where explanations start, unless everything left of them is shorter. */
const WIDEST_LABEL = 34;

/** `masu`: what a person needs who typed nothing else. */
export function shortHelp(commands: readonly Command[], paint: Paint): string {
  return join([
    `${paint("bold", "Usage:")} masu [global flags] COMMAND [flags] [operands]`,
    commandTable(commands, paint),
    "masu COMMAND --help explains a command, masu help all of masu.",
  ]);
}

/** `masu help`. */
export function overview(commands: readonly Command[], paint: Paint): string {
  return join([
    "masu runs programs in Linux containers, without a daemon.",
    `${paint("bold", "Usage:")} masu [global flags] COMMAND [flags] [operands]`,
    commandTable(commands, paint),
    flagTable(GLOBAL_FLAGS, paint),
    section("Exit status", paint, [
      ["0", "done"],
      ["1", "failed"],
      ["2", "wrong usage or configuration; nothing was touched"],
      [
        "N",
        "of run, exec, attach, wait: the program's own status, 128 + N where signal N ended it, 125 where masu failed (wrong usage " +
        "included), 126 where the program cannot be executed, 127 where it was not found",
      ],
    ]),
    "masu COMMAND --help explains a command.",
  ]);
}

/** `masu COMMAND --help`. */
export function commandHelp(command: Command, paint: Paint): string {
  const usage = ["masu", command.name, command.flags.length > 0 ? "[flags]" : "", command.operands];
  return join([
    `${paint("bold", "Usage:")} ${usage.filter((word) => word !== "").join(" ")}`,
    `${command.summary}.`,
    aliasLine(command),
    ...command.description.map((paragraph) => wrap(paragraph, WIDTH).join("\n")),
    subcommandTable(command, paint),
    flagTable([...new Set([...command.flags, ...command.laterFlags ?? []])], paint),
    examples(command, paint),
    flagTable(GLOBAL_FLAGS, paint),
  ]);
}

function aliasLine({ name, aliases = [] }: Command): string {
  return aliases.length === 0 ? "" : `Other names of ${name}: ${aliases.join(", ")}.`;
}

function commandTable(commands: readonly Command[], paint: Paint): string {
  const groups = [...new Set(commands.map(({ group }) => group))];
  return join(groups.map((group) => {
    const rows = commands.filter((command) => command.group === group);
    return section(group, paint, rows.map((command) => [commandLabel(command), command.summary]));
  }));
}

function subcommandTable(command: Command, paint: Paint): string {
  const rows = subcommandsOf(command);
  if (rows.length === 0) return "";
  return section("Commands", paint, rows.map((row) => [commandLabel(row), row.summary]));
}

/** `delete, rm CONTAINER...` */
function commandLabel({ name, aliases = [], operands }: Command): string {
  return `${[name, ...aliases].join(", ")} ${operands}`.trim();
}

/** Flags under their headings, in the order of the table. Those that masu refuses are left out. */
function flagTable(flags: readonly Flag[], paint: Paint): string {
  const shown = flags.filter(({ refused }) => refused === undefined);
  const column = labelWidth(shown.map(flagLabel));
  const groups = [...new Set(shown.map(({ group }) => group))];
  return join(groups.map((group) => {
    const rows = shown.filter((flag) => flag.group === group);
    return section(group, paint, rows.map((flag) => [flagLabel(flag), flag.help]), column);
  }));
}

/** `-e, --env NAME[=VALUE]...`: the dots say that it may be repeated. */
function flagLabel(flag: Flag): string {
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
  const long = [flag.name, ...flag.aliases ?? []].map((name) => `--${name}`).join(", ");
  const value = flag.value === undefined ? "" : flag.bare === undefined ? ` ${flag.value}` : `[=${flag.value}]`;
  return `${short}${long}${value}${flag.repeatable ? "..." : ""}`;
}

function examples(command: Command, paint: Paint): string {
  if (command.examples.length === 0) return "";
  const lines = command.examples.map(([line, meaning]) => `  ${line}\n      ${paint("faint", meaning)}`);
  return [paint("bold", "Examples:"), ...lines].join("\n");
}

type Row = readonly [label: string, text: string];

function section(title: string, paint: Paint, rows: readonly Row[], column?: number): string {
  const width = column ?? labelWidth(rows.map(([label]) => label));
  return [paint("bold", `${title}:`), ...rows.flatMap((row) => rowLines(row, width))].join("\n");
}

function rowLines([label, text]: Row, width: number): readonly string[] {
  const lines = wrap(text, WIDTH - width - 4);
  const indent = " ".repeat(width + 4);
  const first = label.length <= width ? [`  ${label.padEnd(width)}  ${lines[0] ?? ""}`.trimEnd()] : [`  ${label}`];
  const rest = label.length <= width ? lines.slice(1) : lines;
  return [...first, ...rest.map((line) => `${indent}${line}`)];
}

function labelWidth(labels: readonly string[]): number {
  return Math.min(WIDEST_LABEL, Math.max(0, ...labels.map((label) => label.length)));
}

/** Breaks text between words. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length > width && line !== "") {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return line === "" ? lines : [...lines, line];
}

function join(blocks: readonly string[]): string {
  return blocks.filter((block) => block !== "").join("\n\n");
}
