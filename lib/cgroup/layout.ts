/**
 * Where this host keeps its control groups, and below which of them this user may make new ones.
 *
 * Source: cgroups(7); kernel, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/.
 *
 * @module
 */
import type { Look, ProcessReply, Seen } from "../core/wire.ts";
import { kernelAtLeast, kernelVersion } from "../host/kernel.ts";
import { isBelow, type MountEntry } from "../host/mounts.ts";
import { stepsDown } from "./group.ts";

/** `none`: no hierarchy is mounted; `disabled`: the person does not want any. */
export type CgroupMode = "v1" | "v2" | "hybrid" | "none" | "disabled";

/** One v1 hierarchy. */
export interface V1Hierarchy {
  /** `["cpu", "cpuacct"]`, or `["name=systemd"]` of one without controllers. */
  readonly controllers: readonly string[];
  readonly mountPoint: string;
  /** This process's own cgroup, a directory below the mount point. */
  readonly own: string;
  /** The cgroup below which new ones are made; null: this user may not. */
  readonly base: string | null;
}

/** The v2 hierarchy. */
export interface V2Hierarchy {
  readonly mountPoint: string;
  /** This process's own cgroup, a directory below the mount point. */
  readonly own: string;
  /** The cgroup below which new ones are made; null: this user may not. */
  readonly base: string | null;
  /** `cgroup.controllers` of the base. */
  readonly controllers: readonly string[];
  /** `cgroup.subtree_control` of the base: what its children have already. */
  readonly enabled: readonly string[];
  /**
   * Processes live in the base itself and it is not the real root, so that the kernel does not let it enable more
   * controllers. cgroup-v2.rst, "No Internal Process Constraint".
   */
  readonly internalProcesses: boolean;
}

/** How the file is called that weighs block devices: by CFQ up to Linux 4.20 or by BFQ, in v1 and v2, or by v2's cost model. */
export type IoWeightFile = "blkio.weight" | "blkio.bfq.weight" | "io.weight" | "io.bfq.weight";

/** The control groups of this host, as this process sees them. */
export interface CgroupLayout {
  readonly mode: CgroupMode;
  readonly v1: readonly V1Hierarchy[];
  readonly v2: V2Hierarchy | null;
  /** The kernel accounts swap, so that `--memory-swap` can be had. */
  readonly swapAccounting: boolean;
  /** This user may restrict devices: `devices.deny` and bpf(2) both need CAP_SYS_ADMIN outside any user namespace. */
  readonly deviceControl: boolean;
  /** v1's `memory.kmem.limit_in_bytes` limits; absent: the kernel has the file, and does nothing with it. */
  readonly kernelMemory?: true;
  /** Of the hierarchy that has block devices; null: no scheduler weighs them. */
  readonly ioWeight: IoWeightFile | null;
  /** systemd has the cgroups, and gives each container one in a unit; absent: masu makes them itself. */
  readonly systemd?: { readonly user: boolean };
}

/** Who asks, and on which kernel. */
export type CgroupUser =
  & Pick<ProcessReply, "uid" | "gid" | "groups" | "capabilities" | "initialUserNamespace">
  & Partial<Pick<ProcessReply, "release">>;

/** The hierarchies as the mount table has them, before anyone asked who may write where. */
export interface MountedHierarchies {
  readonly v1: readonly MountedHierarchy[];
  readonly v2: MountedHierarchy | null;
}

/** One mounted hierarchy. */
export interface MountedHierarchy {
  readonly controllers: readonly string[];
  readonly mountPoint: string;
  readonly own: string;
  /** The mount is not read-only. */
  readonly writable: boolean;
}

/** A layout without any cgroup. */
export function noCgroups(mode: "none" | "disabled"): CgroupLayout {
  return { mode, v1: [], v2: null, swapAccounting: false, deviceControl: false, ioWeight: null };
}

