/**
 * What of the container's root is hidden or must not be written to, and what its mounts do to others.
 *
 * Source: OCI runtime-spec, config-linux.md, "Masked Paths", "Readonly Paths", "Rootfs Mount Propagation".
 *
 * @module
 */
import type { StageStep } from "../core/wire.ts";
import { invalidConfig } from "../error.ts";
import type { Spec } from "../spec/oci.ts";

/** What of the kernel's file systems is hidden or must not be written to. */
export function protectionSteps({ linux: { maskedPaths = [], readonlyPaths = [] } }: Spec): StageStep[] {
  return [
    ...maskedPaths.map((path): StageStep => ({ kind: "mask", path })),
    ...readonlyPaths.map((path): StageStep => ({ kind: "read_only_path", path })),
  ];
}

/** The root, read-only once the program's working directory was made in it, where that was missing. */
export function readOnlyRoot({ process: { cwd } }: Spec): StageStep[] {
  const making: StageStep[] = cwd === "/" ? [] : [{ kind: "change_directory", path: cwd, create: true }];
  return [...making, { kind: "read_only_root" }];
}

/** OCI: what mounts in the container's root do to others; private unless it says otherwise. */
export function rootPropagation({ linux: { rootfsPropagation } }: Spec): StageStep[] {
  if (rootfsPropagation === undefined || /^r?private$/.test(rootfsPropagation)) return [];
  const propagation = PROPAGATIONS.find((word) => word === rootfsPropagation);
  if (propagation === undefined) {
    throw invalidConfig(`Use linux.rootfsPropagation "${rootfsPropagation}": there is no such propagation`);
  }
  return [{ kind: "remount", destination: "/", flags: null, propagation }];
}

const PROPAGATIONS = ["slave", "rslave", "shared", "rshared", "unbindable", "runbindable"] as const;
