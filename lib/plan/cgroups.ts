/**
 * The cgroups that a spec asks for, on this host.
 *
 * @module
 */
import type { CgroupLayout } from "../cgroup/layout.ts";
import { type CgroupPlan, cgroupPlan, ENABLED_V2, JOINED_V1 } from "../cgroup/placement.ts";
import { systemdCgroups } from "../cgroup/systemd.ts";
import { OWN_CGROUP } from "../spec/defaults.ts";
import type { Spec } from "../spec/oci.ts";
import { ID, PID } from "./blank.ts";

/** Plans them. `layout`: its text is escaped already (`escapeBlanks`). Errors: see `cgroupPlan`, `systemdCgroups`. */
export function plannedCgroups(
  { linux, annotations = {} }: Pick<Spec, "linux" | "annotations">,
  layout: CgroupLayout,
): CgroupPlan {
  const { resources = {} } = linux;
  if (layout.systemd !== undefined) {
    const { cgroupsPath } = linux;
    return systemdCgroups({
      cgroupsPath,
      id: ID,
      pid: PID,
      resources,
      annotations,
      joined: JOINED_V1,
      enabled: ENABLED_V2,
      words: "flag",
    }, layout);
  }
  const { cgroupsPath = `${OWN_CGROUP}/${ID}` } = linux;
  return cgroupPlan({ path: cgroupsPath, resources }, layout);
}
