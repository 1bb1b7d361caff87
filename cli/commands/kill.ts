/** `masu kill`: sends a signal to containers. */
import { killContainers } from "../../lib/engine/lifecycle.ts";
import { invalidConfig } from "../../lib/error.ts";
import { parseSignal } from "../../lib/spec/signal.ts";
import type { Command } from "../command.ts";
import { RUNTIME_EXIT } from "../contract.ts";
import { followBundles, namedContainers, storeFor } from "../container_words.ts";
import { tellOutcomes } from "../outcomes.ts";

export const kill: Command<"signal" | "all"> = {
  name: "kill",
  group: "Containers",
  operands: "CONTAINER... [SIGNAL]",
  summary: "Send a signal to containers: KILL, or another one",
  description: [
    "The signal is for each container's first process. It is written with --signal, or as runc has it, as the last word " +
    "after a container: masu kill web HUP. A container that has a signal's name is meant when --signal is written.",
  ],
  flags: [
    {
      name: "signal",
      short: "s",
      value: "SIGNAL",
      front: true,
      group: "Flags",
      help: "Which one: TERM, SIGTERM, 15, RTMIN+3 (default KILL)",
    },
    { name: "all", short: "a", front: true, group: "Flags", help: "Send it to every process, not only the first" },
  ],
  examples: [
    ["masu kill web", "Ends it at once"],
    ["masu kill -s HUP web db", "Many servers read their configuration anew"],
    ["masu kill web HUP", "The same in runc's words"],
  ],
  front: true,
  runsProgram: false,
  runtimeFailure: RUNTIME_EXIT.failed,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { flags, operands, report, process } = invocation;
    const flag = flags.text("signal");
    if (flag !== undefined && flag !== "0") parseSignal(flag);
    followBundles(invocation, operands.slice(0, 1));
    const { words, signal } = report.contract ? readRuntimeSignal(operands, flag) : readSignal(operands, flag);
    // 0 only asks whether it runs, which some engines do.
    const number = report.contract && signal === "0" ? 0 : parseSignal(signal);
    const options = { signal: number, all: flags.on("all") };
    const named = namedContainers("kill", words);
    return tellOutcomes(report, killContainers(process.core(), storeFor(invocation), named, options));
  },
};

/** Which containers, and which signal. */
interface Meant {
  readonly words: readonly string[];
  readonly signal: string;
}

/** runc's words: one container, and its signal; TERM otherwise. */
export function readRuntimeSignal(operands: readonly string[], flag: string | undefined): Meant {
  const [container, word, surplus] = operands;
  if (surplus !== undefined || word !== undefined && flag !== undefined) {
    throw invalidConfig(`Read operand "${surplus ?? word}" of "masu kill": it takes one container and a signal`);
  }
  return { words: container === undefined ? [] : [container], signal: word ?? flag ?? "TERM" };
}

/** The last of several words is a signal when it can be one and no flag names another. */
export function readSignal(operands: readonly string[], flag: string | undefined): Meant {
  const last = operands.at(-1);
  if (flag !== undefined || last === undefined || operands.length < 2 || !isSignal(last)) {
    return { words: operands, signal: flag ?? "KILL" };
  }
  return { words: operands.slice(0, -1), signal: last };
}

function isSignal(word: string): boolean {
  try {
    return parseSignal(word) > 0;
  } catch {
    return false;
  }
}
