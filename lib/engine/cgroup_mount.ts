/**
 * Hierarchies, mounted.
 *
 * Source: cgroups(7), "Mounting v1 controllers", "Cgroups v2 hierarchies".
 *
 * @module
 */
import { invalidConfig, MasuError } from "../error.ts";
import { ask, type CgroupHost, performSteps } from "./cgroup_host.ts";

/** What is mounted where. */
export interface MountHierarchy {
  /** A directory, made where there is none. */
  readonly directory: string;
  /** v1 controllers in this one hierarchy; none: v2, unless there is a name. */
  readonly controllers: readonly string[];
  /** v1: a hierarchy that only groups, or a name for that of the controllers. */
  readonly name?: string;
  /** v1: every controller that is in no hierarchy yet. */
  readonly all?: boolean;
}

/** `cgroup2` or `cgroup`, and its options. */
export interface MountedHierarchyView {
  readonly directory: string;
  readonly type: "cgroup" | "cgroup2";
  readonly options: string;
}

const NOSUID_NODEV_NOEXEC = 2 | 4 | 8;

/** Mounts a hierarchy. Errors: `invalid_config`; `already_exists` it is a mount point of one; EBUSY and its reason. */
export function mountHierarchy(host: CgroupHost, request: MountHierarchy): MountedHierarchyView {
  const { directory, controllers, name, all = false } = request;
  const isV1 = controllers.length > 0 || name !== undefined || all;
  if (name !== undefined && !/^[A-Za-z0-9_.-]{1,63}$/.test(name)) {
    throw invalidConfig(`Read --name "${name}": a hierarchy's name has letters, digits, ".", "_" and "-", 63 at most`);
  }
  if (all && controllers.length > 0) throw invalidConfig("Read --all: --controllers names them already");
  refuseMounted(host, directory);
  const options = [
    ...(all ? ["all"] : controllers),
    ...(name === undefined ? [] : [...(controllers.length === 0 && !all ? ["none"] : []), `name=${name}`]),
  ].join(",");
  const type = isV1 ? "cgroup" : "cgroup2";
  const [seen] = ask(host.core, "stat", [directory]);
  const isMade = seen?.status == null;
  if (isMade) {
    performSteps(host.core, [{ kind: "make_directory", path: directory, mode: 0o755, parents: true, owner: null }]);
  }
  try {
    performSteps(host.core, [
      { kind: "mount", source: "masu", destination: directory, type, flags: NOSUID_NODEV_NOEXEC, data: options },
    ]);
  } catch (error) {
    if (isMade) performSteps(host.core, [{ kind: "remove_mount_point", root: "/", path: directory, file: false }]);
    throw error instanceof MasuError ? explained(host, request, error) : error;
  }
  return { directory, type, options };
}

function refuseMounted({ mounts }: CgroupHost, directory: string): void {
  const there = mounts.find(({ mountPoint, type }) => mountPoint === directory && /^cgroup2?$/.test(type));
  if (there === undefined) return;
  throw new MasuError("already_exists", `Mount a hierarchy on "${directory}": one is mounted there already`, {
    hint: "masu cgroup list --hierarchy shows its groups; another directory can have another one",
  });
}

/** Why the kernel refuses: a v1 controller is in one hierarchy at a time, v2's included. cgroups(7) */
function explained(host: CgroupHost, { directory, controllers, name }: MountHierarchy, error: MasuError): MasuError {
  const action = `Mount a hierarchy on "${directory}"`;
  const details = { call: error.call, errno: error.errno, cause: error };
  const [proc] = ask(host.core, "text", ["/proc/cgroups"]);
  const known = (proc?.text ?? "").split("\n").slice(1).map((line) => line.split("\t")[0] ?? "").filter(Boolean);
  const unknown = controllers.find((controller) => !known.includes(controller));
  if (unknown !== undefined && known.length > 0) {
    return new MasuError("kernel_lacks", `${action}: this kernel has no v1 controller "${unknown}"`, {
      ...details,
      hint: `it has ${known.join(", ")}`,
    });
  }
  if (error.errno === 16 || error.errno === 22) {
    for (const controller of controllers) {
      const holder = host.hierarchies.find(({ controllers }) => controllers.includes(controller));
      if (holder === undefined) continue;
      return new MasuError(
        "failed",
        `${action}: controller "${controller}" is in the hierarchy at "${holder.mountPoint}" (EBUSY from mount(2))`,
        {
          ...details,
          hint: holder.version === 2
            ? "v2 has it: v1 gets it once no v2 group has it enabled"
            : `a controller is in one hierarchy at a time: mount that one again with the same controllers ("${holder.name}"), or use it there`,
        },
      );
    }
    if (error.errno === 16) {
      const hint = name === undefined
        ? "a controller of v2 is enabled in some group, or another mount has the same hierarchy with other options"
        : `another hierarchy has the name "${name}" and other controllers`;
      return new MasuError("failed", `${action}: it is in use (EBUSY from mount(2))`, { ...details, hint });
    }
  }
  return new MasuError(error.code, `${action}: ${error.message}`, { ...details, hint: error.hint });
}
