/**
 * `masu diff`: what a container changed of its image.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { Store, TreeChange } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { isPrivileged } from "../host/process.ts";
import { containerFiles, mountPointsOf, overlaysOf } from "./container_files.ts";

/**
 * The changes, sorted by path. Volumes and what exists only while it runs are no part of it.
 *
 * Errors: `not_found`; `failed` nothing records what this container changes.
 */
export function diffContainer(core: Core, store: Store, container: string): readonly TreeChange[] {
  const { id, plan } = containerFiles(core, store, container);
  const action = `Compare container "${id}" with its image`;
  if (plan === null) {
    throw new MasuError("failed", `${action}: it runs in the foreground, and what it is made of is not written down`, {
      hint: "masu run --detach, masu create",
    });
  }
  const overlays = overlaysOf(plan);
  if (overlays.length === 0) {
    throw new MasuError("failed", `${action}: its root is a directory itself (--rootfs), and nothing records changes`);
  }
  // Root reads everything; an ordinary user is root of what the container's ids own.
  const user = isPrivileged(call(core, "process", {})) ? null : plan.clone.user;
  const { answers: [answer] } = call(core, "tree", {
    jobs: [{
      place: { kind: "layers", user },
      task: { kind: "changes", overlays, mountPoints: mountPointsOf(plan) },
    }],
    stream: { kind: "none" },
  });
  return answer?.changes ?? [];
}
