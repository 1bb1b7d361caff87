/**
 * A bundle's spec as its plan needs it: paths of the runtime namespace absolute, capabilities that can be had.
 *
 * @module
 */
import type { ProcessReply } from "../core/wire.ts";
import { CAPABILITIES } from "./capabilities.ts";
import type { Capabilities, Mount, Spec } from "./oci.ts";

/** config.md, "Root", "Mounts": what is not absolute is below the bundle. */
export function absoluteSpec(spec: Spec, bundle: string): Spec {
  const absolute = (path: string) => path.startsWith("/") ? path : `${bundle}/${path}`.replace(/\/\.(?=\/|$)/g, "");
  return {
    ...spec,
    root: { ...spec.root, path: absolute(spec.root.path) },
    mounts: spec.mounts.map((mount) =>
      isBound(mount) && mount.source !== undefined ? { ...mount, source: absolute(mount.source) } : mount
    ),
  };
}

/** Whether something of the runtime namespace is shown. */
export function isBound({ type, options = [] }: Mount): boolean {
  return type === "bind" || options.some((word) => word === "bind" || word === "rbind");
}

/** What a process gets of its capabilities, and those that nobody here can give. */
export interface GrantedCapabilities {
  readonly spec: Spec;
  /** By name. */
  readonly missing: readonly string[];
}

/**
 * Leaves out capabilities that the kernel does not know, or that this process does not have to give.
 *
 * Source: config.md, "Linux Process": what cannot be granted is a warning, and no error.
 */
export function grantedCapabilities(
  spec: Spec,
  process: Pick<ProcessReply, "capabilities" | "lastCapability">,
): GrantedCapabilities {
  const { capabilities } = spec.process;
  if (capabilities === undefined) return { spec, missing: [] };
  const known = CAPABILITIES.slice(0, process.lastCapability + 1);
  // In a user namespace of its own the container's root has them all.
  const inUserNamespace = spec.linux.namespaces.some(({ type }) => type === "user");
  const given = new Set(inUserNamespace ? known : known.filter((name) => process.capabilities.includes(name)));
  const missing = Object.values(capabilities).flat().filter((name) => !given.has(name));
  if (missing.length === 0) return { spec, missing };
  const kept = (names: readonly string[]) => names.filter((name) => given.has(name));
  const { bounding, effective, permitted, inheritable, ambient } = capabilities;
  const narrowed: Capabilities = {
    bounding: kept(bounding),
    effective: kept(effective),
    permitted: kept(permitted),
    inheritable: kept(inheritable),
    ambient: kept(ambient),
  };
  return {
    spec: { ...spec, process: { ...spec.process, capabilities: narrowed } },
    missing: [...new Set(missing)],
  };
}
