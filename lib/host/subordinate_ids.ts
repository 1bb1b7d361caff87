/**
 * Subordinate ids: subuid(5), subgid(5), newuidmap(1).
 *
 * @module
 */
import type { MapTools } from "../core/wire.ts";

/** Ids that a user may map in a user namespace besides the own one. */
export interface IdSpan {
  /** First id. */
  readonly first: number;
  /** How many. */
  readonly size: number;
}

/** What /etc/subuid and /etc/subgid give to this user. */
export interface SubordinateIds {
  readonly uids: readonly IdSpan[];
  readonly gids: readonly IdSpan[];
  /** Ids given to whoever: a range of masu's own must not meet these. */
  readonly allUids: readonly IdSpan[];
  readonly allGids: readonly IdSpan[];
  /** The setuid programs; null: not both there. */
  readonly tools: MapTools | null;
}

/** Spans that a file gives to any of `owners` (names and ids), in the file's order; `null` takes every line. */
export function parseSubordinateIds(text: string, owners: readonly string[] | null): IdSpan[] {
  const spans: IdSpan[] = [];
  for (const line of text.split("\n")) {
    const match = /^([^:#]+):(\d+):(\d+)\s*$/.exec(line);
    if (match === null) continue;
    const [, owner = "", first, size] = match;
    const span = { first: Number(first), size: Number(size) };
    if (span.size > 0 && (owners === null || owners.includes(owner))) spans.push(span);
  }
  return spans;
}
