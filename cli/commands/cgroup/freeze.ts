/** `masu cgroup freeze` and `thaw`: stop the processes of control groups, and let them go on. */
import { freezeGroup } from "../../../lib/engine/cgroup_processes.ts";
import type { Command, Invocation } from "../../command.ts";
import { tellEach } from "./told.ts";
import { CHOICE_FLAGS, type ChoiceFlag, choiceOf, hostOf, namedGroups } from "./words.ts";

const SHARED = {
  group: "Parts of the kernel, without a container",
  operands: "GROUP...",
  flags: CHOICE_FLAGS,
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
} as const;

export const freeze: Command<ChoiceFlag> = {
  ...SHARED,
  name: "freeze",
  aliases: ["pause"],
  summary: "Stop all processes of control groups, and of those below them, where they are",
  description: [
    "By v1's freezer and by v2's cgroup.freeze, whichever the group has. It returns once all have stopped; what does not stop in " +
    "10 s goes on again, and the status is 1. A process that is moved in, or started there, stops too.",
  ],
  examples: [
    ["masu cgroup freeze web", "They stop, and keep memory, files and connections"],
    ["masu cgroup freeze web && cp -a /srv/web /backup && masu cgroup thaw web", "A copy while nothing changes"],
  ],
  run: (invocation) => each(invocation, "freeze"),
};

export const thaw: Command<ChoiceFlag> = {
  ...SHARED,
  name: "thaw",
  aliases: ["unfreeze", "resume"],
  summary: "Let the processes of frozen control groups go on",
  description: [
    "One that is not frozen goes on as it does. A group below a frozen one stays frozen: the status is then 1.",
  ],
  examples: [["masu cgroup thaw web", "They go on where they stopped"]],
  run: (invocation) => each(invocation, "thaw"),
};

function each(
  { flags, globals, operands, report, process }: Invocation<ChoiceFlag>,
  word: "freeze" | "thaw",
): Promise<number> {
  const groups = namedGroups(word, operands);
  const host = hostOf(process, globals);
  const choice = choiceOf(flags, process);
  return tellEach(report, groups, (group) => freezeGroup(host, group, word === "freeze", choice));
}
