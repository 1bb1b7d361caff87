/** `masu cgroup run`: a program under limits, without a container. */
import { explainGroupProgram, type GroupProgram, runInGroup } from "../../../lib/engine/cgroup_run.ts";
import type { Command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import type { Flag } from "../../flags.ts";
import { explainForm, refuseResult } from "../../global_options.ts";
import { tellPlan } from "../../told_plan.ts";
import { programEnvironment, programOf } from "../ns/program.ts";
import { warnOfChanged } from "./told.ts";
import { CHOICE_FLAGS, choiceOf, hostOf, LIMIT_FLAGS, valuesOf } from "./words.ts";

const FLAGS = [
  {
    name: "group",
    short: "g",
    value: "GROUP",
    group: "Where",
    help: "In this group, which is there and stays; else in a new one, which goes with the program",
  },
  ...CHOICE_FLAGS,
  ...LIMIT_FLAGS,
] as const satisfies readonly Flag[];

export const run: Command<typeof FLAGS[number]["name"]> = {
  name: "run",
  aliases: ["exec"],
  group: "Parts of the kernel, without a container",
  operands: "[PROGRAM [ARGUMENT...]]",
  summary: "Run a program under limits, without a container",
  description: [
    "Flags come before PROGRAM; what follows it is the program's. Without PROGRAM a shell runs ($SHELL). It keeps environment, " +
    "directory, terminal and descriptors. In a new group masu waits, passes signals on, ends what is left in the group, deletes it, " +
    "and ends with the program's status. In a group that is there masu becomes the program; limits beside it are set first and stay.",
    "The new group is in the hierarchies of the limits and of --controllers, or without any in all. 125: masu failed; 126, 127: the " +
    "program cannot be executed, or is not there; 137: it was killed, as for want of memory.",
  ],
  flags: FLAGS,
  examples: [
    ["masu cgroup run --memory 30M -- sort big-file", "No more than 30 MiB of memory"],
    ["masu cgroup run --cpus 10% -- sh -c 'while :; do :; done'", "A tenth of one CPU"],
    ["masu cgroup run --group web make", "In a group that masu cgroup create made"],
  ],
  runsProgram: true,
  makesPlan: true,
  hasResult: false,
  run({ flags, globals, operands, args, report, process }): number {
    const host = hostOf(process, globals);
    const group = flags.text("group");
    const program: GroupProgram = {
      ...valuesOf(flags, host),
      choice: choiceOf(flags, process),
      program: programOf(operands, process),
      environment: programEnvironment(process),
      ...(group !== undefined && { group }),
    };
    const form = explainForm(globals);
    if (form === undefined) {
      refuseResult("cgroup run", globals);
      return runInGroup(process.core(), host, program, (values) => warnOfChanged(report, values));
    }
    tellPlan(report, form, explainGroupProgram(host, program, { form, command: ["masu", ...args] }));
    return EXIT.success;
  },
};
