/**
 * The plan of a part: one of the kernel's parts alone (namespaces, control groups, capabilities) around a program. Pure.
 *
 * It has only what is asked for. A container's plan, in which everything is, is made by `planOf`.
 *
 * @module
 */
import { type CloneStep, type PartStep, type Plan, PLAN_VERSION, type StageStep } from "../core/wire.ts";
import { ARGUMENTS, escapeBlanks } from "./blank.ts";

/** What of a plan is asked for; absent: nothing of it. */
export interface PlanParts extends Partial<Omit<Plan, "version" | "clone" | "exec">> {
  /** Of the clone; absent: no new namespace, none joined, no cgroup. */
  readonly clone?: Partial<Omit<CloneStep, "part">>;
  /** Of `clone.part`; absent: ids change in a user namespace, nothing is kept, places are the caller's. */
  readonly part?: Partial<PartStep>;
  /** What is done before the program is executed: identity, limits, directory. */
  readonly exec?: StageStep[];
  /** The program's environment, `NAME=value` each, as it was read. */
  readonly environment: readonly string[];
}

/**
 * The plan of a program in these parts, whose words are the blank `arguments`. A person's and the host's text in the parts is
 * escaped already (`escapeBlanks`), but for the environment.
 *
 * Without a `close_descriptors` step the program inherits what masu has inherited, and without `change_directory` the directory,
 * as behind unshare(1) and setpriv(1).
 */
export function partPlan({ environment, clone, part, exec = [], ...groups }: PlanParts): Plan {
  const execute: StageStep = {
    kind: "execute",
    arguments: [ARGUMENTS],
    environment: escapeBlanks([...environment]),
    reaper: false,
  };
  return {
    version: PLAN_VERSION,
    facts: [],
    create: [],
    before: [],
    network: [],
    inside: [],
    created: [],
    started: [],
    afterwards: [],
    delete: [],
    ...groups,
    clone: {
      namespaces: [],
      join: [],
      user: null,
      timeOffsets: [],
      cgroup: null,
      record: [],
      ...clone,
      part: { keepIds: false, keep: [], target: null, root: null, directory: null, ...part },
    },
    exec: [...exec, execute],
  };
}
