/**
 * masu as a library: containers that cost milliseconds, not a process start.
 *
 * What a person would type is a {@link RunConfig}. From it come, as pure functions of the config and of what was read of the
 * host, the OCI spec (what is meant) and the plan (what will be done, step by step); the core carries the plan out.
 *
 * ```ts
 * import { launch, openCore, PLAIN_CONFIG, prepareRun, type RunConfig, teardown, wait } from "@masu/masu";
 *
 * using core = openCore();
 * const config: RunConfig = { ...PLAIN_CONFIG, image: { kind: "host" }, arguments: ["true"] };
 * const run = prepareRun(core, { config, global: { cgroupManager: "cgroupfs" }, environment: {} });
 * const container = launch(core, run); // returns once the program executes
 * const { status } = await wait(core, container);
 * teardown(core, container);
 * ```
 *
 * Everything that fails on purpose is a {@link MasuError} with a code to match, a message of one line and, where there is one
 * thing to do, a hint. Needs `--allow-ffi`, and `--allow-read` of the core's file.
 *
 * @module
 */
export { MasuError, type MasuErrorDetails } from "./lib/error.ts";

export { type GlobalConfig, PLAIN_CONFIG, type RunConfig } from "./lib/config/run_config.ts";
export type { HostEnvironment, HostFacts } from "./lib/host/facts.ts";
export { collectFacts } from "./lib/host/facts.ts";

export type { Spec } from "./lib/spec/oci.ts";
export { specOf, type SpecRequest } from "./lib/spec/from_config.ts";

export type { ErrorCode, HostStep, Plan, StageStep } from "./lib/core/wire.ts";
export { type Blanks, escapeBlanks, fillBlanks } from "./lib/plan/blank.ts";
export { planOf } from "./lib/plan/plan.ts";
export { explainJson } from "./lib/plan/explain/json.ts";
export { explainScript, type ScriptHeader } from "./lib/plan/explain/sh.ts";
export { explainText } from "./lib/plan/explain/text.ts";

export { type Core, openCore } from "./lib/core/load.ts";
export { type PreparedRun, prepareRun, type RunRequest } from "./lib/engine/prepare.ts";
export { launch, type LaunchedContainer, teardown, wait } from "./lib/engine/launch.ts";
