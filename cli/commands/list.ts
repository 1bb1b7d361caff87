/** `masu list`: this user's containers. */
import { parseContainerFilter } from "../../lib/config/container_filter.ts";
import { parseWhole } from "../../lib/config/number.ts";
import { viewContainers } from "../../lib/engine/lifecycle.ts";
import { type ContainerSummary, filterContainers, goesOn, summaryOf } from "../../lib/engine/views.ts";
import { invalidConfig } from "../../lib/error.ts";
import type { Command, Invocation } from "../command.ts";
import { storeFor } from "../container_words.ts";
import { EXIT } from "../exit.ts";
import type { Flag, FlagValues } from "../flags.ts";
import { templateText } from "../global_options.ts";
import { runtimeList } from "./runtime/list.ts";
import { table } from "../table.ts";
import { containerColumns, containerFields, type ListStyle, shortId } from "../table_containers.ts";
import { readTemplate } from "../template.ts";

const GROUP = "Flags";

/** docker's. */
export const LIST_FLAGS = [
  { name: "all", short: "a", group: GROUP, help: "Those that do not run too" },
  {
    name: "filter",
    short: "f",
    value: "KEY=VALUE",
    repeatable: true,
    group: GROUP,
    help:
      "Only those whose status, name, label, id, ancestor (image), exited (exit status), health, before or since is VALUE",
  },
  { name: "last", short: "n", value: "N", group: GROUP, help: "The N that were made last, in whatever state" },
  { name: "latest", short: "l", group: GROUP, help: "The one that was made last, in whatever state" },
  { name: "no-trunc", group: GROUP, help: "Cut nothing" },
  {
    name: "size",
    short: "s",
    group: GROUP,
    help: "",
    refused: "du(1) of the upper directories that masu inspect names",
  },
] as const satisfies readonly Flag[];

/** Names of {@link LIST_FLAGS}. */
export type ListFlag = typeof LIST_FLAGS[number]["name"];

export const list: Command<ListFlag> = {
  name: "list",
  aliases: ["ls"],
  group: "Look",
  operands: "",
  summary: "List containers",
  description: [
    "Those that run, are paused or are about to be started again; with --all every one. A filter by status, -n and -l look at " +
    "every one too. Several filters of one key let through what any of them does, of different keys what all of them do.",
    "A template prints a line for each: .ID .Image .Command .CreatedAt .RunningFor .Status .State .Names .Labels .Pid " +
    ".ExitCode .Health .Ports.",
  ],
  flags: LIST_FLAGS,
  asRuntime: runtimeList,
  examples: [
    ["masu list -a", "Stopped ones too"],
    ["masu list -q --filter label=app=web", "IDs of those with a label"],
    ["masu rm $(masu list -q -f status=exited)", "Delete what has ended"],
    ["masu list --format '{{.Names}}: {{.Status}}'", "As one likes; --json for a program"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  templates: true,
  run(invocation): number {
    const [surplus] = invocation.operands;
    if (surplus === undefined) return printList(invocation);
    throw invalidConfig(`Read operand "${surplus}" of "masu list": it takes none`, "masu inspect shows one container");
  },
};

/** Prints the list. */
export function printList(invocation: Omit<Invocation<ListFlag>, "operands">): number {
  const { flags, globals, report, process } = invocation;
  const choose = chooser(flags);
  const written = templateText(globals);
  const template = written === undefined ? undefined : readTemplate(written);
  const all = viewContainers(process.core(), storeFor(invocation)).map(summaryOf);
  const chosen = choose(all);
  const style: ListStyle = { nowMs: Date.now(), whole: flags.on("no-trunc") };
  if (template !== undefined) {
    const lines = template.lines(chosen.map((container) => containerFields(container, style)));
    if (lines !== "") report.text(lines);
    return EXIT.success;
  }
  const text = report.quiet
    ? chosen.map(({ id }) => shortId(id, style)).join("\n")
    : table(containerColumns(style), chosen, { paint: report.paint });
  report.result(chosen, text);
  return EXIT.success;
}

/** Which containers are shown, the latest first as docker has it. Errors: `invalid_config`. */
function chooser(flags: FlagValues<ListFlag>): (all: readonly ContainerSummary[]) => ContainerSummary[] {
  const filters = flags.all("filter").map(parseContainerFilter);
  const last = flags.text("last");
  if (last !== undefined && flags.on("latest")) {
    throw invalidConfig('Read flag "--last" of "masu list": it contradicts --latest');
  }
  const most = flags.on("latest") ? 1 : last === undefined ? -1 : parseWhole("--last", last, { least: -1, most: 1e6 });
  const every = flags.on("all") || most >= 0 || filters.some(({ key }) => ["status", "exited"].includes(key));
  return (all) => {
    const shown = filterContainers(all, filters).filter((container) => every || goesOn(container)).toReversed();
    return most >= 0 ? shown.slice(0, most) : shown;
  };
}
