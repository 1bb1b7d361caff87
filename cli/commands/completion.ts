/** `masu completion`: makes shells complete masu's commands, flags and containers. */
import { notAmong } from "../../lib/config/mistake.ts";
import { invalidConfig } from "../../lib/error.ts";
import type { Command } from "../command.ts";
import { type Completion, completion as completionOf } from "../completion.ts";
import { bashScript } from "../completion_bash.ts";
import { fishScript } from "../completion_fish.ts";
import { zshScript } from "../completion_zsh.ts";
import { EXIT } from "../exit.ts";

const SCRIPTS: Readonly<Record<string, (completion: Completion) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export const completion: Command<never> = {
  name: "completion",
  group: "masu itself",
  operands: "bash|zsh|fish",
  summary: "Print what makes a shell complete masu's words",
  description: [
    "Commands, flags, their values, and the names of the containers that there are at that moment. The script needs nothing but " +
    "the shell itself.",
  ],
  flags: [],
  examples: [
    ["source <(masu completion bash)", "For this bash; or in ~/.bashrc"],
    ["masu completion bash > /etc/bash_completion.d/masu", "For everybody's"],
    ["masu completion zsh > ~/.zfunc/_masu", "In a directory of fpath, before compinit"],
    ["masu completion fish > ~/.config/fish/completions/masu.fish", "For fish"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: false,
  run({ operands: [shell, surplus], commands, report }): number {
    const names = Object.keys(SCRIPTS);
    if (shell === undefined) {
      throw invalidConfig(`Read operands of "masu completion": which shell: ${names.join(", ")}`);
    }
    if (surplus !== undefined) {
      throw invalidConfig(`Read operand "${surplus}" of "masu completion": it takes one shell`);
    }
    const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
    if (script === undefined) throw notAmong("operand", shell, "masu knows no such shell", names);
    report.text(script(completionOf(commands)));
    return EXIT.success;
  },
};
