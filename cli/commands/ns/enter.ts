/** `masu ns enter`: a program in namespaces that are there. */
import { type EnterConfig, parseEnter } from "../../../lib/config/namespaces_enter.ts";
import { NAMESPACE_WORDS } from "../../../lib/config/namespaces_run.ts";
import { hostPath } from "../../../lib/config/path.ts";
import { enterNamespaces, explainEnter, isNamespaceFile } from "../../../lib/engine/namespaces_enter.ts";
import { invalidConfig } from "../../../lib/error.ts";
import type { Command } from "../../command.ts";
import { storeFor } from "../../container_words.ts";
import { EXIT } from "../../exit.ts";
import type { FlagValues } from "../../flags.ts";
import { explainForm, refuseResult } from "../../global_options.ts";
import type { Process } from "../../process.ts";
import { tellPlan } from "../../told_plan.ts";
import { NS_ENTER_FLAGS, type NsEnterFlag, REFUSED_NS_ENTER_FLAGS } from "./enter_flags.ts";
import { programEnvironment, programOf } from "./program.ts";
import { identityWords, namespaceFiles } from "./words.ts";

export const enter: Command<NsEnterFlag> = {
  name: "enter",
  group: "Parts of the kernel, without a container",
  operands: "[CONTAINER | FILE...] [PROGRAM [ARGUMENT...]]",
  summary: "Run a program in the namespaces of a process, a container, or those kept on files",
  description: [
    "nsenter(1), with its flags: --target PID, or the first operand, says whose namespaces. A word with a slash is a FILE, as " +
    "long as a namespace is bound there; its kind is found out. Anything else is a container's ID or name. All namespaces that " +
    "differ from masu's own are entered, unless some are named.",
    "In a user namespace the program is its root, unless --setuid, --setgid or --preserve-credentials is written. Nothing but " +
    "namespaces is entered: cgroups, capabilities and the filter of a container stay outside. masu exec enters those too.",
  ],
  flags: [...NS_ENTER_FLAGS, ...REFUSED_NS_ENTER_FLAGS],
  examples: [
    ["masu ns enter web", "A shell in all namespaces of a container"],
    ["masu ns enter --net web ss -tln", "The host's own ss(8) in its network alone"],
    ["masu ns enter -t 4711 --mount --root --wd ls", "Where a process is"],
    ["masu ns enter /run/netns/blue ip address", "A network namespace that ip(8) or masu ns run --keep made"],
  ],
  runsProgram: true,
  makesPlan: true,
  hasResult: false,
  run(invocation): number {
    const { flags, globals, operands, args, report, process } = invocation;
    const config = readEnter(flags, operands, process);
    report.debug(`config ${JSON.stringify(config)}`);
    const form = explainForm(globals);
    const request = { config, environment: programEnvironment(process), store: () => storeFor(invocation) };
    if (form === undefined) {
      refuseResult("ns enter", globals);
      return enterNamespaces(process.core(), request);
    }
    tellPlan(report, form, explainEnter(process.core(), request, { form, command: ["masu", ...args] }));
    return EXIT.success;
  },
};

/** Reads everything that was written. Errors: `invalid_config` for the first mistake, with its flag and value. */
function readEnter(flags: FlagValues<NsEnterFlag>, operands: readonly string[], process: Process): EnterConfig {
  const directory = () => process.caller.directory();
  const words = {
    ...identityWords(flags),
    target: flags.text("target"),
    namespaces: namespaceFiles(flags, [...NAMESPACE_WORDS.keys()]),
    all: flags.on("all"),
    root: flags.text("root"),
    directory: flags.text("wd"),
    innerDirectory: flags.text("wdns"),
    preserveCredentials: flags.on("preserve-credentials"),
    targetEnvironment: flags.on("env"),
  };
  // By files that are named by flags alone, too, there is no operand for it.
  const named = words.target !== undefined || words.namespaces.some(([, file]) => file !== undefined);
  const files = leadingFiles(operands, process, directory);
  const rest = operands.slice(files.length);
  const [first] = rest;
  if (named || files.length > 0) {
    return parseEnter({ ...words, unnamed: files }, programOf(withoutDashes(rest), process), directory);
  }
  if (first === undefined) {
    throw invalidConfig('Read operands of "masu ns enter": no CONTAINER and no FILE', "or --target PID");
  }
  if (first.includes("/")) {
    throw invalidConfig(`Read operand "${first}" of "masu ns enter": no namespace is kept there`);
  }
  return parseEnter({ ...words, container: first }, programOf(withoutDashes(rest.slice(1)), process), directory);
}

/** The words at the beginning that are namespaces' files. */
function leadingFiles(operands: readonly string[], process: Process, directory: () => string): readonly string[] {
  const isFile = (word: string) =>
    word.includes("/") && isNamespaceFile(process.core(), hostPath("FILE", word, directory));
  const end = operands.findIndex((word) => !isFile(word));
  return end < 0 ? operands : operands.slice(0, end);
}

/** `CONTAINER -- PROGRAM`: the dashes are no program. */
function withoutDashes(words: readonly string[]): readonly string[] {
  return words[0] === "--" ? words.slice(1) : words;
}
