/** `masu seccomp compile`: a profile as the kernel gets it. */
import { mistake } from "../../../lib/config/mistake.ts";
import { hostPath } from "../../../lib/config/path.ts";
import { compileSeccomp } from "../../../lib/engine/seccomp.ts";
import { invalidConfig } from "../../../lib/error.ts";
import type { ExamineFilterReply } from "../../../lib/core/wire.ts";
import type { Command, Invocation } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import type { Flag } from "../../flags.ts";
import { escapeLine } from "../../paint.ts";
import { architectureOf, SITUATION_FLAGS, subjectOf } from "./words.ts";

const FLAGS = [
  {
    name: "pfc",
    group: "Flags",
    help: "The instructions as text, one a line, with names of calls: exactly what the kernel executes",
  },
  {
    name: "raw",
    group: "Flags",
    help: "The instructions as the kernel takes them, struct sock_filter, as bwrap --seccomp FD",
  },
  { name: "output", short: "o", value: "FILE", group: "Flags", help: "Where --raw writes to; -: stdout (the default)" },
  {
    name: "arch",
    short: "a",
    value: "ARCH",
    repeatable: true,
    group: "Flags",
    help: "For these in place of the profile's: x86_64, x86, x32; or aarch64, arm",
  },
  ...SITUATION_FLAGS,
] as const satisfies readonly Flag[];
type Name = typeof FLAGS[number]["name"];

export const compile: Command<Name> = {
  name: "compile",
  group: "Parts of the kernel, without a container",
  operands: "PROFILE",
  summary: "Compile a seccomp profile; print its filter, or what it amounts to",
  description: [
    "PROFILE is a file of JSON in the format of docker and podman or of the OCI, default for masu's own, or - for stdin. Rules that " +
    "depend on capabilities, architectures or the kernel are decided for --cap, --arch and this kernel. Mistakes are named by place.",
    "Without --pfc and --raw: how many instructions, and how many of each architecture's known calls are treated how. A call that no " +
    "supported architecture knows by that name is skipped, as runc does.",
  ],
  flags: FLAGS,
  examples: [
    ["masu seccomp compile default", "What masu's own filter amounts to"],
    ["masu seccomp compile --cap sys_admin --pfc default", "Its instructions for a container with CAP_SYS_ADMIN"],
    ["masu seccomp compile --raw -o filter profile.json", "For bwrap --seccomp 3 3<filter"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  async run(invocation): Promise<number> {
    const { operands: [profile, surplus], flags, report, process } = invocation;
    if (surplus !== undefined) throw invalidConfig(`Read operand "${surplus}" of "masu seccomp compile": one too many`);
    const output = outputOf(invocation);
    const subject = await subjectOf(
      profile,
      invocation,
      flags.all("arch").flatMap((text) => text.split(",")).map(architectureOf),
    );
    const wantsListing = flags.on("pfc");
    const reply = compileSeccomp(process.core(), subject, { listing: wantsListing, output });
    if (output === "-") return EXIT.success;
    const { listing, ...rest } = reply;
    const text = wantsListing ? listing.join("\n") : report.quiet || output !== null ? "" : summary(reply);
    report.result({ machine: subject.machine, ...rest, ...(wantsListing && { listing }) }, text);
    return EXIT.success;
  },
};

/** Where instructions are written to; null: nowhere. Errors: `invalid_config`. */
function outputOf({ flags, globals, report, process }: Invocation<Name>): string | null {
  const written = flags.text("output");
  if (!flags.on("raw")) {
    if (written !== undefined) throw mistake("--output", written, "it is where --raw writes to", "add --raw");
    return null;
  }
  if (flags.on("pfc")) throw invalidConfig("Read flags --pfc and --raw: only one of them can be printed");
  if (written !== undefined && written !== "-") return hostPath("--output", written, () => process.caller.directory());
  if (report.onTerminal) {
    throw invalidConfig(
      "Write the filter to stdout: a terminal shows it, and it is no text",
      "--output FILE, or --pfc",
    );
  }
  if (globals.on("json") || process.stays === true) {
    throw invalidConfig("Write the filter to stdout: that has documents here", "--output FILE");
  }
  return "-";
}

function summary(
  { instructions, flags, defaultAction, architectures }: ExamineFilterReply | Omit<ExamineFilterReply, "verdicts">,
): string {
  const counted = architectures.map(({ architecture, always, byArguments }) => {
    const parts = [
      ...always.map(({ action, calls }) => `${calls} ${action}`),
      ...(byArguments > 0 ? [`${byArguments} by their arguments`] : []),
    ];
    return `${`${architecture}:`.padEnd(16)}${parts.join(", ")}`;
  });
  return [
    `instructions:   ${instructions}`,
    `default action: ${defaultAction}`,
    ...(flags === 0 ? [] : [`flags:          0x${flags.toString(16)}`]),
    ...counted,
    "others:         kill_thread",
  ].map(escapeLine).join("\n");
}
