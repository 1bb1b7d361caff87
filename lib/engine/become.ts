/**
 * A part's program: this process becomes it, or its monitor where it needs a process of its own.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { Namespace, Plan } from "../core/wire.ts";
import { workingDirectory } from "../host/process.ts";

/**
 * Runs the program of a part's plan: returns only by throwing.
 *
 * Errors: `not_found` the working directory was removed; `program_not_found`, `program_not_executable`; the step that failed, undone by then.
 */
export function runPart(core: Core, plan: Plan, program: readonly string[]): never {
  // The program inherits it.
  workingDirectory(call(core, "process", {}));
  const launch = {
    plan,
    blanks: {},
    arguments: [...program],
    monitor: { bareInit: plan.clone.namespaces.includes("pid"), detachKeys: [] },
  };
  return needsOneProcess(plan) ? call(core, "become", launch) : call(core, "run", { launch, keep: null });
}

/** Those that a process can make for itself: a pid namespace is its children's, the maps of a user namespace another's to write. */
const OWN: readonly Namespace[] = ["mount", "uts", "ipc", "network", "cgroup"];

/** Whether nothing of a plan is left for another process: before, beside or after the program. */
export function needsOneProcess({ clone, create, before, afterwards, delete: deletion }: Plan): boolean {
  const { namespaces, join, enter, user, timeOffsets, record, part } = clone;
  const others = [create, before, afterwards, deletion, record, join, timeOffsets, part?.keep ?? []];
  return others.every(({ length }) => length === 0) && enter === undefined && user === null &&
    part?.target == null && part?.root == null && part?.directory == null &&
    namespaces.every((namespace) => OWN.includes(namespace));
}
