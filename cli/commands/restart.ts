/** `masu restart`: stops containers and starts them again. */
import { restartContainers } from "../../lib/engine/lifecycle.ts";
import type { Command } from "../command.ts";
import { allFlag, chosenContainers, storeFor } from "../container_words.ts";
import { ENDING_FLAGS, type EndingFlag, readEnding } from "../ending_flags.ts";
import { tellOutcomes } from "../outcomes.ts";

export const restart: Command<EndingFlag | "all"> = {
  name: "restart",
  group: "Containers",
  operands: "CONTAINER...",
  summary: "Stop containers and start them again",
  description: ["As masu stop and masu start one after the other. One that does not run is only started."],
  flags: [...ENDING_FLAGS, allFlag("all containers that run")],
  examples: [["masu restart -t 2 web", "Two seconds to end, then it is killed, and started again in any case"]],
  front: true,
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { flags, report, process } = invocation;
    const ending = readEnding(flags);
    const statuses = ["running", "paused", "restarting"] as const;
    const words = chosenContainers(invocation, { command: "restart", all: flags.on("all"), statuses });
    return tellOutcomes(report, restartContainers(process.core(), storeFor(invocation), words, ending));
  },
};
