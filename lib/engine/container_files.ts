/**
 * How to get at a container's files: through its first process while it runs, otherwise by mounting its root for a moment.
 *
 * @module
 */
import { call, fromWire } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { ContainerDocument, InspectReply, Plan, StageStep, Store, TreeOverlay, TreePlace } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { isBelow } from "../host/mounts.ts";
import { fillBlanks } from "../plan/blank.ts";
import { MS } from "../plan/mount_options.ts";

/** A container whose files are wanted. */
export interface ContainerFiles {
  readonly id: string;
  readonly place: TreePlace;
  /** What its root is made of, blanks filled in; null: it runs in the foreground, and that was not written down. */
  readonly plan: Plan | null;
}

/**
 * Finds a container.
 *
 * Errors: `not_found`; `failed` it is about to be started again, or what was written down of it cannot be read.
 */
export function containerFiles(core: Core, store: Store, word: string): ContainerFiles {
  const found = call(core, "inspect", { store, container: word });
  const { view: { id, status, record, error } } = found;
  const plan = found.document === null ? null : filledPlan(found.document);
  // One that was made from an OCI bundle has all its mounts before its program runs.
  const isBundle = record?.masu.bundle !== undefined;
  const running = status === "running" || status === "paused" || (isBundle && status === "created");
  if (running && record !== null) {
    const { pid, masu: { start, exec } } = record;
    return { id, plan, place: { kind: "running", pid, start, capabilities: capabilitiesOf(exec.steps) } };
  }
  if (plan !== null && (status === "created" || status === "stopped")) {
    return { id, plan, place: stoppedPlace(found, plan, store) };
  }
  if (error !== null) throw fromWire(error);
  if (isBundle) {
    throw new MasuError("failed", `Open the files of container "${id}": it has ended, and its mounts with it`);
  }
  throw new MasuError("failed", `Open the files of container "${id}": it is about to be started again`, {
    hint: `masu stop ${word}, or once more in a moment`,
  });
}

/** The plan of its next start. */
function filledPlan({ id, launch: { plan, blanks } }: ContainerDocument): Plan {
  const text: Record<string, string> = { id };
  for (const [name, value] of Object.entries(blanks)) if (value !== undefined) text[name] = value;
  return fillBlanks(plan, { text });
}

/** What its program may have at most. Without a bounding set: everything. */
function capabilitiesOf(steps: readonly StageStep[]): string[] {
  const bounding = steps.find((step) => step.kind === "set_bounding_set");
  return bounding === undefined ? ["CAP_MKNOD", "CAP_SETFCAP"] : bounding.keep;
}

function stoppedPlace({ view: { id } }: InspectReply, plan: Plan, store: Store): TreePlace {
  const refuse = (cause: string) =>
    new MasuError("failed", `Open the files of container "${id}": ${cause}`, { hint: `masu start ${id}` });
  if (plan.clone.join.some(({ namespace }) => namespace === "user")) {
    throw refuse("it does not run, and its user namespace is another's");
  }
  const madeEachTime = plan.before.flatMap((step) => step.kind === "make_directory" ? [step.path] : []);
  if (overlaysOf(plan).some(({ layer: { upper } }) => madeEachTime.includes(upper))) {
    throw refuse("it does not run, and what it writes is kept only while it does");
  }
  const steps = stoppedSteps(plan, `${store.runtime}/containers/${id}`);
  const capabilities = capabilitiesOf(plan.exec);
  return { kind: "stopped", store, container: id, user: plan.clone.user, steps, capabilities };
}

/** The overlays that its root is made of, `/` first. None: its root is a directory itself. */
export function overlaysOf({ inside }: Plan): TreeOverlay[] {
  return inside.flatMap((step): TreeOverlay[] => {
    if (step.kind === "mount_overlay") return [{ destination: step.destination, layer: step.layer }];
    if (step.kind !== "mount_root" || step.root.kind !== "overlay") return [];
    return [{ destination: "/", layer: step.root.layer }];
  });
}

/** Places where something is mounted, which a start makes where they are missing. */
export function mountPointsOf({ inside }: Plan): string[] {
  return inside.flatMap((step) =>
    step.kind === "mount" || step.kind === "bind" || step.kind === "mount_overlay" ? [step.destination] : []
  );
}

/** The steps of a start that bring files, and only those. What exists only while a container runs is empty and cannot be written. */
export function stoppedSteps(plan: Plan, runtimeDirectory: string): StageStep[] {
  const all = plan.inside;
  const closing: StageStep[] = [];
  const steps = all.flatMap((step): StageStep[] => {
    switch (step.kind) {
      case "mount_root":
        return [{ ...step, path: rootPlace(step) }];
      case "mount_overlay":
      case "remount":
        return isKernels(step.destination) ? [] : [step];
      case "make_directory":
      case "make_symlink":
        return isKernels(step.path) ? [] : [step];
      case "read_only_root":
        closing.push(step);
        return [];
      case "bind":
        return isKernels(step.destination) || isBelow(step.source, runtimeDirectory) ? [] : [step];
      case "mount": {
        if (isKernels(step.destination)) return [];
        const filled = all.some((other) => isIn(other, step.destination));
        const { destination } = step;
        if (filled) closing.push({ kind: "remount", destination, flags: EMPTY, propagation: null });
        const flags = filled ? EMPTY & ~MS.RDONLY : EMPTY;
        return [{ ...step, source: "tmpfs", type: "tmpfs", flags, data: "mode=755" }];
      }
      default:
        return [];
    }
  });
  return [{ kind: "set_propagation", propagation: "rprivate" }, ...steps, ...closing];
}

const EMPTY = MS.RDONLY | MS.NOSUID | MS.NODEV;

/** A directory that is not needed otherwise, to mount the root on: nobody but who mounts it sees that. */
function rootPlace({ root }: StageStep & { readonly kind: "mount_root" }): string {
  switch (root.kind) {
    case "overlay":
      return root.layer.work;
    case "bind":
      return root.source;
    case "tmpfs":
      return "/sys";
    default:
      return root satisfies never;
  }
}

/** The kernel's own, and devices: nothing that is kept. */
function isKernels(path: string): boolean {
  return ["/proc", "/sys"].some((top) => isBelow(path, top)) || path !== "/dev" && isBelow(path, "/dev");
}

/** The step makes or mounts something below a directory that stays empty otherwise. */
function isIn(step: StageStep, directory: string): boolean {
  const path = step.kind === "make_directory" || step.kind === "make_symlink"
    ? step.path
    : step.kind === "mount_overlay" || step.kind === "bind" || step.kind === "mount"
    ? step.destination
    : null;
  return path !== null && path !== directory && isBelow(path, directory) && !isKernels(path);
}
