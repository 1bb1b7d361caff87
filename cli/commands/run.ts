/** `masu run`: creates a container, starts its program and becomes its monitor. */
import { runDetached } from "../../lib/engine/create.ts";
import { explainRun, runForeground } from "../../lib/engine/run.ts";
import type { RunConfig } from "../../lib/config/run_config.ts";
import type { KeepPlan, Store } from "../../lib/core/wire.ts";
import { keepFor } from "../../lib/engine/kept.ts";
import { bundleFailure, makeFromBundle, runtimeCommand } from "../bundle.ts";
import { BUNDLE_FLAGS, BUNDLE_RUN_FLAGS, type BundleFlagName } from "../bundle_flags.ts";
import type { Command, Invocation } from "../command.ts";
import { EXIT } from "../exit.ts";
import type { GlobalName } from "../flags.ts";
import { explainForm, globalConfig, refuseResult } from "../global_options.ts";
import { RUN_FLAGS } from "../run_flags.ts";
import { REFUSED_RUN_FLAGS } from "../run_refused.ts";
import { readRunConfig } from "../run_words.ts";
import { tellPlan } from "../told_plan.ts";

export const run: Command<BundleFlagName> = {
  name: "run",
  group: "Containers",
  operands: "IMAGE [PROGRAM [ARGUMENT...]]",
  summary: "Run a program in a new container",
  description: [
    "IMAGE is where the container's root comes from: host, the running system's own root, copy on write; or a root " +
    "directory, written with a slash (./rootfs), copy on write too. Flags come before IMAGE; what follows it is the " +
    "program's. Without PROGRAM a shell runs.",
    "The container is removed when its program ends, and masu ends with the program's exit status. With --detach the " +
    "container lives on until masu delete, and masu prints its ID and ends at once.",
    "With --bundle, as an OCI runtime: masu run --bundle DIR ID runs the program that DIR/config.json describes.",
  ],
  flags: [...RUN_FLAGS, ...BUNDLE_FLAGS, ...BUNDLE_RUN_FLAGS, ...REFUSED_RUN_FLAGS],
  examples: [
    ["masu run -it host", "A shell on a copy of this system: what it changes is gone when it ends"],
    ["masu run --network none ./rootfs /bin/ls /", "A program in a root directory, which stays as it is"],
    ["masu run --rootfs ./rootfs /bin/touch /made", "The same, changing the directory itself"],
    [
      "masu run -v .:/src:ro -w /src -m 512m --cpus 0.5 host make test",
      "A directory of the host, read-only, and limits",
    ],
    ["masu run -d --name web --restart on-failure ./rootfs httpd -f", "A server that lives on"],
    ["masu run --bundle . web", "The program of the OCI bundle in the working directory"],
    ["masu run --explain=sh --read-only host true", "The plan as a script that does the same"],
  ],
  runsProgram: true,
  makesPlan: true,
  hasResult: true,
  runtimeFailure: bundleFailure,
  asRuntime: runtimeCommand("run", "Run the program of an OCI bundle in a new container"),
  run(invocation): number {
    const { flags, globals, operands, args, report, process } = invocation;
    if (flags.text("bundle") !== undefined) return makeFromBundle("run", invocation);
    const config = readRunConfig("run", flags, operands, process.caller);
    report.debug(`config ${JSON.stringify(config)}`);
    const form = explainForm(globals);
    if (form === undefined && !config.lasting) refuseResult("run", globals);
    const request = { config, global: globalConfig(globals, process), environment: process.environment };
    const core = process.core();
    if (form !== undefined) {
      tellPlan(report, form, explainRun({ ...request, core, command: ["masu", ...args] }, form));
      return EXIT.success;
    }
    const keep = keeper({ globals, args, process }, config);
    if (!config.lasting) return runForeground({ ...request, core, keep });
    const id = runDetached(core, request, keep);
    report.result({ id, name: config.name ?? null }, id);
    return EXIT.success;
  },
};

/** With these, not only the container is another one. */
const NOT_KEPT: readonly GlobalName[] = ["log", "log-format", "log-level", "debug", "format", "json", "quiet"];

/** Keeps the plan for the same words. */
function keeper(
  { globals, args, process }: Pick<Invocation, "globals" | "args" | "process">,
  config: RunConfig,
): (store: Store) => KeepPlan | undefined {
  return (store) => {
    const read = process.read?.();
    if (read === undefined || NOT_KEPT.some((name) => globals.text(name) !== undefined)) return undefined;
    return keepFor(config, store, args, read);
  };
}
