/** `masu help`: explains masu, or one command. */
import { mistake } from "../../lib/config/mistake.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exit.ts";
import { findCommand, findSubcommand } from "../family.ts";
import { commandHelp, overview } from "../help.ts";

export const help: Command<never> = {
  name: "help",
  group: "masu itself",
  operands: "[COMMAND [COMMAND]]",
  summary: "Explain masu or a command",
  description: [],
  flags: [],
  examples: [
    ["masu help run", "Everything that masu run knows"],
    ["masu help cgroup run", "A command of two words"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: false,
  run({ operands, commands, report }): number {
    const [name, word, ...more] = operands;
    if (name === undefined) {
      report.text(overview(commands, report.paint));
      return EXIT.success;
    }
    const command = findCommand(name, commands);
    const surplus = command.subcommands === undefined ? word : more[0];
    if (surplus !== undefined) throw mistake("operand", surplus, "masu help takes one command");
    report.text(commandHelp(word === undefined ? command : findSubcommand(word, command), report.paint));
    return EXIT.success;
  },
};
