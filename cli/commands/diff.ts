/** `masu diff`: tells what a container changed of its image. */
import type { TreeChange } from "../../lib/core/wire.ts";
import { diffContainer } from "../../lib/engine/diff.ts";
import type { Command } from "../command.ts";
import { namedContainer, storeFor } from "../container_words.ts";
import { EXIT } from "../exit.ts";
import { escapeLine } from "../paint.ts";

const LETTERS = { added: "A", changed: "C", deleted: "D" } as const satisfies Record<TreeChange["kind"], string>;

export const diff: Command<never> = {
  name: "diff",
  group: "Containers",
  operands: "CONTAINER",
  summary: "Tell what a container changed of its image",
  description: [
    "One line for each file: A added, C changed, or something in it, D deleted. Volumes and what exists only while it " +
    "runs (/tmp of the host image, /run, /dev) are no part of it. It may run or not.",
  ],
  flags: [],
  examples: [["masu diff web", "C /etc, A /etc/new, D /etc/motd"], ["masu diff --json web", "The same for a script"]],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { operands, report, process } = invocation;
    const container = namedContainer("diff", operands);
    const changes = diffContainer(process.core(), storeFor(invocation), container);
    const lines = changes.map(({ kind, path }) => `${LETTERS[kind]} ${escapeLine(path)}`);
    report.result(changes, lines.join("\n"));
    return EXIT.success;
  },
};
