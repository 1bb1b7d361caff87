/**
 * Commands of two words: a family and what it can do, `masu cgroup run`.
 *
 * @module
 */
import { notAmong } from "../lib/config/mistake.ts";
import { invalidConfig } from "../lib/error.ts";
import type { Command } from "./command.ts";

/** A family, which does nothing by itself. */
export function family(
  { subcommands, ...words }:
    & Pick<Command, "name" | "aliases" | "group" | "summary" | "description" | "examples">
    & Required<Pick<Command, "subcommands">>,
): Command {
  return {
    ...words,
    subcommands,
    operands: "COMMAND",
    flags: [],
    runsProgram: false,
    operandsEndFlags: true,
    makesPlan: false,
    hasResult: false,
    run() {
      throw invalidConfig(`Read operands of "masu ${words.name}": a command is needed`, among(subcommands));
    },
  };
}

function among(subcommands: readonly Command[]): string {
  return `one of ${subcommands.map(({ name }) => name).join(", ")}`;
}

/** The command of that name or alias. Errors: `invalid_config` with the nearest one. */
export function findCommand(name: string, commands: readonly Command[]): Command {
  const command = named(name, commands);
  if (command === undefined) throw notAmong("command", name, "no such command", commands.flatMap(names));
  return command;
}

/**
 * The command below a family, called by both words: `cgroup run`.
 *
 * Errors: `invalid_config` with the nearest one.
 */
export function findSubcommand(name: string, { name: first, subcommands = [] }: Command): Command {
  const command = named(name, subcommands);
  if (command === undefined) {
    throw notAmong("command", name, `masu ${first} has no such command`, subcommands.flatMap(names));
  }
  return withFamily(first, command);
}

/** All commands below a family, called by both words; none of another command. */
export function subcommandsOf({ name: first, subcommands = [] }: Command): Command[] {
  return subcommands.map((command) => withFamily(first, command));
}

function withFamily(first: string, command: Command): Command {
  return { ...command, name: `${first} ${command.name}` };
}

function named(name: string, commands: readonly Command[]): Command | undefined {
  return commands.find((command) => names(command).includes(name));
}

function names({ name, aliases = [] }: Command): string[] {
  return [name, ...aliases];
}
