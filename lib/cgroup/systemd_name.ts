/**
 * What a container's unit of systemd's is called, and which cgroup that is.
 *
 * Source: systemd.slice(5), systemd.scope(5), systemd.unit(5); `linux.cgroupsPath` as runc, crun and the engines have it for systemd.
 *
 * @module
 */
import { invalidConfig } from "../error.ts";

/** A unit, and its place. */
export interface UnitPlace {
  /** `masu-ID.scope`, or `NAME.slice`. */
  readonly unit: string;
  /** The slice that it is in: `machine.slice`; `-.slice` is the topmost one. */
  readonly slice: string;
  /** Its cgroup, from the manager's own on: `/machine.slice/masu-ID.scope`. */
  readonly path: string;
}

/** The words of a path, and what stands for those that were left out. */
export interface UnitDefaults {
  /** The container's ID. */
  readonly id: string;
  /** The unit belongs to the user's own manager. */
  readonly user: boolean;
}

/** The topmost slice. */
const ROOT_SLICE = "-.slice";
const SUFFIX = ".slice";
/** What a unit's name may consist of: systemd.unit(5). Blanks of a plan are filled in later. */
const NAME = /^(?:[A-Za-z0-9:_.\\@-]|\$\{\w+\})+$/;

/**
 * `slice:prefix:name` as a unit.
 *
 * Nothing: `masu-ID.scope` in the usual slice. Errors: `invalid_config` it is no such path, or a name that systemd would not take.
 */
export function unitPlace(cgroupsPath: string | undefined, { id, user }: UnitDefaults): UnitPlace {
  const usual = user ? "user.slice" : "system.slice";
  const [written = "", prefix = "", name = "", ...rest] = (cgroupsPath ?? `:masu:${id}`).split(":");
  if (name === "" || rest.length > 0) {
    throw invalidConfig(
      `Use cgroup path "${cgroupsPath}": expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups`,
    );
  }
  const slice = written === "" ? usual : written;
  const unit = name.endsWith(SUFFIX) ? name : `${prefix}-${name}.scope`;
  if (!NAME.test(unit)) throw invalidConfig(`Use cgroup path "${cgroupsPath}": "${unit}" is no name of a unit`);
  const parent = slicePath(slice);
  return { unit, slice, path: `${parent === "/" ? "" : parent}/${unit}` };
}

/**
 * A slice's cgroup: each dash of its name is a level, so `a-b.slice` is `/a.slice/a-b.slice`, and `-.slice` is `/`.
 *
 * Errors: `invalid_config` it is no slice.
 */
export function slicePath(slice: string): string {
  if (slice === ROOT_SLICE) return "/";
  const name = slice.slice(0, -SUFFIX.length);
  const levels = name.split("-");
  if (!slice.endsWith(SUFFIX) || !NAME.test(name) || levels.includes("")) {
    throw invalidConfig(`Use slice "${slice}": it is no name of a slice`, "for example machine.slice, or a-b.slice");
  }
  return levels.map((_, index) => `/${levels.slice(0, index + 1).join("-")}${SUFFIX}`).join("");
}
