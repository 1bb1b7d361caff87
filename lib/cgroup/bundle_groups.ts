/**
 * The cgroups of a container that an OCI bundle describes: where its engine looks for them.
 *
 * Source: OCI runtime-spec, config-linux.md, "Cgroups Path", "Allowed Device list"; runtime-linux.md, "Default Devices".
 *
 * @module
 */
import { invalidConfig } from "../error.ts";
import { DEFAULT_DEVICES } from "../spec/defaults.ts";
import type { LinuxDeviceRule, LinuxResources } from "../spec/oci.ts";
import type { CgroupLayout, V2Hierarchy } from "./layout.ts";
import { isBelow } from "../host/mounts.ts";
import { type CgroupPlan, placedCgroups, type PlacedRequest } from "./placement.ts";
import { settledResources } from "./settled_resources.ts";
import { systemdCgroups } from "./systemd.ts";

/** v2 controllers that the container's cgroup gets where they can be had, though no limit needs them: what an engine may limit later, or counts. */
const ENABLED = ["cpu", "cpuset", "hugetlb", "io", "memory", "pids", "rdma"];

/** What every container may use, beside what its spec says. */
const ALLOWED: readonly LinuxDeviceRule[] = [
  { allow: true, type: "c", access: "m" },
  { allow: true, type: "b", access: "m" },
  ...DEFAULT_DEVICES.map(({ major, minor }): LinuxDeviceRule => ({
    allow: true,
    type: "c",
    major,
    minor,
    access: "rwm",
  })),
  { allow: true, type: "c", major: 5, minor: 2, access: "rwm" }, // ptmx
  { allow: true, type: "c", major: 136, access: "rwm" }, // pseudoterminals, /dev/console among them
  { allow: true, type: "c", major: 10, minor: 200, access: "rwm" }, // tun: runc allows it, and VPNs in containers rely on it
];

/** What of a spec its cgroups depend on. */
export interface BundleGroup {
  /** `linux.cgroupsPath`; empty: below the caller's own cgroup, by the container's ID. Where systemd manages them: `slice:prefix:name`. */
  readonly path: string;
  readonly id: string;
  /** Its first process, once there is one; a blank of a plan. */
  readonly pid: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly resources: LinuxResources;
}

/**
 * The steps for its cgroups. Where this user may make none and no limit is asked for, there are none.
 *
 * Errors: see `resourceWrites`.
 */
export function bundleCgroups(group: BundleGroup, layout: CgroupLayout): CgroupPlan {
  const { path, id, pid, annotations } = group;
  // An engine that wants no cgroups writes its usual limits nevertheless.
  const resources = layout.mode === "disabled" ? {} : bundleResources(group);
  const common = { resources, joined: null, enabled: ENABLED, words: "field" } as const;
  if (layout.systemd !== undefined) {
    return systemdCgroups({ ...common, cgroupsPath: path === "" ? undefined : path, id, pid, annotations }, layout);
  }
  const place = placing(path === "" ? id : path, layout);
  return placedCgroups({ ...common, place, removed: () => 1 }, { ...layout, v2: layout.v2 && asAnyOther(layout.v2) });
}

/** What processes in the base forbid, the kernel says when it is tried, as it does of every group on the way. */
function asAnyOther(v2: V2Hierarchy): V2Hierarchy {
  return { ...v2, internalProcesses: false };
}

/** What is limited. Of devices only what is listed may be used. */
function bundleResources({ resources }: Pick<BundleGroup, "resources">): LinuxResources {
  const devices = [{ allow: false, access: "rwm" }, ...resources.devices ?? [], ...ALLOWED];
  return { ...settledResources(resources), devices };
}

/**
 * An absolute path leads from each hierarchy's root on; another one from the caller's own cgroup. With v2 alone that has processes,
 * and so can give its children nothing: there it is the one above it.
 */
function placing(path: string, { mode }: CgroupLayout): PlacedRequest["place"] {
  const names = path.split("/").filter((name) => name !== "");
  if (names.length === 0 || names.some((name) => name === "." || name === "..")) {
    throw invalidConfig(`Use linux.cgroupsPath "${path}": it must name a cgroup, without "." and ".."`);
  }
  const below = names.join("/");
  return ({ mountPoint, own, base }, version) => {
    const top = path.startsWith("/") ? mountPoint : version === 2 && mode === "v2" ? parentOf(own, mountPoint) : own;
    const directory = `${top}/${below}`;
    return directory !== base && isBelow(directory, base) ? directory : null;
  };
}

/**
 * Whether the names in the path say whether there is a place, and not only their number: where this user may make groups in a part of
 * a hierarchy only. One name alone is always beside or below the caller's own group, and never what is there already.
 */
export function isPlacedByName(path: string, { systemd, v1, v2 }: CgroupLayout): boolean {
  if (systemd !== undefined || !path.includes("/")) return false;
  return [...v1, ...(v2 === null ? [] : [v2])].some(({ base, mountPoint }) => base !== null && base !== mountPoint);
}

function parentOf(directory: string, top: string): string {
  return directory === top ? top : directory.slice(0, directory.lastIndexOf("/"));
}
