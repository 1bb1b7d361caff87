/**
 * A program with exactly some capabilities, as a plan: setpriv(1), capsh(1). Pure.
 *
 * Source: capabilities(7), "Transformation of capabilities during execve()" and "Capabilities and execution of programs by root".
 *
 * @module
 */
import type { CapabilityRunConfig, SetName } from "../config/capability_run.ts";
import { changedSet } from "../config/part_identity.ts";
import type { Plan, ProcessReply, StageStep } from "../core/wire.ts";
import { invalidConfig, MasuError } from "../error.ts";
import { ALL, CAPABILITIES } from "../spec/capabilities.ts";
import type { CapabilitySets } from "../spec/capability_sets.ts";
import { parsePasswd, type ResolvedUser, resolveGroup, resolveUser, type UserDatabase } from "../spec/passwd.ts";
import { changeSecurebits, NO_AMBIENT_RAISE, NOROOT, SECUREBITS } from "../spec/securebits.ts";
import { partPlan } from "./part.ts";

/** What is read of the host for it. */
export interface CapabilityFacts {
  readonly process: Pick<ProcessReply, "uid" | "lastCapability">;
  /** masu's own. */
  readonly sets: CapabilitySets;
  readonly securebits: number;
  /** setgroups(2) is denied. */
  readonly setgroupsDenied: boolean;
  readonly database: UserDatabase;
  /** The program's environment, `NAME=value` each. */
  readonly environment: readonly string[];
}

/** What the program has once it is executed, unless its file gives it more. */
export interface CapabilityOutcome {
  readonly uid: number;
  readonly sets: CapabilitySets;
  readonly securebits: number;
}

const SETPCAP = "CAP_SETPCAP";

/** The plan. Errors: `invalid_config` sets that execve(2) never gives; `denied` what masu may not. */
export function capabilityPlan(config: CapabilityRunConfig, facts: CapabilityFacts): Plan {
  const outcome = capabilityOutcome(config, facts);
  return partPlan({ exec: capabilitySteps(config, facts, outcome), environment: facts.environment });
}

/** What the program will have. Errors: as of {@link capabilityPlan}. */
export function capabilityOutcome(config: CapabilityRunConfig, facts: CapabilityFacts): CapabilityOutcome {
  const uid = userOf(config, facts.database)?.uid ?? facts.process.uid;
  const securebits = changeSecurebits(facts.securebits & ~KEEP_CAPS, config.securebits);
  const asRoot = uid === 0 && (securebits & NOROOT) === 0;
  const choose = chooserOf(config, facts);
  const wanted = wantedAfter(choose);
  const all = CAPABILITIES.slice(0, facts.process.lastCapability + 1);
  const gone = droppedBy(config, all);
  const less = (names: readonly string[]) => names.filter((name) => !gone.has(name));
  // A change of ids from root to others clears the ambient set.
  const current = facts.process.uid === 0 && uid !== 0 ? [] : facts.sets.ambient;
  const added = config.add.includes(ALL) ? facts.sets.permitted : config.add;
  const ambient = union(
    choose("ambient", less(current)) ?? (asRoot || wanted === undefined ? less(current) : wanted),
    asRoot ? [] : added,
  );
  const bounding = less(choose("bounding", facts.sets.bounding) ?? (asRoot && wanted || facts.sets.bounding));
  const inherited = choose("inheritable", less(facts.sets.inheritable));
  checkInherited(inherited, ambient);
  const kept = less(facts.sets.inheritable).filter((name) => !asRoot || (wanted?.includes(name) ?? true));
  const inheritable = inherited ?? union(kept, ambient);
  const permitted = asRoot ? union(inheritable, bounding) : ambient;
  const sets = { inheritable, permitted, effective: permitted, bounding, ambient };
  checkAsked({ wanted, added, asRoot }, sets);
  checkRights(facts, sets, securebits);
  return { uid, sets, securebits };
}

/** SECBIT_KEEP_CAPS, which execve(2) clears. */
const KEEP_CAPS = 1 << 4;

type Choose = (name: SetName, current: readonly string[]) => string[] | undefined;

