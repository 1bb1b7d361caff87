/**
 * `masu export`: a container's whole root as a tar stream.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { Plan, Store, TreeRequest } from "../core/wire.ts";
import { containerFiles, overlaysOf } from "./container_files.ts";
import { type CopyResult, copyResult } from "./copy.ts";

/** Exports to a file, or with null to stdout. Errors: `not_found`; what could not be read or written. */
export function exportContainer(core: Core, store: Store, container: string, file: string | null): CopyResult {
  return copyResult(call(core, "tree", exportJobs(core, store, container, file)).answers);
}

/** The request that does it, for who wants to wait for it on another thread: op `tree`. */
export function exportJobs(core: Core, store: Store, container: string, file: string | null): TreeRequest {
  const { place, plan } = containerFiles(core, store, container);
  const cross = plan === null ? [] : crossed(plan);
  return {
    jobs: [{ place, task: { kind: "pack", path: "/", name: "", follow: false, attributes: true, cross } }],
    stream: file === null ? { kind: "stdout" } : { kind: "file", path: file },
  };
}

/** The overlays that the root is made of, and what they are mounted in. */
function crossed(plan: Plan): string[] {
  const paths = new Set<string>();
  for (const { destination } of overlaysOf(plan)) {
    const names = destination.split("/").slice(1);
    names.forEach((_, index) => paths.add(`/${names.slice(0, index + 1).join("/")}`));
  }
  return [...paths].filter((path) => path !== "/");
}
