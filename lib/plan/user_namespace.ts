/**
 * The container's user namespace as the kernel and newuidmap(1) want it.
 *
 * @module
 */
import type { IdMapping, UserMapping } from "../core/wire.ts";
import type { ResourceWords } from "../cgroup/resources.ts";
import { invalidConfig, MasuError } from "../error.ts";
import type { HostFacts } from "../host/facts.ts";
import { isPrivileged } from "../host/process.ts";
import type { IdSpan } from "../host/subordinate_ids.ts";
import type { Spec } from "../spec/oci.ts";

/** Who asks, and what was given to them. */
type IdFacts = Pick<HostFacts, "process" | "subordinateIds">;

/** A kind of ids, and what gives them. */
interface IdKind {
  readonly what: "user" | "group";
  /** What asks for them, by the words of a config and of a spec. */
  readonly flag: string;
  readonly field: string;
  readonly file: string;
  readonly tool: string;
}

const USERS: IdKind = {
  what: "user",
  flag: "--uidmap",
  field: "linux.uidMappings",
  file: "/etc/subuid",
  tool: "--add-subuids",
};
const GROUPS: IdKind = {
  what: "group",
  flag: "--gidmap",
  field: "linux.gidMappings",
  file: "/etc/subgid",
  tool: "--add-subgids",
};

/**
 * The mapping of the new user namespace that a spec asks for; null: it asks for none.
 *
 * Errors: `invalid_config` the container's root is nobody outside; `denied` ids that are not this user's; `not_found` the
 * programs that write such maps are missing.
 */
export function userMapping(
  { linux }: Pick<Spec, "linux">,
  facts: IdFacts,
  words: ResourceWords = "flag",
): UserMapping | null {
  if (!linux.namespaces.some(({ type, path }) => type === "user" && path === undefined)) return null;
  const uidMappings = linux.uidMappings ?? [];
  const gidMappings = linux.gidMappings ?? [];
  checkRoot(USERS, uidMappings, words);
  checkRoot(GROUPS, gidMappings, words);
  if (isPrivileged(facts.process)) return { uidMappings, gidMappings, tools: null, denySetgroups: false };
  return ordinaryMapping(uidMappings, gidMappings, facts);
}

/** What an id of the container is outside; null: it is not mapped. */
export function hostID(mappings: readonly IdMapping[], id: number): number | null {
  const mapping = mappings.find(({ containerID, size }) => id >= containerID && id < containerID + size);
  return mapping === undefined ? null : mapping.hostID + (id - mapping.containerID);
}

/** `init` becomes user 0 of the container before anything else. */
function checkRoot({ what, flag, field }: IdKind, mappings: readonly IdMapping[], words: ResourceWords): void {
  if (hostID(mappings, 0) !== null) return;
  throw invalidConfig(
    `Use ${words === "flag" ? flag : field}: ${what} 0 of the container is not mapped`,
    words === "flag" ? `add a range that starts with it, 0:ID:SIZE` : "add a range whose containerID is 0",
  );
}

/** user_namespaces(7), "Defining user and group ID mappings": one's own id needs nobody, more need newuidmap(1). */
function ordinaryMapping(
  uidMappings: IdMapping[],
  gidMappings: IdMapping[],
  { process, subordinateIds: { uids, gids, tools } }: IdFacts,
): UserMapping {
  checkOwn(USERS, uidMappings, process.uid, uids);
  checkOwn(GROUPS, gidMappings, process.gid, gids);
  const ownOnly = [...uidMappings, ...gidMappings].every(({ containerID, size }) => containerID === 0 && size === 1);
  if (ownOnly) return { uidMappings, gidMappings, tools: null, denySetgroups: true };
  if (tools === null) {
    throw new MasuError(
      "not_found",
      "Map ids (--uidmap): newuidmap(1) and newgidmap(1), which write such maps, are missing",
      {
        hint: "install the package uidmap (Debian, Ubuntu) or shadow-utils",
      },
    );
  }
  return { uidMappings, gidMappings, tools, denySetgroups: false };
}

/** Each range lies in one that belongs to the user, and the container's root is the user itself, whose directories masu uses. */
function checkOwn(
  { what, flag, file, tool }: IdKind,
  mappings: IdMapping[],
  own: number,
  spans: readonly IdSpan[],
): void {
  for (const { containerID, hostID, size } of mappings) {
    if (hostID === own && size === 1) continue;
    if (spans.some((span) => hostID >= span.first && hostID + size <= span.first + span.size)) continue;
    const yours = spans.map(({ first, size }) => `${first} to ${first + size - 1}`).join(", ");
    throw new MasuError(
      "denied",
      `Map ${what} ids "${containerID}:${hostID}:${size}" (${flag}): they are not this user's`,
      {
        hint: yours === ""
          ? `root can give some in ${file}: usermod ${tool} 100000-165535 USER`
          : `${file} gives ${yours}, and your own id is ${own}`,
      },
    );
  }
  if (hostID(mappings, 0) === own) return;
  throw invalidConfig(
    `Use ${flag}: ${what} 0 of the container must be your own id outside, ${own}`,
    `${flag} 0:${own}`,
  );
}
