/** `masu start`: starts containers that were made before. */
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from "../../lib/config/detach_keys.ts";
import { attachContainer, startContainer } from "../../lib/engine/lifecycle.ts";
import { invalidConfig } from "../../lib/error.ts";
import type { Command, Invocation } from "../command.ts";
import { RUNTIME_EXIT } from "../contract.ts";
import { followBundles, namedContainer, namedContainers, storeFor } from "../container_words.ts";
import { outcomeOf, tellOutcomes } from "../outcomes.ts";

type StartFlag = "attach" | "interactive" | "detach-keys";

export const start: Command<StartFlag> = {
  name: "start",
  group: "Containers",
  operands: "CONTAINER...",
  summary: "Start containers that do not run",
  description: [
    "Each is started again as it was made, with what it wrote before. One that runs already is left as it is.",
    "With --attach the exit status is the program's own.",
  ],
  flags: [
    {
      name: "attach",
      short: "a",
      group: "Flags",
      help: "Connect stdout and stderr, and pass signals on, until it ends; one container only",
    },
    { name: "interactive", short: "i", group: "Flags", help: "Connect stdin too, which means --attach" },
    {
      name: "detach-keys",
      value: "KEYS",
      group: "Flags",
      help: "Keys that leave it running (default ctrl-p,ctrl-q); the empty text: none",
    },
  ],
  examples: [
    ["masu start web db", "Both; prints their names"],
    ["masu start -ai shell", "With the terminal; ctrl-p ctrl-q leaves it running"],
  ],
  front: true,
  runsProgram: false,
  runtimeFailure: RUNTIME_EXIT.failed,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { flags, operands, report, process } = invocation;
    if (flags.on("attach") || flags.on("interactive")) return startAttached(invocation);
    if (flags.text("detach-keys") !== undefined) {
      throw invalidConfig('Read flag "--detach-keys" of "masu start": nothing is attached', "--attach");
    }
    const words = namedContainers("start", operands);
    followBundles(invocation, words);
    const core = process.core();
    const store = storeFor(invocation);
    const start = (word: string) =>
      startContainer(core, store, word, { notifySocket: process.environment.NOTIFY_SOCKET }).id;
    return tellOutcomes(report, words.map((word) => outcomeOf(word, start)));
  },
};

function startAttached(invocation: Invocation<StartFlag>): never {
  const { flags, globals, operands, process } = invocation;
  const word = namedContainer("start --attach", operands);
  if (globals.on("json")) throw invalidConfig('Read flag "--json" of "masu start": with --attach it prints no result');
  const keys = flags.text("detach-keys");
  const detachKeys = keys === undefined ? DEFAULT_DETACH_KEYS : parseDetachKeys("--detach-keys", keys);
  const core = process.core();
  const store = storeFor(invocation);
  const { id, connection } = startContainer(core, store, word, { attach: true });
  attachContainer(core, store, id, { connection, stdin: flags.on("interactive"), detachKeys });
}
