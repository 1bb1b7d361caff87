/**
 * Whether systemd is here, and which cgroup is its own.
 *
 * Source: sd_booted(3); systemd, docs/CGROUP_DELEGATION.md.
 *
 * @module
 */
import type { Look, ProcessReply } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import type { CgroupLayout, MountedHierarchies } from "./layout.ts";

/** Which manager holds the containers' units. */
export type SystemdManager = NonNullable<CgroupLayout["systemd"]>;

/** There where systemd is the system's manager: sd_booted(3). */
const BOOTED = "/run/systemd/system";
const UID_MAP = "/proc/self/uid_map";

/** What has to be looked at for {@link systemdManager}. */
export const SYSTEMD_LOOKS: readonly Look[] = [
  { path: BOOTED, root: null, want: "stat" },
  { path: UID_MAP, root: null, want: "text" },
];

/**
 * The system's manager for root, and for everybody else the user's own.
 *
 * Errors: `kernel_lacks` systemd is not running here.
 */
export function systemdManager(
  isThere: boolean,
  { uid, initialUserNamespace }: Pick<ProcessReply, "uid" | "initialUserNamespace">,
): SystemdManager {
  if (!isThere) {
    throw new MasuError("kernel_lacks", 'Use cgroup manager "systemd": systemd is not running here', {
      hint: "do without: --cgroup-manager cgroupfs",
    });
  }
  return { user: uid !== 0 || !initialUserNamespace };
}

/** Whether {@link SYSTEMD_LOOKS} found it. */
export function isBooted(status: (path: string) => unknown): boolean {
  return status(BOOTED) !== null;
}

/** This user's number outside of its user namespace, by the looks. */
export function outerUid(text: (path: string) => string | null, { uid }: Pick<ProcessReply, "uid">): number {
  for (const line of (text(UID_MAP) ?? "").split("\n")) {
    const [inside = NaN, outside = NaN, count = NaN] = line.trim().split(/\s+/).map(Number);
    if (uid >= inside && uid < inside + count) return outside + uid - inside;
  }
  return uid;
}

/**
 * The hierarchies as the manager has them: what is a user's begins at the user manager's own cgroup, wherever masu itself is.
 *
 * `uid`: see {@link outerUid}.
 */
export function managedHierarchies(
  { v1, v2 }: MountedHierarchies,
  { user }: SystemdManager,
  uid: number,
): MountedHierarchies {
  if (!user || v2 === null) return { v1, v2 };
  const service = `/user@${uid}.service`;
  const [above] = `${v2.own}/`.split(`${service}/`);
  const own = `${v2.own}/`.includes(`${service}/`)
    ? `${above}${service}`
    : `${v2.mountPoint}/user.slice/user-${uid}.slice${service}`;
  return { v1, v2: { ...v2, own } };
}
