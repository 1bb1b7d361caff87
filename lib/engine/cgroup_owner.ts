/**
 * To whom a group is given.
 *
 * @module
 */
import { mistake } from "../config/mistake.ts";
import { parseGroup, parseUser } from "../config/user.ts";
import type { Owner } from "../core/wire.ts";
import type { MasuError } from "../error.ts";
import { parseGroupFile, parsePasswd } from "../spec/passwd.ts";
import { type CgroupHost, readTexts } from "./cgroup_host.ts";

/** As it was written. */
export interface OwnerWords {
  readonly user?: string | undefined;
  readonly group?: string | undefined;
}

/** By this host's /etc/passwd and /etc/group; undefined: nobody was named. Errors: `invalid_config`, `not_found`. */
export function ownerOf({ core, process }: CgroupHost, { user, group }: OwnerWords): Owner | undefined {
  if (user === undefined && group === undefined) return undefined;
  const read = readTexts(core, ["/etc/passwd", "/etc/group"]);
  const [passwd, groups] = [parsePasswd(read("/etc/passwd") ?? ""), parseGroupFile(read("/etc/group") ?? "")];
  const account = user === undefined ? undefined : byWord(parseUser("--user", user), passwd, ({ uid }) => uid);
  if (user !== undefined && account === undefined && !/^\d+$/.test(user)) throw unknown("--user", user, "/etc/passwd");
  const uid = user === undefined ? process.uid : account?.uid ?? Number(user);
  const found = group === undefined ? undefined : byWord(parseGroup("--group", group), groups, ({ gid }) => gid);
  if (group !== undefined && found === undefined && !/^\d+$/.test(group)) throw unknown("--group", group, "/etc/group");
  return { uid, gid: group === undefined ? account?.gid ?? process.gid : found?.gid ?? Number(group) };
}

function byWord<Entry extends { readonly name: string }>(
  word: string,
  entries: readonly Entry[],
  id: (entry: Entry) => number,
): Entry | undefined {
  return entries.find((entry) => /^\d+$/.test(word) ? id(entry) === Number(word) : entry.name === word);
}

function unknown(where: string, word: string, file: string): MasuError {
  return mistake(where, word, `no such name in ${file}`, "a number works too");
}
