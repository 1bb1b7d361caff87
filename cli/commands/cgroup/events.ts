/** `masu cgroup events`: what happens in a control group. */
import { parseDuration } from "../../../lib/config/duration.ts";
import { type GroupEvent, readGroupEvents } from "../../../lib/engine/cgroup_events.ts";
import { invalidConfig } from "../../../lib/error.ts";
import type { Command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import type { Flag } from "../../flags.ts";
import { refuseTemplate } from "../../global_options.ts";
import { escapeJson, escapeLine } from "../../paint.ts";
import { CHOICE_FLAGS, choiceOf, hostOf, namedGroup } from "./words.ts";

const FLAGS = [
  {
    name: "timeout",
    short: "t",
    value: "TIME",
    group: "Flags",
    help: "End when nothing has happened for so long: 10s",
  },
  ...CHOICE_FLAGS,
] as const satisfies readonly Flag[];

export const events: Command<typeof FLAGS[number]["name"]> = {
  name: "events",
  group: "Parts of the kernel, without a container",
  operands: "GROUP",
  summary: "Print what happens in a control group, as the kernel tells it",
  description: [
    "In the kernel's words: oom, oom_kill, max, high, populated, frozen, pids.max; removed once the group is deleted, and then it ends. " +
    "populated and frozen are 1 or 0, the others how often it has happened. Nothing is polled: v2 tells by inotify(7), v1's memory by " +
    "an eventfd(2). With --json each is a document on a line of its own.",
  ],
  flags: FLAGS,
  examples: [
    ["masu cgroup events web", "Until the group is deleted"],
    ["masu cgroup events --json web | jq -r 'select(.event == \"oom_kill\").time'", "When a process was killed"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run({ flags, globals, operands, report, process }): number {
    const [group, surplus] = namedGroup("events", operands);
    if (surplus !== undefined) throw invalidConfig(`Read operand "${surplus}" of "masu cgroup events": one group only`);
    if (process.stays === true) throw invalidConfig("Watch a control group: this process goes on with other commands");
    refuseTemplate("cgroup events", globals);
    const timeout = flags.text("timeout");
    const timeoutMs = timeout === undefined ? -1 : parseDuration("--timeout", timeout);
    const isJson = globals.on("json") || globals.text("format") === "json";
    const line = (event: GroupEvent) => isJson ? escapeJson(JSON.stringify(event)) : escapeLine(eventLine(event));
    for (const block of readGroupEvents(hostOf(process, globals), group, choiceOf(flags, process), timeoutMs)) {
      if (block.length > 0) report.raw("stdout", block.map((event) => `${line(event)}\n`).join(""));
    }
    return EXIT.success;
  },
};

function eventLine({ time, group, hierarchy, event, value }: GroupEvent): string {
  return `${time} ${group} [${hierarchy}] ${event}${value === null ? "" : ` ${value}`}`;
}