/**
 * Finds the hierarchies in the mount table.
 *
 * `own` is the text of /proc/self/cgroup: lines of `ID:CONTROLLERS:PATH`, where v2 has no controllers.
 */
export function mountedHierarchies(mounts: readonly MountEntry[], own: string): MountedHierarchies {
  const v1: MountedHierarchy[] = [];
  let v2: MountedHierarchy | null = null;
  for (const line of own.split("\n")) {
    const [, id, names = "", path = "/"] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (id === undefined) continue;
    const controllers = names === "" ? [] : names.split(",");
    const mount = mounts.find((mount) =>
      names === ""
        ? mount.type === "cgroup2"
        : mount.type === "cgroup" && controllers.every((name) => mount.superOptions.includes(name))
    );
    if (mount === undefined) continue;
    const hierarchy = {
      controllers,
      mountPoint: mount.mountPoint,
      own: ownDirectory(mount, path),
      writable: !mount.options.includes("ro"),
    };
    if (names === "") v2 = hierarchy;
    else v1.push(hierarchy);
  }
  return { v1, v2 };
}

/** The own cgroup's directory. A path outside of what is mounted (another cgroup namespace's) counts as the mount's root. */
function ownDirectory(mount: MountEntry, path: string): string {
  if (path.startsWith("/..") || !isBelow(path, mount.root)) return mount.mountPoint;
  const rest = mount.root === "/" ? path : path.slice(mount.root.length);
  return rest === "/" || rest === "" ? mount.mountPoint : `${mount.mountPoint}${rest}`;
}

/** What has to be looked at to know the layout; the answers go to {@link cgroupLayout} in the same order. */
export function layoutLooks(mounted: MountedHierarchies): Look[] {
  const looks: Look[] = [look(SWAPS, "stat")];
  for (const { own, mountPoint } of mounted.v1) {
    for (const directory of ancestors(own, mountPoint)) looks.push(look(directory, "stat"));
  }
  const memory = controllerIn(mounted.v1, "memory");
  if (memory !== undefined) looks.push(look(`${memory.own}/${MEMSW}`, "stat"));
  looks.push(...weightFiles(mounted).map(({ path }) => look(path, "stat")));
  for (const directory of mounted.v2 === null ? [] : ancestors(mounted.v2.own, mounted.v2.mountPoint)) {
    looks.push(look(directory, "stat"), look(`${directory}/cgroup.procs`, "stat"));
    // Only the real root has no cgroup.type.
    looks.push(look(`${directory}/cgroup.type`, "stat"), look(`${directory}/cgroup.procs`, "text"));
    looks.push(look(`${directory}/cgroup.controllers`, "text"), look(`${directory}/cgroup.subtree_control`, "text"));
  }
  return looks;
}

/** The layout, from the answers to {@link layoutLooks}. */
export function cgroupLayout(mounted: MountedHierarchies, seen: readonly Seen[], user: CgroupUser): CgroupLayout {
  const { v1, v2 } = mounted;
  if (v1.length === 0 && v2 === null) return noCgroups("none");
  const answers = new Map(layoutLooks(mounted).map(({ want, path }, index) => [`${want} ${path}`, seen[index]]));
  const text = (path: string) => answers.get(`text ${path}`)?.text?.trim() ?? "";
  const there = (path: string) => answers.get(`stat ${path}`)?.status != null;
  const mayWrite = (path: string) => isWritable(answers.get(`stat ${path}`), user);
  const hierarchies = v1.map(({ controllers, mountPoint, own, writable }) => ({
    controllers,
    mountPoint,
    own,
    base: writable ? ancestors(own, mountPoint).find(mayWrite) ?? null : null,
  }));
  const memory = controllerIn(v1, "memory");
  return {
    mode: v2 === null ? "v1" : v1.length === 0 ? "v2" : "hybrid",
    v1: hierarchies,
    v2: v2 === null ? null : unifiedHierarchy(v2, text, there, mayWrite),
    swapAccounting: there(memory === undefined ? SWAPS : `${memory.own}/${MEMSW}`),
    ioWeight: weightFiles(mounted).find(({ path }) => there(path))?.file ?? null,
    deviceControl: user.initialUserNamespace && user.capabilities.includes("CAP_SYS_ADMIN"),
    ...(user.release !== undefined && limitsKernelMemory(user.release) && { kernelMemory: true }),
  };
}

