/** `masu cgroup get`: reads values of a control group. */
import { getGroup } from "../../../lib/engine/cgroup_values.ts";
import { PORTABLE_WORDS } from "../../../lib/cgroup/portable.ts";
import type { Command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import type { Flag } from "../../flags.ts";
import { escapeLine } from "../../paint.ts";
import { CHOICE_FLAGS, choiceOf, hostOf, namedGroup } from "./words.ts";

const FLAGS = [
  { name: "all", short: "a", group: "Flags", help: "Every file that can be read" },
  ...CHOICE_FLAGS,
] as const satisfies readonly Flag[];

export const get: Command<typeof FLAGS[number]["name"]> = {
  name: "get",
  group: "Parts of the kernel, without a container",
  operands: "GROUP [WORD|FILE...]",
  summary: "Print values of a control group, by portable words or by the kernel's own names",
  description: [
    `Portable words are ${
      PORTABLE_WORDS.join(", ")
    }; memory is in bytes, cpus of one CPU, max is no limit. Without any, all that ` +
    "can be had are printed. With -q only values; a file of several lines is printed a line each.",
  ],
  flags: FLAGS,
  examples: [
    ["masu cgroup get web", "What is set"],
    ["masu cgroup get -q web memory", "The number alone, for a script"],
    ["masu cgroup get web memory.stat", "A file, as the kernel has it"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run({ flags, globals, operands, report, process }): number {
    const [group, ...names] = namedGroup("get", operands);
    const wanted = { names, all: flags.on("all") };
    const values = getGroup(hostOf(process, globals), group, wanted, choiceOf(flags, process));
    const lines = values.flatMap(({ name, value }) =>
      value.split("\n").map((line) => escapeLine(report.quiet ? line : `${name}=${line}`))
    );
    report.result(values, lines.join("\n"));
    return EXIT.success;
  },
};
