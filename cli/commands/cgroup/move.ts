/** `masu cgroup move`: puts processes into a control group. */
import { parseWhole } from "../../../lib/config/number.ts";
import { mover } from "../../../lib/engine/cgroup_processes.ts";
import { invalidConfig } from "../../../lib/error.ts";
import type { Command } from "../../command.ts";
import type { Flag } from "../../flags.ts";
import { readLines } from "../../lines.ts";
import type { Process } from "../../process.ts";
import { tellEach } from "./told.ts";
import { CHOICE_FLAGS, choiceOf, hostOf, namedGroup } from "./words.ts";

const FLAGS = [
  { name: "threads", group: "Flags", help: "The numbers are threads: move these alone (v1 tasks, v2 cgroup.threads)" },
  ...CHOICE_FLAGS,
] as const satisfies readonly Flag[];

export const move: Command<typeof FLAGS[number]["name"]> = {
  name: "move",
  aliases: ["classify", "attach"],
  group: "Parts of the kernel, without a container",
  operands: "GROUP PID...",
  summary: "Move processes, or single threads, into a control group",
  description: [
    "In every hierarchy in which the group is. - reads numbers from stdin, divided by blanks or lines. Each is tried; the exit status is " +
    "1 when any could not be moved. What processes start later is in the same group.",
  ],
  flags: FLAGS,
  examples: [
    ["masu cgroup move web $$", "This shell, and all that it starts"],
    ["pgrep nginx | masu cgroup move web -", "All processes of that name"],
    ["masu cgroup move / 4711", "Out of every group"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  async run({ flags, globals, operands, report, process }): Promise<number> {
    const [group, ...words] = namedGroup("move", operands);
    if (words.length === 0) {
      throw invalidConfig('Read operands of "masu cgroup move": a process is required', "- reads numbers from stdin");
    }
    const pids = (await Promise.all(words.map((word) => word === "-" ? numbersOf(process) : [word]))).flat();
    for (const word of pids) parseWhole("PID", word, { least: 1, most: 4_194_304 });
    const request = { group, choice: choiceOf(flags, process), threads: flags.on("threads") };
    const moveOne = mover(hostOf(process, globals), request);
    return await tellEach(report, pids, (word) => moveOne(Number(word)));
  },
};

async function numbersOf({ stdin }: Pick<Process, "stdin">): Promise<string[]> {
  const words: string[] = [];
  for await (const line of readLines(stdin)) words.push(...line.split(/\s+/).filter((word) => word !== ""));
  return words;
}
