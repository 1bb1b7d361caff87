/** `masu export`: writes a container's root as a tar stream. */
import { exportContainer } from "../../lib/engine/export.ts";
import { hostPath } from "../../lib/config/path.ts";
import type { Command } from "../command.ts";
import { namedContainer, storeFor } from "../container_words.ts";
import { refuseForStream, tellCopied } from "../tree_result.ts";

export const exportation: Command<"output"> = {
  name: "export",
  group: "Containers",
  operands: "CONTAINER",
  summary: "Write a container's whole root as a tar stream",
  description: [
    "The names are sorted. What is mounted in the root, volumes as well as /proc, /sys and /dev, is left out but for the " +
    "directory that it is mounted on. The container may run or not.",
  ],
  flags: [
    {
      name: "output",
      short: "o",
      value: "FILE",
      group: "Flags",
      help: "Write to FILE instead of stdout; it is there when it is complete",
    },
  ],
  examples: [
    ["masu export -o web.tar web", "To a file"],
    ["masu export web | tar x -C ./rootfs", "To a directory, for masu run ./rootfs"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { flags, operands, report, process } = invocation;
    const container = namedContainer("export", operands);
    const output = flags.text("output");
    const file = output === undefined ? null : hostPath("--output", output, () => process.caller.directory());
    if (file === null) refuseForStream(invocation, "export", `masu export -o FILE ${container}`);
    const store = storeFor(invocation);
    return tellCopied(report, () => exportContainer(process.core(), store, container, file), file === null);
  },
};
