/**
 * Limits of a container that exists, changed where it runs and for its next starts.
 *
 * @module
 */
import { DEFAULT_PERIOD_US } from "../cgroup/rules_cpu.ts";
import { unitChanges } from "../cgroup/systemd.ts";
import { checkLasting } from "../config/lasting.ts";
import { parseResources, type ResourceWords } from "../config/resources.ts";
import type { GlobalConfig, ResourceConfig, RestartConfig, RunConfig } from "../config/run_config.ts";
import { call, fromWire } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { ContainerDocument, HostStep, RecordCgroups, Store } from "../core/wire.ts";
import { invalidConfig, MasuError } from "../error.ts";
import type { HostEnvironment } from "../host/facts.ts";
import { escapeBlanks, fillBlanks } from "../plan/blank.ts";
import { plannedCgroups } from "../plan/cgroups.ts";
import { documentOf } from "./create.ts";
import { inspectContainer } from "./lifecycle.ts";
import { lockContainer } from "./lock.ts";
import { type PreparedRun, prepareRun } from "./prepare.ts";

/** What is changed; what was not written stays. */
export interface Changes {
  readonly limits: ResourceWords;
  readonly restart?: RestartConfig;
}

/** Where, and what a plan depends on. */
export interface UpdateSituation {
  readonly store: Store;
  readonly global: GlobalConfig;
  readonly environment: HostEnvironment;
}

/**
 * Changes one container, and returns its ID. Of changes at the same time none is lost.
 *
 * Errors: `not_found`; `invalid_config` what cannot be meant, or cannot be changed while it runs; the kernel's refusal, and
 * then nothing has changed for its next starts.
 */
export function updateContainer(core: Core, container: string, changes: Changes, situation: UpdateSituation): string {
  const { store, environment } = situation;
  using lock = lockContainer(core, store, container);
  const { document, view } = inspectContainer(core, store, lock.id);
  if (document === null) {
    if (view.error !== null) throw fromWire(view.error);
    throw new MasuError("failed", `Update container "${container}": it runs in the foreground`);
  }
  const before = configOf(document);
  const config: RunConfig = {
    ...before,
    resources: changedLimits(before.resources, changes.limits),
    ...(changes.restart !== undefined && { restart: changes.restart }),
  };
  checkLasting(config);
  const global = { ...situation.global, cgroupManager: managerOf(document, situation.global.cgroupManager) };
  const run = prepareRun(core, { config, global, environment, exists: true });
  const limitsChange = Object.values(changes.limits).some(isWritten);
  const writes = limitsChange && view.record !== null
    ? liveWrites(run, view.record.masu.cgroups, { before: before.resources, id: document.id })
    : [];
  const updated = documentOf(run, config, { ...document.launch, plan: run.plan });
  call(core, "update", { store, container: document.id, lock: lock.descriptor, writes, document: updated });
  return document.id;
}

/** What was written when it was made, with the name that it has now. */
function configOf(document: ContainerDocument): RunConfig {
  const { name: _, ...config } = document.config as RunConfig; // the document's version says what it is
  return document.name === null ? config : { ...config, name: document.name };
}

/** Who manages its cgroups was decided when it was made. */
function managerOf(
  { launch }: ContainerDocument,
  manager: GlobalConfig["cgroupManager"],
): GlobalConfig["cgroupManager"] {
  if (launch.plan.clone.record.some(({ kind }) => kind === "start_unit")) return "systemd";
  return manager === "systemd" ? "cgroupfs" : manager;
}

/** A flag that was written: a switch that is on, one word, or several. */
function isWritten(words: string | boolean | readonly string[] | undefined): boolean {
  return typeof words === "object" ? words.length > 0 : words !== undefined && words !== false;
}

