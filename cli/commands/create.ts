/** `masu create`: makes a container that lives on, and starts nothing. */
import { createContainer } from "../../lib/engine/create.ts";
import { explainRun } from "../../lib/engine/run.ts";
import { bundleFailure, makeFromBundle, runtimeCommand } from "../bundle.ts";
import { BUNDLE_FLAGS, type BundleFlagName } from "../bundle_flags.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exit.ts";
import { explainForm, globalConfig } from "../global_options.ts";
import { CREATE_FLAGS } from "../run_flags.ts";
import { tellPlan } from "../told_plan.ts";
import { REFUSED_RUN_FLAGS } from "../run_refused.ts";
import { readRunConfig } from "../run_words.ts";

export const create: Command<BundleFlagName> = {
  name: "create",
  group: "Containers",
  operands: "IMAGE [PROGRAM [ARGUMENT...]]",
  summary: "Make a container, without starting it",
  description: [
    "The container is as masu run would have made it. It lives on until masu delete: what it writes stays while it is stopped, " +
    "also when the host starts anew. Prints its ID.",
    "With --bundle, as an OCI runtime: masu create --bundle DIR ID makes the container that DIR/config.json describes, " +
    "whose program waits for masu start.",
  ],
  flags: [...CREATE_FLAGS, ...BUNDLE_FLAGS, ...REFUSED_RUN_FLAGS],
  examples: [
    ["masu create --name web --restart unless-stopped ./rootfs httpd -f", "A server, to be started by masu start web"],
    ["masu create --bundle . --pid-file pid web", "A container of the OCI bundle in the working directory"],
    ["masu create --explain ./rootfs true", "What would be done for it, now, at each start, and when it is deleted"],
  ],
  operandsEndFlags: true,
  runsProgram: false,
  makesPlan: true,
  hasResult: true,
  runtimeFailure: bundleFailure,
  asRuntime: runtimeCommand("create", "Make a container of an OCI bundle, whose program waits for start"),
  run(invocation): number {
    const { flags, globals, operands, args, report, process } = invocation;
    if (flags.text("bundle") !== undefined) return makeFromBundle("create", invocation);
    const config = readRunConfig("create", flags, operands, process.caller);
    report.debug(`config ${JSON.stringify(config)}`);
    const core = process.core();
    const request = { config, global: globalConfig(globals, process), environment: process.environment };
    const form = explainForm(globals);
    if (form !== undefined) {
      tellPlan(report, form, explainRun({ ...request, core, command: ["masu", ...args] }, form));
      return EXIT.success;
    }
    const id = createContainer(core, request);
    report.result({ id, name: config.name ?? null }, id);
    return EXIT.success;
  },
};
