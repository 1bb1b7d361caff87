/**
 * A program with exactly some capabilities, as it is written.
 *
 * @module
 */
import { ALL } from "../spec/capabilities.ts";
import { parseCapabilityWord } from "./capability.ts";
import { mistake } from "./mistake.ts";
import { type CapabilityChange, parseCapabilityChanges } from "./part_identity.ts";
import { parseGroup, parseUser } from "./user.ts";

/** The sets of a process: capabilities(7). */
export const SET_NAMES = ["bounding", "permitted", "effective", "inheritable", "ambient"] as const;

/** One of them. */
export type SetName = typeof SET_NAMES[number];

/** What a set is to be: exactly these (`ALL` stands for every one), or what it is with changes. */
export type SetChoice =
  | { readonly kind: "exact"; readonly names: readonly string[] }
  | { readonly kind: "changes"; readonly changes: readonly CapabilityChange[] };

/** What is meant. */
export interface CapabilityRunConfig {
  /** Those of the program, after execve(2). */
  readonly sets: Partial<Readonly<Record<SetName, SetChoice>>>;
  /** Taken from every set. */
  readonly drop: readonly string[];
  /** Kept by `drop`, and had by the program whoever it runs as. */
  readonly add: readonly string[];
  /** `USER` or `USER:GROUP`. */
  readonly user?: string;
  readonly group?: string;
  /** The caller's supplementary groups stay. */
  readonly keepGroups: boolean;
  readonly noNewPrivileges: boolean;
  /** `+noroot`, `-no_setuid_fixup`. */
  readonly securebits: readonly string[];
  readonly arguments: readonly string[];
}

/** The same as it is written. */
export interface CapabilityRunWords {
  readonly sets: Partial<Readonly<Record<SetName, readonly string[]>>>;
  readonly drop?: readonly string[];
  readonly add?: readonly string[];
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  readonly keepGroups?: boolean;
  readonly noNewPrivileges?: boolean;
  readonly securebits?: readonly string[];
}

/** Reads it. Errors: `invalid_config` for the first mistake. */
export function parseCapabilityRun(words: CapabilityRunWords, program: readonly string[]): CapabilityRunConfig {
  const sets = SET_NAMES.flatMap((name) => {
    const texts = words.sets[name] ?? [];
    return texts.length === 0 ? [] : [[name, parseSet(`--${name}`, texts)] as const];
  });
  return {
    sets: Object.fromEntries(sets),
    drop: parseNames("--drop", words.drop ?? []),
    add: parseNames("--add", words.add ?? []),
    ...(words.user !== undefined && { user: parseUser("--user", words.user) }),
    ...(words.group !== undefined && { group: parseGroup("--group", words.group) }),
    keepGroups: words.keepGroups === true,
    noNewPrivileges: words.noNewPrivileges === true,
    securebits: (words.securebits ?? []).flatMap((text) => text.split(",")),
    arguments: program,
  };
}

/** `net_raw,chown`, `none`, `all`, or as of setpriv(1) `-all,+net_raw`. */
export function parseSet(where: string, texts: readonly string[]): SetChoice {
  const words = texts.flatMap((text) => text.split(","));
  const changes = words.filter((word) => /^[+-]/.test(word));
  if (changes.length === 0) return { kind: "exact", names: parseNames(where, words) };
  const plain = words.find((word) => !/^[+-]/.test(word));
  if (plain !== undefined) {
    throw mistake(where, texts.join(","), `"${plain}" has neither + nor - before it`, "all of them, or none");
  }
  return { kind: "changes", changes: parseCapabilityChanges(where, texts) };
}

/** Names, of which `none` alone is no one. */
export function parseNames(where: string, texts: readonly string[]): string[] {
  const words = texts.flatMap((text) => text.split(","));
  if (words.length === 1 && ["none", ""].includes(words[0]?.toLowerCase() ?? "")) return [];
  const names = words.map((word) => parseCapabilityWord(where, word.trim()));
  return names.includes(ALL) ? [ALL] : [...new Set(names)];
}
