/**
 * /sys/fs/cgroup in the container.
 *
 * @module
 */
import type { CgroupPlan } from "../cgroup/placement.ts";
import type { StageStep } from "../core/wire.ts";
import type { Mount } from "../spec/oci.ts";
import type { PlanContext } from "./context.ts";
import { mountOptions, MS } from "./mount_options.ts";

/** What of a plan's context the mounts depend on. */
export type CgroupMountContext = Pick<PlanContext, "confined" | "created"> & {
  readonly facts: Pick<PlanContext["facts"], "cgroups">;
};

/**
 * The steps for a mount of type `cgroup`: the hierarchies in which the container has a cgroup of its own, as it finds them on
 * a host of the same kind. Nothing where there are none: the container's cgroups are then the caller's, and no business of its.
 */
export function cgroupMountSteps(mount: Mount, context: CgroupMountContext, cgroups: CgroupPlan): StageStep[] {
  const { facts: { cgroups: layout }, confined, created } = context;
  const { flags } = mountOptions(mount.options ?? []);
  const { destination } = mount;
  if (layout.mode === "none" || layout.mode === "disabled") return [];
  // cgroup_namespaces(7): a mount shows the namespace's root; another user namespace's hierarchies cannot be mounted at all.
  const isBound = !created.has("cgroup") && confined;
  if (isBound && (layout.mode === "v2" || cgroups.mountPoints.length === 0)) {
    return [boundHierarchies(destination, flags)];
  }
  if (layout.mode === "v2") return [hierarchy("cgroup2", destination, flags, "")];
  if (cgroups.mountPoints.length === 0) return [];
  return v1Steps(destination, flags, context, cgroups);
}

/** The host's own, as it has them. Read-only means all of them (CVE-2023-25809). */
function boundHierarchies(destination: string, flags: number): StageStep {
  return {
    kind: "bind",
    source: "/sys/fs/cgroup",
    destination,
    recursive: true,
    flags,
    recursiveReadOnly: (flags & MS.RDONLY) !== 0,
    propagation: null,
    create: "directory",
  };
}

/** A tmpfs with a directory for each hierarchy, and a link for each controller of those that have several. */
function v1Steps(
  destination: string,
  flags: number,
  { facts, created, confined }: CgroupMountContext,
  cgroups: CgroupPlan,
): StageStep[] {
  const { v1, v2 } = facts.cgroups;
  const shown = v1.filter(({ mountPoint }) => cgroups.mountPoints.includes(mountPoint));
  const mounts: StageStep[] = [];
  const links: StageStep[] = [];
  for (const { controllers, base } of shown) {
    const [first = ""] = controllers;
    const name = controllers.join(",").replace(/^name=/, "");
    const path = `${destination}/${name}`;
    const data = first.startsWith("name=") ? `none,${controllers.join(",")}` : controllers.join(",");
    mounts.push(created.has("cgroup") ? hierarchy("cgroup", path, flags, data) : ownCgroup(path, flags, base, cgroups));
    if (controllers.length < 2) continue;
    for (const target of controllers) {
      links.push({ kind: "make_symlink", path: `${destination}/${target}`, target: name });
    }
  }
  if (v2 !== null && cgroups.mountPoints.includes(v2.mountPoint)) {
    const path = `${destination}/unified`;
    const isOwn = created.has("cgroup") || !confined;
    mounts.push(isOwn ? hierarchy("cgroup2", path, flags, "") : bound(cgroups.cloneInto ?? "", path, flags));
  }
  const top = flags & ~(MS.RDONLY | MS.RELATIME);
  return [
    { ...hierarchy("tmpfs", destination, top, "mode=755"), source: "tmpfs" },
    ...mounts,
    ...links,
    ...((flags & MS.RDONLY) === 0
      ? []
      : [{ kind: "remount", destination, flags: top | MS.RDONLY, propagation: null } as const]),
  ];
}

/** Without a cgroup namespace a mount would show the whole host: only the container's own cgroup is bound. */
function ownCgroup(destination: string, flags: number, base: string | null, { join }: CgroupPlan): StageStep {
  const tasks = join.find((path) => base !== null && path.startsWith(`${base}/`)) ?? "";
  return bound(tasks.slice(0, tasks.lastIndexOf("/")), destination, flags);
}

function bound(source: string, destination: string, flags: number): StageStep {
  return {
    kind: "bind",
    source,
    destination,
    recursive: false,
    flags,
    recursiveReadOnly: false,
    propagation: null,
    create: "directory",
  };
}

function hierarchy(type: string, destination: string, flags: number, data: string): StageStep & { kind: "mount" } {
  return { kind: "mount", source: "cgroup", destination, type, flags, data, create: "directory" };
}
