/** `masu features`: what of the runtime specification masu knows. */
import { mistake } from "../../lib/config/mistake.ts";
import { runtimeFeatures } from "../../lib/engine/features.ts";
import type { Command } from "../command.ts";
import { RUNTIME_EXIT } from "../contract.ts";
import { EXIT } from "../exit.ts";

export const features: Command<never> = {
  name: "features",
  group: "OCI runtime",
  operands: "",
  summary: "Print what of the OCI runtime specification masu knows",
  description: [
    "A JSON document for engines: features.md of the specification. What this host can do of it, masu check says.",
  ],
  flags: [],
  examples: [["masu features | jq .linux.cgroup", "Which versions of control groups"]],
  runsProgram: false,
  runtimeFailure: RUNTIME_EXIT.failed,
  makesPlan: false,
  hasResult: true,
  run({ operands: [surplus], report, process }): number {
    if (surplus !== undefined) throw mistake("operand", surplus, "masu features takes none");
    const document = runtimeFeatures(process.core());
    report.result(document, JSON.stringify(document, null, 2));
    return EXIT.success;
  },
};