/** New words over the old values, checked together where one depends on the other: swap and reservation on memory. */
function changedLimits(before: ResourceConfig, words: ResourceWords): ResourceConfig {
  refuseNothing(words);
  const text = (value: number | undefined) => value === undefined ? undefined : `${value}`;
  const { memory, memorySwap, memoryReservation, cpus, cpuPeriod, cpuQuota } = words;
  const after = parseResources({
    ...words,
    memory: memory ?? text(before.memory),
    memorySwap: memorySwap ?? text(before.memorySwap),
    memoryReservation: memoryReservation ?? text(before.memoryReservation),
  });
  // Two ways to say the same: the last one counts.
  const { cpus: _, ...withoutCpus } = before;
  const { cpuPeriodUs: __, cpuQuotaUs: ___, ...withoutQuota } = before;
  if (cpuPeriod !== undefined || cpuQuota !== undefined) return { ...quotaOf(before), ...withoutCpus, ...after };
  return { ...(cpus === undefined ? before : withoutQuota), ...after };
}

/** `--cpus` as quota and period, of which one is changed. */
function quotaOf({ cpus }: ResourceConfig): ResourceConfig {
  if (cpus === undefined) return {};
  return { cpuPeriodUs: DEFAULT_PERIOD_US, cpuQuotaUs: Math.round(cpus * DEFAULT_PERIOD_US) };
}

/** Of which 0 would be as if nothing were written: a list of CPUs may be 0, and 0 processes are no limit. */
const NUMBERS = [
  ["memory", "--memory"],
  ["memorySwap", "--memory-swap"],
  ["memoryReservation", "--memory-reservation"],
  ["kernelMemory", "--kernel-memory"],
  ["kernelMemoryTcp", "--kernel-memory-tcp"],
  ["cpus", "--cpus"],
  ["cpuShares", "--cpu-shares"],
  ["cpuPeriod", "--cpu-period"],
  ["cpuQuota", "--cpu-quota"],
  ["cpuBurst", "--cpu-burst"],
  ["blkioWeight", "--blkio-weight"],
] as const;

/** docker ignores them. */
function refuseNothing(words: ResourceWords): void {
  const empty = (text: string | undefined) => text !== undefined && Number(text) === 0;
  const [, flag = words.cpusetCpus === "" ? "--cpuset-cpus" : undefined] = NUMBERS.find(([key]) => empty(words[key])) ??
    [];
  if (flag === undefined) return;
  throw invalidConfig(
    `Update ${flag}: this is no limit`,
    "a limit can be changed, and not be taken away: name a large one",
  );
}

/** What else the writes depend on. */
interface LiveSituation {
  readonly before: ResourceConfig;
  readonly id: string;
}

/** The writes to the cgroups that the container has. Errors: `invalid_config` it has none for a limit. */
function liveWrites({ spec, facts }: PreparedRun, cgroups: RecordCgroups, { before, id }: LiveSituation): HostStep[] {
  const { resources: { devices: _, ...resources } = {} } = spec.linux;
  const layout = escapeBlanks(facts.cgroups);
  const plan = plannedCgroups({ linux: { ...spec.linux, resources } }, layout);
  const planned = fillBlanks(plan, { text: { id } });
  for (const [controller, directory] of Object.entries(planned.directories)) {
    if (cgroups.directories[controller] === directory) continue;
    throw invalidConfig(
      `Update container "${id}": it runs without the cgroup controller "${controller}"`,
      `stop it first: masu stop ${id}`,
    );
  }
  const steps = [...planned.before, ...planned.record];
  const writes = steps.filter((step) =>
    step.kind === "enable_controllers" || step.kind === "write_control" && !step.path.endsWith("/cgroup.procs")
  );
  return [
    ...(planned.unit === null ? [] : unitChanges(planned.unit, resources, layout)),
    ...(raisesSwap(before, resources.memory?.swap) ? swapFirst(writes) : writes),
  ];
}

function raisesSwap({ memory, memorySwap }: ResourceConfig, swap: number | undefined): boolean {
  if (memory === undefined || swap === undefined) return false;
  const now = memorySwap ?? 2 * memory;
  return now !== -1 && (swap === -1 || swap > now);
}

/** memory.txt, 8: `memory.limit_in_bytes` may at no time be more than `memory.memsw.limit_in_bytes`. */
function swapFirst(writes: readonly HostStep[]): HostStep[] {
  const isSwap = (step: HostStep) =>
    step.kind === "write_control" && step.path.endsWith("/memory.memsw.limit_in_bytes");
  return [...writes.filter(isSwap), ...writes.filter((step) => !isSwap(step))];
}
