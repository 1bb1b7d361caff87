/** `masu stop`: asks containers to end. */
import { stopContainers } from "../../lib/engine/lifecycle.ts";
import type { Command } from "../command.ts";
import { allFlag, chosenContainers, storeFor } from "../container_words.ts";
import { ENDING_FLAGS, type EndingFlag, readEnding } from "../ending_flags.ts";
import { tellOutcomes } from "../outcomes.ts";

export const stop: Command<EndingFlag | "all"> = {
  name: "stop",
  group: "Containers",
  operands: "CONTAINER...",
  summary: "Ask containers to end, and kill those that take too long",
  description: [
    "All are asked at once, by the signal that they were made with, and waited for. One that does not run is fine.",
  ],
  flags: [...ENDING_FLAGS, allFlag("all containers that run")],
  examples: [
    ["masu stop web db", "Ten seconds for both, unless they were made with another --stop-timeout"],
    ["masu stop -t 0 web", "At once"],
  ],
  front: true,
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { flags, report, process } = invocation;
    const ending = readEnding(flags);
    const statuses = ["running", "paused", "restarting"] as const;
    const words = chosenContainers(invocation, { command: "stop", all: flags.on("all"), statuses });
    return tellOutcomes(report, stopContainers(process.core(), storeFor(invocation), words, ending));
  },
};
