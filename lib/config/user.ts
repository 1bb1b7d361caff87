/**
 * Users and groups by number or name. Names are looked up later, in the container's own files.
 *
 * @module
 */
import { mistake } from "./mistake.ts";
import { wholeIn } from "./number.ts";

/** The highest id: 4294967295 is (uid_t) -1, "no change" to the kernel. */
const IDS = { least: 0, most: 4_294_967_294 };

/** useradd(8), and the `$` of Samba's machine accounts. A name never starts with a digit: `0x1` is no user. */
const NAME = /^[a-zA-Z_][a-zA-Z0-9_.-]{0,255}\$?$/;

/** `USER[:GROUP]`, each a number or a name; returned as written. */
export function parseUser(where: string, text: string): string {
  const [user = "", group, ...rest] = text.split(":");
  if (rest.length > 0) throw mistake(where, text, "more than one colon", "USER or USER:GROUP");
  checkId(where, text, user, "user");
  if (group !== undefined) checkId(where, text, group, "group");
  return text;
}

/** A group by number or name; returned as written. */
export function parseGroup(where: string, text: string): string {
  if (text === "keep-groups") {
    throw mistake(where, text, "the caller's groups cannot be kept", "name the groups, by number or name");
  }
  checkId(where, text, text, "group");
  return text;
}

function checkId(where: string, written: string, id: string, what: "user" | "group"): void {
  if (id === "") throw mistake(where, written, `the ${what} is empty`);
  if (/^-?[0-9]+$/.test(id)) {
    if (wholeIn(id, IDS) === undefined) {
      throw mistake(where, written, `${what} ${id} is not a number between 0 and ${IDS.most}`);
    }
  } else if (!NAME.test(id)) throw mistake(where, written, `"${id}" is neither a ${what}'s number nor a name`);
}
