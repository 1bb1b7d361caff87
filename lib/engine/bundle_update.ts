/**
 * Limits of a bundle's container, changed while it is there.
 *
 * Source: runc, update.go, whose document engines write: what is 0 or absent stays as it is.
 *
 * @module
 */
import { mergedResources } from "../cgroup/merged_resources.ts";
import { type ChangedLimits, limitChangePaths, limitChanges } from "../cgroup/limit_changes.ts";
import type { GlobalConfig } from "../config/run_config.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { ContainerRecord, HostStep, Store } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { cgroupLooks, cgroupSight } from "../host/cgroup_facts.ts";
import { parseMounts } from "../host/mounts.ts";
import { look, sightings } from "../host/sightings.ts";
import { escapeBlanks } from "../plan/blank.ts";
import { writeFile } from "../plan/directories.ts";
import type { LinuxIntelRdt, LinuxResources } from "../spec/oci.ts";
import { containerPaths } from "../state/paths.ts";
import { viewContainers } from "./lifecycle.ts";
import { lockContainer } from "./lock.ts";

/** What is changed. */
export interface BundleChanges {
  readonly resources: LinuxResources;
  /** Lines of its group in resctrl. */
  readonly intelRdt?: Pick<LinuxIntelRdt, "l3CacheSchema" | "memBwSchema">;
}

interface LimitSteps {
  readonly steps: readonly HostStep[];
  /** The kernel counts swap, so that it can be limited. */
  readonly swapAccounting: boolean;
}

const MOUNTS = "/proc/self/mountinfo";

/**
 * Writes new limits into the container's cgroups and, where systemd has them, into its unit; then into its record.
 *
 * Its lock is held from before the record is read: of changes at the same time none is lost.
 * Errors: `not_found`; `failed` it is none of a bundle's; `kernel_lacks`, `denied` a limit that cannot be had; the kernel's refusal.
 */
export function updateBundle(
  core: Core,
  container: string,
  changes: BundleChanges,
  { store, global }: { readonly store: Store; readonly global: GlobalConfig },
): void {
  using lock = lockContainer(core, store, container);
  const [view] = viewContainers(core, store, [lock.id]);
  const record = view?.record ?? null;
  if (record === null || view?.status === "stopped") {
    throw new MasuError("failed", `Update container "${container}": container not running`);
  }
  const { bundle } = record.masu;
  if (bundle === undefined) throw new MasuError("failed", `Update container "${record.id}": it is of no bundle`);
  const { steps: limits, swapAccounting } = limitsOf(core, record, changes, global);
  const resources = mergedResources(bundle.resources as LinuxResources, changes.resources, swapAccounting);
  const updated = { ...record, masu: { ...record.masu, bundle: { ...bundle, resources } } };
  const text = `${JSON.stringify(updated)}\n`;
  const { state } = containerPaths(store, record.id);
  const steps: HostStep[] = [
    ...limits,
    ...resctrlSteps(bundle.resctrl, changes.intelRdt ?? {}, record.id),
    writeFile(state, text, { mode: 0o600, exclusive: false }),
  ];
  call(core, "perform", { steps: escapeBlanks(steps), blanks: {} });
}

function limitsOf(core: Core, record: ContainerRecord, changes: BundleChanges, global: GlobalConfig): LimitSteps {
  const process = call(core, "process", {});
  const sight = sightings({
    observe: (looks) => call(core, "observe", { looks: [...looks] }).seen,
    process: () => process,
  });
  const manager: GlobalConfig = { ...global, cgroupManager: "cgroupfs" };
  sight.ask([look("text", MOUNTS), ...cgroupLooks(manager)]);
  const cgroups = cgroupSight(sight, parseMounts(sight.text(MOUNTS) ?? ""), { process, global: manager });
  const { directories } = record.masu.cgroups;
  sight.ask([...cgroups.looks, ...limitChangePaths(directories).map((path) => look("text", path))]);
  const change: ChangedLimits = {
    directories,
    unit: record.masu.bundle?.unit ?? null,
    before: record.masu.bundle?.resources as LinuxResources,
    changed: changes.resources,
  };
  const layout = cgroups.layout();
  return {
    steps: limitChanges(change, layout, (path) => sight.text(path)),
    swapAccounting: layout.swapAccounting,
  };
}

function resctrlSteps(
  directory: string | null,
  { l3CacheSchema, memBwSchema }: NonNullable<BundleChanges["intelRdt"]>,
  id: string,
): HostStep[] {
  const lines = [l3CacheSchema, memBwSchema].filter((line) => line !== undefined && line !== "");
  if (lines.length === 0) return [];
  if (directory === null) {
    throw new MasuError("failed", `Update the cache of container "${id}": it has no group of its own in resctrl`);
  }
  return [{ kind: "write_control", path: `${directory}/schemata`, text: `${lines.join("\n")}\n` }];
}
