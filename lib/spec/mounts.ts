/**
 * What is mounted in a container: the kernel's file systems, then what the person asked for.
 *
 * @module
 */
import type { BindMount, MountConfig, RunConfig, TmpfsMount } from "../config/run_config.ts";
import { DEFAULT_SHM_SIZE } from "./defaults.ts";
import { isHosts, isOwn } from "./namespaces.ts";
import type { LinuxIdMapping, LinuxNamespace, Mount } from "./oci.ts";
import { checkDestination } from "./validate.ts";

/** What the mounts depend on besides the config. */
export interface MountSituation {
  readonly namespaces: readonly LinuxNamespace[];
  /** Group ids of the container's user namespace that are known to be mapped; null: it has none, so that all are. */
  readonly gids: readonly LinuxIdMapping[] | null;
  /** In a user namespace: the kernel's file systems of other namespaces can only be bound, not mounted. */
  readonly inUserNamespace: boolean;
  /** The container's own hosts, hostname and resolv.conf: a directory of the runtime namespace. */
  readonly etc: string;
}

const SAFE = ["nosuid", "noexec", "nodev"];

/** All mounts in their order. A person's mount replaces a default one at the same destination. */
export function containerMounts(config: RunConfig, situation: MountSituation): Mount[] {
  for (const mount of config.mounts) checkDestination(mount);
  const written = config.mounts.map(personsMount);
  const taken = new Set(written.map(({ destination }) => destination));
  const defaults = [...kernelMounts(config, situation), ...fileMounts(situation)];
  const below = written.map((mount, index) => ({ mount, index, depth: depth(mount.destination) }));
  below.sort((a, b) => a.depth - b.depth || a.index - b.index);
  return [...defaults.filter(({ destination }) => !taken.has(destination)), ...below.map(({ mount }) => mount)];
}

/** The file systems that every Linux program expects. OCI runtime-spec, config-linux.md, "Default Filesystems". */
function kernelMounts(
  { shmSize = DEFAULT_SHM_SIZE, readOnly, privileged }: RunConfig,
  situation: MountSituation,
): Mount[] {
  const { namespaces, gids, inUserNamespace } = situation;
  // Namespaces that are joined together with their user namespace belong to it.
  const joinedUser = namespaces.some(({ type, path }) => type === "user" && path !== undefined);
  const foreign = (type: "pid" | "network" | "ipc") =>
    inUserNamespace && (joinedUser ? isHosts(namespaces, type) : !isOwn(namespaces, type));
  const writable = privileged ? "rw" : "ro";
  const terminalGroup = gids === null ||
    gids.some(({ containerID, size }) => containerID <= 5 && containerID + size > 5);
  const mounts: Mount[] = [
    // A pid or network namespace that belongs to another user namespace cannot be mounted in this one.
    foreign("pid") ? bindOf("/proc", "rw") : { destination: "/proc", type: "proc", source: "proc", options: SAFE },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: [
        "nosuid",
        "noexec",
        "newinstance",
        "ptmxmode=0666",
        "mode=0620",
        ...(terminalGroup ? ["gid=5"] : []), // tty
      ],
    },
    foreign("network")
      ? bindOf("/sys", writable)
      : { destination: "/sys", type: "sysfs", source: "sysfs", options: [...SAFE, writable] },
    {
      destination: "/sys/fs/cgroup",
      type: "cgroup",
      source: "cgroup",
      options: [...SAFE, "relatime", writable],
    },
    foreign("ipc")
      ? bindOf("/dev/mqueue", "rw")
      : { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: SAFE },
    sharedMemory(namespaces, shmSize),
  ];
  if (readOnly) {
    mounts.push({
      destination: "/run",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "nodev", "mode=755", "size=65536k"],
    });
  }
  return mounts;
}

/** POSIX shared memory belongs to the IPC namespace in all but the kernel's eyes: shm_overview(7). */
function sharedMemory(namespaces: readonly LinuxNamespace[], bytes: number): Mount {
  if (isHosts(namespaces, "ipc")) return bindOf("/dev/shm", "rw");
  const joined = namespaces.find(({ type }) => type === "ipc")?.path;
  if (joined !== undefined) {
    return { ...bindOf(joined.replace(/\/ns\/ipc$/, "/root/dev/shm"), "rw"), destination: "/dev/shm" };
  }
  return {
    destination: "/dev/shm",
    type: "tmpfs",
    source: "shm",
    options: [...SAFE, "mode=1777", `size=${Math.ceil(bytes / 1024)}k`],
  };
}

/** The container's own /etc files over the image's, as docker has them. */
function fileMounts({ etc }: MountSituation): Mount[] {
  return ["hosts", "hostname", "resolv.conf"].map((name) => ({
    destination: `/etc/${name}`,
    type: "bind",
    source: `${etc}/${name}`,
    options: ["bind", "rprivate"],
  }));
}

function bindOf(path: string, access: "ro" | "rw"): Mount {
  return { destination: path, type: "bind", source: path, options: ["rbind", "rprivate", ...SAFE, access] };
}

function personsMount(mount: MountConfig): Mount {
  return mount.kind === "bind" ? bindMount(mount) : tmpfsMount(mount);
}

function bindMount(
  { source, destination, readOnly, recursive, recursiveReadOnly, propagation, options }: BindMount,
): Mount {
  return {
    destination,
    type: "bind",
    source,
    options: [
      recursive ? "rbind" : "bind",
      propagation ?? "rprivate",
      recursiveReadOnly ? "rro" : readOnly ? "ro" : "rw",
      ...options,
    ],
  };
}

/** docker(1), `--tmpfs`: nosuid, nodev and noexec unless the options undo them. */
function tmpfsMount({ destination, options }: TmpfsMount): Mount {
  return { destination, type: "tmpfs", source: "tmpfs", options: [...SAFE, ...options] };
}

/** How many directories deep a path is: what lies above is mounted first. */
function depth(path: string): number {
  return path.split("/").filter((part) => part !== "").length;
}