/** Files that are there where a scheduler weighs block devices: the weight itself, or what a root cgroup has in its place. */
function weightFiles({ v1, v2 }: MountedHierarchies): { path: string; file: IoWeightFile }[] {
  const blkio = controllerIn(v1, "blkio");
  const own = blkio?.own ?? v2?.own;
  if (own === undefined) return [];
  const names: readonly [string, IoWeightFile][] = blkio === undefined
    ? [["io.bfq.weight", "io.bfq.weight"], ["io.weight", "io.weight"], ["io.cost.qos", "io.weight"]]
    : [
      ["blkio.weight", "blkio.weight"],
      ["blkio.bfq.weight", "blkio.bfq.weight"],
      ["blkio.bfq.io_serviced", "blkio.bfq.weight"],
    ];
  return names.map(([name, file]) => ({ path: `${own}/${name}`, file }));
}

/** Linux 5.16 refuses a limit of kernel memory, and later ones take and ignore it: cgroup-v1/memory.rst, "memory.kmem.limit_in_bytes". */
function limitsKernelMemory(release: string): boolean {
  return !kernelAtLeast(kernelVersion(release), 5, 16);
}

/** The v1 file of memory and swap together, absent without swap accounting. */
const MEMSW = "memory.memsw.limit_in_bytes";
/** Absent in a kernel without swap, whose v2 cgroups have no `memory.swap.max`. */
const SWAPS = "/proc/swaps";

function unifiedHierarchy(
  { own, mountPoint, writable }: MountedHierarchy,
  text: (path: string) => string,
  there: (path: string) => boolean,
  mayWrite: (path: string) => boolean,
): V2Hierarchy {
  // cgroup-v2.rst, "Delegation": whoever may move processes into it owns the directory and its cgroup.procs.
  const base = writable
    ? ancestors(own, mountPoint).find((path) => mayWrite(path) && mayWrite(`${path}/cgroup.procs`)) ?? null
    : null;
  return {
    mountPoint,
    own,
    base,
    controllers: base === null ? [] : words(text(`${base}/cgroup.controllers`)),
    enabled: base === null ? [] : words(text(`${base}/cgroup.subtree_control`)),
    internalProcesses: base !== null && there(`${base}/cgroup.type`) && text(`${base}/cgroup.procs`) !== "",
  };
}

/** The hierarchy that has a controller. */
export function controllerIn<H extends { readonly controllers: readonly string[] }>(
  hierarchies: readonly H[],
  controller: string,
): H | undefined {
  return hierarchies.find(({ controllers }) => controllers.includes(controller));
}

/** The directories from `top` down to `directory`. */
function ancestors(directory: string, top: string): string[] {
  return [top, ...stepsDown(directory, top)];
}

/** Whether this user may write there, going by its owner and permission bits: access(2) without asking the kernel. */
function isWritable(seen: Seen | undefined, user: CgroupUser): boolean {
  const status = seen?.status;
  if (status == null) return false;
  // user_namespaces(7): CAP_DAC_OVERRIDE counts for files whose owner is mapped; cgroup directories of the host's root are not.
  if (user.initialUserNamespace && user.capabilities.includes("CAP_DAC_OVERRIDE")) return true;
  if (status.uid === user.uid) return (status.mode & 0o200) !== 0;
  if (status.gid === user.gid || user.groups.includes(status.gid)) return (status.mode & 0o020) !== 0;
  return (status.mode & 0o002) !== 0;
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function look(path: string, want: "stat" | "text"): Look {
  return { path, root: null, want };
}
