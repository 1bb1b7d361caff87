/**
 * Subordinate ids: subuid(5), subgid(5), newuidmap(1).
 *
 * @module
 */
import type { Fact, Look, MapTools, ProcessReply } from "../core/wire.ts";
import { userByID } from "./process.ts";
import { fileFact, look, type Sightings } from "./sightings.ts";

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

const SUBUID = "/etc/subuid";
const SUBGID = "/etc/subgid";

/** Where distributions put setuid programs. Never PATH: what is started there gets to write maps as root. */
const TOOL_DIRECTORIES = ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin", "/run/wrappers/bin"];

/** What has to be looked at. */
export function subordinateLooks(): Look[] {
  const tools = TOOL_DIRECTORIES.flatMap((directory) => [
    look("stat", `${directory}/newuidmap`),
    look("stat", `${directory}/newgidmap`),
  ]);
  return [look("text", SUBUID), look("text", SUBGID), ...tools];
}

/**
 * What was seen. Ranges are given to a name or to a number; root's are those of the user `masu`, made for this, before root's own.
 *
 * `passwd`: text of the host's /etc/passwd.
 */
export function subordinateIDs(
  { uid }: Pick<ProcessReply, "uid">,
  sight: Sightings,
  passwd: string | null,
): SubordinateIds {
  const uids = sight.text(SUBUID) ?? "";
  const gids = sight.text(SUBGID) ?? "";
  const name = userByID(passwd ?? "", uid)?.name;
  const owners = [`${uid}`, ...(name === undefined ? [] : [name])];
  const own = (text: string) => [
    ...(uid === 0 ? parseSubordinateIds(text, ["masu"]) : []),
    ...parseSubordinateIds(text, owners),
  ];
  const newuidmap = tool("newuidmap", sight);
  const newgidmap = tool("newgidmap", sight);
  return {
    uids: own(uids),
    gids: own(gids),
    allUids: parseSubordinateIds(uids, null),
    allGids: parseSubordinateIds(gids, null),
    tools: newuidmap === null || newgidmap === null ? null : { newuidmap, newgidmap },
  };
}

/** The facts that user namespaces depend on. */
export function subordinateFacts(sight: Sightings): Fact[] {
  return [
    fileFact("subordinate.uids", SUBUID, sight.seen("text", SUBUID).status),
    fileFact("subordinate.gids", SUBGID, sight.seen("text", SUBGID).status),
    ...["newuidmap", "newgidmap"].map((name) => {
      const path = tool(name, sight) ?? `${TOOL_DIRECTORIES[0]}/${name}`;
      return fileFact(`subordinate.${name}`, path, sight.status(path));
    }),
  ];
}

function tool(name: string, sight: Sightings): string | null {
  const paths = TOOL_DIRECTORIES.map((directory) => `${directory}/${name}`);
  return paths.find((path) => sight.status(path)?.kind === "file") ?? null;
}
