/**
 * The ids of a part's user namespace, as unshare(1) maps them. Pure.
 *
 * Source: unshare(1), user_namespaces(7), newuidmap(1).
 *
 * @module
 */
import type { IdsChoice } from "../config/id_ranges.ts";
import { withOwnId } from "../config/id_ranges.ts";
import type { IdMapping, ProcessReply, UserMapping } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import type { IdSpan, SubordinateIds } from "../host/subordinate_ids.ts";
import { resolveGroup, resolveUser, type UserDatabase } from "../spec/passwd.ts";

/** What the maps depend on. */
export interface PartIdFacts {
  readonly process: Pick<ProcessReply, "uid" | "gid" | "capabilities">;
  readonly subordinateIds: SubordinateIds;
  readonly database: UserDatabase;
  /** Texts of `/proc/self/uid_map` and `gid_map`. */
  readonly uidMap: string;
  readonly gidMap: string;
}

/** What is asked of it. */
export interface PartIdsConfig {
  readonly users: IdsChoice;
  readonly groups: IdsChoice;
  readonly setgroups?: "allow" | "deny";
}

/**
 * The maps of a new user namespace; null: none are written, so that nobody has an id there.
 *
 * Errors: `invalid_config` no such name; `denied` no subordinate ids; `not_found` the programs that write such maps are missing.
 */
export function partMapping({ users, groups, setgroups }: PartIdsConfig, facts: PartIdFacts): UserMapping | null {
  const { process, subordinateIds, database } = facts;
  const user = users.own?.kind === "id" ? resolveUser(users.own.id, database).uid : process.uid;
  const group = groups.own?.kind === "id" ? resolveGroup(groups.own.id, database) : process.gid;
  const uidMappings = mapped(users, { inner: user, outer: process.uid }, {
    spans: subordinateIds.uids,
    map: facts.uidMap,
    flag: "--map-users",
    file: "/etc/subuid",
  });
  const gidMappings = mapped(groups, { inner: group, outer: process.gid }, {
    spans: subordinateIds.gids,
    map: facts.gidMap,
    flag: "--map-groups",
    file: "/etc/subgid",
  });
  // unshare(1): one's own group alone is mapped with setgroups(2) denied, whoever asks.
  const denySetgroups = setgroups === "deny" || groups.own !== undefined && groups.ranges === undefined;
  if (uidMappings.length === 0 && gidMappings.length === 0 && !denySetgroups) return null;
  return { uidMappings, gidMappings, tools: tools([users, groups], facts), denySetgroups };
}

interface IdSource {
  readonly spans: readonly IdSpan[];
  readonly map: string;
  readonly flag: string;
  readonly file: string;
}

function mapped(
  { own, ranges }: IdsChoice,
  { inner, outer }: { readonly inner: number; readonly outer: number },
  source: IdSource,
): IdMapping[] {
  const single = own === undefined ? undefined : { containerID: inner, hostID: outer, size: 1 };
  switch (ranges?.kind) {
    case undefined:
      return single === undefined ? [] : [single];
    case "ranges":
      return withOwnId(single, ranges.ranges);
    case "auto": {
      const { first, size } = firstSpan(source);
      return withOwnId(single, [{ containerID: 0, hostID: first, size }]);
    }
    case "subids": {
      const { first, size } = firstSpan(source);
      return withOwnId(single, [{ containerID: first, hostID: first, size }]);
    }
    case "all":
      return withOwnId(single, idsHere(source.map));
    default:
      return ranges satisfies never;
  }
}

function firstSpan({ spans: [first], flag, file }: IdSource): IdSpan {
  if (first !== undefined) return first;
  throw new MasuError("denied", `Map ids (${flag}): ${file} gives this user none`, {
    hint: "root can give some: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER",
  });
}

/** All ids that there are in this user namespace, as themselves. */
function idsHere(map: string): IdMapping[] {
  return map.split("\n").filter((line) => line.trim() !== "").map((line) => {
    const [containerID = 0, , size = 0] = line.trim().split(/\s+/).map(Number);
    return { containerID, hostID: containerID, size };
  });
}

/** user_namespaces(7): one's own id needs nobody; more need the capabilities, or newuidmap(1). */
function tools(choices: readonly IdsChoice[], { process, subordinateIds }: PartIdFacts): UserMapping["tools"] {
  const { capabilities } = process;
  if (capabilities.includes("CAP_SETUID") && capabilities.includes("CAP_SETGID")) return null;
  if (choices.every(({ ranges }) => ranges === undefined)) return null;
  if (subordinateIds.tools !== null) return subordinateIds.tools;
  throw new MasuError("not_found", "Map ids: newuidmap(1) and newgidmap(1), which write such maps, are missing", {
    hint: "install the package uidmap (Debian, Ubuntu) or shadow-utils",
  });
}
