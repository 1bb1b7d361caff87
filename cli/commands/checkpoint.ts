/** `masu checkpoint` and `masu restore`: known to engines, and not done yet. */
import { MasuError } from "../../lib/error.ts";
import { CHECKPOINT_FLAGS, RESTORE_FLAGS } from "../checkpoint_flags.ts";
import type { Command } from "../command.ts";
import { namedContainer } from "../container_words.ts";
import { RUNTIME_EXIT } from "../contract.ts";

const DESCRIPTION = ["masu does not call CRIU yet: this is refused, whatever the flags say."];

export const checkpoint: Command = {
  name: "checkpoint",
  group: "OCI runtime",
  operands: "CONTAINER",
  summary: "Write a running container to files: not supported yet",
  description: DESCRIPTION,
  flags: CHECKPOINT_FLAGS,
  examples: [],
  runsProgram: false,
  runtimeFailure: RUNTIME_EXIT.failed,
  makesPlan: false,
  hasResult: false,
  run: ({ operands }) => refuse("Checkpoint", namedContainer("checkpoint", operands)),
};

export const restore: Command = {
  ...checkpoint,
  name: "restore",
  operands: "ID",
  summary: "Make a running container of such files: not supported yet",
  flags: RESTORE_FLAGS,
  run: ({ operands }) => refuse("Restore", namedContainer("restore", operands)),
};

function refuse(action: string, container: string): never {
  throw new MasuError("kernel_lacks", `${action} container "${container}": masu does not support checkpoints yet`, {
    hint: "stop it, and start it again",
  });
}