/** What is written of a set; undefined: nothing. */
function chooserOf({ sets }: CapabilityRunConfig, { process: { lastCapability }, sets: own }: CapabilityFacts): Choose {
  const all = CAPABILITIES.slice(0, lastCapability + 1);
  return (name, current) => {
    const choice = sets[name];
    if (choice === undefined) return undefined;
    if (choice.kind === "changes") {
      return changedSet(name === "effective" || name === "permitted" ? own.permitted : current, choice.changes, all);
    }
    // What the host's bounding set lacks nobody can have: "all" is all that there is.
    if (choice.names.includes(ALL)) return all.filter((known) => own.bounding.includes(known));
    return ordered(choice.names);
  };

  function ordered(names: readonly string[]): string[] {
    const unknown = names.find((name) => !all.includes(name));
    if (unknown !== undefined) {
      throw new MasuError("kernel_lacks", `Use capability "${unknown}": this kernel does not know it`);
    }
    return all.filter((known) => names.includes(known));
  }
}

/** The permitted and effective ones that are asked for; undefined: nothing is said. */
function wantedAfter(choose: Choose): string[] | undefined {
  const [permitted, effective] = [choose("permitted", []), choose("effective", [])];
  if (permitted !== undefined && effective !== undefined && !same(permitted, effective)) {
    throw invalidConfig(
      "Read --permitted and --effective: execve(2) makes all effective that it permits",
      "one of both; the program itself can give up what is effective",
    );
  }
  return permitted ?? effective;
}

function droppedBy({ drop, add }: CapabilityRunConfig, all: readonly string[]): ReadonlySet<string> {
  const names = drop.includes(ALL) ? all : drop;
  return new Set(add.includes(ALL) ? [] : names.filter((name) => !add.includes(name)));
}

function checkInherited(inherited: readonly string[] | undefined, ambient: readonly string[]): void {
  const missing = inherited && ambient.find((name) => !inherited.includes(name));
  if (missing === undefined) return;
  throw invalidConfig(
    `Read --inheritable: "${missing}" is to be ambient, and what is ambient is inheritable`,
    "leave --inheritable out, or name it there too",
  );
}

interface Asked {
  readonly wanted: readonly string[] | undefined;
  readonly added: readonly string[];
  readonly asRoot: boolean;
}

/** What is asked for against what execve(2) makes of it. */
function checkAsked({ wanted, added, asRoot }: Asked, { permitted }: CapabilitySets): void {
  const absent = added.find((name) => !permitted.includes(name));
  if (absent !== undefined) {
    throw new MasuError("denied", `Add capability "${absent}" (--add): it is not in the bounding set`, {
      hint: "what is taken from that set never comes back: capabilities(7)",
    });
  }
  if (wanted === undefined || same(wanted, permitted)) return;
  const rule = asRoot
    ? "a program of root has what is bounding or inheritable"
    : "a program that is not root has what is ambient";
  const differing = [
    ...wanted.filter((name) => !permitted.includes(name)),
    ...permitted.filter((name) => !wanted.includes(name)),
  ];
  throw invalidConfig(
    `Read --permitted or --effective: ${rule}, and that differs by ${differing.join(", ")}`,
    asRoot ? "leave --bounding and --inheritable out, or --securebits +noroot" : "leave --ambient out",
  );
}

function checkRights({ sets: own, securebits: before }: CapabilityFacts, sets: CapabilitySets, after: number): void {
  const setpcap = own.permitted.includes(SETPCAP);
  const missing = sets.ambient.find((name) => !own.permitted.includes(name));
  if (missing !== undefined) throw denied(missing, "ambient", "masu does not have it itself");
  const more = sets.bounding.find((name) => !own.bounding.includes(name));
  if (more !== undefined) throw denied(more, "bounding", "it is not in the bounding set, from which can only be taken");
  const inherited = sets.inheritable.find((name) =>
    !own.inheritable.includes(name) && !(own.bounding.includes(name) && (setpcap || own.permitted.includes(name)))
  );
  if (inherited !== undefined) throw denied(inherited, "inheritable", "masu does not have it itself");
  if (!setpcap && (!same(sets.bounding, own.bounding) || before !== after)) {
    const what = before === after ? "Take capabilities from the bounding set" : "Change the securebits";
    throw new MasuError("denied", `${what}: it needs the capability CAP_SETPCAP`, {
      hint: "--no-new-privs needs none, and no program gains a capability by its file then; " +
        "in a user namespace everybody may: masu ns run --user --map-root -- masu cap run ...",
    });
  }
  checkBits(before, after);
  if (sets.ambient.length > 0 && (before & NO_AMBIENT_RAISE) !== 0) {
    throw new MasuError("denied", "Make capabilities ambient: the securebit no_cap_ambient_raise forbids it");
  }
}

