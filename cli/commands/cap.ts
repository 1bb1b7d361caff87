/** `masu cap`: capabilities without containers. */
import type { Command } from "../command.ts";
import { family } from "../family.ts";
import { decode } from "./cap/decode.ts";
import { list } from "./cap/list.ts";
import { run } from "./cap/run.ts";

export const cap: Command = family({
  name: "cap",
  aliases: ["capability"],
  group: "Parts of the kernel, without a container",
  summary: "Capabilities: of processes and files; a program with exactly some",
  description: [],
  examples: [
    ["masu cap list 1", "What init may do"],
    ["masu cap run --user nobody --ambient net_bind_service -- nc -l 80", "A low port, and nothing else of root's"],
    ["masu cap decode 00000000a80425fb", "The names of a mask"],
  ],
  subcommands: [list, decode, run],
});
