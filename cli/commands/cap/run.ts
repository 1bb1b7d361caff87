/** `masu cap run`: a program with exactly some capabilities. */
import { type CapabilityRunConfig, parseCapabilityRun } from "../../../lib/config/capability_run.ts";
import { expectedCapabilities, explainCapabilities, runCapabilities } from "../../../lib/engine/capabilities_run.ts";
import type { Command, Invocation } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import type { Flag } from "../../flags.ts";
import { explainForm, refuseResult } from "../../global_options.ts";
import { tellPlan } from "../../told_plan.ts";
import { programEnvironment, programOf } from "../ns/program.ts";

const SETS = "Sets of the program";
const PROGRAM = "Program";

/** A set: exactly what is named, or as of setpriv(1) with changes. */
function set<Name extends string>(name: Name, help: string, aliases: readonly string[] = []) {
  return { name, aliases, value: "LIST", repeatable: true, group: SETS, help } as const;
}

const FLAGS = [
  set("permitted", "What it may use"),
  set("effective", "The same: execve(2) makes effective what it permits"),
  set("ambient", "What a program that is not root has; permitted and inheritable by that too", ["ambient-caps"]),
  set("inheritable", "What it hands on to files that inherit it", ["inh-caps", "inheritable-caps"]),
  set("bounding", "What it, and what it starts, can have at most", ["bounding-set"]),
  {
    name: "drop",
    aliases: ["cap-drop"],
    value: "CAP",
    repeatable: true,
    group: SETS,
    help: "Take a capability, or ALL, from every set",
  },
  {
    name: "add",
    aliases: ["cap-add"],
    value: "CAP",
    repeatable: true,
    group: SETS,
    help: "Leave this one with --drop ALL, and give it to a program that is not root too",
  },
  {
    name: "securebits",
    value: "+BIT,-BIT",
    repeatable: true,
    group: SETS,
    help: "Set or clear: noroot, no_setuid_fixup, no_cap_ambient_raise; each with _locked for good",
  },
  {
    name: "user",
    aliases: ["reuid"],
    short: "u",
    value: "USER[:GROUP]",
    group: PROGRAM,
    help: "Run as this user, with the user's groups",
  },
  { name: "group", aliases: ["regid"], short: "g", value: "GROUP", group: PROGRAM, help: "Run as this group" },
  { name: "keep-groups", group: PROGRAM, help: "Keep the caller's supplementary groups" },
  {
    name: "no-new-privs",
    aliases: ["nnp"],
    group: PROGRAM,
    help: "No program behind it gets privileges by its file, setuid or not",
  },
] as const satisfies readonly Flag[];

type Name = typeof FLAGS[number]["name"];

export const run: Command<Name> = {
  name: "run",
  group: "Parts of the kernel, without a container",
  operands: "[PROGRAM [ARGUMENT...]]",
  summary: "Run a program with exactly these capabilities",
  description: [
    "As setpriv(1) and capsh(1); masu becomes the program and keeps its PID. A LIST is net_raw,chown or none or all, or changes of " +
    "what there is: -all,+net_raw. Without PROGRAM a shell runs ($SHELL).",
    "The sets are those that the program has once it is executed, and they follow from one another: capabilities(7). Who is not " +
    "root has what is ambient and nothing else, so --permitted makes it ambient and inheritable. Root has what is bounding, so " +
    "--permitted limits that, unless --securebits +noroot makes root one of the others. What execve(2) would not give is refused " +
    "with the reason. A file with capabilities of its own (masu cap list --file) adds those, unless --no-new-privs.",
    "125: masu failed; 126, 127: the program cannot be executed, or is not there.",
  ],
  flags: FLAGS,
  examples: [
    ["masu cap run --user nobody --permitted net_bind_service -- nc -l 80", "A low port for an ordinary user"],
    ["masu cap run --drop all --add chown -- sh", "Root that can only give files away"],
    ["masu cap run --drop net_raw -- ping localhost", "What a program does without a capability"],
    ["masu cap run --securebits +noroot,+noroot_locked -- sh", "Root without its powers"],
    ["masu cap run --explain --drop all -- sh", "The plan"],
  ],
  runsProgram: true,
  makesPlan: true,
  hasResult: false,
  run(invocation): number {
    const { globals, args, report, process } = invocation;
    const config = readCapabilities(invocation);
    report.debug(`config ${JSON.stringify(config)}`);
    const request = { config, environment: programEnvironment(process) };
    const form = explainForm(globals);
    if (form === undefined) {
      refuseResult("cap run", globals);
      return runCapabilities(process.core(), request);
    }
    report.debug(`outcome ${JSON.stringify(expectedCapabilities(process.core(), request))}`);
    tellPlan(report, form, explainCapabilities(process.core(), request, { form, command: ["masu", ...args] }));
    return EXIT.success;
  },
};

function readCapabilities({ flags, operands, process }: Invocation<Name>): CapabilityRunConfig {
  const words = {
    sets: {
      permitted: flags.all("permitted"),
      effective: flags.all("effective"),
      ambient: flags.all("ambient"),
      inheritable: flags.all("inheritable"),
      bounding: flags.all("bounding"),
    },
    drop: flags.all("drop"),
    add: flags.all("add"),
    user: flags.text("user"),
    group: flags.text("group"),
    keepGroups: flags.on("keep-groups"),
    noNewPrivileges: flags.on("no-new-privs"),
    securebits: flags.all("securebits"),
  };
  return parseCapabilityRun(words, programOf(operands, process));
}
