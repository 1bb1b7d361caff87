/** `masu check`: says what this host offers, what is missing, and the command that adds it. */
import { mistake } from "../../lib/config/mistake.ts";
import { checkHost, type CheckLine, type CheckReport, type CheckStatus } from "../../lib/engine/check.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exit.ts";
import { escapeLine, type Paint, type Tone } from "../paint.ts";

export const check: Command<never> = {
  name: "check",
  group: "masu itself",
  operands: "",
  summary: "Say what this host can do, what is missing, and how to add it",
  description: [
    "Each line is ok, limited (masu works, with less) or missing, with the command that mends it. The exit status is 0 " +
    "when masu run works for this user, and 1 when something is missing that every container needs.",
  ],
  flags: [],
  examples: [
    ["masu check", "For the user who runs it; root and others may differ"],
    ["masu check --json", "The same for a script, with stable keys"],
    ["masu check -q && masu run host true", "Only the exit status"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run({ operands, report, process }): number {
    const [surplus] = operands;
    if (surplus !== undefined) throw mistake("operand", surplus, "masu check takes none");
    const found = checkHost(process.core(), { searchPath: process.environment.PATH ?? "" });
    report.result(found, report.quiet ? "" : checkText(found, report.paint));
    return found.ready ? EXIT.success : EXIT.failed;
  },
};

const TONES: Readonly<Record<CheckStatus, Tone>> = { ok: "good", limited: "doubtful", missing: "bad" };

/** The report as a person reads it. */
export function checkText({ ready, checks }: CheckReport, paint: Paint): string {
  const groups = [...new Set(checks.map(({ group }) => group))];
  const width = Math.max(0, ...checks.map(({ name }) => name.length));
  const blocks = groups.map((group) => {
    const lines = checks.filter((line) => line.group === group).flatMap((line) => lineText(line, width, paint));
    return [paint("bold", `${group}:`), ...lines].join("\n");
  });
  const verdict = ready ? "masu run works for this user." : "masu run cannot work for this user: see what is missing.";
  return [...blocks, verdict].join("\n\n");
}

function lineText({ name, status, detail, fix }: CheckLine, width: number, paint: Paint): readonly string[] {
  const line = `  ${paint(TONES[status], status.padEnd(7))}  ${name.padEnd(width)}  ${escapeLine(detail)}`;
  return fix === null ? [line] : [line, `${" ".repeat(width + 13)}fix: ${escapeLine(fix)}`];
}
