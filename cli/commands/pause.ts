/** `masu pause`: freezes containers. */
import { freezeContainers } from "../../lib/engine/lifecycle.ts";
import type { Command } from "../command.ts";
import { RUNTIME_EXIT } from "../contract.ts";
import { allFlag, chosenContainers, followBundles, storeFor } from "../container_words.ts";
import { tellOutcomes } from "../outcomes.ts";

export const pause: Command<"all"> = {
  name: "pause",
  aliases: ["freeze"],
  group: "Containers",
  operands: "CONTAINER...",
  summary: "Stop all processes of containers, until they are resumed",
  description: [
    "Nothing in the container runs meanwhile, and nothing in it notices. A signal is delivered when it goes on; only KILL ends it.",
  ],
  flags: [allFlag("all containers that run")],
  examples: [["masu pause web", "It keeps its memory and its connections"]],
  front: true,
  runsProgram: false,
  runtimeFailure: RUNTIME_EXIT.failed,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { flags, report, process } = invocation;
    const choice = { command: "pause", all: flags.on("all"), statuses: ["running"] as const };
    const words = chosenContainers(invocation, choice);
    followBundles(invocation, words);
    return tellOutcomes(report, freezeContainers(process.core(), storeFor(invocation), words, true));
  },
};
