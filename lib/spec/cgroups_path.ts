/**
 * `linux.cgroupsPath` of a container that was asked for by flags.
 *
 * @module
 */
import type { CgroupLayout } from "../cgroup/layout.ts";
import { mistake } from "../config/mistake.ts";
import { ID } from "../plan/blank.ts";
import { OWN_CGROUP } from "./defaults.ts";

/**
 * A path below this user's own cgroup, or `slice:prefix:name` where systemd manages them; undefined: there are to be none.
 *
 * `parent`: `--cgroup-parent`. Errors: `invalid_config` it is a slice where there are none, or none where there are.
 */
export function cgroupsPath(
  parent: string | undefined,
  { mode, systemd }: Pick<CgroupLayout, "mode" | "systemd">,
): string | undefined {
  if (mode === "disabled") return undefined;
  const isSlice = parent?.endsWith(".slice") === true;
  if (systemd === undefined) {
    if (isSlice) {
      const hint = "name a cgroup: --cgroup-parent web; or have systemd make them: --cgroup-manager systemd";
      throw mistake("--cgroup-parent", parent, "slices are systemd's, and masu makes cgroups itself", hint);
    }
    return `${parent ?? OWN_CGROUP}/${ID}`;
  }
  if (parent !== undefined && !isSlice) {
    throw mistake("--cgroup-parent", parent, "systemd has slices only", "for example web.slice");
  }
  return `${parent ?? ""}:masu:${ID}`;
}
