/**
 * What every part of a plan looks at: the spec, the facts, what is wished besides, and what follows from them at once.
 *
 * @module
 */
import type { ResourceWords } from "../cgroup/resources.ts";
import type { Namespace, Owner, UserMapping } from "../core/wire.ts";
import type { HostFacts } from "../host/facts.ts";
import { isPrivileged } from "../host/process.ts";
import type { Spec } from "../spec/oci.ts";
import { containerIds } from "../spec/user_namespace.ts";
import { type ContainerPaths, containerPaths } from "../state/paths.ts";
import { ID } from "./blank.ts";
import { hostID, userMapping } from "./user_namespace.ts";

/** Facts that a plan depends on, whatever its spec was made of. */
export type PlanFacts = Pick<
  HostFacts,
  "list" | "process" | "directories" | "kernel" | "cgroups" | "subordinateIds" | "devices" | "kcore"
>;

/** What is wished of a container that a spec has no words for. */
export interface Wishes {
  /** What is asked for by flags, or by fields of a spec. */
  readonly words: ResourceWords;
  /** How many descriptors from 3 on the program inherits. */
  readonly preserveFds: number;
  /** A reaper as PID 1. */
  readonly init: boolean;
  /** `linux.seccomp` is masu's own profile, which was compiled when masu was built. */
  readonly usualFilter: boolean;
  /** OCI's state of the container, for whoever listens to another filter; null: nobody may. */
  readonly filterState: Readonly<Record<string, unknown>> | null;
  /** The name of its session keyring; null: the caller's is kept. */
  readonly keyring: string | null;
  /** Its /dev is masu's to fill with nodes and links: the host's own, bound there, is not. */
  readonly ownDevices: boolean;
  /** Nodes of the host by the paths that named devices have in the container. */
  readonly deviceSources: ReadonlyMap<string, string>;
}

export interface PlanContext {
  readonly spec: Spec;
  readonly facts: PlanFacts;
  readonly wishes: Wishes;
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
export function planContext<Facts extends PlanFacts>(
  spec: Spec,
  facts: Facts,
  wishes: Wishes,
): PlanContext & { readonly facts: Facts } {
  const { process, directories } = facts;
  const { namespaces } = spec.linux;
  const mapping = userMapping(spec, facts, wishes.words);
  const privileged = isPrivileged(process);
  const idmapped = privileged && mapping !== null;
  return {
    spec,
    facts,
    wishes,
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
function ordinaryMapping(facts: PlanFacts): UserMapping | null {
  const ids = containerIds(undefined, facts, null);
  if (ids.kind !== "mapped") return null;
  const linux = { namespaces: [{ type: "user" as const }], uidMappings: [...ids.uids], gidMappings: [...ids.gids] };
  return userMapping({ linux }, facts);
}
