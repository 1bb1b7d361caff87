/**
 * What every part of a plan looks at: the config, the spec, the facts and what follows from them at once.
 *
 * @module
 */
import type { RunConfig } from "../config/run_config.ts";
import type { Namespace, Owner, UserMapping } from "../core/wire.ts";
import type { HostFacts } from "../host/facts.ts";
import { isPrivileged } from "../host/process.ts";
import type { Spec } from "../spec/oci.ts";
import { containerIds } from "../spec/user_namespace.ts";
import { type ContainerPaths, containerPaths } from "../state/paths.ts";
import { ID } from "./blank.ts";
import { hostID, userMapping } from "./user_namespace.ts";

export interface PlanContext {
  readonly config: RunConfig;
  readonly spec: Spec;
  readonly facts: HostFacts;
  readonly paths: ContainerPaths;
  /** The new user namespace; null: the host's, or a joined one. */
  readonly mapping: UserMapping | null;
  /** Whose files the container makes, when an ordinary user cannot remove them from outside; null: this user's or root's. */
  readonly remover: UserMapping | null;
  /** Whom the container's root is outside, when that is neither root nor this user: it must get at what masu makes for it. */
  readonly owner: Owner | null;
  /** In a user namespace other than the initial one: no mknod(2), and mounts that came along are locked. */
  readonly confined: boolean;
  /** Layers belong to ids of the host, and are shown through the container's mapping. */
  readonly idmapped: boolean;
  /** New namespaces. */
  readonly created: ReadonlySet<Namespace>;
}

/** Derives what the parts of a plan share. Errors: see {@link userMapping}. */
export function planContext(config: RunConfig, spec: Spec, facts: HostFacts): PlanContext {
  const { process, directories } = facts;
  const { namespaces } = spec.linux;
  const mapping = userMapping(spec, facts);
  const privileged = isPrivileged(process);
  const idmapped = privileged && mapping !== null;
  return {
    config,
    spec,
    facts,
    paths: containerPaths(directories, ID),
    mapping,
    remover: privileged ? null : mapping ?? ordinaryMapping(facts),
    owner: idmapped ? { uid: hostID(mapping.uidMappings, 0) ?? 0, gid: hostID(mapping.gidMappings, 0) ?? 0 } : null,
    confined: !process.initialUserNamespace || namespaces.some(({ type }) => type === "user"),
    idmapped,
    created: new Set(namespaces.filter(({ path }) => path === undefined).map(({ type }) => type)),
  };
}

/** The mapping of this user's containers when nothing else is asked for, that of a joined one most likely too. */
function ordinaryMapping(facts: HostFacts): UserMapping | null {
  const ids = containerIds(undefined, facts, null);
  if (ids.kind !== "mapped") return null;
  const linux = { namespaces: [{ type: "user" as const }], uidMappings: [...ids.uids], gidMappings: [...ids.gids] };
  return userMapping({ linux }, facts);
}
