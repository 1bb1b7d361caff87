/** The flags of masu's runtime commands against those that the installed runc prints in its help. */
import { assert, assertEquals } from "@std/assert";
import { type Command, COMMANDS } from "../../cli/command.ts";
import { findCommand } from "../../cli/family.ts";
import { EARLY_FLAGS, type Flag, GLOBAL_FLAGS } from "../../cli/flags.ts";
import { kernelTest } from "../needs.ts";

/** runc's commands, without `init`, which it executes itself by, and `help`. */
const COMMAND_NAMES = [
  "checkpoint",
  "create",
  "delete",
  "events",
  "exec",
  "features",
  "kill",
  "list",
  "pause",
  "ps",
  "restore",
  "resume",
  "run",
  "spec",
  "start",
  "state",
  "update",
];

/** A flag as runc's help has it: `--bundle value, -b value`. */
interface Helped {
  /** With their dashes. */
  readonly names: readonly string[];
  readonly takesValue: boolean;
}

function helped(help: string): Helped[] {
  const [, options = ""] = help.split(/^(?:GLOBAL )?OPTIONS:$/m);
  return options.split("\n").flatMap((line) => {
    const [, written] = /^ {3}(-.*?)(?: {2}|$)/.exec(line) ?? [];
    if (written === undefined) return [];
    const words = written.split(", ").map((word) => word.split(" "));
    return [{ names: words.map(([name = ""]) => name), takesValue: words.some(([, value]) => value !== undefined) }];
  });
}

/** Both forms: engines that call masu by its own name have the command's own flags. */
function forms(command: Command): Command[] {
  return command.asRuntime === undefined ? [command] : [command, command.asRuntime];
}

function known(flags: readonly Flag[], name: string): Flag | undefined {
  const bare = name.replace(/^--?/, "");
  return flags.find(({ name: long, short, aliases = [] }) =>
    name.startsWith("--") ? [long, ...aliases].includes(bare) : short === bare
  );
}

/** Errors: a flag of runc's that is unknown among `flags`, refused, or takes a value where runc's takes none, or the reverse. */
function assertKnown(command: string, flags: readonly Flag[], theirs: readonly Helped[]): void {
  for (const { names, takesValue } of theirs) {
    for (const written of names) {
      const flag = known(flags, written);
      assert(flag !== undefined && flag.refused === undefined, `${command} ${written} is unknown`);
      const mayTakeNext = flag.value !== undefined && (flag.bare === undefined || flag.nextWords !== undefined);
      assertEquals(mayTakeNext, takesValue, `${command} ${written}`);
    }
  }
}

kernelTest(
  "a runtime's commands know the flags of runc's, with values where it has some",
  ["runc"],
  async (scratch) => {
    for (const name of COMMAND_NAMES) {
      const { stdout, transcript } = await scratch.command("runc", name, "--help");
      const flags = helped(stdout);
      assertEquals(flags.length > 0, !/^(features|pause|resume|start|state)$/.test(name), transcript);
      for (const form of forms(findCommand(name, COMMANDS))) {
        assertKnown(`runc ${name}`, [...form.flags, ...GLOBAL_FLAGS], flags);
      }
    }
  },
);

kernelTest("a runtime knows runc's global flags, with values where it has some", ["runc"], async (scratch) => {
  const { stdout, transcript } = await scratch.command("runc", "--help");
  const flags = helped(stdout);
  assert(flags.length > 5, transcript);
  assertKnown("runc", EARLY_FLAGS, flags);
});
