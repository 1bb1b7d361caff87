/**
 * Who a program on its own is and what it may do, as steps. Pure.
 *
 * @module
 */
import { changedSet, type IdentityConfig } from "../config/part_identity.ts";
import type { StageStep } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { ALL, CAPABILITIES } from "../spec/capabilities.ts";
import type { CapabilitySets } from "../spec/capability_sets.ts";
import { resolveGroup, resolveUser, type UserDatabase } from "../spec/passwd.ts";

/** What the steps depend on. */
export interface IdentitySituation {
  /** What the process has when they begin. */
  readonly sets: CapabilitySets;
  /** The highest capability that the kernel knows, by number. */
  readonly lastCapability: number;
  /** setgroups(2) is denied. */
  readonly setgroupsDenied: boolean;
  /** The host's names. */
  readonly database: UserDatabase;
}

/**
 * The steps, in the order of setpriv(1): the bounding set, the ids with capabilities kept, the other sets, no_new_privs, and the
 * parent death signal, which a change of ids clears. PR_SET_PDEATHSIG(2const)
 *
 * Errors: `invalid_config` no such user or group; `denied` a capability that cannot be had.
 */
export function identitySteps(config: IdentityConfig, situation: IdentitySituation): StageStep[] {
  return [
    ...boundingSteps(config, situation),
    ...idSteps(config, situation),
    ...capabilitySteps(config, situation),
    ...(config.noNewPrivileges ? [{ kind: "no_new_privileges" } as const] : []),
    ...(config.parentDeathSignal === undefined
      ? []
      : [{ kind: "set_parent_death_signal", signal: config.parentDeathSignal } as const]),
  ];
}

function known({ lastCapability }: IdentitySituation): readonly string[] {
  return CAPABILITIES.slice(0, lastCapability + 1);
}

function dropped({ capDrop, capAdd }: IdentityConfig, all: readonly string[]): ReadonlySet<string> {
  return new Set(capDrop.includes(ALL) ? all.filter((name) => !capAdd.includes(name)) : capDrop);
}

function boundingSteps(config: IdentityConfig, situation: IdentitySituation): StageStep[] {
  if (config.bounding.length === 0 && config.capDrop.length === 0) return [];
  const all = known(situation);
  const gone = dropped(config, all);
  const keep = changedSet(situation.sets.bounding, config.bounding, all).filter((name) => !gone.has(name));
  const more = keep.find((name) => !situation.sets.bounding.includes(name));
  if (more !== undefined) {
    throw new MasuError("denied", `Add capability "${more}" (--bounding-set): it is not in the bounding set`, {
      hint: "capabilities can only be taken from this set: capabilities(7)",
    });
  }
  return [{ kind: "set_bounding_set", keep }];
}

function idSteps(config: IdentityConfig, situation: IdentitySituation): StageStep[] {
  const { realUser, effectiveUser, realGroup, effectiveGroup } = config;
  const groups = groupsOf(config, situation);
  const { database } = situation;
  const user = (word: string | undefined) => word === undefined ? null : resolveUser(word, database).uid;
  const group = (word: string | undefined) => word === undefined ? null : resolveGroup(word, database);
  const ids = {
    realUid: user(realUser),
    effectiveUid: user(effectiveUser),
    realGid: group(realGroup),
    effectiveGid: group(effectiveGroup),
  };
  if (groups === null && Object.values(ids).every((id) => id === null)) return [];
  return [{ kind: "set_ids", ...ids, groups, keepCapabilities: true }];
}

/** unshare(1) and nsenter(1): another group, and none of the old ones beside it. null: as they are. */
function groupsOf(config: IdentityConfig, { setgroupsDenied, database }: IdentitySituation): number[] | null {
  const { groups, effectiveGroup, realGroup } = config;
  switch (groups?.kind) {
    case undefined:
      return (effectiveGroup ?? realGroup) === undefined || setgroupsDenied ? null : [];
    case "keep":
      return null;
    case "clear":
      return [];
    case "init": {
      const found = resolveUser(config.effectiveUser, database);
      const primary = effectiveGroup === undefined ? found.gid : resolveGroup(effectiveGroup, database);
      return [...new Set([primary, ...found.groups])];
    }
    case "list":
      return groups.groups.map((word) => resolveGroup(word, database));
    default:
      return groups satisfies never;
  }
}

function capabilitySteps(config: IdentityConfig, situation: IdentitySituation): StageStep[] {
  const { inheritable, ambient, capAdd, capDrop, keepCapabilities } = config;
  if (!keepCapabilities && [inheritable, ambient, capAdd, capDrop].every(({ length }) => length === 0)) return [];
  const all = known(situation);
  const gone = dropped(config, all);
  const { sets } = situation;
  const permitted = sets.permitted.filter((name) => !gone.has(name));
  const added = capAdd.includes(ALL) ? permitted : capAdd.filter((name) => !gone.has(name));
  checkHeld("--cap-add", added, permitted);
  const raised = keepCapabilities ? permitted : added;
  const less = (names: readonly string[]) => names.filter((name) => !gone.has(name));
  const inherited = less(changedSet([...sets.inheritable, ...raised], inheritable, all));
  const shown = less(changedSet([...sets.ambient, ...raised], ambient, all));
  checkHeld("--ambient-caps", shown, permitted);
  return [{
    kind: "set_capabilities",
    effective: permitted,
    permitted,
    inheritable: inherited,
    ambient: shown,
  }];
}

function checkHeld(flag: string, wanted: readonly string[], permitted: readonly string[]): void {
  const missing = wanted.find((name) => !permitted.includes(name));
  if (missing === undefined) return;
  throw new MasuError("denied", `Add capability "${missing}" (${flag}): masu does not have it itself`);
}
