/**
 * Who a program on its own is and what it may do, in the words of setpriv(1) and unshare(1).
 *
 * Source: setpriv(1), unshare(1), capabilities(7).
 *
 * @module
 */
import { ALL } from "../spec/capabilities.ts";
import { parseSignal } from "../spec/signal.ts";
import { invalidConfig } from "../error.ts";
import { parseCapabilityWord } from "./capability.ts";
import { mistake, notAmong } from "./mistake.ts";
import { parseGroup, parseUser } from "./user.ts";

/** One change of a set of capabilities. `name` may be `ALL`. */
export interface CapabilityChange {
  readonly add: boolean;
  readonly name: string;
}

/** Which supplementary groups. */
export type GroupsChoice =
  | { readonly kind: "keep" | "clear" | "init" }
  | { readonly kind: "list"; readonly groups: readonly string[] };

/** What is asked for; absent: as it is. Users and groups are numbers or names as they were written. */
export interface IdentityConfig {
  readonly realUser?: string;
  readonly effectiveUser?: string;
  readonly realGroup?: string;
  readonly effectiveGroup?: string;
  readonly groups?: GroupsChoice;
  readonly bounding: readonly CapabilityChange[];
  readonly inheritable: readonly CapabilityChange[];
  readonly ambient: readonly CapabilityChange[];
  /** Taken from every set. */
  readonly capDrop: readonly string[];
  /** Kept by `capDrop` ALL, and ambient: a program that is not root has them too. */
  readonly capAdd: readonly string[];
  /** All that masu has, or that a new user namespace gives, becomes ambient. */
  readonly keepCapabilities: boolean;
  readonly noNewPrivileges: boolean;
  /** The signal at the end of whoever started it; 0: none. */
  readonly parentDeathSignal?: number;
}

/** The same as it is written. */
export interface IdentityWords {
  readonly user?: string | undefined;
  readonly realUser?: string | undefined;
  readonly effectiveUser?: string | undefined;
  readonly group?: string | undefined;
  readonly realGroup?: string | undefined;
  readonly effectiveGroup?: string | undefined;
  readonly groups?: string | undefined;
  readonly clearGroups?: boolean;
  readonly keepGroups?: boolean;
  readonly initGroups?: boolean;
  readonly boundingSet?: readonly string[];
  readonly inheritable?: readonly string[];
  readonly ambient?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly capAdd?: readonly string[];
  readonly keepCaps?: boolean;
  readonly noNewPrivileges?: boolean;
  readonly parentDeathSignal?: string | undefined;
}

/** Reads all of it. Errors: `invalid_config`, with the flag. */
export function parseIdentity(words: IdentityWords): IdentityConfig {
  const realUser = id("--ruid", words.realUser, parsePlainUser) ?? id("--setuid", words.user, parsePlainUser);
  const effectiveUser = id("--euid", words.effectiveUser, parsePlainUser) ?? id("--setuid", words.user, parsePlainUser);
  const realGroup = id("--rgid", words.realGroup, parseGroup) ?? id("--setgid", words.group, parseGroup);
  const effectiveGroup = id("--egid", words.effectiveGroup, parseGroup) ?? id("--setgid", words.group, parseGroup);
  const groups = parseGroups(words);
  if (groups?.kind === "init" && effectiveUser === undefined) {
    throw invalidConfig('Read flag "--init-groups": it needs a user', "--setuid USER");
  }
  const signal = words.parentDeathSignal;
  return {
    ...(realUser !== undefined && { realUser }),
    ...(effectiveUser !== undefined && { effectiveUser }),
    ...(realGroup !== undefined && { realGroup }),
    ...(effectiveGroup !== undefined && { effectiveGroup }),
    ...(groups !== undefined && { groups }),
    bounding: parseCapabilityChanges("--bounding-set", words.boundingSet ?? []),
    inheritable: parseCapabilityChanges("--inh-caps", words.inheritable ?? []),
    ambient: parseCapabilityChanges("--ambient-caps", words.ambient ?? []),
    capDrop: parseCapabilities("--cap-drop", words.capDrop ?? []),
    capAdd: parseCapabilities("--cap-add", words.capAdd ?? []),
    keepCapabilities: words.keepCaps === true,
    noNewPrivileges: words.noNewPrivileges === true,
    ...(signal !== undefined && signal !== "keep" &&
      { parentDeathSignal: signal === "clear" ? 0 : parseSignal(signal) }),
  };
}

function id(
  where: string,
  text: string | undefined,
  parse: (where: string, text: string) => string,
): string | undefined {
  return text === undefined ? undefined : parse(where, text);
}

function parsePlainUser(where: string, text: string): string {
  if (text.includes(":")) throw mistake(where, text, "a user alone is meant", "--setgid takes the group");
  return parseUser(where, text);
}

function parseGroups(words: IdentityWords): GroupsChoice | undefined {
  const { groups, clearGroups, keepGroups, initGroups } = words;
  const written: [flag: string, choice: GroupsChoice][] = [
    ...(groups === undefined ? [] : [["--groups", { kind: "list", groups: listed(groups) }] as [string, GroupsChoice]]),
    ...(clearGroups === true ? [["--clear-groups", { kind: "clear" }] as [string, GroupsChoice]] : []),
    ...(keepGroups === true ? [["--keep-groups", { kind: "keep" }] as [string, GroupsChoice]] : []),
    ...(initGroups === true ? [["--init-groups", { kind: "init" }] as [string, GroupsChoice]] : []),
  ];
  const [first, second] = written;
  if (first !== undefined && second !== undefined) {
    throw invalidConfig(`Read flag "${second[0]}": it contradicts ${first[0]}`);
  }
  return first?.[1];
}

function listed(text: string): string[] {
  return text.split(",").map((group) => parseGroup("--groups", group));
}

/** setpriv(1): `+net_admin,-all`. */
export function parseCapabilityChanges(where: string, texts: readonly string[]): CapabilityChange[] {
  return texts.flatMap((text) => text.split(",")).map((word) => {
    const sign = word.charAt(0);
    if (sign !== "+" && sign !== "-") {
      throw mistake(where, word, "it has no sign", `+${word} adds it, -${word} takes it away, as setpriv(1) has it`);
    }
    return { add: sign === "+", name: parseCapabilityWord(where, word.slice(1)) };
  });
}

function parseCapabilities(where: string, texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split(",")).map((word) => parseCapabilityWord(where, word));
}

/** A set with its changes, in the order of `known`. */
export function changedSet(
  set: readonly string[],
  changes: readonly CapabilityChange[],
  known: readonly string[],
): string[] {
  const changed = new Set(set);
  for (const { add, name } of changes) {
    for (const each of name === ALL ? known : [name]) {
      if (add) changed.add(each);
      else changed.delete(each);
    }
  }
  return known.filter((name) => changed.has(name));
}

/** Of unshare(1) and setpriv(1): one of two words. */
export function parseChoice<Word extends string>(where: string, text: string, words: readonly Word[]): Word {
  const word = words.find((word) => word === text);
  if (word === undefined) throw notAmong(where, text, "no such choice", words);
  return word;
}
