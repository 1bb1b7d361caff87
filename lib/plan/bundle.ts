/**
 * An OCI bundle -> plan: what makes its container, starts its program, and deletes it. Pure.
 *
 * Source: OCI runtime-spec, runtime.md, "Lifecycle".
 *
 * @module
 */
import { bundleCgroups } from "../cgroup/bundle_groups.ts";
import type { CgroupPlan } from "../cgroup/placement.ts";
import { type HostStep, type Plan, PLAN_VERSION, type Propagation, type StageStep } from "../core/wire.ts";
import { invalidConfig, MasuError } from "../error.ts";
import type { BundleFacts } from "../host/bundle_facts.ts";
import type { Spec } from "../spec/oci.ts";
import { ID, PID } from "./blank.ts";
import { type BundleContext, bundleContext, type BundleWishes } from "./bundle_context.ts";
import { bundleMounts } from "./bundle_mounts.ts";
import { processSteps } from "./bundle_process.ts";
import { bundleRecord } from "./bundle_record.ts";
import { privateDirectory, removeTree, writeFile } from "./directories.ts";
import { execSteps } from "./exec.ts";
import { type HookSteps, hookSteps } from "./hooks.ts";
import { mountOptions } from "./mount_options.ts";
import { startPropagation } from "./mounts.ts";
import { cloneStep, namespaceSteps, networkSteps } from "./namespaces.ts";
import { type NotifySteps, notifySteps } from "./notify.ts";
import { protectionSteps, readOnlyRoot, rootPropagation } from "./protection.ts";
import { resctrlPlan } from "./resctrl.ts";

/** A plan, and what undoes a start that failed where the plan does not. */
export interface BundlePlan {
  readonly plan: Plan;
  /** Of a container that is kept when its program has ended: by then the plan may take nothing away. */
  readonly undo: readonly HostStep[];
}

/**
 * Makes the plan.
 *
 * `spec`: as of `absoluteSpec`; like the wishes and the facts with a person's and the host's text escaped (`escapeBlanks`).
 * Errors: `invalid_config`, `not_found`, `denied` or `kernel_lacks`, naming the spec's field; nothing was touched.
 */
export function bundlePlan(spec: Spec, wishes: BundleWishes, facts: BundleFacts): BundlePlan {
  const context = bundleContext(spec, wishes, facts);
  checkRoot(context);
  const { paths, owner } = context;
  const cgroups = plannedCgroups(context);
  const resctrl = resctrlPlan(context);
  const hooks = hookSteps(context);
  const notify = notifySteps(context);
  const pidFile = wishes.pidFile;
  const undo: HostStep[] = [
    ...cgroups.afterwards,
    ...resctrl.afterwards,
    removeTree(paths.directory, null),
    ...hooks.deleted,
  ];
  const record = bundleRecord(context, { cgroups, undo, started: hooks.started, resctrl: resctrl.directory });
  const isKept = wishes.life === "watched" && wishes.kept;
  const plan: Plan = {
    version: PLAN_VERSION,
    facts: [...context.facts.list],
    create: [],
    before: [...privateDirectory(paths.directory, owner), ...notify.before, ...cgroups.before, ...resctrl.before],
    clone: cloneStep(context, cgroups, [
      record,
      ...resctrl.joining,
      ...networkDevices(spec),
    ]),
    network: networkSteps(context),
    inside: insideSteps(context, cgroups, { hooks, notify }),
    created: [...hooks.created],
    exec: bundleExecSteps(context, hooks),
    // Whoever reads the file takes it for a program that runs.
    started: [
      ...(pidFile === undefined ? [] : [writeFile(pidFile, PID, { mode: 0o644, exclusive: false })]),
      ...hooks.started,
    ],
    // Where it is kept, only its deletion takes it away.
    afterwards: isKept ? [] : undo,
    delete: [],
  };
  return { plan, undo: isKept ? undo : [] };
}

function plannedCgroups({ spec: { linux, annotations = {} }, facts }: BundleContext): CgroupPlan {
  const { cgroupsPath = "", resources = {} } = linux;
  return bundleCgroups({ path: cgroupsPath, id: ID, pid: PID, annotations, resources }, facts.cgroups);
}

function checkRoot({ spec, facts, bundle: { pivot } }: BundleContext): void {
  const { path } = spec.root;
  if (facts.root?.kind !== "directory") {
    const cause = facts.root === null ? "no such file or directory" : "it is no directory";
    throw new MasuError("not_found", `Use root directory "${path}" (root.path): ${cause}`);
  }
  if (!pivot) {
    throw invalidConfig(
      "Use --no-pivot: a program that may chroot(2) would get out of such a root again",
      "leave it out: pivot_root(2) works wherever the root is not the initial ramfs itself",
    );
  }
}

/** linux.netDevices: they move once the container's network namespace exists. */
function networkDevices({ linux: { netDevices = {} } }: Spec): HostStep[] {
  return Object.entries(netDevices).map(([name, { name: newName = "" }]) => ({
    kind: "move_network_device",
    name,
    newName: newName === "" ? name : newName,
    pid: PID,
  }));
}

function insideSteps(
  context: BundleContext,
  cgroups: CgroupPlan,
  { hooks, notify }: { readonly hooks: HookSteps; readonly notify: NotifySteps },
): StageStep[] {
  const { spec } = context;
  const { path, readonly = false } = spec.root;
  const mounts = bundleMounts(context, cgroups);
  return [
    ...namespaceSteps(context, cgroups),
    { kind: "set_propagation", propagation: firstPropagation(context) },
    { kind: "mount_root", path, root: { kind: "bind", source: path, recursive: true, idmapped: false } },
    ...mounts.opening,
    ...notify.inside,
    ...(hooks.created.length === 0 ? [] : [{ kind: "await_runtime" } as const]),
    ...hooks.inside,
    { kind: "pivot_root" },
    ...mounts.closing,
    ...protectionSteps(spec),
    ...rootPropagation(spec),
    ...ownPropagations(spec),
    ...(readonly ? readOnlyRoot(spec) : []),
  ];
}

/** As runc: what is bound sees what the host mounts in it later, unless the spec says that nothing does. */
function firstPropagation(context: BundleContext): Propagation {
  const { rootfsPropagation = "" } = context.spec.linux;
  return /^r?private$/.test(rootfsPropagation) ? startPropagation(context) : "rslave";
}

/** What the root's propagation says of all below it is not true of mounts that say it themselves. */
function ownPropagations({ mounts, linux: { rootfsPropagation = "private" } }: Spec): StageStep[] {
  if (!/^r(slave|shared|unbindable)$/.test(rootfsPropagation)) return [];
  return mounts.flatMap(({ destination, options = [] }): StageStep[] => {
    const { propagation } = mountOptions(options);
    return propagation === null ? [] : [{ kind: "remount", destination, flags: null, propagation }];
  });
}

function bundleExecSteps(context: BundleContext, hooks: HookSteps): StageStep[] {
  const { spec, bundle: { life }, paths } = context;
  const waiting: StageStep[] = life === "created" ? [{ kind: "await_start", path: `${paths.directory}/start` }] : [];
  return execSteps(context, { early: processSteps(spec), late: [...waiting, ...hooks.starting] });
}
