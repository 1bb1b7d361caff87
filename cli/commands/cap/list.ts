/** `masu cap list`: what processes and files may do. */
import { parseWhole } from "../../../lib/config/number.ts";
import { hostPath } from "../../../lib/config/path.ts";
import {
  fileCapabilities,
  type FileCapabilitiesAt,
  type ProcessCapabilities,
  processCapabilities,
} from "../../../lib/engine/capabilities.ts";
import { viewContainers } from "../../../lib/engine/lifecycle.ts";
import { invalidConfig, MasuError } from "../../../lib/error.ts";
import { CAPABILITIES } from "../../../lib/spec/capabilities.ts";
import { fileCapabilityText } from "../../../lib/spec/file_capabilities.ts";
import type { Command, Invocation } from "../../command.ts";
import { storeFor } from "../../container_words.ts";
import { EXIT } from "../../exit.ts";
import type { Flag } from "../../flags.ts";
import { escapeLine } from "../../paint.ts";

const FLAGS = [
  {
    name: "file",
    short: "f",
    value: "FILE",
    repeatable: true,
    group: "Flags",
    help: "The capabilities of a program's file, as getcap(8); operands behind it are files too",
  },
] as const satisfies readonly Flag[];

type Name = typeof FLAGS[number]["name"];

export const list: Command<Name> = {
  name: "list",
  aliases: ["ls", "show"],
  group: "Parts of the kernel, without a container",
  operands: "[PID|CONTAINER...] | --file FILE...",
  summary: "Show the capability sets of processes and files by name",
  description: [
    "All five sets, no_new_privs and the securebits. Without an operand masu's own: those that a program gets from this shell. " +
    "The kernel tells nobody the securebits of another process. -q prints the effective ones alone.",
    "Of files as getcap(8), with the root user of a user namespace where they are of one; files without are left out.",
  ],
  flags: FLAGS,
  examples: [
    ["masu cap list", "What this shell's programs have"],
    ["masu cap list web 1", "Of a container's first process and of init"],
    ["masu cap list --file /usr/bin/*", "Which programs there have capabilities of their own"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    return invocation.flags.all("file").length > 0 ? listFiles(invocation) : listProcesses(invocation);
  },
};

function listFiles({ flags, operands, report, process }: Invocation<Name>): number {
  const paths = [...flags.all("file"), ...operands];
  const files = fileCapabilities(
    process.core(),
    paths.map((text) => hostPath("--file", text, () => process.caller.directory())),
  );
  const lines = files.filter(({ version }) => version !== 0).map((file) =>
    `${escapeLine(file.path)} ${fileCapabilityText(file)}`
  );
  report.result(files, lines.join("\n"));
  const unread = files.filter(({ error }) => error !== null);
  for (const { path, error } of unread.slice(1)) report.warn(`Read the capabilities of "${path}": ${error}`);
  const [first] = unread;
  if (first !== undefined) throw unreadable(first);
  return EXIT.success;
}

function unreadable({ path, error }: FileCapabilitiesAt): MasuError {
  const code = error?.includes("no such") === true ? "not_found" : "failed";
  return new MasuError(code, `Read the capabilities of "${path}": ${error}`);
}

function listProcesses(invocation: Invocation<Name>): number {
  const { operands, report, process } = invocation;
  const pids = operands.length === 0 ? [null] : operands.map((word) => pidOf(word, invocation));
  const processes = pids.map((pid) => processCapabilities(process.core(), pid));
  const text = report.quiet
    ? processes.map(({ effective }) => namesOf(effective)).join("\n")
    : processes.map((one) => textOf(one)).join("\n\n");
  report.result(processes, text);
  return EXIT.success;
}

function pidOf(word: string, invocation: Invocation<Name>): number {
  if (/^\d{1,7}$/.test(word)) return parseWhole("PID", word, { least: 1, most: 4_194_304 });
  if (word === "") throw invalidConfig('Read operands of "masu cap list": a PID or container is empty');
  const [view] = viewContainers(invocation.process.core(), storeFor(invocation), [word]);
  if (view?.record == null) {
    throw new MasuError("failed", `Read the capabilities of container "${word}": it is not running`, {
      hint: "masu list shows the containers that run",
    });
  }
  return view.record.pid;
}

function textOf({ pid, command, users, noNewPrivileges, securebits, ...sets }: ProcessCapabilities): string {
  const { effective, permitted, inheritable, bounding, ambient } = sets;
  const lines: [name: string, text: string][] = [
    ["process", `${pid} ${escapeLine(command)}`],
    ["user", users[0] === users[1] ? `${users[0]}` : `${users[0]} (effective ${users[1]})`],
    ["effective", namesOf(effective)],
    ["permitted", namesOf(permitted)],
    ["inheritable", namesOf(inheritable)],
    ["ambient", namesOf(ambient)],
    ["bounding", namesOf(bounding)],
    ["no_new_privs", noNewPrivileges ? "yes" : "no"],
    ["securebits", securebits === null ? "unknown" : securebits.join(",") || "none"],
  ];
  return lines.map(([name, text]) => `${name.padEnd(12)}  ${text}`).join("\n");
}

/** Briefly: where most are there, those that are not. */
function namesOf(names: readonly string[]): string {
  const short = (names: readonly string[]) => names.map((name) => name.replace(/^CAP_/, "").toLowerCase()).join(",");
  const missing = CAPABILITIES.filter((name) => !names.includes(name));
  if (names.length === 0) return "none";
  if (missing.length === 0) return "all";
  return missing.length < 10 ? `all but ${short(missing)}` : short(names);
}
