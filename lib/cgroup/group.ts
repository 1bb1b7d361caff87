/**
 * A group: one name in one or several hierarchies at once.
 *
 * Source: cgroups(7).
 *
 * @module
 */
import { mistake, notAmong } from "../config/mistake.ts";
import { MasuError } from "../error.ts";
import { isBelow, type MountEntry } from "../host/mounts.ts";
import type { CgroupLayout } from "./layout.ts";

/** One hierarchy of this host, of either version. */
export interface Hierarchy {
  /** `cpu,cpuacct`, `name=systemd`; v2's is `unified`. */
  readonly name: string;
  readonly version: 1 | 2;
  /** What its groups can limit or count; none in one that only groups. */
  readonly controllers: readonly string[];
  readonly mountPoint: string;
  /** The caller's own group. */
  readonly own: string;
  /** The group below which this user may make others; null: none. */
  readonly base: string | null;
}

/** Which hierarchies are meant; all that this user may use when nothing is named. */
export interface HierarchyChoice {
  readonly controllers?: readonly string[];
  /** By name (`name=systemd`, `systemd`, `unified`) or by a directory where one is mounted. */
  readonly hierarchies?: readonly string[];
}

/** The name of v2's hierarchy, as hosts that have both mount it. */
export const UNIFIED = "unified";

/** All hierarchies, v1's first. */
export function hierarchiesOf({ v1, v2 }: CgroupLayout): Hierarchy[] {
  const first = v1.map(({ controllers, ...places }): Hierarchy => ({
    ...places,
    name: controllers.join(","),
    version: 1,
    controllers: controllers.filter((name) => !name.startsWith("name=")),
  }));
  if (v2 === null) return first;
  const { mountPoint, own, base } = v2;
  const usable = v2.internalProcesses ? v2.enabled : v2.controllers;
  return [...first, { name: UNIFIED, version: 2, controllers: usable, mountPoint, own, base }];
}

/**
 * Those that are meant.
 *
 * `mounts`: where else a hierarchy is mounted. Errors: `not_found` no such controller or hierarchy; `denied` this user may use none.
 */
export function chooseHierarchies(
  hierarchies: readonly Hierarchy[],
  { controllers = [], hierarchies: named = [] }: HierarchyChoice,
  mounts: readonly MountEntry[],
): Hierarchy[] {
  if (controllers.length === 0 && named.length === 0) return allUsable(hierarchies);
  const chosen = [
    ...controllers.map((name) => withController(hierarchies, name)),
    ...named.map((word) => byName(hierarchies, word, mounts)),
  ];
  return chosen.filter(({ mountPoint }, index) => chosen.findIndex((one) => one.mountPoint === mountPoint) === index);
}

/** Those with controllers, and v2's, which freezes and kills without any. Those with a name only are others' (systemd's). */
function allUsable(hierarchies: readonly Hierarchy[]): Hierarchy[] {
  const usable = hierarchies.filter(({ base, controllers, version }) =>
    base !== null && (controllers.length > 0 || version === 2)
  );
  if (usable.length > 0) return usable;
  if (hierarchies.length === 0) {
    throw new MasuError("kernel_lacks", "Use control groups: no hierarchy is mounted", {
      hint: "mount one: masu cgroup mount /sys/fs/cgroup",
    });
  }
  throw new MasuError("denied", "Use control groups: this user may make none in any hierarchy", {
    hint:
      "have root delegate one: masu cgroup create --user NAME GROUP; or, under systemd: systemd-run --user --scope -p Delegate=yes",
  });
}

function withController(hierarchies: readonly Hierarchy[], name: string): Hierarchy {
  const found = hierarchies.find(({ controllers }) => controllers.includes(name));
  if (found !== undefined) return usable(found, name);
  const choices = hierarchies.flatMap(({ controllers }) => controllers);
  throw notAmong("--controllers", name, "no hierarchy that is mounted has it", choices);
}

function byName(hierarchies: readonly Hierarchy[], word: string, mounts: readonly MountEntry[]): Hierarchy {
  if (word.startsWith("/")) return byDirectory(hierarchies, word.replace(/(?<=.)\/+$/, ""), mounts);
  const found = hierarchies.find(({ name }) => name === word || name === `name=${word}`) ??
    hierarchies.find(({ controllers }) => controllers.includes(word));
  if (found !== undefined) return usable(found, word);
  throw notAmong("--hierarchy", word, "no such hierarchy is mounted", hierarchies.map(({ name }) => name));
}

/** A hierarchy can be mounted at several places: the one that was named is used. */
function byDirectory(hierarchies: readonly Hierarchy[], directory: string, mounts: readonly MountEntry[]): Hierarchy {
  const here = hierarchies.find(({ mountPoint }) => mountPoint === directory);
  if (here !== undefined) return usable(here, directory);
  const mount = mounts.findLast(({ mountPoint }) => mountPoint === directory);
  const same = mounts.find(({ device, mountPoint }) =>
    device === mount?.device && hierarchies.some((one) => one.mountPoint === mountPoint)
  );
  const found = hierarchies.find(({ mountPoint }) => mountPoint === same?.mountPoint);
  if (found === undefined) throw mistake("--hierarchy", directory, "no control group hierarchy is mounted there");
  const moved = (path: string) => `${directory}${path.slice(found.mountPoint.length)}`;
  return usable({
    ...found,
    mountPoint: directory,
    own: moved(found.own),
    base: found.base === null ? null : moved(found.base),
  }, directory);
}

function usable(hierarchy: Hierarchy, word: string): Hierarchy {
  if (hierarchy.base !== null) return hierarchy;
  throw new MasuError(
    "denied",
    `Use control group hierarchy "${word}": this user may make no groups in "${hierarchy.mountPoint}"`,
    { hint: "have root delegate one there: masu cgroup create --user NAME GROUP" },
  );
}

/**
 * A group's name as it is kept: `/a/b` from the hierarchy's root, `a/b` below this user's base.
 *
 * Errors: `invalid_config` it leads elsewhere.
 */
export function parseGroup(text: string): string {
  const names = text.split("/").filter((name) => name !== "");
  if (text === "" || names.some((name) => name === "." || name === ".." || /[\n\0]/.test(name))) {
    throw mistake("group", text, 'it must name a control group, without "." and ".."', "for example web/db, or /web");
  }
  const path = names.join("/");
  return text.startsWith("/") ? `/${path}` : path;
}

/** The group's directory. Errors: `denied` a name below the base, and there is none. */
export function groupDirectory(group: string, hierarchy: Hierarchy): string {
  const { base, mountPoint } = hierarchy;
  if (group.startsWith("/")) return group === "/" ? mountPoint : `${mountPoint}${group}`;
  return `${usable(hierarchy, hierarchy.name).base ?? base}/${group}`;
}

/** The directories from below `top` to `directory`. */
export function stepsDown(directory: string, top: string): string[] {
  if (directory === top || !isBelow(directory, top)) return [];
  const names = directory.slice(top === "/" ? 1 : top.length + 1).split("/");
  return names.map((_, index) => `${top}/${names.slice(0, index + 1).join("/")}`);
}

/** How a group is called in a hierarchy: its path from the mount's root. */
export function groupPath(directory: string, { mountPoint }: Pick<Hierarchy, "mountPoint">): string {
  return directory === mountPoint ? "/" : directory.slice(mountPoint.length);
}
