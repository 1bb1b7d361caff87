/** `masu delete`: removes containers. */
import { deleteContainers } from "../../lib/engine/lifecycle.ts";
import type { Command } from "../command.ts";
import { RUNTIME_EXIT } from "../contract.ts";
import { allFlag, chosenContainers, followBundles, storeFor } from "../container_words.ts";
import { tellOutcomes } from "../outcomes.ts";

export const deletion: Command<"force" | "ignore" | "all"> = {
  name: "delete",
  aliases: ["rm"],
  group: "Containers",
  operands: "CONTAINER...",
  summary: "Remove containers, with what they wrote",
  description: ["A container that runs is left alone, unless --force kills it."],
  flags: [
    {
      name: "force",
      short: "f",
      front: true,
      group: "Flags",
      help: "Kill those that run; remove broken ones too; one that is not there is fine",
    },
    { name: "ignore", short: "i", front: true, group: "Flags", help: "One that is not there is fine" },
    allFlag("all containers that do not run; with --force to all"),
    { name: "volumes", short: "v", group: "", help: "", refused: "leave it out: masu makes no volumes" },
    { name: "link", short: "l", group: "", help: "", refused: "leave it out: masu makes no networks yet" },
  ],
  examples: [
    ["masu delete web", "When it has ended"],
    ["masu rm -f web db", "Whatever they do"],
  ],
  front: true,
  runsProgram: false,
  runtimeFailure: RUNTIME_EXIT.failed,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { flags, report, process } = invocation;
    const force = flags.on("force");
    // Engines remove by force what a failed create may have left: that nothing is there is no failure.
    const options = { force, ignore: flags.on("ignore") || force };
    const ended = ["created", "stopped", "broken"] as const;
    const statuses = options.force ? [...ended, "running", "paused", "restarting"] as const : ended;
    const words = chosenContainers(invocation, { command: "delete", all: flags.on("all"), statuses });
    followBundles(invocation, words);
    return tellOutcomes(report, deleteContainers(process.core(), storeFor(invocation), words, options));
  },
};
