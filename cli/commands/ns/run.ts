/** `masu ns run`: a program in new namespaces, without a container. */
import { NAMESPACE_WORDS, type NamespacesConfig, parseNamespaces } from "../../../lib/config/namespaces_run.ts";
import { explainNamespaces, runNamespaces } from "../../../lib/engine/namespaces.ts";
import type { Command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import type { FlagValues } from "../../flags.ts";
import { explainForm, refuseResult } from "../../global_options.ts";
import type { Process } from "../../process.ts";
import { tellPlan } from "../../told_plan.ts";
import { programEnvironment, programOf } from "./program.ts";
import { NS_RUN_FLAGS, type NsRunFlag, REFUSED_NS_RUN_FLAGS } from "./run_flags.ts";
import { identityWords, namespaceFiles } from "./words.ts";

export const run: Command<NsRunFlag> = {
  name: "run",
  group: "Parts of the kernel, without a container",
  operands: "[PROGRAM [ARGUMENT...]]",
  summary: "Run a program in new namespaces: only those that are named, all else is shared",
  description: [
    "unshare(1) and setpriv(1) in one, with their flags. Flags come before PROGRAM; what follows it is the program's. Without " +
    "PROGRAM a shell runs ($SHELL). It keeps environment, directory, terminal, descriptors and cgroups.",
    "masu becomes the program and keeps its PID, unless a namespace needs a second process (a pid namespace, maps of several " +
    "ids, a namespace that is kept): then masu passes signals on and waits, the program ends with masu, and masu with the " +
    "program's status. 125: masu failed; 126, 127: the program cannot be executed, or is not there.",
  ],
  flags: [...NS_RUN_FLAGS, ...REFUSED_NS_RUN_FLAGS],
  examples: [
    [
      "masu ns run --pid --uts --mount --mount-proc -- sh -c 'hostname inside; hostname; ps ax'",
      "Own processes, host name and mounts",
    ],
    [
      "masu ns run -r --mount --bind ./etc:/etc:ro -- sh",
      "As an ordinary user: root in a user namespace, other files in /etc",
    ],
    [
      "masu ns run --net=/run/netns/blue ip link set lo up",
      "A network namespace that stays: masu ns enter /run/netns/blue",
    ],
    ["masu ns run --rootfs ./rootfs --pid --mount-proc /bin/sh", "In another root"],
    ["masu ns run --setuid nobody --setgid nogroup --no-new-privs id", "No namespace at all: only other rights"],
  ],
  runsProgram: true,
  makesPlan: true,
  hasResult: false,
  run({ flags, globals, operands, args, report, process }): number {
    const config = readNamespaces(flags, programOf(operands, process), process);
    report.debug(`config ${JSON.stringify(config)}`);
    const form = explainForm(globals);
    const request = { config, environment: programEnvironment(process) };
    if (form === undefined) {
      refuseResult("ns run", globals);
      return runNamespaces(process.core(), request);
    }
    tellPlan(report, form, explainNamespaces(process.core(), request, { form, command: ["masu", ...args] }));
    return EXIT.success;
  },
};

/** Reads everything that was written. Errors: `invalid_config` for the first mistake, with its flag and value. */
export function readNamespaces(
  flags: FlagValues<NsRunFlag>,
  program: readonly string[],
  { caller }: Pick<Process, "caller">,
): NamespacesConfig {
  const words = {
    ...identityWords(flags),
    keepCaps: flags.on("keep-caps"),
    namespaces: namespaceFiles(flags, [...NAMESPACE_WORDS.keys()]),
    keep: flags.all("keep"),
    mapRoot: flags.on("map-root-user"),
    mapCurrent: flags.on("map-current-user"),
    mapAuto: flags.on("map-auto"),
    mapUser: flags.text("map-user"),
    mapGroup: flags.text("map-group"),
    mapUsers: flags.all("map-users"),
    mapGroups: flags.all("map-groups"),
    setgroups: flags.text("setgroups"),
    mountProc: flags.text("mount-proc"),
    propagation: flags.text("propagation"),
    rootfs: flags.text("rootfs"),
    binds: flags.all("bind"),
    hostname: flags.text("hostname"),
    monotonic: flags.text("monotonic"),
    boottime: flags.text("boottime"),
    directory: flags.text("wd"),
    killChild: flags.text("kill-child"),
  };
  return parseNamespaces(words, program, () => caller.directory());
}
