/** `masu version`: prints the versions of masu and of what it is made of. */
import { mistake } from "../../lib/config/mistake.ts";
import { ABI_VERSION, PLAN_VERSION } from "../../lib/core/wire.ts";
import { OCI_VERSION } from "../../lib/spec/oci.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exit.ts";
import { VERSION, VERSION_LINE } from "../version.ts";

export const version: Command<never> = {
  name: "version",
  group: "masu itself",
  operands: "",
  summary: "Print the version",
  description: [],
  flags: [],
  examples: [["masu version --json", "The same for a script"]],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run({ operands, report }): number {
    const [surplus] = operands;
    if (surplus !== undefined) throw mistake("operand", surplus, "masu version takes none");
    const { deno, v8 } = Deno.version;
    const document = {
      version: VERSION,
      oci: OCI_VERSION,
      coreAbi: ABI_VERSION,
      plan: PLAN_VERSION,
      deno,
      v8,
      target: Deno.build.target,
    };
    const parts = `OCI runtime-spec ${OCI_VERSION}\nDeno ${deno}, V8 ${v8}, ${Deno.build.target}`;
    report.result(document, report.quiet ? VERSION : `${VERSION_LINE}\n${parts}`);
    return EXIT.success;
  },
};
