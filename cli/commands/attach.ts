/** `masu attach`: connects a terminal or streams to a running container. */
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from "../../lib/config/detach_keys.ts";
import { parseBoolean } from "../../lib/config/number.ts";
import { attachContainer } from "../../lib/engine/lifecycle.ts";
import type { Command } from "../command.ts";
import { namedContainer, storeFor } from "../container_words.ts";

type AttachFlag = "detach-keys" | "no-stdin" | "sig-proxy";

export const attach: Command<AttachFlag> = {
  name: "attach",
  aliases: ["console"],
  group: "Containers",
  operands: "CONTAINER",
  summary: "Connect to a running container",
  description: [
    "What is typed goes to its program, what that writes is shown, until it ends: the exit status is the program's own. " +
    "Several can be attached at once.",
    "Of a container with a terminal the last screenful is shown first; ctrl-p ctrl-q leaves it running, with exit status 0.",
  ],
  flags: [
    {
      name: "detach-keys",
      value: "KEYS",
      group: "Flags",
      help: "Keys that leave it running (default ctrl-p,ctrl-q); the empty text: none",
    },
    { name: "no-stdin", group: "Flags", help: "Only look: what is typed is not for the container" },
    {
      name: "sig-proxy",
      value: "BOOL",
      bare: "true",
      group: "Flags",
      help:
        "Pass signals on to its program, if it has no terminal (default true); with false they end masu attach alone",
    },
  ],
  examples: [
    ["masu attach shell", "Go on where ctrl-p ctrl-q left"],
    ["masu attach --no-stdin --sig-proxy=false web", "Watch what it writes; ctrl-c leaves it running"],
    ["masu attach --detach-keys ctrl-] shell", "Other keys to leave it"],
  ],
  runsProgram: true,
  operandsEndFlags: false,
  makesPlan: false,
  hasResult: false,
  run(invocation): never {
    const { flags, operands, process } = invocation;
    const container = namedContainer("attach", operands);
    const keys = flags.text("detach-keys");
    const proxy = flags.text("sig-proxy");
    return attachContainer(process.core(), storeFor(invocation), container, {
      connection: null,
      stdin: !flags.on("no-stdin"),
      detachKeys: keys === undefined ? DEFAULT_DETACH_KEYS : parseDetachKeys("--detach-keys", keys),
      forwardSignals: proxy === undefined || parseBoolean("--sig-proxy", proxy),
    });
  },
};
