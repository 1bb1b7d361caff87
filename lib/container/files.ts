/**
 * Files between a container and the host.
 *
 * @module
 */
import { call, callBlocking } from "../core/call.ts";
import { copyJobs, type CopyRequest, type CopyResult, copyResult } from "../engine/copy.ts";
import type { CopyEnd } from "../engine/copy_rule.ts";
import type { LogTarget } from "../engine/logs.ts";
import type { CopyOptions } from "./container_options.ts";

/** A path of the host, against this process's directory. */
export function hostPath(path: string): CopyEnd {
  return { kind: "host", path };
}

/** A path in a container, against its root. */
export function containerPath(container: string, path: string): CopyEnd {
  return { kind: "container", container, path: path.startsWith("/") ? path : `/${path}` };
}

/** Copies on another thread. Errors: as of `copy`. */
export async function copyFiles(
  { core, store }: Pick<LogTarget, "core" | "store">,
  ends: Pick<CopyRequest, "source" | "destination">,
  { archive = false, followLink = false }: CopyOptions,
): Promise<CopyResult> {
  const { directory } = call(core, "process", {});
  const jobs = copyJobs(core, store, { ...ends, archive, followLink, directory });
  return copyResult((await callBlocking(core, "tree", jobs)).answers);
}
