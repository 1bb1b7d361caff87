/** `masu seccomp test`: what would happen to a call. */
import { type SeccompVerdict, trySeccomp } from "../../../lib/engine/seccomp.ts";
import { invalidConfig } from "../../../lib/error.ts";
import type { FilterCall } from "../../../lib/core/wire.ts";
import { actionText, parseCallArgument } from "../../../lib/spec/seccomp_values.ts";
import type { Command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import type { Flag } from "../../flags.ts";
import { readLines } from "../../lines.ts";
import { escapeLine } from "../../paint.ts";
import { architectureOf, SITUATION_FLAGS, subjectOf } from "./words.ts";

const FLAGS = [
  {
    name: "arch",
    short: "a",
    value: "ARCH",
    group: "Flags",
    help: "Made by this convention, not the machine's own: x86_64, x86, x32; aarch64, arm",
  },
  ...SITUATION_FLAGS,
] as const satisfies readonly Flag[];

export const test: Command<typeof FLAGS[number]["name"]> = {
  name: "test",
  group: "Parts of the kernel, without a container",
  operands: "PROFILE [CALL [ARG...]]",
  summary: "Tell what would happen to a system call, and which rule of the profile says so",
  description: [
    "PROFILE is as for masu seccomp compile. The compiled filter itself is executed, by masu: nothing is loaded and no call is made. " +
    "CALL is a name or a number. ARG is decimal, 0x hexadecimal, 0 octal, the name of a constant, or several with |; those that are not " +
    "given are 0. Without CALL each line of stdin is one.",
    "The exit status is 0 where every call is made (allow, log), 1 where one is not (errno, trap, kill, trace), 2 for a mistake. " +
    "-q prints nothing.",
  ],
  flags: FLAGS,
  examples: [
    ["masu seccomp test default clone CLONE_NEWUSER", "errno EPERM (1): no rule matches"],
    ["masu seccomp test --arch x86 profile.json socketcall 1", "A socket, as 32-bit programs make it"],
    ["masu seccomp test -q --cap sys_admin default mount && echo yes", "For a script"],
    ["cut -d'(' -f1 trace | sort -u | masu seccomp test profile.json", "Each call that strace(1) has seen"],
  ],
  runsProgram: false,
  operandsEndFlags: true,
  makesPlan: false,
  hasResult: true,
  async run(invocation): Promise<number> {
    const { operands: [profile, ...words], flags, report, process } = invocation;
    if (profile === "-" && words.length === 0) {
      throw invalidConfig("Read operands: the profile and the calls cannot both come from stdin", "name a CALL");
    }
    const written = flags.text("arch");
    const architecture = written === undefined ? null : architectureOf(written);
    // Of another machine, its own filter.
    const foreign = architecture === null || sameMachine(architecture) ? [] : FAMILY[machineOf(architecture)];
    const subject = await subjectOf(profile, invocation, foreign);
    const lines = words.length > 0 ? [words] : await linesOf(readLines(process.stdin));
    const verdicts = trySeccomp(process.core(), subject, lines.map((line) => callOf(line, architecture)));
    report.result(verdicts, report.quiet ? "" : verdicts.map((verdict, at) => line(verdict, lines[at])).join("\n"));
    return verdicts.every(({ action }) => MADE.includes(action)) ? EXIT.success : EXIT.failed;
  },
};

/** The call is made. */
const MADE: readonly string[] = ["allow", "log"];

type Machine = "x86_64" | "aarch64";
const FAMILY: Readonly<Record<Machine, readonly string[]>> = {
  x86_64: ["x86_64", "x86", "x32"],
  aarch64: ["aarch64", "arm"],
};

function machineOf(architecture: string): Machine {
  return FAMILY.aarch64.includes(architecture) ? "aarch64" : "x86_64";
}

function sameMachine(architecture: string): boolean {
  return machineOf(architecture) === Deno.build.arch;
}

async function linesOf(lines: AsyncIterable<string>): Promise<string[][]> {
  const calls = await Array.fromAsync(lines, (line) => line.replace(/#.*/, "").trim().split(/\s+/).filter(Boolean));
  return calls.filter(({ length }) => length > 0);
}

function callOf([call = "", ...args]: readonly string[], architecture: string | null): FilterCall {
  return { architecture, call, arguments: args.map((text) => `${parseCallArgument(text)}`) };
}

function line(
  { action, data, reason, rule, architecture, name, number }: SeccompVerdict,
  words: readonly string[] = [],
): string {
  const called = [name ?? `${number}`, ...words.slice(1)].join(" ");
  const why = {
    rule: `rule ${rule}`,
    default: "no rule matches",
    newer: "newer than every call that the profile names",
    architecture: `the profile has no ${architecture}`,
  }[reason];
  return escapeLine(`${called}: ${actionText(action, data)}: ${why}`);
}
