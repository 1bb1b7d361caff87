/**
 * How a second program is run in a running container: by the very steps that the container's own program was run by.
 *
 * @module
 */
import type { CgroupPlan } from "../cgroup/placement.ts";
import type { ExecTemplate, Namespace, StageStep } from "../core/wire.ts";
import { ARGUMENTS, escapeBlanks } from "./blank.ts";
import type { PlanContext } from "./context.ts";
import { execSteps } from "./exec.ts";

/** A blank that the record itself keeps: its text is filled in once, when the container starts. */
const KEPT_ARGUMENTS = escapeBlanks(ARGUMENTS);

/**
 * The template for the container's record, a part of the plan; `early`: what only a second program needs: a person's text is escaped, the ID is a blank.
 *
 * Errors: as of {@link execSteps}.
 */
export function execTemplate(
  context: PlanContext,
  cgroups: CgroupPlan,
  early: readonly StageStep[] = [],
): ExecTemplate {
  return {
    namespaces: context.spec.linux.namespaces.map(({ type }): Namespace => type),
    cgroup: cgroups.directories.unified ?? null,
    cgroupTasks: [...cgroups.join],
    steps: [...early, ...oomScoreStep(context), ...execSteps(context).flatMap(ofAnyProgram)],
  };
}

/** It is inherited, and what is executed later is no descendant of the container's first process. */
function oomScoreStep({ spec: { process: { oomScoreAdj } } }: PlanContext): StageStep[] {
  return oomScoreAdj === undefined ? [] : [{ kind: "set_oom_score_adj", value: oomScoreAdj }];
}

/** The step as it is for every program: what is the first one's alone is left out. */
function ofAnyProgram(step: StageStep): StageStep[] {
  switch (step.kind) {
    case "open_terminal":
      return [];
    case "change_directory":
      return [{ ...step, create: false }];
    case "close_descriptors":
      return [{ ...step, keep: 0 }];
    // What a program inherits it may pass on to files that carry capabilities: nobody needs that of a second program.
    case "set_capabilities":
      return [{ ...step, inheritable: [], ambient: [] }];
    case "execute":
      return [{ ...step, arguments: [KEPT_ARGUMENTS], reaper: false }];
    default:
      return [step];
  }
}
