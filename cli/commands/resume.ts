/** `masu resume`: lets frozen containers go on. */
import { freezeContainers } from "../../lib/engine/lifecycle.ts";
import type { Command } from "../command.ts";
import { RUNTIME_EXIT } from "../contract.ts";
import { allFlag, chosenContainers, followBundles, storeFor } from "../container_words.ts";
import { tellOutcomes } from "../outcomes.ts";

export const resume: Command<"all"> = {
  name: "resume",
  aliases: ["unpause", "unfreeze"],
  group: "Containers",
  operands: "CONTAINER...",
  summary: "Let containers that were paused go on",
  description: [],
  flags: [allFlag("all containers that are paused")],
  examples: [["masu resume web", "It goes on where it was"]],
  front: true,
  runsProgram: false,
  runtimeFailure: RUNTIME_EXIT.failed,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { flags, report, process } = invocation;
    const choice = { command: "resume", all: flags.on("all"), statuses: ["paused"] as const };
    const words = chosenContainers(invocation, choice);
    followBundles(invocation, words);
    return tellOutcomes(report, freezeContainers(process.core(), storeFor(invocation), words, false));
  },
};
