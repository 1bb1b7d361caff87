/** `masu cp`: copies files out of containers and into them. */
import { call } from "../../lib/core/call.ts";
import { copy } from "../../lib/engine/copy.ts";
import { parseCopyEnd } from "../../lib/engine/copy_rule.ts";
import { invalidConfig } from "../../lib/error.ts";
import type { Command } from "../command.ts";
import { storeFor } from "../container_words.ts";
import { refuseForStream, tellCopied } from "../tree_result.ts";

export const cp: Command<"archive" | "follow-link"> = {
  name: "cp",
  group: "Containers",
  operands: "SOURCE DESTINATION",
  summary: "Copy files between a container and the host, or between containers",
  description: [
    "One side, or both, is CONTAINER:PATH; the other a path of the host, or - for a tar stream on stdin or stdout. The " +
    "container may run or not. A directory is copied whole: into the destination if that is a directory, else under its " +
    "name; with /. at the source's end, only what is in it. Files are replaced, a directory by a file or a file by a " +
    "directory never.",
    "What is copied belongs to the container's root, or on the host to you, unless --archive keeps owners. On the host, " +
    "device files are not made, and set-user-ID bits come with --archive only. Paths of a container lead nowhere else, " +
    "whatever it does meanwhile, and nothing of it is executed.",
  ],
  flags: [
    { name: "archive", short: "a", group: "Flags", help: "Keep owners by their numbers, and extended attributes" },
    {
      name: "follow-link",
      short: "L",
      group: "Flags",
      help: "If the source is a symbolic link, copy what it leads to",
    },
  ],
  examples: [
    ["masu cp web:/etc/nginx/nginx.conf .", "A file from a container"],
    ["masu cp ./site/. web:/var/www", "What is in a directory, into one in a container"],
    ["masu cp web:/var/log - | tar t", "A directory as a tar stream"],
    ["tar c -C ./site . | masu cp - web:/var/www", "A tar stream into a directory"],
    ["masu cp old:/data new:/", "From one container to another"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { flags, operands: [from, to, surplus], report, process } = invocation;
    if (from === undefined || to === undefined) {
      throw invalidConfig(
        'Read operands of "masu cp": a source and a destination are needed',
        "masu cp web:/etc/hosts .",
      );
    }
    if (surplus !== undefined) throw invalidConfig(`Read operand "${surplus}" of "masu cp": it takes two`);
    const [source, destination] = [parseCopyEnd("SOURCE", from), parseCopyEnd("DESTINATION", to)];
    const core = process.core();
    if (source.kind === "stream" && process.stays === true) {
      throw invalidConfig("Read a tar stream from stdin: masu batch reads commands there");
    }
    if (source.kind === "stream" && call(core, "process", {}).terminals[0]) {
      throw invalidConfig(
        "Read a tar stream from stdin: it is a terminal",
        "tar c -C DIRECTORY . | masu cp - CONTAINER:PATH",
      );
    }
    if (destination.kind === "stream") refuseForStream(invocation, "cp", "masu cp CONTAINER:PATH - | tar x");
    const request = {
      source,
      destination,
      archive: flags.on("archive"),
      followLink: flags.on("follow-link"),
      directory: process.caller.directory(),
    };
    return tellCopied(report, () => copy(core, storeFor(invocation), request), destination.kind === "stream");
  },
};
