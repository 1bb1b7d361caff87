/**
 * The control groups of this host, as whoever manages them has them.
 *
 * @module
 */
import { type CgroupLayout, cgroupLayout, layoutLooks, mountedHierarchies, noCgroups } from "../cgroup/layout.ts";
import { isBooted, managedHierarchies, outerUid, SYSTEMD_LOOKS, systemdManager } from "../cgroup/systemd_layout.ts";
import type { GlobalConfig } from "../config/run_config.ts";
import type { Look, ProcessReply } from "../core/wire.ts";
import type { MountEntry } from "./mounts.ts";
import { look, type Sightings } from "./sightings.ts";

const CGROUPS = "/proc/self/cgroup";

/** What is looked at second, and what it then comes to. */
export interface CgroupSight {
  readonly looks: readonly Look[];
  /** Once those were looked at. */
  readonly layout: () => CgroupLayout;
}

/** What has to be looked at first, beside the mount table. */
export function cgroupLooks({ cgroupManager }: GlobalConfig): readonly Look[] {
  return [look("text", CGROUPS), ...(cgroupManager === "systemd" ? SYSTEMD_LOOKS : [])];
}

/** What to look at then. Errors: `kernel_lacks` systemd is to manage them, and is not here. */
export function cgroupSight(
  sight: Sightings,
  mounts: readonly MountEntry[],
  { process, global }: { readonly process: ProcessReply; readonly global: GlobalConfig },
): CgroupSight {
  if (global.cgroupManager === "disabled") return { looks: [], layout: () => noCgroups("disabled") };
  const mounted = mountedHierarchies(mounts, sight.text(CGROUPS) ?? "");
  const text = (path: string) => sight.text(path);
  const systemd = global.cgroupManager === "systemd"
    ? systemdManager(isBooted((path) => sight.status(path)), process)
    : null;
  const hierarchies = systemd === null ? mounted : managedHierarchies(mounted, systemd, outerUid(text, process));
  const looks = layoutLooks(hierarchies);
  return {
    looks,
    layout: () => ({
      ...cgroupLayout(hierarchies, looks.map(({ want, path }) => sight.seen(want, path)), process),
      ...(systemd !== null && { systemd }),
    }),
  };
}
