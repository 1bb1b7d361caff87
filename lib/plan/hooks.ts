/**
 * Hooks of an OCI bundle as steps.
 *
 * Source: OCI runtime-spec, config.md, "POSIX-platform Hooks"; runtime.md, "State", "Lifecycle".
 *
 * @module
 */
import type { Hook, HostStep, StageStep } from "../core/wire.ts";
import type { Hook as HookSpec, Hooks } from "../spec/oci.ts";
import { ID, PID } from "./blank.ts";
import type { BundleContext } from "./bundle_context.ts";

/** The hooks by where they are executed. */
export interface HookSteps {
  /** While the container's first process waits, its mounts made: prestart, createRuntime. */
  readonly created: readonly HostStep[];
  /** Before pivot_root(2): createContainer. */
  readonly inside: readonly StageStep[];
  /** Right before the program: startContainer. */
  readonly starting: readonly StageStep[];
  /** Once the program runs: poststart. */
  readonly started: readonly HostStep[];
  /** Once the container is deleted: poststop. */
  readonly deleted: readonly HostStep[];
}

/** OCI's `status`. */
type Status = "creating" | "created" | "running" | "stopped";

/** The steps of all six kinds. */
export function hookSteps(context: BundleContext): HookSteps {
  const hooks: Hooks = context.spec.hooks ?? {};
  const onHost = (list: readonly HookSpec[] = [], status: Status, pid: string) =>
    list.map((hook): HostStep => ({ kind: "run_hook", hook: hookOf(hook), state: stateOf(context, status), pid }));
  const onStage = (list: readonly HookSpec[] = [], status: Status) =>
    list.map((hook): StageStep => ({ kind: "run_hook", hook: hookOf(hook), state: stateOf(context, status) }));
  return {
    created: [...onHost(hooks.prestart, "creating", PID), ...onHost(hooks.createRuntime, "creating", PID)],
    inside: onStage(hooks.createContainer, "creating"),
    starting: onStage(hooks.startContainer, "created"),
    started: onHost(hooks.poststart, "running", PID),
    deleted: onHost(hooks.poststop, "stopped", ""),
  };
}

function hookOf({ path, args = [], env = [], timeout }: HookSpec): Hook {
  return { path, args: [...args], env: [...env], ...(timeout !== undefined && { timeoutMs: timeout * 1000 }) };
}

/** OCI's state without `pid`, which whoever tells of it fills in. */
export function stateOf(
  { spec, bundle }: Pick<BundleContext, "spec" | "bundle">,
  status: Status,
): Record<string, unknown> {
  return {
    ociVersion: spec.ociVersion,
    id: ID,
    status,
    bundle: bundle.bundle,
    ...(spec.annotations !== undefined && { annotations: spec.annotations }),
  };
}
