/** `masu cgroup list`: the tree of control groups with their processes. */
import { parseWhole } from "../../../lib/config/number.ts";
import { type ListedGroup, listGroups } from "../../../lib/engine/cgroup_list.ts";
import { invalidConfig } from "../../../lib/error.ts";
import type { Command } from "../../command.ts";
import { storeFor } from "../../container_words.ts";
import { EXIT } from "../../exit.ts";
import type { Flag } from "../../flags.ts";
import { escapeLine } from "../../paint.ts";
import { CHOICE_FLAGS, choiceOf, hostOf } from "./words.ts";

const FLAGS = [
  { name: "depth", short: "d", value: "N", group: "Flags", help: "So many levels below the top; 0: the top alone" },
  { name: "threads", group: "Flags", help: "Threads instead of processes" },
  { name: "all", short: "a", group: "Flags", help: "The root's processes too, which are in no other group" },
  ...CHOICE_FLAGS,
] as const satisfies readonly Flag[];

export const list: Command<typeof FLAGS[number]["name"]> = {
  name: "list",
  aliases: ["ls", "tree"],
  group: "Parts of the kernel, without a container",
  operands: "[GROUP]",
  summary: "List control groups as a tree, with their processes",
  description: [
    "A group of the same name in several hierarchies is shown once, with these in brackets; a container of masu that has the group is " +
    "named behind it. A process is shown where any hierarchy has it. With -q only names, one a line.",
  ],
  flags: FLAGS,
  examples: [
    ["masu cgroup list web", "One group, and what is below it"],
    ["masu cgroup list --controllers memory --depth 1", "The top of one hierarchy"],
    ["masu cgroup list --json web | jq '.[].processes[].pid'", "Process numbers, for a script"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { flags, globals, operands: [group, surplus], report, process } = invocation;
    if (surplus !== undefined) {
      throw invalidConfig(`Read operand "${surplus}" of "masu cgroup list": one group at most`);
    }
    const depth = flags.text("depth");
    const listed = listGroups(hostOf(process, globals), storeFor(invocation), {
      choice: choiceOf(flags, process),
      threads: flags.on("threads"),
      ...(group !== undefined && { group }),
      ...(depth !== undefined && { depth: parseWhole("--depth", depth, { least: 0, most: 1000 }) }),
    });
    const shown = report.quiet ? listed.map(({ group }) => escapeLine(group)) : tree(listed, flags.on("all"));
    report.result(listed, shown.join("\n"));
    return EXIT.success;
  },
};

/** Two blanks a level; processes below their group. */
function tree(listed: readonly ListedGroup[], all: boolean): string[] {
  const top = levelOf(listed[0]?.group ?? "/");
  return listed.flatMap((one, index) => {
    const indent = "  ".repeat(levelOf(one.group) - top);
    const name = index === 0 ? one.group : one.group.slice(one.group.lastIndexOf("/") + 1);
    const container = one.container === null ? "" : `  container ${one.container}`;
    const line = `${indent}${name}  [${one.hierarchies.join(" ")}]${container}`;
    const { processes } = one;
    if (one.group === "/" && !all) {
      return [line, ...(processes.length === 0 ? [] : [`${indent}  (${processes.length} in no other group: --all)`])];
    }
    return [line, ...processes.map(({ pid, command }) => `${indent}  ${pid} ${command ?? "(ended)"}`)];
  }).map(escapeLine);
}

function levelOf(group: string): number {
  return group.split("/").filter((name) => name !== "").length;
}
