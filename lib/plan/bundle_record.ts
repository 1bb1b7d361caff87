/**
 * What is written down of a bundle's container once its first process exists.
 *
 * @module
 */
import type { CgroupPlan } from "../cgroup/placement.ts";
import type { HostStep } from "../core/wire.ts";
import { stopSettings } from "../spec/stop.ts";
import type { BundleContext } from "./bundle_context.ts";
import { affinitySteps, processSteps } from "./bundle_process.ts";
import { recordStep } from "./record.ts";

/** What the record says that other parts of the plan know. */
export interface BundleRecordParts {
  readonly cgroups: CgroupPlan;
  readonly undo: readonly HostStep[];
  /** Once the program runs. */
  readonly started: readonly HostStep[];
  readonly resctrl: string | null;
}

/** The record itself: all that `start`, `exec`, `update` and `delete` know of the container. */
export function bundleRecord(context: BundleContext, parts: BundleRecordParts): HostStep {
  const { spec, bundle, facts, paths } = context;
  const { cgroups, undo, started, resctrl } = parts;
  return recordStep(context, {
    cgroups,
    undo,
    bundle: bundle.bundle,
    execEarly: [...affinitySteps(spec), ...processSteps(spec)],
    watched: bundle.life === "watched",
    details: {
      lasting: false,
      image: spec.root.path,
      terminal: spec.process.terminal === true,
      stop: stopSettings({}, null),
      bundle: {
        rootfs: spec.root.path,
        owner: facts.owner,
        socket: `${paths.directory}/start`,
        started: [...started],
        unit: cgroups.unit,
        resctrl,
        resources: spec.linux.resources ?? {},
      },
    },
  });
}
