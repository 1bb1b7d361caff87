/** `masu port`: published ports of a container. */
import { viewContainers } from "../../lib/engine/lifecycle.ts";
import { mistake } from "../../lib/config/mistake.ts";
import { MasuError } from "../../lib/error.ts";
import type { Command } from "../command.ts";
import { namedContainer, storeFor } from "../container_words.ts";
import { EXIT } from "../exit.ts";

export const port: Command<never> = {
  name: "port",
  group: "Look",
  operands: "CONTAINER [PORT[/PROTOCOL]]",
  summary: "Print published ports of a container",
  description: ["A line for each: PORT/PROTOCOL -> ADDRESS:PORT. masu publishes none yet, so there are no lines."],
  flags: [],
  examples: [["masu port web 80", "Where port 80 can be reached"]],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { operands: [word, wanted, ...surplus], report, process } = invocation;
    const container = namedContainer("port", word === undefined ? [] : [word, ...surplus]);
    if (wanted !== undefined && !/^\d{1,5}(\/(tcp|udp|sctp))?$/.test(wanted)) {
      throw mistake("operand", wanted, "not a port", "80, or 53/udp");
    }
    viewContainers(process.core(), storeFor(invocation), [container]);
    if (wanted !== undefined) {
      throw new MasuError("not_found", `Find port "${wanted}" of container "${container}": it is not published`);
    }
    report.result([], "");
    return EXIT.success;
  },
};
