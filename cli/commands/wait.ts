/** `masu wait`: waits for the end of containers. */
import { awaitEnds } from "../../lib/engine/lifecycle.ts";
import type { Command } from "../command.ts";
import { namedContainers, storeFor } from "../container_words.ts";
import { EXIT } from "../exit.ts";
import { tellOutcomes } from "../outcomes.ts";

export const wait: Command<never> = {
  name: "wait",
  group: "Containers",
  operands: "CONTAINER...",
  summary: "Wait for containers to end, and print exit statuses",
  description: [
    "A container that is started again by its restart policy has not ended. Of one that has ended before, the status is that " +
    "of its last end. masu's own exit status is the last one printed, 128 + N for signal N.",
  ],
  flags: [],
  examples: [
    ["masu wait job", "Prints 0 when it succeeded, and ends with it"],
    ["masu wait a b c", "A line for each, when all have ended"],
  ],
  front: true,
  runsProgram: true,
  operandsEndFlags: false,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { operands, report, process } = invocation;
    const words = namedContainers("wait", operands);
    const outcomes = awaitEnds(process.core(), storeFor(invocation), words);
    const failed = tellOutcomes(report, outcomes, ({ end }) => `${end?.status ?? ""}`);
    if (failed !== EXIT.success) return EXIT.masuFailed;
    return outcomes.at(-1)?.end?.status ?? EXIT.success;
  },
};
