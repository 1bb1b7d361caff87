/**
 * config, spec and facts -> plan: the whole start of a container, and what undoes it, in order. Pure.
 *
 * @module
 */
import { imageWord } from "../config/image.ts";
import type { RunConfig } from "../config/run_config.ts";
import type { CgroupPlan } from "../cgroup/placement.ts";
import { type HostStep, type Plan, PLAN_VERSION } from "../core/wire.ts";
import type { HostFacts } from "../host/facts.ts";
import type { Spec } from "../spec/oci.ts";
import { stopSettings } from "../spec/stop.ts";
import { escapeBlanks } from "./blank.ts";
import { plannedCgroups } from "./cgroups.ts";
import { makeDirectory, privateDirectory, removeTree } from "./directories.ts";
import { etcFiles } from "./etc_files.ts";
import { execSteps } from "./exec.ts";
import { cidfileSteps, nameSteps, pidfileSteps } from "./kept_files.ts";
import { missingSources, mountSteps, startPropagation } from "./mounts.ts";
import { cloneStep, namespaceSteps, networkSteps } from "./namespaces.ts";
import { protectionSteps, rootPropagation } from "./protection.ts";
import { type RecordParts, recordStep } from "./record.ts";
import { rootPlan } from "./root.ts";
import { type RunContext, runContext } from "./run_context.ts";

/**
 * Makes the plan.
 *
 * `config` and `spec`: a person's text in them is escaped already (`escapeBlanks`); `facts`: as they were read.
 * Errors: `already_exists`, `not_found`, `denied`, `invalid_config` or `kernel_lacks`, naming the flag; nothing was touched.
 */
export function planOf(config: RunConfig, spec: Spec, facts: HostFacts): Plan {
  const context = runContext(config, spec, escapeBlanks(facts));
  const { paths, owner } = context;
  const cgroups = plannedCgroups(spec, context.facts.cgroups);
  const root = rootPlan(context);
  const name = nameSteps(context);
  const cidfile = cidfileSteps(context);
  const pidfile = pidfileSteps(context);
  const mounts = mountSteps(context, cgroups);
  const afterwards: HostStep[] = [
    ...cgroups.afterwards,
    ...root.afterwards,
    ...pidfile.removing,
    removeTree(paths.directory, null),
  ];
  // A run in the foreground that writes nothing of its own, and whose name needs no place to lead to, has nothing there.
  const hasData = config.lasting || root.usesData || name.making.length > 0;
  const deletion: HostStep[] = [
    ...root.delete,
    ...name.removing,
    ...(hasData ? [removeTree(paths.data, root.dataRemover)] : []),
  ];
  const undo = config.lasting ? afterwards : [...afterwards, ...deletion];
  const record = [
    recordStep(context, recordParts(context, cgroups, undo)),
    ...(config.lasting ? [] : cidfile),
    ...pidfile.making,
  ];
  return {
    version: PLAN_VERSION,
    facts: [...context.facts.list],
    create: [
      ...(hasData ? privateDirectory(paths.data, owner) : []),
      ...name.making,
      ...root.create,
      // A foreground run writes it once its first process exists: before that, a failure leaves no ID to tell.
      ...(config.lasting ? cidfile : []),
    ],
    before: [
      ...privateDirectory(paths.directory, owner),
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
    created: [],
    exec: execSteps(context),
    started: [],
    afterwards,
    delete: deletion,
  };
}

function recordParts(context: RunContext, cgroups: CgroupPlan, undo: readonly HostStep[]): RecordParts {
  const { config, paths, facts } = context;
  const { name, labels, lasting, terminal, image } = config;
  return {
    cgroups,
    undo,
    bundle: paths.directory,
    details: {
      ...(name !== undefined && { name }),
      lasting,
      image: imageWord(image),
      terminal,
      ...(labels.length > 0 && { labels: Object.fromEntries(labels) }),
      stop: stopSettings(config, facts.image.init),
    },
    watched: true,
    execEarly: [],
  };
}
