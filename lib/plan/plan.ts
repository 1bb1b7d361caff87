/**
 * config, spec and facts -> plan: the whole start of a container, and what undoes it, in order. Pure.
 *
 * @module
 */
import { cgroupPlan } from "../cgroup/placement.ts";
import type { RunConfig } from "../config/run_config.ts";
import { type Plan, PLAN_VERSION, type StageStep } from "../core/wire.ts";
import { invalidConfig } from "../error.ts";
import type { HostFacts } from "../host/facts.ts";
import type { Spec } from "../spec/oci.ts";
import { escapeBlanks, ID } from "./blank.ts";
import { planContext } from "./context.ts";
import { makeDirectory, privateDirectory } from "./directories.ts";
import { etcFiles } from "./etc_files.ts";
import { execSteps } from "./exec.ts";
import { missingSources, mountSteps, startPropagation } from "./mounts.ts";
import { cloneStep, namespaceSteps, networkSteps } from "./namespaces.ts";
import { nameSteps, recordSteps } from "./record.ts";
import { rootPlan } from "./root.ts";

/**
 * Makes the plan.
 *
 * `config` and `spec`: a person's text in them is escaped already (`escapeBlanks`); `facts`: as they were read.
 * Errors: `already_exists`, `not_found`, `denied`, `invalid_config` or `kernel_lacks`, naming the flag; nothing was touched.
 */
export function planOf(config: RunConfig, spec: Spec, facts: HostFacts): Plan {
  const context = planContext(config, spec, escapeBlanks(facts));
  const { paths, owner, remover } = context;
  const { cgroupsPath = `/masu/${ID}`, resources = {} } = spec.linux;
  const cgroups = cgroupPlan({ path: cgroupsPath, resources }, context.facts.cgroups);
  const root = rootPlan(context);
  const name = nameSteps(context);
  const { record, afterwards } = recordSteps(context);
  const mounts = mountSteps(context, cgroups);
  return {
    version: PLAN_VERSION,
    facts: [...context.facts.list],
    before: [
      ...privateDirectory(paths.directory, owner),
      ...name.before,
      makeDirectory(paths.rootfs, 0o700, null),
      ...etcFiles(context),
      ...root.before,
      ...missingSources(context),
      ...cgroups.before,
    ],
    clone: cloneStep(context, cgroups, record),
    network: networkSteps(context),
    inside: [
      ...namespaceSteps(context, cgroups),
      { kind: "set_propagation", propagation: startPropagation(context) },
      ...root.opening,
      ...mounts,
      { kind: "pivot_root" },
      ...protectionSteps(spec),
      ...root.closing,
      ...rootPropagation(spec),
    ],
    exec: execSteps(context),
    afterwards: [
      ...cgroups.afterwards,
      ...root.afterwards,
      ...afterwards,
      ...name.afterwards,
      { kind: "remove_tree", path: paths.directory, user: root.writesToRuntime ? remover : null },
    ],
  };
}

/** What of the kernel's file systems is hidden or must not be written to. */
function protectionSteps({ linux: { maskedPaths = [], readonlyPaths = [] } }: Spec): StageStep[] {
  return [
    ...maskedPaths.map((path): StageStep => ({ kind: "mask", path })),
    ...readonlyPaths.map((path): StageStep => ({ kind: "read_only_path", path })),
  ];
}

/** OCI: what mounts in the container's root do to others; private unless it says otherwise. */
function rootPropagation({ linux: { rootfsPropagation } }: Spec): StageStep[] {
  if (rootfsPropagation === undefined || /^r?private$/.test(rootfsPropagation)) return [];
  const propagation = PROPAGATIONS.find((word) => word === rootfsPropagation);
  if (propagation === undefined) {
    throw invalidConfig(`Use linux.rootfsPropagation "${rootfsPropagation}": there is no such propagation`);
  }
  return [{ kind: "remount", destination: "/", flags: null, propagation }];
}

const PROPAGATIONS = ["slave", "rslave", "shared", "rshared", "unbindable", "runbindable"] as const;
