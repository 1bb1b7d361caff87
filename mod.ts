/**
 * masu as a library: containers that cost milliseconds, not a process start.
 *
 * It is the engine of the command `masu`, and the containers are the same: what one makes the other lists. It needs no compiled
 * program, but the core (`make build` makes build/masu_core.so), `--allow-ffi`, `--allow-env`, and `--allow-read` of the core's
 * file.
 *
 * ```ts
 * import { assert } from "@std/assert";
 * import { Masu, MasuError } from "@masu/masu";
 *
 * using masu = new Masu();
 * // Deleted at the end of the block, however that is left.
 * await using box = await masu.run({ image: "host", command: ["sleep", "1000"], memory: "64m", network: "none" });
 *
 * // Another program in it: its output collected ...
 * const { code, stdout } = await box.exec(["sh", "-c", "read word; echo $word $HOSTNAME"], { stdin: "hello\n" });
 * assert(code === 0 && stdout.startsWith("hello"));
 *
 * // ... or as streams.
 * await using program = box.spawn(["seq", "3"], { signal: AbortSignal.timeout(5000) });
 * assert(await new Response(program.stdout).text() === "1\n2\n3\n");
 * assert((await program.status).success);
 *
 * // What fails on purpose has a code to match.
 * const error = await box.exec(["absent"]).catch((error) => error);
 * assert(error instanceof MasuError && error.code === "program_not_found");
 * ```
 *
 * Below that are the parts: a {@link RunConfig} is what a person would type. From it come, as pure functions of the config and of
 * what was read of the host, the OCI spec (what is meant) and the plan (what will be done, step by step); the core carries the plan
 * out.
 *
 * ```ts
 * import { assert } from "@std/assert";
 * import { launch, openCore, PLAIN_CONFIG, prepareRun, type RunConfig, teardown, wait } from "@masu/masu";
 *
 * using core = openCore();
 * const config: RunConfig = { ...PLAIN_CONFIG, image: { kind: "host" }, arguments: ["true"] };
 * const run = prepareRun(core, { config, global: { cgroupManager: "cgroupfs" }, environment: {} });
 * const container = launch(core, run); // a child of this process; returns once the program executes
 * const { status } = await wait(core, container);
 * teardown(core, container);
 * assert(status === 0);
 * ```
 *
 * The kernel's parts are of use without a container: `cgroups`, `namespaces`, `overlays`, `capabilities`, `seccomp`. Control groups:
 *
 * ```ts
 * import { assert } from "@std/assert";
 * import { cgroups } from "@masu/masu";
 *
 * const group = `example-${Deno.pid}`;
 * await cgroups.create(group, { memory: "30M", pids: 50 });
 * const { code } = await cgroups.run(["true"], { group });
 * const [memory] = await cgroups.get(group, ["memory"]);
 * await cgroups.delete(group);
 * assert(code === 0 && memory?.value === "31457280");
 *
 * // A new group, which goes with the program.
 * assert((await cgroups.run(["sh", "-c", "exit 3"], { cpus: "10%" })).code === 3);
 * ```
 *
 * Filters of system calls:
 *
 * ```ts
 * import { assert } from "@std/assert";
 * import { seccomp } from "@masu/masu";
 *
 * // What masu's own filter answers, and why.
 * const [clone, read] = await seccomp.test("default", [["clone", 0x10000000], ["read", 0]]);
 * assert(clone?.action === "errno" && clone.data === 1 && read?.action === "allow");
 *
 * const { instructions, listing } = await seccomp.compile({ defaultAction: "SCMP_ACT_ALLOW" });
 * assert(instructions === listing.length);
 * ```
 *
 * Everything that fails on purpose is a {@link MasuError} with a code to match, a message of one line and, where there is one
 * thing to do, a hint.
 *
 * @module
 */
export { MasuError, type MasuErrorDetails } from "./lib/error.ts";

export { create, events, get, list, Masu, run } from "./lib/container/masu.ts";
export type { EventsOptions, MasuOptions, PruneOptions } from "./lib/container/masu_options.ts";
export { Container } from "./lib/container/container.ts";
export type {
  CopyOptions,
  DeleteOptions,
  ExecuteOptions,
  ProgramOptions,
  SpawnOptions,
  StatsOptions,
  StopOptions,
  UpdateOptions,
  WaitOptions,
} from "./lib/container/container_options.ts";
export type { ContainerOptions } from "./lib/container/options.ts";
export type { ContainerOutput, LogsOptions } from "./lib/container/output.ts";
export { Program } from "./lib/container/program.ts";

export * as capabilities from "./lib/container/capabilities.ts";
export * as cgroups from "./lib/container/cgroups.ts";
export type { CapabilityOptions, CapabilityStatus } from "./lib/container/capability_options.ts";
export type { FileCapabilitiesAt, ProcessCapabilities } from "./lib/engine/capabilities.ts";
export * as namespaces from "./lib/container/namespaces.ts";
export type {
  EnterOptions,
  NamespacesOptions,
  NamespaceWord,
  PartProgramOptions,
} from "./lib/container/namespace_options.ts";
export type { ListedNamespace, NamespaceFilter, NamespaceType } from "./lib/engine/namespaces_list.ts";
export * as seccomp from "./lib/container/seccomp.ts";
export type { SeccompVerdict } from "./lib/engine/seccomp.ts";
export * as overlays from "./lib/container/overlays.ts";
export type { OverlayWords } from "./lib/config/overlay.ts";
export type { OverlayChange, OverlayLayers } from "./lib/engine/overlay_diff.ts";
export type { OverlayMount } from "./lib/host/overlay_mounts.ts";

export type { CopyResult } from "./lib/engine/copy.ts";
export type { ContainerEvent, EventFilter } from "./lib/engine/events.ts";
export type { LogLine } from "./lib/engine/logs.ts";
export type { ProgramOutput, ProgramStatus } from "./lib/engine/programs.ts";
export type { ContainerStats } from "./lib/engine/stats.ts";
export type { UpdateSituation } from "./lib/engine/update.ts";
export type {
  ContainerDocument,
  ContainerEnd,
  ContainerRecord,
  ContainerView,
  CoreError,
  HealthCheck,
  HealthRecord,
  InspectReply,
  LaunchReply,
  LaunchRequest,
  LogSettings,
  MemoryFiles,
  Place,
  PruneReply,
  RecordDetails,
  RestartPolicy,
  Status,
  StopSettings,
  Store,
  WaitReply,
} from "./lib/core/wire.ts";

export type * from "./lib/config/run_config.ts";
export { PLAIN_CONFIG } from "./lib/config/run_config.ts";
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
export type { CoreSymbols } from "./lib/core/symbols.ts";
export { type PreparedRun, prepareRun, type RunRequest } from "./lib/engine/prepare.ts";
export { launch, type LaunchedContainer, teardown, wait } from "./lib/engine/launch.ts";
