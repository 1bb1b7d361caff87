/** `masu system`: what masu keeps on this host, and what of it nobody needs any more. */
import { fromWire } from "../../lib/core/call.ts";
import type { PruneReply } from "../../lib/core/wire.ts";
import { pruneContainers } from "../../lib/engine/lifecycle.ts";
import { type SystemInfo, systemInfo } from "../../lib/engine/system_info.ts";
import { invalidConfig } from "../../lib/error.ts";
import type { Command } from "../command.ts";
import { storeFor } from "../container_words.ts";
import { EXIT } from "../exit.ts";
import { family } from "../family.ts";
import { globalConfig } from "../global_options.ts";
import { escapeLine } from "../paint.ts";
import { VERSION } from "../version.ts";

const info: Command<never> = {
  name: "info",
  group: "masu itself",
  operands: "",
  summary: "Say where this user's containers are and how many, and what they run on",
  description: [],
  flags: [],
  examples: [["masu system info --json", "For a script"]],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run({ operands: [surplus], globals, report, process }): number {
    refuseOperand("info", surplus);
    const found = systemInfo(process.core(), globalConfig(globals, process), process.environment);
    const document = { version: VERSION, ...found };
    report.result(document, infoText(document));
    return EXIT.success;
  },
};

const prune: Command<"all" | "force"> = {
  name: "prune",
  group: "masu itself",
  operands: "",
  summary: "Remove files, names and cgroups that no container has any more, as after a crash",
  description: ["With --all also every container that does not run."],
  flags: [
    { name: "all", short: "a", group: "Flags", help: "delete containers that do not run, too; needs --force" },
    { name: "force", short: "f", group: "Flags", help: "yes, delete them" },
  ],
  examples: [
    ["masu system prune --dry-run --all", "What would be removed"],
    ["masu system prune --all --force", "Remove it"],
  ],
  runsProgram: false,
  makesPlan: false,
  dryRuns: true,
  hasResult: true,
  run(invocation): number {
    const { operands: [surplus], flags, globals, report, process } = invocation;
    refuseOperand("prune", surplus);
    const options = { containers: flags.on("all"), dry: globals.on("dry-run") };
    if (options.containers && !options.dry && !flags.on("force")) {
      throw invalidConfig(
        'Read flag "--all" of "masu system prune": it deletes containers with what they wrote',
        "--force if that is meant; --dry-run says which",
      );
    }
    const pruned = pruneContainers(process.core(), storeFor(invocation), options);
    report.result({ ...pruned, dryRun: options.dry }, pruneText(pruned));
    for (const failure of pruned.failures) report.error(fromWire(failure));
    return pruned.failures.length === 0 ? EXIT.success : EXIT.failed;
  },
};

export const system: Command = family({
  name: "system",
  group: "masu itself",
  summary: "Say what masu keeps on this host, or remove what nobody needs any more",
  description: [],
  examples: [],
  subcommands: [info, prune],
});

function refuseOperand(command: string, operand: string | undefined): void {
  if (operand !== undefined) {
    throw invalidConfig(`Read operand "${operand}" of "masu system ${command}": it takes none`);
  }
}

function infoText({ version, containers, ...rest }: SystemInfo & { readonly version: string }): string {
  const counts = Object.entries(containers).filter(([, count]) => count > 0);
  const rows: [string, string][] = [
    ["Version", version],
    ["Containers", counts.length === 0 ? "none" : counts.map(([status, count]) => `${count} ${status}`).join(", ")],
    ["Runtime directory", rest.runtime],
    ["Data directory", rest.data],
    ["User", `${rest.uid}${rest.privileged ? "" : ", without privileges"}`],
    ["Kernel", `${rest.kernel} ${rest.machine}`],
    ["Control groups", rest.cgroups],
  ];
  return rows.map(([name, value]) => `${`${name}:`.padEnd(19)}${escapeLine(value)}\n`).join("");
}

function pruneText({ containers, leftovers }: PruneReply): string {
  return [...containers, ...leftovers].map((line) => `${escapeLine(line)}\n`).join("");
}
