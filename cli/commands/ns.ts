/** `masu ns`: namespaces without containers. */
import type { Command } from "../command.ts";
import { family } from "../family.ts";
import { enter } from "./ns/enter.ts";
import { list } from "./ns/list.ts";
import { run } from "./ns/run.ts";

export const ns: Command = family({
  name: "ns",
  aliases: ["namespace"],
  group: "Parts of the kernel, without a container",
  summary: "Namespaces: run a program in new ones, enter those of others, list them",
  description: [],
  examples: [
    ["masu ns run --uts --hostname inside hostname", "Another host name"],
    ["masu ns enter --net web ip address", "The host's ip(8) in a container's network"],
    ["masu ns list", "What namespaces there are"],
  ],
  subcommands: [run, enter, list],
});
