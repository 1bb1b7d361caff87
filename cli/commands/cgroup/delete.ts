/** `masu cgroup delete`: takes control groups away. */
import { deleteGroup } from "../../../lib/engine/cgroup.ts";
import type { Command } from "../../command.ts";
import type { Flag } from "../../flags.ts";
import { tellEach } from "./told.ts";
import { CHOICE_FLAGS, choiceOf, hostOf, namedGroups } from "./words.ts";

const FLAGS = [
  { name: "recursive", short: "r", group: "Flags", help: "With the groups below it" },
  { name: "kill", short: "k", group: "Flags", help: "End the processes in it, and below it, first" },
  ...CHOICE_FLAGS,
] as const satisfies readonly Flag[];

export const deletion: Command<typeof FLAGS[number]["name"]> = {
  name: "delete",
  aliases: ["rm", "remove"],
  group: "Parts of the kernel, without a container",
  operands: "GROUP...",
  summary: "Delete control groups, in every hierarchy in which they are",
  description: [
    "A group with processes, or with groups below it, stays, unless --kill or --recursive says otherwise. Each is tried; the exit " +
    "status is 1 when any could not be deleted.",
  ],
  flags: FLAGS,
  examples: [
    ["masu cgroup delete web/db web", "The inner one first"],
    ["masu cgroup delete --recursive --kill web", "All of it, whoever is in it"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run({ flags, globals, operands, report, process }): Promise<number> {
    const groups = namedGroups("delete", operands);
    const host = hostOf(process, globals);
    const options = {
      choice: choiceOf(flags, process),
      recursive: flags.on("recursive"),
      kill: flags.on("kill"),
    };
    return tellEach(report, groups, (group) => deleteGroup(host, group, options));
  },
};
