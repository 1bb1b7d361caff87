/**
 * What masu keeps on this host, and what it runs on: `masu system info`.
 *
 * @module
 */
import { cgroupLayout, layoutLooks, mountedHierarchies, noCgroups } from "../cgroup/layout.ts";
import type { GlobalConfig } from "../config/run_config.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { Look, Status } from "../core/wire.ts";
import type { HostEnvironment } from "../host/facts.ts";
import { parseMounts } from "../host/mounts.ts";
import { isPrivileged } from "../host/process.ts";
import { look } from "../host/sightings.ts";
import { viewContainers } from "./lifecycle.ts";
import { storeOf } from "./store.ts";

/** As `--json` prints it. */
export interface SystemInfo {
  /** How many containers of each status. */
  readonly containers: Readonly<Record<Status, number>>;
  /** Runtime state, gone after a boot. */
  readonly runtime: string;
  /** What lasts. */
  readonly data: string;
  readonly uid: number;
  /** Root with its capabilities: it needs no user namespace. */
  readonly privileged: boolean;
  readonly kernel: string;
  readonly machine: string;
  /** `v2`, `v1`, `hybrid`, `none` or `disabled`. */
  readonly cgroups: string;
}

/** Reads it. Errors: `not_found` this user has no home directory. */
export function systemInfo(core: Core, global: GlobalConfig, environment: HostEnvironment): SystemInfo {
  const process = call(core, "process", {});
  const store = storeOf(core, global, environment);
  const containers = { created: 0, running: 0, paused: 0, restarting: 0, stopped: 0, broken: 0 };
  for (const { status } of viewContainers(core, store)) containers[status]++;
  return {
    containers,
    runtime: store.runtime,
    data: store.data,
    uid: process.uid,
    privileged: isPrivileged(process),
    kernel: process.release,
    machine: process.machine,
    cgroups: cgroupMode(core, global, process),
  };
}

function cgroupMode(core: Core, { cgroupManager }: GlobalConfig, process: Parameters<typeof cgroupLayout>[2]): string {
  if (cgroupManager === "disabled") return noCgroups("disabled").mode;
  const seen = (looks: readonly Look[]) => call(core, "observe", { looks: [...looks] }).seen;
  const [mounts, own] = seen([look("text", "/proc/self/mountinfo"), look("text", "/proc/self/cgroup")]);
  const hierarchies = mountedHierarchies(parseMounts(mounts?.text ?? ""), own?.text ?? "");
  return cgroupLayout(hierarchies, seen(layoutLooks(hierarchies)), process).mode;
}
