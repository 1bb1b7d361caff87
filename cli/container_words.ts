/**
 * Which containers a command is about.
 *
 * @module
 */
import type { Status, Store } from "../lib/core/wire.ts";
import { areBundles, containerIDs } from "../lib/engine/lifecycle.ts";
import { storeOf } from "../lib/engine/store.ts";
import { invalidConfig } from "../lib/error.ts";
import type { Invocation } from "./command.ts";
import type { Flag } from "./flags.ts";
import { lookConfig } from "./global_options.ts";

/** What of an invocation decides it. */
export type Chooser = Pick<Invocation<never>, "globals" | "operands" | "process">;

/** Where this user's containers are. */
export function storeFor({ globals, process }: Pick<Chooser, "globals" | "process">): Store {
  return storeOf(process.core(), lookConfig(globals, process), process.environment);
}

/** What engines expect of a runtime holds for containers that were made from a bundle, whatever masu is called as. */
export function followBundles(
  invocation: Pick<Chooser, "globals" | "process"> & Pick<Invocation, "report">,
  words: readonly string[],
): void {
  const { process, report } = invocation;
  if (!report.contract && areBundles(process.core(), storeFor(invocation), words)) report.followContract();
}

/** `--all` of a command that can be about all containers. */
export function allFlag(which: string): Flag & { readonly name: "all" } {
  return { name: "all", short: "a", group: "Flags", help: `Do it to ${which}` };
}

/** The words typed. Errors: `invalid_config` there are none. */
export function namedContainers(command: string, operands: readonly string[]): readonly string[] {
  if (operands.length > 0) return operands;
  throw invalidConfig(
    `Read operands of "masu ${command}": no CONTAINER`,
    "masu list --all shows this user's containers",
  );
}

/** The only word typed. Errors: `invalid_config` there is none, or there are more. */
export function namedContainer(command: string, operands: readonly string[]): string {
  const [word, surplus] = operands;
  if (word === undefined) {
    throw invalidConfig(
      `Read operands of "masu ${command}": no CONTAINER`,
      "masu list --all shows this user's containers",
    );
  }
  if (surplus === undefined) return word;
  throw invalidConfig(`Read operand "${surplus}" of "masu ${command}": it takes one container`);
}

/** How `--all` is meant by one command. */
export interface Choice {
  readonly command: string;
  /** It was written. */
  readonly all: boolean;
  /** Which containers it means. */
  readonly statuses: readonly Status[];
}

/** The words typed, or with `--all` every container of these statuses. Errors: `invalid_config` neither, or both. */
export function chosenContainers(chooser: Chooser, { command, all, statuses }: Choice): readonly string[] {
  if (!all) return namedContainers(command, chooser.operands);
  const [word] = chooser.operands;
  if (word !== undefined) throw invalidConfig(`Read operand "${word}" of "masu ${command}": it contradicts --all`);
  return containerIDs(chooser.process.core(), storeFor(chooser), statuses);
}