function checkBits(before: number, after: number): void {
  for (const [name, bit] of SECUREBITS) {
    const locked = (before & bit << 1) !== 0 && !name.endsWith("_locked");
    const changed = ((before ^ after) & bit) !== 0;
    if (changed && locked || name.endsWith("_locked") && (before & bit & ~after) !== 0) {
      throw new MasuError("denied", `Change the securebit "${name}": it is locked`);
    }
  }
}

function denied(name: string, set: SetName, cause: string): MasuError {
  return new MasuError("denied", `Make capability "${name}" ${set}: ${cause}`);
}

/**
 * Ids first, capabilities kept meanwhile, then the sets while masu still has all its rights, and at last only what the program
 * has too, so that it is found with its own rights.
 */
function capabilitySteps(config: CapabilityRunConfig, facts: CapabilityFacts, outcome: CapabilityOutcome): StageStep[] {
  const { sets, securebits } = outcome;
  const own = facts.sets;
  const touched = Object.keys(config.sets).length + config.drop.length + config.add.length + config.securebits.length;
  // Without a word about capabilities the kernel's own rule holds: who stops being root loses them.
  const ids = idSteps(config, facts, touched > 0);
  if (touched === 0) return [...ids, ...noNewPrivileges(config)];
  const { inheritable, ambient } = sets;
  const set = (names: readonly string[]): StageStep => ({
    kind: "set_capabilities",
    permitted: [...names],
    effective: [...names],
    inheritable: [...inheritable],
    ambient: [...ambient],
  });
  const raisable = (securebits & NO_AMBIENT_RAISE) === 0;
  // A change of ids has left the effective set empty.
  const needsRights = !raisable || securebits !== facts.securebits || !same(sets.bounding, own.bounding) ||
    inheritable.some((name) => !own.inheritable.includes(name) && !ambient.includes(name));
  return [
    ...ids,
    ...(needsRights ? [set(own.permitted)] : []),
    ...(securebits === facts.securebits ? [] : [{ kind: "set_securebits", bits: securebits } as const]),
    ...(same(sets.bounding, own.bounding) ? [] : [{ kind: "set_bounding_set" as const, keep: [...sets.bounding] }]),
    ...(raisable ? [set(own.permitted.filter((name) => sets.permitted.includes(name)))] : []),
    ...noNewPrivileges(config),
  ];
}

function noNewPrivileges({ noNewPrivileges }: CapabilityRunConfig): StageStep[] {
  return noNewPrivileges ? [{ kind: "no_new_privileges" }] : [];
}

function idSteps(
  { user, group, keepGroups }: CapabilityRunConfig,
  facts: CapabilityFacts,
  keepCapabilities: boolean,
): StageStep[] {
  if (user === undefined && group === undefined) return [];
  const found = userOf({ user, group }, facts.database);
  const gid = group === undefined ? found?.gid ?? null : resolveGroup(group, facts.database);
  // initgroups(3): the group itself is among them.
  const all = found === undefined ? [] : [...new Set([...gid === null ? [] : [gid], ...found.groups])];
  const groups = keepGroups || facts.setgroupsDenied ? null : all;
  const uid = found?.uid ?? null;
  return [{
    kind: "set_ids",
    realUid: uid,
    effectiveUid: uid,
    realGid: gid,
    effectiveGid: gid,
    groups,
    keepCapabilities,
  }];
}

/** Whom the program runs as. Errors: `invalid_config` no such user, or nobody knows the group. */
function userOf(
  { user, group }: { readonly user?: string | undefined; readonly group?: string | undefined },
  database: UserDatabase,
): ResolvedUser | undefined {
  if (user === undefined) return undefined;
  const [name = "", ownGroup] = user.split(":");
  const known = parsePasswd(database.passwd ?? "").some((entry) => entry.name === name || `${entry.uid}` === name);
  if (!known && !/^\d+$/.test(name)) throw invalidConfig(`Use --user "${user}": no such name in /etc/passwd`);
  if (!known && ownGroup === undefined && group === undefined) {
    throw invalidConfig(`Use --user "${user}": /etc/passwd does not say which group`, `--user ${user}:${user}`);
  }
  return resolveUser(user, database);
}

/** In the order of their numbers. */
function union(one: readonly string[], other: readonly string[]): string[] {
  return CAPABILITIES.filter((name) => one.includes(name) || other.includes(name));
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name) => other.includes(name));
}
