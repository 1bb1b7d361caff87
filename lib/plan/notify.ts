/**
 * A socket in the container for what its program says of itself. sd_notify(3)
 *
 * It is masu's own: whoever listens on the caller's takes messages of that service's processes only. The directory is shown, not
 * the socket: that is there from the program's start on.
 *
 * Source: systemd.exec(5), "NOTIFY_SOCKET"; the places are runc's, which programs may know.
 *
 * @module
 */
import type { HostStep, NotifySocket, StageStep } from "../core/wire.ts";
import type { Spec } from "../spec/oci.ts";
import type { BundleContext } from "./bundle_context.ts";
import { makeDirectory } from "./directories.ts";
import { MS } from "./mount_options.ts";

/** Where the container has it. */
const INSIDE = "/run/notify";
const SOCKET = "notify.sock";

/** What it takes. */
export interface NotifySteps {
  readonly before: readonly HostStep[];
  /** After all other mounts. */
  readonly inside: readonly StageStep[];
}

/** The steps, where the caller asked for it. */
export function notifySteps({ bundle: { notify }, paths, owner }: BundleContext): NotifySteps {
  if (!notify) return { before: [], inside: [] };
  const source = outside(paths.directory);
  const flags = MS.RDONLY | MS.NOSUID | MS.NODEV | MS.NOEXEC;
  return {
    before: [makeDirectory(source, 0o755, owner)],
    inside: [{
      kind: "bind",
      source,
      destination: INSIDE,
      recursive: false,
      flags,
      recursiveReadOnly: false,
      propagation: null,
      create: "directory",
    }],
  };
}

/** The program is told where. */
export function withNotifySocket(spec: Spec): Spec {
  const env = [...spec.process.env, `NOTIFY_SOCKET=${INSIDE}/${SOCKET}`];
  return { ...spec, process: { ...spec.process, env } };
}

/** For whoever starts the program at once. `directory`: the container's; `to`: the caller's socket. */
export function notifySocket(directory: string, to: string): NotifySocket {
  return { path: `${outside(directory)}/${SOCKET}`, to };
}

function outside(directory: string): string {
  return `${directory}/notify`;
}
