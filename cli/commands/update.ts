/** `masu update`: changes limits of containers, while they run and for their next starts. */
import { parseRestart } from "../../lib/config/restart.ts";
import { areBundles } from "../../lib/engine/lifecycle.ts";
import { type Changes, updateContainer } from "../../lib/engine/update.ts";
import { invalidConfig } from "../../lib/error.ts";
import type { Command, Invocation } from "../command.ts";
import { BUNDLE_UPDATE_FLAGS, type BundleUpdateFlag, updateFromBundle } from "../bundle_update.ts";
import { RUNTIME_EXIT } from "../contract.ts";
import { namedContainer, namedContainers, storeFor } from "../container_words.ts";
import { globalConfig } from "../global_options.ts";
import type { FlagValues } from "../flags.ts";
import { outcomeOf, tellOutcomes } from "../outcomes.ts";
import { hasResourceWords, RESOURCE_FLAGS, type ResourceFlagName, resourceWords } from "../resource_flags.ts";
import { RUN_FLAGS } from "../run_flags.ts";
import { REFUSED_RUN_FLAGS } from "../run_refused.ts";

type UpdateFlag = ResourceFlagName | BundleUpdateFlag | "restart";

const FIXED = "it is decided when a container is made: make another one";

export const update: Command<UpdateFlag> = {
  name: "update",
  group: "Containers",
  operands: "CONTAINER...",
  summary: "Change limits of containers, now and for later starts",
  description: [
    "What is not written stays as it is. When the kernel refuses a limit, nothing of it is kept.",
  ],
  flags: [
    ...RUN_FLAGS.filter(({ name }) => isChangeable(name)),
    ...RUN_FLAGS.filter(({ name }) => !isChangeable(name)).map((flag) => ({ ...flag, refused: FIXED })),
    ...BUNDLE_UPDATE_FLAGS,
    ...REFUSED_RUN_FLAGS,
  ],
  examples: [
    ["masu update -m 1g --cpus 2 web", "More of both, at once"],
    ["masu update --restart unless-stopped web db", "Both are started again from now on"],
  ],
  runsProgram: false,
  runtimeFailure: RUNTIME_EXIT.failed,
  makesPlan: false,
  hasResult: true,
  run(invocation): number | Promise<number> {
    const { flags, globals, operands, report, process } = invocation;
    const words = namedContainers("update", operands);
    const changes = readChanges(flags);
    if (report.contract || areOfBundle(invocation, words)) {
      report.followContract();
      if (changes.restart !== undefined) {
        throw invalidConfig('Read flag "--restart" of "masu update": nobody watches it');
      }
      return updateFromBundle(invocation, namedContainer("update", words));
    }
    const core = process.core();
    const situation = {
      store: storeFor(invocation),
      global: globalConfig(globals, process),
      environment: process.environment,
    };
    const update = (word: string) => updateContainer(core, word, changes, situation);
    return tellOutcomes(report, words.map((word) => outcomeOf(word, update)));
  },
};

function isChangeable(name: string): boolean {
  return name === "restart" || RESOURCE_FLAGS.some((flag) => flag.name === name);
}

/** Errors: `invalid_config` it is not, and flags are written that only such a one knows. */
function areOfBundle(invocation: Invocation<UpdateFlag>, words: readonly string[]): boolean {
  const { flags, process } = invocation;
  if (areBundles(process.core(), storeFor(invocation), words)) return true;
  const odd = BUNDLE_UPDATE_FLAGS.find(({ name }) => flags.text(name) !== undefined);
  if (odd === undefined) return false;
  throw invalidConfig(`Read flag "--${odd.name}" of "masu update": it is for containers of OCI bundles only`);
}

function readChanges(flags: FlagValues<UpdateFlag>): Changes {
  const restart = flags.text("restart");
  const isOfBundle = BUNDLE_UPDATE_FLAGS.some(({ name }) => flags.text(name) !== undefined);
  if (restart === undefined && !hasResourceWords(flags) && !isOfBundle) {
    throw invalidConfig('Read flags of "masu update": there is nothing to change', "for example --memory 1g");
  }
  return {
    limits: resourceWords(flags),
    ...(restart !== undefined && { restart: parseRestart("--restart", restart) }),
  };
}
