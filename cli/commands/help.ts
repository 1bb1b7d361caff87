/** `masu help`: explains masu, or one command. */
import { mistake, notAmong } from "../../lib/config/mistake.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exit.ts";
import { commandHelp, overview } from "../help.ts";

export const help: Command<never> = {
  name: "help",
  group: "masu itself",
  operands: "[COMMAND]",
  summary: "Explain masu or a command",
  description: [],
  flags: [],
  examples: [["masu help run", "Everything that masu run knows"]],
  runsProgram: false,
  makesPlan: false,
  hasResult: false,
  run({ operands, commands, report }): number {
    const [name, surplus] = operands;
    if (surplus !== undefined) throw mistake("operand", surplus, "masu help takes one command");
    if (name === undefined) report.text(overview(commands, report.paint));
    else report.text(commandHelp(findCommand(name, commands), report.paint));
    return EXIT.success;
  },
};

/** The command of that name. Errors: `invalid_config` with the nearest one. */
export function findCommand(name: string, commands: readonly Command[]): Command {
  const command = commands.find((command) => command.name === name);
  if (command === undefined) throw notAmong("command", name, "no such command", commands.map(({ name }) => name));
  return command;
}
