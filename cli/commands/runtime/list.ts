/** `list` as engines call it: runc's. */
import { mistake } from "../../../lib/config/mistake.ts";
import { type BundleState, bundleStates } from "../../../lib/engine/bundle_list.ts";
import type { Command } from "../../command.ts";
import { storeFor } from "../../container_words.ts";
import { RUNTIME_EXIT } from "../../contract.ts";
import { EXIT } from "../../exit.ts";
import { escapeJson, plain } from "../../paint.ts";
import { choice } from "../../parser.ts";
import { table } from "../../table.ts";

export const runtimeList: Command<"format"> = {
  name: "list",
  aliases: ["ls"],
  group: "Look",
  operands: "",
  summary: "List containers",
  description: ["All containers of this root, with their status, bundle and owner; with -q their IDs alone."],
  flags: [{ name: "format", short: "f", value: "FORM", group: "Flags", help: "table (default), or json" }],
  examples: [["masu list --format=json", "As engines read it"]],
  runsProgram: false,
  runtimeFailure: RUNTIME_EXIT.failed,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { flags, operands: [surplus], report, process } = invocation;
    if (surplus !== undefined) throw mistake("operand", surplus, "masu list takes none");
    const format = choice("--format", flags.text("format") ?? "table", ["table", "json"]);
    const states = bundleStates(process.core(), storeFor(invocation));
    if (report.quiet) {
      if (states.length > 0) report.text(states.map(({ id }) => id).join("\n"));
    } else report.text(format === "json" ? escapeJson(JSON.stringify(states)) : stateTable(states));
    return EXIT.success;
  },
};

/** runc's columns. */
export function stateTable(states: readonly BundleState[]): string {
  const columns = [
    { title: "ID", cell: ({ id }: BundleState) => id },
    { title: "PID", cell: ({ pid }: BundleState) => `${pid}` },
    { title: "STATUS", cell: ({ status }: BundleState) => status },
    { title: "BUNDLE", cell: ({ bundle }: BundleState) => bundle },
    { title: "CREATED", cell: ({ created }: BundleState) => created },
    { title: "OWNER", cell: ({ owner }: BundleState) => owner },
  ];
  return table(columns, states, { paint: plain });
}
