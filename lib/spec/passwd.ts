/**
 * Users and groups of a container, from the text of its own passwd(5) and group(5). No library of the container is ever loaded
 * for it (no NSS), and the text was read inside its root, so no more of it is believed than what is needed here.
 *
 * @module
 */
import { invalidConfig } from "../error.ts";

/** One line of /etc/passwd. */
export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** One line of /etc/group. */
export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** The texts; null: no such file. */
export interface UserDatabase {
  readonly passwd: string | null;
  readonly group: string | null;
}

/** Whom a program runs as. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** Groups that /etc/group gives to the user; without the primary one. Empty when a group was named. */
  readonly groups: readonly number[];
  /** HOME. */
  readonly home: string;
}

/** The highest id; 4294967295 is (uid_t) -1, which means "no change" to the kernel. */
const LAST_ID = 4_294_967_294;

/** The lines that make sense. */
export function parsePasswd(text: string): PasswdEntry[] {
  const entries: PasswdEntry[] = [];
  for (const line of text.split("\n")) {
    const [name = "", , uid = "", gid = "", , home = ""] = line.split(":");
    const user = parseId(uid);
    const group = parseId(gid);
    if (name !== "" && user !== undefined && group !== undefined) entries.push({ name, uid: user, gid: group, home });
  }
  return entries;
}

/** The lines that make sense. */
export function parseGroupFile(text: string): GroupEntry[] {
  const entries: GroupEntry[] = [];
  for (const line of text.split("\n")) {
    const [name = "", , gid = "", members = ""] = line.split(":");
    const group = parseId(gid);
    if (name === "" || group === undefined) continue;
    entries.push({ name, gid: group, members: members.split(",").map((name) => name.trim()).filter(Boolean) });
  }
  return entries;
}

/**
 * Resolves `--user`: `UID`, `UID:GID`, `NAME`, `NAME:GROUP`; undefined is root.
 *
 * A number need not be in the files; its primary group is then 0, as with docker. `root` needs no file either.
 * Errors: `invalid_config` not an id and not a name of the container's.
 */
export function resolveUser(text: string | undefined, database: UserDatabase): ResolvedUser {
  const [user = "", group, ...rest] = (text ?? "0").split(":");
  if (rest.length > 0) throw invalidConfig(`Use user "${text}": more than one colon`, "USER or USER:GROUP");
  if (user === "") throw invalidConfig(`Use user "${text}": it is empty`, "leave --user out to run as root");
  const entry = findUser(user, text ?? user, database);
  const groups = parseGroupFile(database.group ?? "");
  if (group !== undefined) {
    return { uid: entry.uid, gid: findGroup(group, "user", text ?? user, groups), groups: [], home: homeOf(entry) };
  }
  const further = entry.name === "" ? [] : groups.filter(({ members }) => members.includes(entry.name));
  return {
    uid: entry.uid,
    gid: entry.gid,
    groups: unique(further.map(({ gid }) => gid).filter((gid) => gid !== entry.gid)),
    home: homeOf(entry),
  };
}

/** Resolves one word of `--group-add`. */
export function resolveGroup(text: string, database: UserDatabase): number {
  return findGroup(text, "group", text, parseGroupFile(database.group ?? ""));
}

function findUser(user: string, written: string, { passwd }: UserDatabase): PasswdEntry {
  const number = parseNumber(user, "user", written);
  const entry = parsePasswd(passwd ?? "").find(({ name, uid }) =>
    number === undefined ? name === user : uid === number
  );
  if (entry !== undefined) return entry;
  if (number !== undefined) return { name: "", uid: number, gid: 0, home: "" };
  if (user === "root") return { name: "root", uid: 0, gid: 0, home: "" };
  const where = passwd === null ? "the container has no /etc/passwd" : "no such name in the container's /etc/passwd";
  throw invalidConfig(`Use user "${written}": ${where}`, "a number works without it, for example --user 1000:1000");
}

function findGroup(group: string, what: string, written: string, groups: readonly GroupEntry[]): number {
  const number = parseNumber(group, what, written);
  const entry = groups.find(({ name, gid }) => number === undefined ? name === group : gid === number);
  if (entry !== undefined) return entry.gid;
  if (number !== undefined) return number;
  if (group === "root") return 0;
  throw invalidConfig(
    `Use ${what} "${written}": no group "${group}" in the container's /etc/group`,
    "a number works without it",
  );
}

/** An id where the text is a number, undefined where it is a name. */
function parseNumber(text: string, what: string, written: string): number | undefined {
  if (!/^-?[0-9]+$/.test(text)) return undefined;
  const id = parseId(text);
  if (id === undefined) throw invalidConfig(`Use ${what} "${written}": ${text} is not between 0 and ${LAST_ID}`);
  return id;
}

/** Decimal digits only: no sign, no `0x1`, no blank. */
function parseId(text: string): number | undefined {
  if (!/^[0-9]{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= LAST_ID ? id : undefined;
}

/** An absolute path without control characters, else `/`. */
function homeOf({ home }: PasswdEntry): string {
  return /^\/\P{Cc}*$/u.test(home) ? home : "/";
}

function unique(numbers: readonly number[]): number[] {
  return [...new Set(numbers)];
}
