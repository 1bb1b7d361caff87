/**
 * The spec's mounts as steps.
 *
 * @module
 */
import type { CgroupPlan } from "../cgroup/placement.ts";
import type { HostStep, MountPoint, Propagation, StageStep } from "../core/wire.ts";
import { invalidConfig, MasuError } from "../error.ts";
import { isBelow } from "../host/mounts.ts";
import type { Mount } from "../spec/oci.ts";
import { cgroupMountSteps } from "./cgroup_mounts.ts";
import { deviceSteps } from "./devices.ts";
import { type MountOptions, mountOptions, MS } from "./mount_options.ts";
import type { RunContext } from "./run_context.ts";

/** What of a bind mount's flags is how it is made, not how it is. */
export const HOW = MS.BIND | MS.REC;

/**
 * Mounts in the spec's order, the device nodes right after the /dev that holds them.
 *
 * Errors: `invalid_config` two mounts at one place, or options that mean nothing there; `not_found` a source is missing.
 */
export function mountSteps(context: RunContext, cgroups: CgroupPlan): StageStep[] {
  checkDestinations(context);
  const isolated = startPropagation(context) === "rprivate";
  return context.spec.mounts.flatMap((mount) => {
    if (mount.type === "cgroup") return cgroupMountSteps(mount, context, cgroups);
    const options = mountOptions(mount.options ?? []);
    const steps = isBind(mount, options)
      ? bindSteps(mount, options, { context, isolated })
      : [newMount(mount, options)];
    if (mount.type !== "bind" && options.propagation !== null) {
      const { propagation } = options;
      steps.push({ kind: "remount", destination: mount.destination, flags: null, propagation });
    }
    const isDev = context.wishes.ownDevices && mount.destination === "/dev";
    return isDev ? [...steps, ...deviceSteps(context)] : steps;
  });
}

/** What mounts before the container's own do to it, and it to them: nothing, unless a volume asks for it. */
export function startPropagation({ spec }: Pick<RunContext, "spec">): Propagation {
  const wanted = [spec.linux.rootfsPropagation, ...spec.mounts.flatMap(({ options = [] }) => options)];
  return wanted.some((word) => word !== undefined && /^r?(slave|shared)$/.test(word)) ? "rslave" : "rprivate";
}

/** Directories that `--volume` makes on the host, as docker does. They stay. */
export function missingSources({ config, facts }: RunContext): HostStep[] {
  const missing = new Set<string>();
  for (const mount of config.mounts) {
    if (mount.kind === "bind" && mount.createSource && (facts.sources[mount.source] ?? null) === null) {
      missing.add(mount.source);
    }
  }
  return [...missing].map((path) => ({ kind: "make_directory", path, mode: 0o755, parents: true, owner: null }));
}

function checkDestinations({ config }: RunContext): void {
  const taken = new Set<string>();
  for (const { kind, destination } of config.mounts) {
    if (taken.has(destination)) {
      const flags = kind === "tmpfs" ? "--tmpfs, --volume and --mount" : "--volume, --mount and --tmpfs";
      throw invalidConfig(`Mount on "${destination}": two mounts have this destination`, `look at ${flags}`);
    }
    taken.add(destination);
  }
}

/** Whether something of the runtime namespace is shown. */
export function isBind({ type }: Mount, { flags }: MountOptions): boolean {
  return type === "bind" || (flags & MS.BIND) !== 0;
}

/** A file system of its own. */
export function newMount(
  { destination, type = "", source }: Mount,
  { flags, data, copyUp, attributes }: MountOptions,
): StageStep & { kind: "mount" } {
  return {
    kind: "mount",
    source: source ?? type,
    destination,
    type,
    flags,
    data,
    create: "directory",
    ...(copyUp && { copyUp }),
    ...(attributes !== null && { attributes }),
  };
}

/** What a bind mount depends on besides itself. */
interface BindSituation {
  readonly context: RunContext;
  /** All mounts are private to begin with. */
  readonly isolated: boolean;
}

function bindSteps(mount: Mount, options: MountOptions, { context, isolated }: BindSituation): StageStep[] {
  const { destination, source = "" } = mount;
  if (options.data !== "") {
    throw invalidConfig(`Mount "${source}" on "${destination}": a bind mount has no option "${options.data}"`);
  }
  const create = mountPointOf(source, destination, context);
  if (create === null) return [];
  const recursive = (options.flags & MS.REC) !== 0;
  const readOnly = (options.flags & MS.RDONLY) !== 0;
  return [{
    kind: "bind",
    source,
    destination,
    recursive,
    flags: options.flags & ~HOW,
    // The kernel's own trees have others mounted below them, which must not stay writable (CVE-2023-25809).
    recursiveReadOnly: options.recursiveReadOnly || readOnly && recursive && source === "/sys",
    propagation: isolated ? null : options.propagation ?? "rprivate",
    create,
  }];
}

/** What a source is mounted on; null: it is one of the kernel's that this host does not have. */
function mountPointOf(source: string, destination: string, context: RunContext): MountPoint | null {
  const { config, facts, paths } = context;
  if (isBelow(source, paths.etc)) return "file";
  const written = config.mounts.find((mount) => mount.kind === "bind" && mount.destination === destination);
  const status = facts.sources[source];
  if (status != null) return status.kind === "directory" ? "directory" : "file";
  if (written?.kind !== "bind") return status === null ? null : "directory";
  if (written.createSource) return "directory";
  throw new MasuError("not_found", `Mount "${source}" on "${destination}": there is no such file or directory`, {
    hint: "make it, or use --volume, which makes missing directories",
  });
}
