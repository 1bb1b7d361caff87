/**
 * Whose ids a container has: the user namespace, and the ranges of ids in it.
 *
 * Source: user_namespaces(7), subuid(5).
 *
 * @module
 */
import type { IdRange, UserNamespaceMode } from "../config/run_config.ts";
import { MasuError } from "../error.ts";
import type { HostFacts } from "../host/facts.ts";
import { isPrivileged } from "../host/process.ts";
import type { IdSpan } from "../host/subordinate_ids.ts";
import type { LinuxIdMapping } from "./oci.ts";

/** The ids of a container. */
export type ContainerIds =
  /** No user namespace of its own: the host's ids. */
  | { readonly kind: "host" }
  /** A new one with these ranges. */
  | { readonly kind: "mapped"; readonly uids: readonly LinuxIdMapping[]; readonly gids: readonly LinuxIdMapping[] }
  /** That of another container, whose namespaces an ordinary user could not join otherwise; this is its first process. */
  | { readonly kind: "joined"; readonly pid: number };

/** What the decision needs of the host. */
export type IdFacts = Pick<HostFacts, "process" | "subordinateIds">;

/** How many ids a container gets where they can be had: as many as a Unix system has had since 16-bit days. */
const SPAN = 65_536;

/**
 * Where root's containers get their ids from when /etc/subuid says nothing: past the ranges that systemd hands out
 * (524288 to 1879048191, systemd's UIDS-GIDS.md), below 2^31.
 */
const FIRST_FREE_ID = 0x7000_0000;

/**
 * Decides the container's ids. An ordinary user gets a user namespace in any case: nothing else lets them mount.
 *
 * `joined`: first process of a container whose namespaces are joined, if any.
 * Errors: `denied` an ordinary user asked for the host's ids.
 */
export function containerIds(mode: UserNamespaceMode | undefined, facts: IdFacts, joined: number | null): ContainerIds {
  const privileged = isPrivileged(facts.process);
  switch (mode?.kind) {
    case undefined:
      if (privileged) return { kind: "host" };
      return joined === null ? userRanges(facts) : { kind: "joined", pid: joined };
    case "host":
      if (privileged) return { kind: "host" };
      throw new MasuError("denied", `Run without a user namespace (--userns host): only root may`, {
        hint: "leave --userns out: a user namespace makes this user root of the container",
      });
    case "private":
      return privileged ? rootRanges(facts) : userRanges(facts);
    case "maps":
      return {
        kind: "mapped",
        uids: ranges(mode.uidMaps),
        gids: ranges(mode.gidMaps.length > 0 ? mode.gidMaps : mode.uidMaps),
      };
    default:
      return mode satisfies never;
  }
}

/** Whether an id of the container means anything outside. */
export function isMapped(id: number, ranges: readonly LinuxIdMapping[]): boolean {
  return ranges.some(({ containerID, size }) => id >= containerID && id < containerID + size);
}

/** The user is root of the container; further ids are the subordinate ones, where newuidmap(1) and newgidmap(1) can write them. */
function userRanges({ process, subordinateIds }: IdFacts): ContainerIds {
  const { tools, uids, gids } = subordinateIds;
  const whole = tools !== null && uids.length > 0 && gids.length > 0;
  return {
    kind: "mapped",
    uids: [{ containerID: 0, hostID: process.uid, size: 1 }, ...(whole ? consecutive(1, uids) : [])],
    gids: [{ containerID: 0, hostID: process.gid, size: 1 }, ...(whole ? consecutive(1, gids) : [])],
  };
}

/** Root's own subordinate ids, else a range that nobody was given. */
function rootRanges({ subordinateIds: { uids, gids, allUids, allGids } }: IdFacts): ContainerIds {
  const free = [{ first: Math.max(firstFree(allUids), firstFree(allGids)), size: SPAN }];
  return {
    kind: "mapped",
    uids: consecutive(0, uids.length > 0 ? uids : free),
    gids: consecutive(0, gids.length > 0 ? gids : free),
  };
}

function firstFree(taken: readonly IdSpan[]): number {
  let first = FIRST_FREE_ID;
  for (const span of taken.toSorted((a, b) => a.first - b.first)) {
    if (span.first < first + SPAN && span.first + span.size > first) first = span.first + span.size;
  }
  return first;
}

/** Spans of the host one after the other in the container. */
function consecutive(from: number, spans: readonly IdSpan[]): LinuxIdMapping[] {
  let containerID = from;
  return spans.map(({ first, size }) => {
    const range = { containerID, hostID: first, size };
    containerID += size;
    return range;
  });
}

function ranges(written: readonly IdRange[]): LinuxIdMapping[] {
  return written.map(({ containerID, hostID, size }) => ({ containerID, hostID, size }));
}
