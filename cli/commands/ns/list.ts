/** `masu ns list`: the namespaces of this host. */
import { notAmong } from "../../../lib/config/mistake.ts";
import { parseWhole } from "../../../lib/config/number.ts";
import {
  type ListedNamespace,
  listNamespaces,
  NAMESPACE_TYPES,
  type NamespaceType,
} from "../../../lib/engine/namespaces_list.ts";
import { invalidConfig } from "../../../lib/error.ts";
import type { Command } from "../../command.ts";
import { storeFor } from "../../container_words.ts";
import { EXIT } from "../../exit.ts";
import type { Flag } from "../../flags.ts";
import { type Column, table } from "../../table.ts";

const FLAGS = [
  {
    name: "type",
    short: "t",
    value: "TYPE",
    repeatable: true,
    group: "Flags",
    help: `Only of these types: ${NAMESPACE_TYPES.join(", ")}`,
  },
  { name: "task", short: "p", value: "PID", group: "Flags", help: "Only those of this process" },
] as const satisfies readonly Flag[];

export const list: Command<typeof FLAGS[number]["name"]> = {
  name: "list",
  aliases: ["ls"],
  group: "Parts of the kernel, without a container",
  operands: "",
  summary: "List namespaces: who is in them, which container has them, on which file they are kept",
  description: [
    "What lsns(8) shows, and more: CONTAINER is the masu container that has the namespace, FILE is where it is bound, so that " +
    "it stays without any process (masu ns run --keep, ip netns). An ordinary user sees the namespaces of the own processes.",
  ],
  flags: FLAGS,
  examples: [
    ["masu ns list -t net", "Network namespaces alone"],
    ["masu ns list --task $$", "Those of this shell"],
    ["masu ns list --json | jq '.[] | select(.processes == 0)'", "Those that are only kept"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { operands: [surplus], flags, report, process } = invocation;
    if (surplus !== undefined) throw invalidConfig(`Read operand "${surplus}" of "masu ns list": it takes none`);
    const types = flags.all("type").flatMap((text) => text.split(",")).map(typeOf);
    const task = flags.text("task");
    const listed = listNamespaces(process.core(), storeFor(invocation), {
      types,
      ...(task !== undefined && { task: parseWhole("--task", task, { least: 1, most: 4_194_304 }) }),
    });
    const text = report.quiet
      ? listed.map(({ namespace }) => namespace).join("\n")
      : table(columnsOf(listed), listed, { paint: report.paint });
    report.result(listed, text);
    return EXIT.success;
  },
};

function typeOf(word: string): NamespaceType {
  const type = NAMESPACE_TYPES.find((type) => type === word || OTHER_WORDS.get(word) === type);
  if (type === undefined) throw notAmong("--type", word, "no such type", NAMESPACE_TYPES);
  return type;
}

const OTHER_WORDS: ReadonlyMap<string, NamespaceType> = new Map([["mount", "mnt"], ["network", "net"]]);

/** Containers and files only where there are any. */
function columnsOf(listed: readonly ListedNamespace[]): Column<ListedNamespace>[] {
  const container: Column<ListedNamespace> = { title: "CONTAINER", cell: ({ containers }) => containers.join(",") };
  const file: Column<ListedNamespace> = { title: "FILE", cell: ({ files }) => files.join(",") };
  return [
    { title: "NS", right: true, cell: ({ namespace }) => `${namespace}` },
    { title: "TYPE", cell: ({ type }) => type },
    { title: "NPROCS", right: true, cell: ({ processes }) => `${processes}` },
    { title: "PID", right: true, cell: ({ pid }) => `${pid ?? ""}` },
    { title: "USER", cell: ({ user }) => user ?? "" },
    container,
    ...(listed.some(({ files }) => files.length > 0) ? [file] : []),
    { title: "COMMAND", cell: ({ command }) => command ?? "" },
  ];
}
