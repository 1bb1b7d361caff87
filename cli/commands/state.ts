/** `masu state`: OCI's state of a container. */
import { containerState } from "../../lib/engine/views.ts";
import type { Command } from "../command.ts";
import { RUNTIME_EXIT } from "../contract.ts";
import { followBundles, namedContainer, storeFor } from "../container_words.ts";
import { EXIT } from "../exit.ts";
import { escapeJson } from "../paint.ts";

export const state: Command<never> = {
  name: "state",
  group: "Look",
  operands: "CONTAINER",
  summary: "Print the OCI state of a container",
  description: [
    "ociVersion, id, status (created, running, paused or stopped), pid (0: it does not run), bundle and annotations, as JSON.",
  ],
  flags: [],
  examples: [
    ["masu state web", "As runc and crun print it"],
    ["masu state web | jq -r .status", "Whether it runs"],
  ],
  front: true,
  runsProgram: false,
  runtimeFailure: RUNTIME_EXIT.failed,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { operands, report, process } = invocation;
    const word = namedContainer("state", operands);
    followBundles(invocation, [word]);
    const text = containerState(process.core(), storeFor(invocation), word);
    report.result(JSON.parse(text), escapeJson(text));
    return EXIT.success;
  },
};
