/** `masu rename`: gives a container another name. */
import { parseContainerName } from "../../lib/config/text.ts";
import { renameContainer } from "../../lib/engine/lifecycle.ts";
import { invalidConfig } from "../../lib/error.ts";
import type { Command } from "../command.ts";
import { storeFor } from "../container_words.ts";
import { EXIT } from "../exit.ts";

export const rename: Command<never> = {
  name: "rename",
  group: "Containers",
  operands: "CONTAINER NAME",
  summary: "Give a container another name",
  description: ["It may run meanwhile. Its ID, its host name and its programs stay as they are."],
  flags: [],
  examples: [["masu rename web old-web", "The name web is free then"]],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { operands: [container, written, surplus], report, process } = invocation;
    if (container === undefined || written === undefined) {
      throw invalidConfig(
        'Read operands of "masu rename": a container and a name are needed',
        "masu rename web old-web",
      );
    }
    if (surplus !== undefined) throw invalidConfig(`Read operand "${surplus}" of "masu rename": it takes two`);
    const name = parseContainerName("NAME", written);
    const id = renameContainer(process.core(), storeFor(invocation), container, name);
    report.result({ id, name }, "");
    return EXIT.success;
  },
};
