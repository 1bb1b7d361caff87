/**
 * A bundle's mounts as steps: those of the spec, in its order, and no others.
 *
 * Source: OCI runtime-spec, config.md, "Mounts"; config-linux.md, "Default Filesystems", "Mount Label".
 *
 * @module
 */
import type { CgroupPlan } from "../cgroup/placement.ts";
import type { MountMapping, MountPoint, StageStep } from "../core/wire.ts";
import { invalidConfig, MasuError } from "../error.ts";
import type { Mount } from "../spec/oci.ts";
import type { BundleContext } from "./bundle_context.ts";
import { cgroupMountSteps } from "./cgroup_mounts.ts";
import { deviceSteps } from "./devices.ts";
import { MOUNT_ATTR, type MountOptions, mountOptions, MS } from "./mount_options.ts";
import { HOW, isBind, newMount } from "./mounts.ts";

/** What is mounted, and what of it becomes read-only once everything is mounted in it. */
export interface BundleMounts {
  readonly opening: readonly StageStep[];
  readonly closing: readonly StageStep[];
}

/**
 * Mounts in the spec's order, then the default devices unless /dev is the host's own.
 *
 * Errors: `invalid_config` options that mean nothing there; `not_found` a source is missing.
 */
export function bundleMounts(context: BundleContext, cgroups: CgroupPlan): BundleMounts {
  const opening: StageStep[] = [];
  const closing: StageStep[] = [];
  for (const mount of context.spec.mounts) {
    const options = mountOptions(mount.options ?? []);
    if (mount.type === "cgroup") {
      const steps = cgroupMountSteps(mount, context, cgroups);
      if (steps.length === 0) continue; // nothing is mounted there, so nothing there has a propagation
      opening.push(...steps);
    } else if (isBind(mount, options)) {
      opening.push(bindStep(mount, options, context));
    } else {
      const made = freshMount(mount, options, context);
      // A directory in which more will be mounted, or nodes made, is closed when that is done.
      const late = mount.type === "tmpfs" && (made.flags & MS.RDONLY) !== 0;
      opening.push(late ? writable(made) : made);
      if (late) closing.push(remount(mount, made.flags | sameBits(made)));
    }
    // What is bound gets its propagation while nobody sees it yet.
    if (options.propagation !== null && !isBind(mount, options)) {
      opening.push({ ...remount(mount, null), propagation: options.propagation });
    }
  }
  return { opening: [...opening, ...(context.wishes.ownDevices ? deviceSteps(context) : [])], closing };
}

/** As long as something is still to be made in it. */
function writable({ attributes, ...mount }: StageStep & { kind: "mount" }): StageStep & { kind: "mount" } {
  const rest = attributes === undefined
    ? {}
    : { attributes: { ...attributes, set: attributes.set & ~MOUNT_ATTR.RDONLY } };
  return { ...mount, flags: mount.flags & ~MS.RDONLY, ...rest };
}

/** The attributes that have the same bits as flags: what is remounted has what it is given, and nothing else. */
function sameBits({ attributes }: StageStep & { kind: "mount" }): number {
  return (attributes?.set ?? 0) & (MS.RDONLY | MS.NOSUID | MS.NODEV | MS.NOEXEC);
}

function remount({ destination }: Mount, flags: number | null): StageStep & { kind: "remount" } {
  return { kind: "remount", destination, flags, propagation: null };
}

function freshMount(mount: Mount, options: MountOptions, context: BundleContext): StageStep & { kind: "mount" } {
  if (options.idmap !== null || mount.uidMappings !== undefined) {
    throw invalidConfig(
      `Mount "${mount.type ?? ""}" on "${mount.destination}": owners can be mapped of bind mounts only`,
    );
  }
  const data = [modeOf(mount, options, context), options.data, labelOf(mount, context)];
  return newMount(mount, { ...options, data: data.filter((part) => part !== "").join(",") });
}

/** A tmpfs takes the place of a directory with its mode: the image knows what its /tmp is like. */
function modeOf({ type, destination }: Mount, { data }: MountOptions, { facts }: BundleContext): string {
  const status = facts.rootPaths[destination] ?? null;
  if (type !== "tmpfs" || status?.kind !== "directory" || /(^|,)mode=/.test(data)) return "";
  return `mode=${status.mode.toString(8)}`;
}

/** File systems whose files get their labels otherwise. */
const UNLABELLED = ["proc", "sysfs", "mqueue", "cgroup", "cgroup2"];

/** mount(8), "context=": what SELinux takes all files in it for. */
function labelOf({ type = "" }: Mount, { spec: { linux: { mountLabel } } }: BundleContext): string {
  return mountLabel === undefined || mountLabel === "" || UNLABELLED.includes(type) ? "" : `context="${mountLabel}"`;
}

/** What a bind mount has from its source as long as it says nothing of its own. */
const INHERITED = MS.RDONLY | MS.NOSUID | MS.NODEV | MS.NOEXEC | MS.NOSYMFOLLOW;

/**
 * The flags that are taken off. As with runc, a bind mount that names any flag has none but those: what its source's mount has
 * besides is no wish of the bundle's. In a user namespace the kernel locks them, and they stay.
 */
function clearedOf({ flags, cleared, recursiveReadOnly }: MountOptions, { confined }: BundleContext): number {
  // `rro` is no flag of the mount's own.
  const own = recursiveReadOnly ? flags & ~MS.RDONLY : flags;
  const says = ((own & ~HOW) | cleared) !== 0;
  return says && !confined ? cleared | (INHERITED & ~flags) : cleared;
}

function bindStep(mount: Mount, options: MountOptions, context: BundleContext): StageStep {
  const { facts } = context;
  const { destination, source = "" } = mount;
  if (options.data !== "") {
    throw invalidConfig(`Mount "${source}" on "${destination}": a bind mount has no option "${options.data}"`);
  }
  const mapping = mappingOf(mount, options);
  const clear = clearedOf(options, context);
  return {
    kind: "bind",
    source,
    destination,
    recursive: (options.flags & MS.REC) !== 0,
    flags: options.flags & ~HOW,
    ...(clear !== 0 && { clear }),
    ...(options.attributes !== null && { attributes: options.attributes }),
    ...(mapping !== null && { mapping }),
    // The kernel's own trees have others mounted below them, which must not stay writable (CVE-2023-25809).
    recursiveReadOnly: source === "/sys" && (options.flags & MS.REC) !== 0 && (options.flags & MS.RDONLY) !== 0,
    propagation: options.propagation,
    create: mountPointOf(source, destination, facts.sources[source] ?? null),
  };
}

function mountPointOf(
  source: string,
  destination: string,
  status: BundleContext["facts"]["sources"][string],
): MountPoint {
  if (status == null) {
    throw new MasuError("not_found", `Mount "${source}" on "${destination}": no such file or directory`);
  }
  return status.kind === "directory" ? "directory" : "file";
}

/** config.md, "Mounts": the mount's own mappings count more than the container's, and without a word for how deep, for it alone. */
function mappingOf(
  { uidMappings = [], gidMappings = [] }: Mount,
  { idmap }: MountOptions,
): MountMapping | null {
  const isOwn = uidMappings.length > 0 || gidMappings.length > 0;
  if (!isOwn && idmap === null) return null;
  const mapping = isOwn ? { uidMappings, gidMappings, tools: null, denySetgroups: false } : null;
  return { mapping, recursive: idmap === "recursive" };
}
