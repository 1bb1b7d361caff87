/** `masu spec`: a bundle's `config.json` to begin with. */
import { mistake } from "../../lib/config/mistake.ts";
import { hostPath } from "../../lib/config/path.ts";
import { writeExample } from "../../lib/engine/spec.ts";
import type { Command } from "../command.ts";
import { RUNTIME_EXIT } from "../contract.ts";
import { EXIT } from "../exit.ts";

export const spec: Command<"bundle"> = {
  name: "spec",
  group: "OCI runtime",
  operands: "",
  summary: "Write a config.json to begin with",
  description: [
    "A shell on a terminal, in the directory rootfs of the bundle. One that is there already is left alone, and that is an error. " +
    "With --rootless it is for a user without privileges.",
  ],
  flags: [
    {
      name: "bundle",
      short: "b",
      value: "DIR",
      group: "Flags",
      help: "The bundle's directory, in place of the working directory",
    },
  ],
  examples: [["masu spec && masu run --bundle . shell", "With a root directory beside it"]],
  runsProgram: false,
  runtimeFailure: RUNTIME_EXIT.failed,
  makesPlan: false,
  hasResult: false,
  run({ flags, globals, operands: [surplus], process }): number {
    if (surplus !== undefined) throw mistake("operand", surplus, "masu spec takes none", "--bundle DIR");
    const bundle = hostPath("--bundle", flags.text("bundle") ?? ".", () => process.caller.directory());
    writeExample(process.core(), { bundle, rootless: globals.text("rootless") === "true" });
    return EXIT.success;
  },
};
