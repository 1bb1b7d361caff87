/**
 * How a second program differs from the container's own: the steps of its record, changed where something else was asked for. Pure.
 *
 * @module
 */
import type { SecurityLabel } from "../config/exec_config.ts";
import type { StageStep } from "../core/wire.ts";
import { MasuError } from "../error.ts";

/** Whom it runs as. */
export interface ExecUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** What differs. Absent: as for the container's own program. */
export interface ExecChanges {
  readonly user?: ExecUser;
  /** Over the container's own bounding set. */
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly labels?: readonly SecurityLabel[];
}

type Kind = StageStep["kind"];
type Step<K extends Kind> = Extract<StageStep, { kind: K }>;

/** The steps with the changes. Errors: `bug` where the record has no step for it. */
export function changedSteps(steps: readonly StageStep[], changes: ExecChanges): StageStep[] {
  const { keep } = stepOf(steps, "set_bounding_set");
  const own = stepOf(steps, "set_user");
  const bounding = [...keep, ...changes.capabilities.filter((name) => !keep.includes(name))];
  const { user } = changes;
  // Of a user that a single-id namespace cannot give groups to: they stay as they are.
  const groups = own.groups === null ? null : [...user?.groups ?? own.groups];
  const held = heldBy(user?.uid ?? own.uid, bounding, changes.capabilities);
  const changed = steps.map((step): StageStep => {
    switch (step.kind) {
      case "set_bounding_set":
        return { ...step, keep: bounding };
      case "set_user":
        return { ...step, uid: user?.uid ?? own.uid, gid: user?.gid ?? own.gid, groups };
      case "set_capabilities":
        return { ...step, effective: held, permitted: held, inheritable: [], ambient: [] };
      default:
        return step;
    }
  });
  const labelled = (changes.labels ?? []).reduce(withLabel, changed);
  return changes.noNewPrivileges ? withoutNewPrivileges(labelled) : labelled;
}

/** Only root keeps capabilities over execve(2) without ambient ones; what was added is held by whoever asked for it. capabilities(7) */
function heldBy(uid: number, bounding: readonly string[], added: readonly string[]): string[] {
  return uid === 0 ? [...bounding] : [...added];
}

/** The label takes the place of the container's own, or comes before any right is given up. */
function withLabel(steps: readonly StageStep[], { module, label }: SecurityLabel): StageStep[] {
  const rest = steps.filter((step) => step.kind !== "set_security_label" || step.module !== module);
  return insertedBefore(rest, "set_bounding_set", [{ kind: "set_security_label", module, label }]);
}

/** The filter then comes last, as for any program that gets no new privileges: see `execSteps`. */
function withoutNewPrivileges(steps: readonly StageStep[]): StageStep[] {
  if (steps.some(({ kind }) => kind === "no_new_privileges")) return [...steps];
  const filters = steps.filter(({ kind }) => kind === "load_filter");
  const rest = steps.filter(({ kind }) => kind !== "load_filter");
  return insertedBefore(rest, "execute", [{ kind: "no_new_privileges" }, ...filters]);
}

function insertedBefore(steps: readonly StageStep[], kind: Kind, inserted: readonly StageStep[]): StageStep[] {
  const at = steps.findIndex((step) => step.kind === kind);
  if (at < 0) throw missing(kind);
  return [...steps.slice(0, at), ...inserted, ...steps.slice(at)];
}

function stepOf<K extends Kind>(steps: readonly StageStep[], kind: K): Step<K> {
  const found = steps.find((step): step is Step<K> => step.kind === kind);
  if (found === undefined) throw missing(kind);
  return found;
}

function missing(kind: Kind): MasuError {
  return new MasuError("bug", `Run a program in the container: its record has no step "${kind}"`);
}
