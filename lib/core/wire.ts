// Generated from core-rs/wire by `make wire`; a test compares them. Do not edit.

/** Raised on any change of an op, a field or a type; the core has the same number. */
export const ABI_VERSION = 4;

/** Raised on any change of the plan's shape. */
export const PLAN_VERSION = 4;

/** Raised on any change of what is written down of a container. */
export const CONTAINER_VERSION = 1;

/**
 * What callers match. The texts may change, these do not.
 */
export type ErrorCode =
  | "not_found"
  | "already_exists"
  | "invalid_config"
  | "kernel_lacks"
  | "denied"
  | "no_resources"
  | "program_not_found"
  | "program_not_executable"
  | "failed"
  | "bug";

/**
 * The group of a plan that a step belongs to.
 */
export type Group =
  | "create"
  | "before"
  | "clone"
  | "network"
  | "inside"
  | "created"
  | "exec"
  | "started"
  | "afterwards"
  | "delete";

/**
 * Where in the plan something failed.
 */
export type Place = {
  /**
   * The group.
   */
  group: Group;
  /**
   * The step's number in its group, from 0.
   */
  index: number;
};

/**
 * A failure, as it crosses from Rust to TypeScript.
 */
export type CoreError = {
  /**
   * What callers match.
   */
  code: ErrorCode;
  /**
   * Action "object"[ on "object"]: cause. One line.
   */
  message: string;
  /**
   * The system call's man-page name, when one failed.
   */
  call: string | null;
  /**
   * errno(3), when a call failed.
   */
  errno: number | null;
  /**
   * Where in the plan.
   */
  place: Place | null;
  /**
   * The one thing to do about it.
   */
  hint: string | null;
};

/**
 * All steps from an idle host to a running program and back, grouped by who executes them and when.
 */
export type Plan = {
  /**
   * [`PLAN_VERSION`].
   */
  version: number;
  /**
   * What was read of the host to make this plan; it holds as long as every fact holds.
   */
  facts: Array<Fact>;
  /**
   * In the runtime namespace, once in the container's life: what lasts while it is stopped.
   */
  create: Array<HostStep>;
  /**
   * In the runtime namespace at each start, before the container's first process exists.
   */
  before: Array<HostStep>;
  /**
   * The clone itself and what is written down about its child.
   */
  clone: CloneStep;
  /**
   * In the container's first process: its network namespace.
   */
  network: Array<StageStep>;
  /**
   * In the container's first process: cgroups, namespaces, mounts, the new root.
   */
  inside: Array<StageStep>;
  /**
   * In the runtime namespace, while the container's first process waits for it in its step `await_runtime`. Blanks as in `clone.record`.
   */
  created: Array<HostStep>;
  /**
   * In the container's first process: limits, identity, capabilities, filter and, last, the program.
   */
  exec: Array<StageStep>;
  /**
   * In the runtime namespace, once the program runs. Blanks as in `clone.record`.
   */
  started: Array<HostStep>;
  /**
   * In the runtime namespace, when the program has ended or a step of its start has failed. All are tried.
   */
  afterwards: Array<HostStep>;
  /**
   * In the runtime namespace, when the container is deleted. All are tried.
   */
  delete: Array<HostStep>;
};

/**
 * Something of the host that the plan depends on.
 */
export type Fact = {
  /**
   * What it is called in `lib/host`, for example `cgroup.layout`.
   */
  name: string;
  /**
   * What it was, in one readable line.
   */
  value: string;
  /**
   * What shows that it still holds.
   */
  holds: Witness;
};

/**
 * How to see that a fact still holds without reading it again.
 */
export type Witness = {
  "kind": "boot";
  /**
   * The boot's UUID.
   */
  id: string;
} | {
  "kind": "file";
  /**
   * The file.
   */
  path: string;
  /**
   * `st_dev`; 0 when the file was absent.
   */
  device: number;
  /**
   * `st_ino`; 0 when the file was absent.
   */
  inode: number;
  /**
   * `st_mtim` in milliseconds since the epoch; 0 when the file was absent.
   */
  mtimeMs: number;
} | { "kind": "process" };

/**
 * A step in the runtime namespace. Done by the core before the clone, and by whoever tears down afterwards.
 */
export type HostStep = {
  "kind": "make_directory";
  /**
   * The directory.
   */
  path: string;
  /**
   * Permission bits, for example 0o700.
   */
  mode: number;
  /**
   * Make missing parents too (same mode), and accept a directory that is there.
   */
  parents: boolean;
  /**
   * chown(2) of the directory itself, when it was made; none: whoever makes it.
   */
  owner: Owner | null;
} | {
  "kind": "write_file";
  /**
   * The file.
   */
  path: string;
  /**
   * Its whole content.
   */
  text: string;
  /**
   * Permission bits.
   */
  mode: number;
  /**
   * Fail with `already_exists` when there is such a file.
   */
  exclusive: boolean;
  /**
   * fchown(2); none: whoever makes it.
   */
  owner?: Owner;
} | {
  "kind": "reserve_name";
  /**
   * The symbolic link.
   */
  path: string;
  /**
   * What it points to.
   */
  target: string;
  /**
   * The name, for the message.
   */
  name: string;
} | {
  "kind": "write_control";
  /**
   * The control file.
   */
  path: string;
  /**
   * The text, written in one call.
   */
  text: string;
  /**
   * A file that is not there is fine: this kernel, or this group, has nothing that it could limit.
   */
  optional?: boolean;
} | {
  "kind": "make_cgroup";
  /**
   * The cgroup's directory.
   */
  path: string;
} | {
  "kind": "enable_controllers";
  /**
   * The cgroup's directory.
   */
  path: string;
  /**
   * Those that something was asked of: without one of them the step fails.
   */
  needed: Array<NeededController>;
  /**
   * Those that are enabled where they can be had.
   */
  usual: Array<string>;
} | {
  "kind": "inherit_cpuset";
  /**
   * The cgroup's directory.
   */
  path: string;
} | {
  "kind": "attach_device_program";
  /**
   * The cgroup's directory.
   */
  cgroup: string;
  /**
   * The rules in order.
   */
  rules: Array<DeviceRule>;
} | {
  "kind": "kill_cgroup";
  /**
   * The cgroup's directory.
   */
  path: string;
} | {
  "kind": "remove_cgroup";
  /**
   * The cgroup's directory.
   */
  path: string;
  /**
   * With what the container made below it. Otherwise a cgroup that has others below it is theirs, and stays.
   */
  recursive?: boolean;
} | {
  "kind": "remove_tree";
  /**
   * The tree's top directory.
   */
  path: string;
  /**
   * Its files belong to ids of this mapping: an ordinary user removes them from inside a user namespace that has it.
   */
  user: UserMapping | null;
} | {
  "kind": "remove_file";
  /**
   * The file.
   */
  path: string;
  /**
   * Only when it is a symbolic link to this; anything else belongs to somebody else and is left alone.
   */
  target: string | null;
} | {
  "kind": "remove_mount_point";
  /**
   * The root directory.
   */
  root: string;
  /**
   * The directory below it.
   */
  path: string;
  /**
   * It is a file (made for a bind mount of a file), to be removed if it is empty.
   */
  file: boolean;
} | {
  "kind": "mount";
  /**
   * The source.
   */
  source: string;
  /**
   * Where; it must be there.
   */
  destination: string;
  /**
   * File system type; of a bind mount nothing.
   */
  type: string;
  /**
   * MS_* bits.
   */
  flags: number;
  /**
   * File system options.
   */
  data: string;
} | {
  "kind": "unmount";
  /**
   * The mount point.
   */
  path: string;
  /**
   * MNT_DETACH.
   */
  lazy: boolean;
} | {
  "kind": "change_owner";
  /**
   * The file.
   */
  path: string;
  /**
   * Who gets it.
   */
  owner: Owner;
} | {
  "kind": "run_hook";
  /**
   * Which.
   */
  hook: Hook;
  /**
   * OCI's state of the container, which the program gets on its stdin, without `pid`.
   */
  state: unknown;
  /**
   * `pid` of that state, as digits; empty: it has none.
   */
  pid: string;
} | {
  "kind": "move_network_device";
  /**
   * Its name here.
   */
  name: string;
  /**
   * Its name there.
   */
  newName: string;
  /**
   * The process, as digits.
   */
  pid: string;
} | {
  "kind": "start_unit";
  /**
   * `NAME.scope`, or `NAME.slice`.
   */
  name: string;
  /**
   * The user's own manager, instead of the system's.
   */
  user: boolean;
  /**
   * The process that it begins with, as digits; empty: none.
   */
  pid: string;
  /**
   * Its properties, without `PIDs`.
   */
  properties: Array<UnitProperty>;
} | {
  "kind": "set_unit_properties";
  /**
   * The unit.
   */
  name: string;
  /**
   * The user's own manager.
   */
  user: boolean;
  /**
   * Its new properties.
   */
  properties: Array<UnitProperty>;
} | {
  "kind": "stop_unit";
  /**
   * The unit.
   */
  name: string;
  /**
   * The user's own manager.
   */
  user: boolean;
};

/**
 * One program. It gets the container's state on its stdin.
 */
export type Hook = {
  /**
   * The program, absolute in the runtime namespace; of `startContainer` in the container.
   */
  path: string;
  /**
   * argv, the program's name first; empty: the path alone.
   */
  args: Array<string>;
  /**
   * `NAME=value` each: its whole environment.
   */
  env: Array<string>;
  /**
   * It is killed then, and has failed; none: it may take as long as it likes.
   */
  timeoutMs?: number;
};

/**
 * One property of a transient unit, by systemd's name for it.
 */
export type UnitProperty = {
  /**
   * `MemoryMax` and so on.
   */
  name: string;
  /**
   * Its value.
   */
  value: UnitValue;
  /**
   * The first version of systemd that knows it: for one before it is left out.
   */
  since?: number;
};

/**
 * A value with its D-Bus type.
 */
export type UnitValue =
  | { "type": "boolean"; "value": boolean }
  | { "type": "unsigned"; "value": string }
  | { "type": "unsigned32"; "value": number }
  | { "type": "signed"; "value": string }
  | { "type": "signed32"; "value": number }
  | { "type": "text"; "value": string }
  | { "type": "texts"; "value": Array<string> }
  | { "type": "bytes"; "value": Array<number> }
  | { "type": "numbers"; "value": Array<string> }
  | { "type": "pairs"; "value": Array<[string, string]> }
  | { "type": "rates"; "value": Array<[string, string]> };

/**
 * A controller, and why it is needed.
 */
export type NeededController = {
  /**
   * Its name in `cgroup.controllers`.
   */
  name: string;
  /**
   * What was asked for, for the message: `linux.resources.memory.limit`, `--memory`.
   */
  by: string;
};

/**
 * chown(2), ids of the runtime namespace.
 */
export type Owner = {
  /**
   * User id.
   */
  uid: number;
  /**
   * Group id.
   */
  gid: number;
};

/**
 * One rule of a device cgroup. OCI runtime-spec, config-linux.md, "Allowed Device list".
 */
export type DeviceRule = {
  /**
   * Allow or deny.
   */
  allow: boolean;
  /**
   * `a` (all), `b` or `c`.
   */
  type: string;
  /**
   * Major number; none means any.
   */
  major: number | null;
  /**
   * Minor number; none means any.
   */
  minor: number | null;
  /**
   * Any of `r`, `w`, `m`.
   */
  access: string;
};

/**
 * The kernel's namespaces. namespaces(7)
 */
export type Namespace = "mount" | "uts" | "ipc" | "network" | "pid" | "user" | "cgroup" | "time";

/**
 * clone3(2) of the container's first process.
 */
export type CloneStep = {
  /**
   * New namespaces. The cgroup namespace is not among them: it is unshared inside, after the cgroups were joined.
   */
  namespaces: Array<Namespace>;
  /**
   * Existing namespaces to enter, in this order.
   */
  join: Array<JoinNamespace>;
  /**
   * Enter the namespaces of a running container instead: the plan of an `exec`.
   */
  enter?: EnterProcess;
  /**
   * Ids of the new user namespace.
   */
  user: UserMapping | null;
  /**
   * Offsets of the new time namespace.
   */
  timeOffsets: Array<TimeOffset>;
  /**
   * The v2 cgroup's directory in which the child starts (CLONE_INTO_CGROUP).
   */
  cgroup: string | null;
  /**
   * Written down once the child exists: here the blank `${pid}` is known.
   */
  record: Array<HostStep>;
  /**
   * A part of the kernel alone instead of a container: what unshare(1) and nsenter(1) do otherwise.
   */
  part?: PartStep;
};

/**
 * setns(2).
 */
export type JoinNamespace = {
  /**
   * Which.
   */
  namespace: Namespace;
  /**
   * The namespace's file, for example `/proc/4711/ns/net`.
   */
  path: string;
};

/**
 * A process that nobody else has become.
 */
export type JoinTarget = {
  /**
   * The process, as the runtime namespace numbers it.
   */
  pid: number;
  /**
   * Its start time, clock ticks since boot.
   */
  start: number;
};

/**
 * A namespace that stays without a process, bound on a file, which is made where there is none.
 */
export type KeepNamespace = {
  /**
   * Which.
   */
  namespace: Namespace;
  /**
   * The file, in the runtime namespace.
   */
  path: string;
};

/**
 * How the clone of a program without a container differs.
 */
export type PartStep = {
  /**
   * In a user namespace it stays who it is there, and does not become its root.
   */
  keepIds: boolean;
  /**
   * New namespaces to bind on files, once they exist and before the program does. Undone when the start fails.
   */
  keep: Array<KeepNamespace>;
  /**
   * The process whose namespaces `join` names: it must still be the same one when they were opened.
   */
  target: JoinTarget | null;
  /**
   * The root directory, opened before any namespace is joined.
   */
  root: string | null;
  /**
   * The working directory, opened before any namespace is joined.
   */
  directory: string | null;
};

/**
 * setns(2) on a pidfd: every namespace of a running process at once, so that nothing can be swapped in between.
 */
export type EnterProcess = {
  /**
   * The process, as the runtime namespace numbers it.
   */
  pid: number;
  /**
   * Its start time, clock ticks since boot: it must still be the same process.
   */
  start: number;
  /**
   * Which of its namespaces: those that differ from masu's own.
   */
  namespaces: Array<Namespace>;
  /**
   * `tasks` files of v1 cgroups to join before, while they can be seen.
   */
  cgroupTasks: Array<string>;
};

/**
 * user_namespaces(7), "User and group ID mappings".
 */
export type UserMapping = {
  /**
   * User ids.
   */
  uidMappings: Array<IdMapping>;
  /**
   * Group ids.
   */
  gidMappings: Array<IdMapping>;
  /**
   * The setuid programs that write maps of subordinate ids; none: the core writes `/proc/PID/uid_map` itself.
   */
  tools: MapTools | null;
  /**
   * Write `deny` to `/proc/PID/setgroups` first: needed for an unprivileged map of one's own group.
   */
  denySetgroups: boolean;
};

/**
 * One range of ids. OCI runtime-spec, config-linux.md, "User namespace mappings".
 */
export type IdMapping = {
  /**
   * First id in the container.
   */
  containerID: number;
  /**
   * First id outside.
   */
  hostID: number;
  /**
   * How many.
   */
  size: number;
};

/**
 * Paths of newuidmap(1) and newgidmap(1).
 */
export type MapTools = {
  /**
   * newuidmap
   */
  newuidmap: string;
  /**
   * newgidmap
   */
  newgidmap: string;
};

/**
 * time_namespaces(7), `/proc/PID/timens_offsets`.
 */
export type TimeOffset = {
  /**
   * `monotonic` or `boottime`.
   */
  clock: string;
  /**
   * Seconds, may be negative.
   */
  seconds: number;
  /**
   * Nanoseconds, 0 to 999,999,999.
   */
  nanoseconds: number;
};

/**
 * What to make at a mount's destination where nothing is there.
 */
export type MountPoint = "directory" | "file" | "optional";

/**
 * How the root directory comes to be. pivot_root(2) needs it to be a mount.
 */
export type RootSource = {
  "kind": "bind";
  /**
   * The directory.
   */
  source: string;
  /**
   * With what is mounted below it (MS_REC).
   */
  recursive: boolean;
  /**
   * Map its owners through the container's user namespace: mount_setattr(2) MOUNT_ATTR_IDMAP.
   */
  idmapped: boolean;
} | {
  "kind": "overlay";
  /**
   * The layers.
   */
  layer: OverlayLayer;
} | {
  "kind": "tmpfs";
  /**
   * Mount data, for example `mode=755`.
   */
  data: string;
};

/**
 * One overlay. Kernel, Documentation/filesystems/overlayfs.rst.
 */
export type OverlayLayer = {
  /**
   * Lower directories, topmost first.
   */
  lower: Array<string>;
  /**
   * The upper directory.
   */
  upper: string;
  /**
   * The work directory, on the upper one's file system.
   */
  work: string;
  /**
   * Further mount options, for example `userxattr`.
   */
  options: Array<string>;
  /**
   * Map the lower layers' owners through the container's user namespace (MOUNT_ATTR_IDMAP on a clone of each).
   */
  idmapped: boolean;
};

/**
 * What a mount and all below it get: mount_setattr(2) with AT_RECURSIVE. OCI mount options `rro`, `rnosuid` and so on.
 */
export type MountAttributes = {
  /**
   * MOUNT_ATTR_* bits to set.
   */
  set: number;
  /**
   * MOUNT_ATTR_* bits to clear.
   */
  clear: number;
};

/**
 * Owners seen through another user namespace: mount_setattr(2) MOUNT_ATTR_IDMAP. OCI `mounts[].uidMappings`, options `idmap` and `ridmap`.
 */
export type MountMapping = {
  /**
   * The mapping; none: the container's own.
   */
  mapping: UserMapping | null;
  /**
   * With what is mounted below it.
   */
  recursive: boolean;
};

/**
 * A step in the container's first process, executed by `init` in order.
 *
 * `destination` and `path` are the container's own (absolute below its root) and are resolved there, unless the field says otherwise.
 */
export type StageStep =
  | { "kind": "loopback_up" }
  | {
    "kind": "join_cgroups";
    /**
     * `tasks` files.
     */
    paths: Array<string>;
  }
  | { "kind": "unshare_cgroup" }
  | {
    "kind": "set_hostname";
    /**
     * The name, 64 bytes at most.
     */
    name: string;
  }
  | {
    "kind": "set_domainname";
    /**
     * The name, 64 bytes at most.
     */
    name: string;
  }
  | {
    "kind": "set_sysctl";
    /**
     * Dotted name, for example `net.ipv4.ip_forward`.
     */
    name: string;
    /**
     * Value.
     */
    value: string;
  }
  | {
    "kind": "set_oom_score_adj";
    /**
     * -1000 to 1000.
     */
    value: number;
  }
  | {
    "kind": "set_propagation";
    /**
     * `rslave` or `rprivate`.
     */
    propagation: Propagation;
  }
  | {
    "kind": "mount_root";
    /**
     * The mount point, in the runtime namespace.
     */
    path: string;
    /**
     * What is mounted.
     */
    root: RootSource;
  }
  | {
    "kind": "mount";
    /**
     * What to show as the source.
     */
    source: string;
    /**
     * Where.
     */
    destination: string;
    /**
     * File system type.
     */
    type: string;
    /**
     * MS_* bits.
     */
    flags: number;
    /**
     * File system options.
     */
    data: string;
    /**
     * What to make at the destination.
     */
    create: MountPoint;
    /**
     * Copies what the destination holds into it: OCI mount option `tmpcopyup`.
     */
    copyUp?: boolean;
    /**
     * What it gets besides.
     */
    attributes?: MountAttributes;
  }
  | {
    "kind": "mount_overlay";
    /**
     * Where.
     */
    destination: string;
    /**
     * The layers.
     */
    layer: OverlayLayer;
  }
  | {
    "kind": "bind";
    /**
     * Path in the runtime namespace, opened before the new root covers anything.
     */
    source: string;
    /**
     * Where.
     */
    destination: string;
    /**
     * With what is mounted below it (MS_REC).
     */
    recursive: boolean;
    /**
     * MS_* bits to set on it: MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, times.
     */
    flags: number;
    /**
     * MS_* bits to clear, which it has from its source.
     */
    clear?: number;
    /**
     * What it and all below it get.
     */
    attributes?: MountAttributes;
    /**
     * Owners seen through another user namespace.
     */
    mapping?: MountMapping;
    /**
     * Make everything below it read-only too: mount_setattr(2) with AT_RECURSIVE.
     */
    recursiveReadOnly: boolean;
    /**
     * What later mounts on either side do to the other; none: as the new root has it.
     */
    propagation: Propagation | null;
    /**
     * What to make at the destination.
     */
    create: MountPoint;
  }
  | {
    "kind": "remount";
    /**
     * The mount point.
     */
    destination: string;
    /**
     * MS_* bits that it will have; none: unchanged.
     */
    flags: number | null;
    /**
     * Its propagation; none: unchanged.
     */
    propagation: Propagation | null;
  }
  | {
    "kind": "make_device";
    /**
     * Where.
     */
    path: string;
    /**
     * `b`, `c` or `p` (fifo).
     */
    type: string;
    /**
     * Major number.
     */
    major: number;
    /**
     * Minor number.
     */
    minor: number;
    /**
     * Permission bits.
     */
    mode: number;
    /**
     * Owner.
     */
    uid: number;
    /**
     * Group.
     */
    gid: number;
  }
  | {
    "kind": "make_symlink";
    /**
     * Where.
     */
    path: string;
    /**
     * What it points to.
     */
    target: string;
  }
  | {
    "kind": "make_directory";
    /**
     * Where.
     */
    path: string;
    /**
     * Permission bits of what is made.
     */
    mode: number;
  }
  | {
    "kind": "mask";
    /**
     * What to hide.
     */
    path: string;
  }
  | {
    "kind": "read_only_path";
    /**
     * What to protect.
     */
    path: string;
  }
  | { "kind": "pivot_root" }
  | { "kind": "read_only_root" }
  | { "kind": "await_runtime" }
  | {
    "kind": "await_start";
    /**
     * The socket, in the runtime namespace.
     */
    path: string;
  }
  | {
    "kind": "run_hook";
    /**
     * Which. Before `pivot_root` its path is the runtime namespace's.
     */
    hook: Hook;
    /**
     * OCI's state of the container, without `pid`.
     */
    state: unknown;
  }
  | {
    "kind": "set_security_label";
    /**
     * Whose.
     */
    module: SecurityModule;
    /**
     * AppArmor's profile, or SELinux's context.
     */
    label: string;
  }
  | {
    "kind": "set_personality";
    /**
     * PER_* and its flags.
     */
    persona: number;
  }
  | {
    "kind": "set_scheduler";
    /**
     * SCHED_* number.
     */
    policy: number;
    /**
     * -20 to 19.
     */
    nice: number;
    /**
     * 1 to 99 of a real-time policy.
     */
    priority: number;
    /**
     * SCHED_FLAG_* bits.
     */
    flags: number;
    /**
     * SCHED_DEADLINE: nanoseconds.
     */
    runtime: number;
    /**
     * Nanoseconds.
     */
    deadline: number;
    /**
     * Nanoseconds.
     */
    period: number;
  }
  | {
    "kind": "set_io_priority";
    /**
     * IOPRIO_CLASS_*: 1 real time, 2 best effort, 3 idle.
     */
    class: number;
    /**
     * 0 to 7.
     */
    priority: number;
  }
  | {
    "kind": "set_affinity";
    /**
     * CPUs: `0-3,7`.
     */
    cpus: string;
  }
  | {
    "kind": "set_memory_policy";
    /**
     * MPOL_*.
     */
    mode: number;
    /**
     * MPOL_F_* bits.
     */
    flags: number;
    /**
     * Nodes: `0-1`; empty: none.
     */
    nodes: string;
  }
  | { "kind": "new_session" }
  | {
    "kind": "open_terminal";
    /**
     * Rows; 0: as the kernel has it.
     */
    rows: number;
    /**
     * Columns.
     */
    columns: number;
    /**
     * Mount it on `/dev/console`.
     */
    console: boolean;
    /**
     * Its owner in the container: the program's user, who may then open it by name.
     */
    uid: number;
  }
  | {
    "kind": "new_keyring";
    /**
     * The keyring's name.
     */
    name: string;
  }
  | {
    "kind": "set_rlimit";
    /**
     * `RLIMIT_NOFILE` and so on.
     */
    resource: string;
    /**
     * Soft limit; -1: unlimited.
     */
    soft: number;
    /**
     * Hard limit; -1: unlimited.
     */
    hard: number;
  }
  | {
    "kind": "set_umask";
    /**
     * Permission bits to leave out.
     */
    mask: number;
  }
  | {
    "kind": "set_bounding_set";
    /**
     * Capabilities that stay, `CAP_CHOWN` and so on.
     */
    keep: Array<string>;
  }
  | {
    "kind": "set_user";
    /**
     * User id in the container.
     */
    uid: number;
    /**
     * Group id in the container.
     */
    gid: number;
    /**
     * Further groups; none: leave them as they are (setgroups is denied).
     */
    groups: Array<number> | null;
  }
  | {
    "kind": "set_ids";
    /**
     * Real user id.
     */
    realUid: number | null;
    /**
     * Effective user id.
     */
    effectiveUid: number | null;
    /**
     * Real group id.
     */
    realGid: number | null;
    /**
     * Effective group id.
     */
    effectiveGid: number | null;
    /**
     * Supplementary groups; none: as they are.
     */
    groups: Array<number> | null;
    /**
     * PR_SET_KEEPCAPS meanwhile: permitted capabilities stay.
     */
    keepCapabilities: boolean;
  }
  | {
    "kind": "set_parent_death_signal";
    /**
     * The signal; 0: none.
     */
    signal: number;
  }
  | {
    "kind": "set_capabilities";
    /**
     * Effective set.
     */
    effective: Array<string>;
    /**
     * Permitted set.
     */
    permitted: Array<string>;
    /**
     * Inheritable set.
     */
    inheritable: Array<string>;
    /**
     * Ambient set.
     */
    ambient: Array<string>;
  }
  | {
    "kind": "set_securebits";
    /**
     * SECBIT_* of linux/securebits.h.
     */
    bits: number;
  }
  | { "kind": "no_new_privileges" }
  | {
    "kind": "load_filter";
    /**
     * Which program.
     */
    filter: Filter;
  }
  | {
    "kind": "change_directory";
    /**
     * Where to.
     */
    path: string;
    /**
     * Make it, with parents, when it is missing.
     */
    create: boolean;
  }
  | {
    "kind": "close_descriptors";
    /**
     * How many from 3 on are kept; each must be open.
     */
    keep: number;
  }
  | {
    "kind": "execute";
    /**
     * argv. The program is the first.
     */
    arguments: Array<string>;
    /**
     * `NAME=value` each.
     */
    environment: Array<string>;
    /**
     * Stay as PID 1 that forwards signals and reaps, with the program as child (`--init`).
     */
    reaper: boolean;
    /**
     * Without a HOME among them, it is that of the process's user in the container's own /etc/passwd, or `/`.
     */
    home?: boolean;
  };

/**
 * A Linux security module that labels processes.
 */
export type SecurityModule = "apparmor" | "selinux";

/**
 * mount_namespaces(7), "Shared subtrees".
 */
export type Propagation =
  | "private"
  | "rprivate"
  | "slave"
  | "rslave"
  | "shared"
  | "rshared"
  | "unbindable"
  | "runbindable";

/**
 * A seccomp filter.
 */
export type Filter = { "kind": "default" } | {
  "kind": "profile";
  /**
   * The OCI document.
   */
  profile: unknown;
  /**
   * OCI's state of the container without `pid`, for whoever listens at the document's `listenerPath`.
   */
  state?: unknown;
} | {
  "kind": "program";
  /**
   * `SECCOMP_FILTER_FLAG_*` bits.
   */
  flags: number;
  /**
   * Each instruction as `[code, jt, jf, k]` (linux/filter.h).
   */
  instructions: Array<[number, number, number, number]>;
  /**
   * OCI's `ContainerProcessState`, which the listener gets with its descriptor; its connection goes with the steps.
   */
  listener?: unknown;
};

/**
 * `observe`: reads of the host or of a tree that a container can change, many in one call.
 */
export type ObserveRequest = {
  /**
   * What to look at.
   */
  looks: Array<Look>;
  /**
   * Values of the blanks in their paths, which are then written as in a plan; none: the paths are as they are.
   */
  blanks?: { [key in string]?: string };
};

/**
 * One read.
 */
export type Look = {
  /**
   * Absolute path; below `root` when that is given.
   */
  path: string;
  /**
   * A root directory that the path and every symbolic link on it stay in: openat2(2) RESOLVE_IN_ROOT.
   */
  root: string | null;
  /**
   * What is wanted of it.
   */
  want: Want;
};

/**
 * What is wanted of a path.
 */
export type Want = "stat" | "lstat" | "text" | "list" | "link" | "file_system";

/**
 * `observe`: the answers, in the order of the looks.
 */
export type ObserveReply = {
  /**
   * One for each look.
   */
  seen: Array<Seen>;
};

/**
 * What was seen.
 */
export type Seen = {
  /**
   * errno(3) of what failed; the rest is then absent.
   */
  errno: number | null;
  /**
   * Status, when there is such a file.
   */
  status: FileStatus | null;
  /**
   * `text` and `link`.
   */
  text: string | null;
  /**
   * `list`: sorted, without `.` and `..`.
   */
  entries: Array<DirectoryEntry> | null;
  /**
   * `file_system`: `f_type` of statfs(2).
   */
  magic: number | null;
};

/**
 * stat(2).
 */
export type FileStatus = {
  /**
   * What it is.
   */
  kind: FileKind;
  /**
   * `st_dev`.
   */
  device: number;
  /**
   * `st_ino`.
   */
  inode: number;
  /**
   * `st_mtim` in milliseconds since the epoch.
   */
  mtimeMs: number;
  /**
   * Permission bits, `st_mode & 0o7777`.
   */
  mode: number;
  /**
   * Owner.
   */
  uid: number;
  /**
   * Group.
   */
  gid: number;
  /**
   * Bytes.
   */
  size: number;
  /**
   * `major(st_rdev)` of a device.
   */
  major: number;
  /**
   * `minor(st_rdev)` of a device.
   */
  minor: number;
};

/**
 * S_IFMT of stat(2).
 */
export type FileKind = "file" | "directory" | "symlink" | "block_device" | "character_device" | "fifo" | "socket";

/**
 * One name in a directory.
 */
export type DirectoryEntry = {
  /**
   * The name.
   */
  name: string;
  /**
   * What it is, a symbolic link not followed.
   */
  kind: FileKind;
};

/**
 * `process`: no input.
 */
export type ProcessRequest = Record<string, never>;

/**
 * `process`: what this process is and has.
 */
export type ProcessReply = {
  /**
   * getpid(2).
   */
  pid: number;
  /**
   * geteuid(2).
   */
  uid: number;
  /**
   * getegid(2).
   */
  gid: number;
  /**
   * getgroups(2).
   */
  groups: Array<number>;
  /**
   * Effective capabilities by name, `CAP_CHOWN` and so on.
   */
  capabilities: Array<string>;
  /**
   * The highest capability that the kernel knows, by number.
   */
  lastCapability: number;
  /**
   * getcwd(3); empty: it was removed.
   */
  directory: string;
  /**
   * uname(2): `release`.
   */
  release: string;
  /**
   * uname(2): `machine`.
   */
  machine: string;
  /**
   * uname(2): `nodename`.
   */
  hostname: string;
  /**
   * `/proc/sys/kernel/random/boot_id`.
   */
  bootId: string;
  /**
   * isatty(3) of stdin, stdout, stderr.
   */
  terminals: [boolean, boolean, boolean];
  /**
   * TIOCGWINSZ of the first terminal among them; 0 when there is none.
   */
  rows: number;
  /**
   * Columns.
   */
  columns: number;
  /**
   * Descriptors from 3 on that were open and not close-on-exec, so that they came from the caller.
   */
  inheritedDescriptors: Array<number>;
  /**
   * getrlimit(2) RLIMIT_NOFILE: soft and hard; -1: unlimited.
   */
  nofile: [number, number];
  /**
   * This process runs in the initial user namespace.
   */
  initialUserNamespace: boolean;
};

/**
 * `launch`: executes a plan up to its program's execve(2).
 *
 * When any step fails, what was done is undone by the plan's `afterwards` before the error is returned.
 */
export type LaunchRequest = {
  /**
   * The plan, blanks and all.
   */
  plan: Plan;
  /**
   * Values of the text blanks, except `pid` and `start` (start time in clock ticks since boot, field 22 of `/proc/PID/stat`), which the core knows.
   */
  blanks: { [key in string]?: string };
  /**
   * Value of the blank `arguments`.
   */
  arguments: Array<string>;
  /**
   * `run` only: how signals that would end a plain program are treated.
   */
  monitor: MonitorOptions;
  /**
   * Descriptors that become the program's stdin, stdout and stderr; none: those of this process.
   */
  stdio?: [number, number, number];
};

/**
 * `run`: a launch whose masu becomes the monitor; only an error comes back.
 */
export type RunRequest = {
  /**
   * What is launched.
   */
  launch: LaunchRequest;
  /**
   * Keep the plan once the program runs; none: it depends on something that no look shows.
   */
  keep: KeepPlan | null;
};

/**
 * What a kept plan belongs to. All looks at the host since the process began are kept with it.
 */
export type KeepPlan = {
  /**
   * Where plans are kept.
   */
  directory: string;
  /**
   * All words after `masu`.
   */
  command: Array<string>;
  /**
   * Variables of the environment that were read, by name; none: not set.
   */
  environment: { [key in string]?: string | null };
};

/**
 * What the monitor needs to know besides the plan.
 */
export type MonitorOptions = {
  /**
   * The plan's program stays PID 1 without `--init`: a signal that it neither handles nor ignores ends the container, as it would end a plain program.
   */
  bareInit: boolean;
  /**
   * Bytes that detach from a terminal; empty: none.
   */
  detachKeys: Array<number>;
  /**
   * Whom to tell when the program says that it is ready; none: nobody asked.
   */
  notify?: NotifySocket;
};

/**
 * A socket for what the program says of itself, and who hears of it. sd_notify(3)
 */
export type NotifySocket = {
  /**
   * Made before the program is executed; blanks are filled in.
   */
  path: string;
  /**
   * `NOTIFY_SOCKET` as masu got it: a path, or an abstract name after `@`.
   */
  to: string;
};

/**
 * `launch`: the container's first process.
 */
export type LaunchReply = {
  /**
   * Its pid in the runtime namespace.
   */
  pid: number;
  /**
   * A pidfd of it, close-on-exec; -1 where the kernel has none.
   */
  pidfd: number;
  /**
   * Its start time, clock ticks since boot.
   */
  start: number;
  /**
   * The pseudoterminal's master, when the plan opens one.
   */
  terminal: number | null;
};

/**
 * `wait`: blocks until a child of this process has ended and reaps it.
 */
export type WaitRequest = {
  /**
   * Its pid.
   */
  pid: number;
  /**
   * Its pidfd, which is closed; -1: none.
   */
  pidfd: number;
};

/**
 * `wait`: how it ended.
 */
export type WaitReply = {
  /**
   * Exit status, when it exited.
   */
  status: number | null;
  /**
   * Signal, when a signal ended it.
   */
  signal: number | null;
};

/**
 * `teardown`: executes steps, all of them, whatever fails.
 */
export type TeardownRequest = {
  /**
   * A plan's `afterwards`.
   */
  steps: Array<HostStep>;
  /**
   * Values of the text blanks.
   */
  blanks: { [key in string]?: string };
};

/**
 * `teardown`: what failed.
 */
export type TeardownReply = {
  /**
   * One for each failed step.
   */
  failures: Array<CoreError>;
};

/**
 * `append_line`: adds a line to a file that several processes write to, and makes it where it is missing.
 */
export type AppendLineRequest = {
  /**
   * The file, symbolic links followed.
   */
  path: string;
  /**
   * The line without its end.
   */
  line: string;
};

/**
 * `append_line`: nothing to say.
 */
export type AppendLineReply = Record<string, never>;

/**
 * `compile_filter`: compiles an OCI seccomp profile.
 */
export type CompileFilterRequest = {
  /**
   * `linux.seccomp` of the OCI runtime-spec.
   */
  profile: unknown;
};

/**
 * `compile_filter`: the program.
 */
export type CompileFilterReply = {
  /**
   * `SECCOMP_FILTER_FLAG_*` bits.
   */
  flags: number;
  /**
   * Each instruction as `[code, jt, jf, k]` (linux/filter.h).
   */
  instructions: Array<[number, number, number, number]>;
};

/**
 * `probe`: tries what the kernel offers to this user, in processes of its own that leave nothing behind.
 */
export type ProbeRequest = {
  /**
   * What to try.
   */
  probes: Array<Probe>;
};

/**
 * One thing to try.
 */
export type Probe = {
  "kind": "namespace";
  /**
   * Which.
   */
  namespace: Namespace;
  /**
   * Together with CLONE_NEWUSER.
   */
  inUserNamespace: boolean;
} | {
  "kind": "overlay";
  /**
   * In a new user namespace.
   */
  inUserNamespace: boolean;
} | {
  "kind": "idmapped_mount";
  /**
   * The directory.
   */
  path: string;
} | {
  "kind": "seccomp_action";
  /**
   * `SCMP_ACT_ERRNO` and so on.
   */
  action: string;
} | {
  "kind": "system_call";
  /**
   * `clone3`, `openat2`, `close_range`, `pidfd_open`, `mount_setattr`, `open_tree`, `keyctl`.
   */
  name: string;
};

/**
 * `probe`: the answers in order.
 */
export type ProbeReply = {
  /**
   * One for each probe: 0, or the errno(3) that it failed with.
   */
  errnos: Array<number>;
};

/**
 * `container.json`: all that was decided when a container was made that lives on. In its data directory, so that a boot does not lose it.
 */
export type ContainerDocument = {
  /**
   * [`CONTAINER_VERSION`].
   */
  version: number;
  /**
   * Unique among this user's containers.
   */
  id: string;
  /**
   * The name that leads to it, too.
   */
  name: string | null;
  /**
   * When: RFC 3339, UTC.
   */
  created: string;
  /**
   * IMAGE as it was written.
   */
  image: string;
  /**
   * The program and its arguments.
   */
  command: Array<string>;
  /**
   * Labels.
   */
  labels: { [key in string]?: string };
  /**
   * Delete it when it has ended.
   */
  remove: boolean;
  /**
   * The program has a terminal of its own.
   */
  terminal: boolean;
  /**
   * Its stdin stays open while nobody is attached.
   */
  stdin: boolean;
  /**
   * How it is asked to end.
   */
  stop: StopSettings;
  /**
   * What its end leads to.
   */
  restart: RestartPolicy;
  /**
   * What becomes of its output.
   */
  log: LogSettings;
  /**
   * How to see whether it is well.
   */
  health: HealthCheck | null;
  /**
   * Where its memory's use and lack are counted, to be read when it has ended.
   */
  memory: MemoryFiles | null;
  /**
   * Each start of it. The plan has blanks still.
   */
  launch: LaunchRequest;
  /**
   * The OCI runtime-spec document, blanks and all.
   */
  spec: unknown;
  /**
   * What the person wrote.
   */
  config: unknown;
};

/**
 * How a container is asked to end.
 */
export type StopSettings = {
  /**
   * The signal for its first process, by number.
   */
  signal: number;
  /**
   * How long to wait before SIGKILL; -1: for ever.
   */
  timeoutMs: number;
};

/**
 * What a container's end leads to. A start waits 100 ms, and twice as long each time up to a minute, until one has run for 10 s.
 */
export type RestartPolicy = {
  /**
   * When to start it again.
   */
  kind: RestartKind;
  /**
   * `on_failure`: how often at most; 0: without end.
   */
  maximum: number;
};

/**
 * When a container that has ended is started again.
 */
export type RestartKind = "no" | "on_failure" | "always" | "unless_stopped";

/**
 * What becomes of a container's output.
 */
export type LogSettings = {
  /**
   * Where it goes.
   */
  driver: LogDriver;
  /**
   * The current file; older ones are `PATH.1`, `PATH.2` and so on.
   */
  path: string;
  /**
   * A file that has grown beyond this is rotated.
   */
  maxBytes: number;
  /**
   * Files that are kept, the current one included; 1 or more.
   */
  maxFiles: number;
};

/**
 * Where a container's output goes.
 */
export type LogDriver = "json_file" | "none" | "passthrough";

/**
 * A program in the container that says whether it is well: exit status 0.
 */
export type HealthCheck = {
  /**
   * The program and its arguments.
   */
  command: Array<string>;
  /**
   * From the end of one check to the next.
   */
  intervalMs: number;
  /**
   * After this a check is killed and has failed.
   */
  timeoutMs: number;
  /**
   * Failures before this has passed since the start do not count, until one check has succeeded.
   */
  startPeriodMs: number;
  /**
   * The interval while the start period lasts.
   */
  startIntervalMs: number;
  /**
   * So many failures in a row make it unhealthy.
   */
  retries: number;
};

/**
 * Files of a cgroup's memory controller.
 */
export type MemoryFiles = {
  /**
   * `memory.events` (v2) or `memory.oom_control` (v1), with a line `oom_kill N`.
   */
  events: string;
  /**
   * `memory.peak` (v2, from 5.19 on) or `memory.max_usage_in_bytes` (v1).
   */
  peak: string;
};

/**
 * `state.json`: a container while it runs; OCI's state without the status, which is what is true when it is asked.
 */
export type ContainerRecord = {
  /**
   * Of the runtime specification.
   */
  ociVersion: string;
  /**
   * Its ID.
   */
  id: string;
  /**
   * Its first process.
   */
  pid: number;
  /**
   * Its runtime directory.
   */
  bundle: string;
  /**
   * OCI annotations.
   */
  annotations?: { [key in string]?: string };
  /**
   * What OCI does not have.
   */
  masu: RecordDetails;
};

/**
 * masu's own part of `state.json`: what is needed to look at, signal, enter and clean up a running container.
 */
export type RecordDetails = {
  /**
   * [`CONTAINER_VERSION`].
   */
  version: number;
  /**
   * The name that leads to it, too.
   */
  name?: string;
  /**
   * When it was made: RFC 3339, UTC.
   */
  created: string;
  /**
   * When it was started last.
   */
  started: string;
  /**
   * Its first process's start time, clock ticks since boot.
   */
  start: number;
  /**
   * Who watches it: a resident monitor, or the masu that runs it in the foreground.
   */
  monitor: number;
  /**
   * That process's start time, clock ticks since boot.
   */
  monitorStart: number;
  /**
   * It was made to live on, and has a `container.json`.
   */
  lasting: boolean;
  /**
   * IMAGE as it was written.
   */
  image: string;
  /**
   * The program and its arguments.
   */
  command: Array<string>;
  /**
   * The program has a terminal of its own.
   */
  terminal: boolean;
  /**
   * Labels.
   */
  labels?: { [key in string]?: string };
  /**
   * How it is asked to end.
   */
  stop: StopSettings;
  /**
   * Its cgroups.
   */
  cgroups: RecordCgroups;
  /**
   * How to run another program in it.
   */
  exec: ExecTemplate;
  /**
   * What cleans up after it where its monitor does not.
   */
  undo: Array<HostStep>;
  /**
   * It was made from an OCI bundle: nobody of masu's watches it, and it stays until it is deleted.
   */
  bundle?: BundleRecord;
};

/**
 * The cgroups of a running container.
 */
export type RecordCgroups = {
  /**
   * Its directory in each hierarchy, by controller (v1: `memory`, `cpu` and so on; v2: `unified`).
   */
  directories: { [key in string]?: string };
  /**
   * Where it can be frozen; none: its host has no freezer.
   */
  freezer: Freezer | null;
};

/**
 * A cgroup that can be frozen.
 */
export type Freezer = {
  /**
   * v2's `cgroup.freeze`, otherwise v1's `freezer.state`.
   */
  unified: boolean;
  /**
   * The cgroup's directory.
   */
  directory: string;
};

/**
 * How to run another program in a running container. Its steps are the container's own, so that nothing gets more rights than it has.
 */
export type ExecTemplate = {
  /**
   * Namespaces that differ from those of whoever made the container.
   */
  namespaces: Array<Namespace>;
  /**
   * Its v2 cgroup's directory.
   */
  cgroup: string | null;
  /**
   * `tasks` files of its v1 cgroups.
   */
  cgroupTasks: Array<string>;
  /**
   * `plan.exec` of the second program: without a terminal, with the blank of the arguments.
   */
  steps: Array<StageStep>;
};

/**
 * What is known of a container that was made from an OCI bundle, besides what all have.
 */
export type BundleRecord = {
  /**
   * Its root directory in the runtime namespace.
   */
  rootfs: string;
  /**
   * Who made it, by user name; the number where there is none.
   */
  owner: string;
  /**
   * The socket on which its first process waits for `start`; refused or gone: it was started.
   */
  socket: string;
  /**
   * Done once its program runs: the plan's `started`.
   */
  started: Array<HostStep>;
  /**
   * systemd's unit that holds its cgroup; none: cgroups are masu's own.
   */
  unit: UnitRecord | null;
  /**
   * Its group in `/sys/fs/resctrl`; none: it has none of its own.
   */
  resctrl: string | null;
  /**
   * `linux.resources` as it was asked for last.
   */
  resources: unknown;
};

/**
 * A unit of systemd's.
 */
export type UnitRecord = {
  /**
   * Its name.
   */
  name: string;
  /**
   * Of the user's own manager.
   */
  user: boolean;
};

/**
 * `end.json`: how a container ended last. In its data directory.
 */
export type ContainerEnd = {
  /**
   * [`CONTAINER_VERSION`].
   */
  version: number;
  /**
   * When it was started: RFC 3339, UTC.
   */
  started: string;
  /**
   * When it ended.
   */
  finished: string;
  /**
   * What `wait` says: its exit status, or 128 + its signal.
   */
  status: number;
  /**
   * The signal that ended it.
   */
  signal: number | null;
  /**
   * The kernel killed a process of it for lack of memory.
   */
  outOfMemory: boolean;
  /**
   * How many processes it killed for that.
   */
  oomKills: number;
  /**
   * The most memory that it had in use.
   */
  peakMemoryBytes: number | null;
  /**
   * How often it was started again since a person started it.
   */
  restarts: number;
  /**
   * Somebody asked for it.
   */
  requested: boolean;
  /**
   * The last lines of its output, as its log has them.
   */
  lastLines: Array<string>;
  /**
   * Why it could not be started again, where that is what ended it.
   */
  error: CoreError | null;
};

/**
 * `health.json`: what the checks said. In the runtime directory.
 */
export type HealthRecord = {
  /**
   * What they amount to.
   */
  status: HealthStatus;
  /**
   * Failures in a row.
   */
  failingStreak: number;
  /**
   * The last five, the latest last.
   */
  log: Array<HealthResult>;
};

/**
 * Whether a container is well.
 */
export type HealthStatus = "starting" | "healthy" | "unhealthy";

/**
 * One check.
 */
export type HealthResult = {
  /**
   * RFC 3339, UTC.
   */
  started: string;
  /**
   * RFC 3339, UTC.
   */
  finished: string;
  /**
   * Its exit status; -1: it took too long, or could not be started.
   */
  status: number;
  /**
   * The start of what it wrote, 4 KiB at most.
   */
  output: string;
};

/**
 * Where this user's containers are.
 */
export type Store = {
  /**
   * Runtime state, gone after a boot: `/run/masu`.
   */
  runtime: string;
  /**
   * What lasts: `/var/lib/masu`.
   */
  data: string;
};

/**
 * `create`: carries out the plan's `create` and writes `container.json`. It is there then, or nothing of it is.
 */
export type CreateRequest = {
  /**
   * Where.
   */
  store: Store;
  /**
   * What was decided. Its plan's blanks stay in it.
   */
  document: ContainerDocument;
  /**
   * Keep it for the same command, which also starts it; none: it depends on something that no look shows.
   */
  keep?: KeepPlan;
};

/**
 * `create`: nothing to say.
 */
export type CreateReply = Record<string, never>;

/**
 * `run_kept`: makes and starts a container that lives on by a kept plan.
 */
export type RunKeptRequest = {
  /**
   * Where.
   */
  store: Store;
  /**
   * Where plans are kept.
   */
  directory: string;
  /**
   * All words after `masu`, or whatever else it was kept for.
   */
  command: Array<string>;
};

/**
 * `run_kept`: its ID; none: no plan was kept, or it does not hold any more, and nothing was done.
 */
export type RunKeptReply = {
  /**
   * Its ID.
   */
  id: string | null;
};

/**
 * `start`: starts a monitor, which starts the container; answers when its program runs.
 */
export type StartRequest = {
  /**
   * Where.
   */
  store: Store;
  /**
   * Which.
   */
  container: string;
  /**
   * Connect to it before its program runs, so that nothing of its output is missed: [`StartReply::connection`].
   */
  attach: boolean;
  /**
   * `NOTIFY_SOCKET` of the caller, for a container of a bundle that was created with one: `start` then waits for its program's
   * word that it is ready, and passes it on.
   */
  notifySocket?: string;
};

/**
 * `start`: it runs.
 */
export type StartReply = {
  /**
   * Its ID.
   */
  id: string;
  /**
   * Its first process.
   */
  pid: number;
  /**
   * False: it ran already.
   */
  started: boolean;
  /**
   * A connection to its monitor, close-on-exec, when it was asked for and the container did not run already.
   */
  connection: number | null;
};

/**
 * `containers`: what is true of containers now.
 */
export type ContainersRequest = {
  /**
   * Where.
   */
  store: Store;
  /**
   * Which; none: all, in the order of their creation.
   */
  words: Array<string>;
};

/**
 * `containers`: one view for each. Errors: `not_found` for a word that names none, `invalid_config` for one that several begin with.
 */
export type ContainersReply = {
  /**
   * In the order asked for.
   */
  containers: Array<ContainerView>;
};

/**
 * What is true now.
 */
export type Status = "created" | "running" | "paused" | "restarting" | "stopped" | "broken";

/**
 * A container as `list` shows it.
 */
export type ContainerView = {
  /**
   * Its ID.
   */
  id: string;
  /**
   * What is true now.
   */
  status: Status;
  /**
   * The name that leads to it.
   */
  name: string | null;
  /**
   * When it was made; empty of a broken one.
   */
  created: string;
  /**
   * IMAGE as it was written.
   */
  image: string;
  /**
   * The program and its arguments.
   */
  command: Array<string>;
  /**
   * Labels.
   */
  labels: { [key in string]?: string };
  /**
   * It lives on when it has ended; false: it runs in the foreground of its masu.
   */
  lasting: boolean;
  /**
   * Its monitor, or the masu that runs it in the foreground, is alive.
   */
  watched: boolean;
  /**
   * `state.json`, while it runs.
   */
  record: ContainerRecord | null;
  /**
   * `end.json`, once it has ended.
   */
  end: ContainerEnd | null;
  /**
   * How many of its processes the kernel killed for lack of memory, in this run or, once it has ended, in its last one.
   */
  oomKills: number;
  /**
   * `health.json`, while it runs and has checks.
   */
  health: HealthRecord | null;
  /**
   * How it is started again.
   */
  restart: RestartPolicy | null;
  /**
   * Why it is broken.
   */
  error: CoreError | null;
};

/**
 * `inspect`: all that is known of one container.
 */
export type InspectRequest = {
  /**
   * Where.
   */
  store: Store;
  /**
   * Which.
   */
  container: string;
};

/**
 * `inspect`.
 */
export type InspectReply = {
  /**
   * What is true now.
   */
  view: ContainerView;
  /**
   * `container.json`; none: it runs in the foreground.
   */
  document: ContainerDocument | null;
};

/**
 * `state`: OCI's state of one container.
 */
export type StateRequest = {
  /**
   * Where.
   */
  store: Store;
  /**
   * Which.
   */
  container: string;
};

/**
 * `state`.
 */
export type StateReply = {
  /**
   * The JSON document as it is printed.
   */
  text: string;
};

/**
 * `kill`: sends a signal to the first process of each.
 */
export type KillRequest = {
  /**
   * Where.
   */
  store: Store;
  /**
   * Which.
   */
  words: Array<string>;
  /**
   * Which signal, by number.
   */
  signal: number;
  /**
   * To every process in it, not only the first.
   */
  all: boolean;
};

/**
 * `stop` and `restart`: asks all to end at once, waits, kills those that take too long.
 */
export type StopRequest = {
  /**
   * Where.
   */
  store: Store;
  /**
   * Which.
   */
  words: Array<string>;
  /**
   * The signal; none: each one's own.
   */
  signal: number | null;
  /**
   * How long to wait before SIGKILL, -1: for ever; none: each one's own.
   */
  timeoutMs: number | null;
  /**
   * The end of a pipe that is read: when nobody holds the other end any more, this does not wait any longer; what was asked for goes on. Stays the caller's.
   */
  cancel?: number;
};

/**
 * `await_end`: waits until each has ended and will not be started again.
 */
export type AwaitEndRequest = {
  /**
   * Where.
   */
  store: Store;
  /**
   * Which.
   */
  words: Array<string>;
  /**
   * The end of a pipe that is read: when nobody holds the other end any more, this does not wait any longer. Stays the caller's.
   */
  cancel?: number;
};

/**
 * `delete`: removes containers and all they left.
 */
export type DeleteRequest = {
  /**
   * Where.
   */
  store: Store;
  /**
   * Which.
   */
  words: Array<string>;
  /**
   * Kill those that run.
   */
  force: boolean;
  /**
   * One that is not there is fine.
   */
  ignore: boolean;
};

/**
 * `freeze`: stops and resumes all processes of containers.
 */
export type FreezeRequest = {
  /**
   * Where.
   */
  store: Store;
  /**
   * Which.
   */
  words: Array<string>;
  /**
   * Frozen, or going on.
   */
  frozen: boolean;
};

/**
 * `kill`, `stop`, `restart`, `await_end`, `delete`, `freeze`: what became of each, in the order asked for. One's failure does not keep the others from it.
 */
export type OutcomesReply = {
  /**
   * One for each word.
   */
  outcomes: Array<Outcome>;
};

/**
 * What became of one container.
 */
export type Outcome = {
  /**
   * The word it was named by.
   */
  word: string;
  /**
   * Its ID; none: there is none.
   */
  id: string | null;
  /**
   * How it ended, where that was waited for.
   */
  end: ContainerEnd | null;
  /**
   * Why it could not be done.
   */
  error: CoreError | null;
};

/**
 * `rename`.
 */
export type RenameRequest = {
  /**
   * Where.
   */
  store: Store;
  /**
   * Which.
   */
  container: string;
  /**
   * Its new name.
   */
  name: string;
};

/**
 * `rename`.
 */
export type RenameReply = {
  /**
   * Its ID.
   */
  id: string;
};

/**
 * `lock`: keeps all others from changing a container, for a change that takes several calls. Waits for whoever has it.
 */
export type LockRequest = {
  /**
   * Where.
   */
  store: Store;
  /**
   * Which.
   */
  container: string;
};

/**
 * `lock`. What was read of the container before may be so no longer.
 */
export type LockReply = {
  /**
   * Its ID.
   */
  id: string;
  /**
   * Close-on-exec; closing it unlocks. Ops that lock by themselves would wait for it for ever.
   */
  descriptor: number;
};

/**
 * `update`: changes what was decided, now where it runs, and for its next starts.
 */
export type UpdateRequest = {
  /**
   * Where.
   */
  store: Store;
  /**
   * Which, by its ID.
   */
  container: string;
  /**
   * From `lock`, since before the document was read. Stays the caller's.
   */
  lock: number;
  /**
   * Writes to its cgroups, done when it runs; blanks filled in. When one fails, nothing is written down.
   */
  writes: Array<HostStep>;
  /**
   * The whole document as it shall be.
   */
  document: ContainerDocument;
};

/**
 * `update`: nothing to say.
 */
export type UpdateReply = Record<string, never>;

/**
 * `prune`: removes what no container has any more, and containers that have ended when asked to.
 */
export type PruneRequest = {
  /**
   * Where.
   */
  store: Store;
  /**
   * Delete stopped and created containers too.
   */
  containers: boolean;
  /**
   * Only say what would be removed.
   */
  dry: boolean;
};

/**
 * `prune`.
 */
export type PruneReply = {
  /**
   * IDs of deleted containers.
   */
  containers: Array<string>;
  /**
   * Files, directories and cgroups that were nobody's.
   */
  leftovers: Array<string>;
  /**
   * What could not be removed.
   */
  failures: Array<CoreError>;
};

/**
 * `attach`: this process becomes one that connects its terminal or streams to a container; only an error comes back.
 */
export type AttachRequest = {
  /**
   * Where.
   */
  store: Store;
  /**
   * Which.
   */
  container: string;
  /**
   * A connection from `start`; none: to the running container.
   */
  connection: number | null;
  /**
   * Pass stdin on.
   */
  stdin: boolean;
  /**
   * Bytes that detach, in this order; empty: none.
   */
  detachKeys: Array<number>;
  /**
   * Pass signals on to the container's first process.
   */
  forwardSignals: boolean;
};

/**
 * `exec` and `exec_run`: runs another program in a running container. `exec_run` becomes that program's monitor, as `run` does.
 */
export type ExecRequest = {
  /**
   * Where.
   */
  store: Store;
  /**
   * Which.
   */
  container: string;
  /**
   * How it differs from the container's own program.
   */
  options: ExecOptions;
  /**
   * `exec` only: descriptors that become its stdin, stdout and stderr, -1 for `/dev/null`; none: those of this process.
   */
  stdio: [number, number, number] | null;
};

/**
 * How a second program differs from the container's own.
 */
export type ExecOptions = {
  /**
   * The program and its arguments.
   */
  arguments: Array<string>;
  /**
   * `NAME=value` each, over the container's own environment.
   */
  environment: Array<string>;
  /**
   * Its working directory; none: the container's.
   */
  directory: string | null;
  /**
   * A terminal of its own, with rows and columns; 0: as the kernel has it.
   */
  terminal: [number, number] | null;
  /**
   * How many descriptors from 3 on are passed on.
   */
  preserveFds: number;
  /**
   * A file to write its pid to.
   */
  pidFile?: string;
  /**
   * Steps in place of the template's, for everything else (another user, other capabilities).
   */
  steps: Array<StageStep> | null;
  /**
   * An OCI process document, which says everything: arguments, environment, user and so on. runc's `exec --process`.
   */
  process?: unknown;
  /**
   * Who else is told of it, where it is detached.
   */
  handover?: Handover;
  /**
   * A cgroup below the container's own in each hierarchy (`PATH`), or in some (`controller,controller:PATH`). runc's `exec --cgroup`.
   */
  cgroups?: Array<string>;
  /**
   * Run it though the container is paused: it then waits until that is resumed.
   */
  ignorePaused?: boolean;
};

/**
 * Sockets of whoever called masu as its OCI runtime. Each gets one message with one descriptor, and is not kept.
 */
export type Handover = {
  /**
   * Gets the master of the program's terminal, with its name as the message. runc's `--console-socket`.
   */
  consoleSocket?: string;
  /**
   * Gets a pidfd of the program's process. runc's `--pidfd-socket`.
   */
  pidfdSocket?: string;
  /**
   * A file for the program's pid: written last, whole, and only when everything succeeded. It stays.
   */
  pidFile?: string;
};

/**
 * `create_bundle`: makes a container from an OCI bundle. When its plan has a step `await_start`, it waits there for `start`; otherwise its program runs.
 *
 * It is nobody's child when this process ends: whoever is its subreaper waits for it.
 */
export type CreateBundleRequest = {
  /**
   * Where.
   */
  store: Store;
  /**
   * What is launched; its plan writes `state.json`.
   */
  launch: LaunchRequest;
  /**
   * Who is told of it.
   */
  handover: Handover;
  /**
   * Keep the plan for other documents of the form of the one that was read last; none: it depends on something that no look shows.
   */
  keep: BundleSettings | null;
};

/**
 * `create_bundle`.
 */
export type CreateBundleReply = {
  /**
   * Its first process.
   */
  pid: number;
};

/**
 * `host_ps`: runs ps(1) of the host.
 */
export type HostPsRequest = {
  /**
   * Its arguments.
   */
  arguments: Array<string>;
};

/**
 * `host_ps`.
 */
export type HostPsReply = {
  /**
   * All that it printed; what is no UTF-8 is replaced.
   */
  output: string;
};

/**
 * `read_bundle`: reads a bundle's `config.json`, which may be no symbolic link, and finds the values in it that plans only pass on.
 */
export type ReadBundleRequest = {
  /**
   * Where the bundle's directory is, absolute.
   */
  bundle: string;
};

/**
 * `read_bundle`: the document.
 */
export type ReadBundleReply = {
  /**
   * The bundle's directory, symbolic links and `..` resolved: what hooks, `state` and the record call it, as runc does.
   */
  bundle: string;
  /**
   * The document's text; what is no UTF-8 is replaced.
   */
  text: string;
  /**
   * Where a plan may have blanks instead of what the document says; empty: nowhere.
   */
  blanks: Array<DocumentBlank>;
  /**
   * What they stand for, by name; and the bundle's directory, without its first slash, as `bundle`. Empty: there are no blanks.
   */
  values: Record<string, string>;
  /**
   * `process.args` may be the blank of the arguments.
   */
  arguments: boolean;
};

/**
 * A text with blanks that may stand at a place of a document.
 */
export type DocumentBlank = {
  /**
   * Keys from the top on; of a list the number of the element, from 0.
   */
  place: Array<string>;
  /**
   * The whole text there: `NAME=${value3}`.
   */
  text: string;
};

/**
 * What a bundle's plan depends on beside document and host.
 */
export type BundleSettings = {
  /**
   * Where containers are.
   */
  store: Store;
  /**
   * `cgroupfs`, `systemd` or `disabled`.
   */
  cgroupManager: string;
  /**
   * Descriptors from 3 on that the program inherits.
   */
  preserveFds: number;
  /**
   * A session keyring of its own.
   */
  keyring: boolean;
  /**
   * Somebody gets the other end of the program's terminal.
   */
  consoleSocket: boolean;
};

/**
 * `perform`: executes steps in order, and stops at the first that fails; nothing is undone.
 */
export type PerformRequest = {
  /**
   * The steps.
   */
  steps: Array<HostStep>;
  /**
   * Values of the text blanks.
   */
  blanks: { [key in string]?: string };
};

/**
 * `perform`: nothing to say.
 */
export type PerformReply = Record<string, never>;

/**
 * `pipes`: makes pipes, close-on-exec.
 */
export type PipesRequest = {
  /**
   * How many.
   */
  count: number;
};

/**
 * `pipes`.
 */
export type PipesReply = {
  /**
   * Of each, the end that is read and the end that is written. Whoever gets them closes them.
   */
  pipes: Array<[number, number]>;
};

/**
 * `read_pipe`: waits until there is something to read.
 */
export type ReadPipeRequest = {
  /**
   * The end that is read.
   */
  descriptor: number;
  /**
   * At most so many bytes; 1 MiB is the most there is.
   */
  bytes: number;
  /**
   * The end of a pipe that is read: when nobody holds the other end any more, there is nothing more to read. Stays the caller's.
   */
  cancel?: number;
};

/**
 * `read_pipe`.
 */
export type ReadPipeReply = {
  /**
   * In base64; empty: nobody writes any more.
   */
  data: string;
};

/**
 * `write_pipe`: writes all of it, waiting while the pipe is full.
 */
export type WritePipeRequest = {
  /**
   * The end that is written.
   */
  descriptor: number;
  /**
   * In base64.
   */
  data: string;
  /**
   * The end of a pipe that is read: when nobody holds the other end any more, the rest is not written. Stays the caller's.
   */
  cancel?: number;
};

/**
 * `write_pipe`.
 */
export type WritePipeReply = {
  /**
   * False: nobody reads any more.
   */
  taken: boolean;
};

/**
 * `close_descriptors`: descriptors that this process was given.
 */
export type CloseDescriptorsRequest = {
  /**
   * Each is closed, once.
   */
  descriptors: Array<number>;
};

/**
 * `close_descriptors`: nothing to say.
 */
export type CloseDescriptorsReply = Record<string, never>;

/**
 * `collect`: writes a child's input, reads its output to the end, and reaps it. Its descriptors are closed.
 */
export type CollectRequest = {
  /**
   * The child.
   */
  pid: number;
  /**
   * Its pidfd; -1: none.
   */
  pidfd: number;
  /**
   * Where its input is written; -1: it has none.
   */
  stdin: number;
  /**
   * What is written, in base64.
   */
  input: string;
  /**
   * Where its output is read; -1: nowhere.
   */
  stdout: number;
  /**
   * Where its errors are read; -1: nowhere.
   */
  stderr: number;
  /**
   * No more than this is kept of each; the rest is read and lost.
   */
  limitBytes: number;
  /**
   * The end of a pipe that is read: when nobody holds the other end any more, no more is written and read; the child is waited for still. Stays the caller's.
   */
  cancel?: number;
};

/**
 * `collect`.
 */
export type CollectReply = {
  /**
   * Exit status, when it exited.
   */
  status: number | null;
  /**
   * Signal, when a signal ended it.
   */
  signal: number | null;
  /**
   * In base64.
   */
  stdout: string;
  /**
   * In base64.
   */
  stderr: string;
  /**
   * Something was lost.
   */
  truncated: boolean;
};

/**
 * `signal_process`: pidfd_send_signal(2), or kill(2) where there are no pidfds. One that has ended is fine.
 */
export type SignalProcessRequest = {
  /**
   * A child of this process that was not waited for.
   */
  pid: number;
  /**
   * Its pidfd; -1: none.
   */
  pidfd: number;
  /**
   * By number.
   */
  signal: number;
};

/**
 * `signal_process`: nothing to say.
 */
export type SignalProcessReply = Record<string, never>;

/**
 * `tree`: each job is done by a process of its own, all at once.
 */
export type TreeRequest = {
  /**
   * One or two. Of two, the first packs what the second unpacks.
   */
  jobs: Array<TreeJob>;
  /**
   * Where the stream of a single job comes from or goes to.
   */
  stream: TreeStream;
};

/**
 * The other end of a single job's tar stream.
 */
export type TreeStream = { "kind": "none" } | { "kind": "stdin" } | { "kind": "stdout" } | {
  "kind": "file";
  /**
   * Its path.
   */
  path: string;
};

/**
 * What to do with which files.
 */
export type TreeJob = {
  /**
   * Whose files.
   */
  place: TreePlace;
  /**
   * What to do.
   */
  task: TreeTask;
};

/**
 * Whose files, and with which rights.
 */
export type TreePlace = { "kind": "caller" } | {
  "kind": "running";
  /**
   * Its first process.
   */
  pid: number;
  /**
   * Its start time, clock ticks since boot: it must still be the same process.
   */
  start: number;
  /**
   * Capabilities that its root has at most.
   */
  capabilities: Array<string>;
} | {
  "kind": "stopped";
  /**
   * Where it is.
   */
  store: Store;
  /**
   * Its ID. It is locked meanwhile, so that it is not started.
   */
  container: string;
  /**
   * Its user namespace.
   */
  user: UserMapping | null;
  /**
   * Steps of `plan.inside` that mount its root.
   */
  steps: Array<StageStep>;
  /**
   * Capabilities that its root has at most.
   */
  capabilities: Array<string>;
} | {
  "kind": "layers";
  /**
   * None: no user namespace.
   */
  user: UserMapping | null;
};

/**
 * What to do. Paths of a container are resolved below its root, whatever it changes meanwhile.
 */
export type TreeTask = {
  "kind": "look";
  /**
   * Paths.
   */
  paths: Array<string>;
} | {
  "kind": "pack";
  /**
   * What.
   */
  path: string;
  /**
   * What its top is called in the stream; `.`: it stands for the directory that it is unpacked into; empty: only what is in it.
   */
  name: string;
  /**
   * Follow a last symbolic link of the path.
   */
  follow: boolean;
  /**
   * Extended attributes too.
   */
  attributes: boolean;
  /**
   * Mount points below the top that are gone through; none: all but those of the kernel's own file systems.
   */
  cross: Array<string> | null;
} | {
  "kind": "unpack";
  /**
   * The directory to put it in.
   */
  path: string;
  /**
   * How.
   */
  options: UnpackOptions;
} | {
  "kind": "changes";
  /**
   * The overlays.
   */
  overlays: Array<TreeOverlay>;
  /**
   * Mount points, which masu made where they were missing.
   */
  mountPoints: Array<string>;
};

/**
 * What becomes of owners and modes.
 */
export type UnpackOptions = {
  /**
   * Owners, and extended attributes, as the stream has them. Otherwise all belongs to whoever unpacks: the container's root, or the caller.
   */
  archive: boolean;
  /**
   * Files may have set-user-ID and set-group-ID bits.
   */
  setId: boolean;
  /**
   * Device files are made.
   */
  devices: boolean;
  /**
   * Symbolic links on the way to an entry are followed, below the container's root. Otherwise they are in the way.
   */
  links: boolean;
};

/**
 * An overlay of a container.
 */
export type TreeOverlay = {
  /**
   * Where the container has it.
   */
  destination: string;
  /**
   * Its layers.
   */
  layer: OverlayLayer;
};

/**
 * `tree`: one answer for each job.
 */
export type TreeReply = {
  /**
   * In their order.
   */
  answers: Array<TreeAnswer>;
};

/**
 * What a job found and did.
 */
export type TreeAnswer = {
  /**
   * `look`: one for each path.
   */
  seen: Array<TreeSeen>;
  /**
   * `changes`, sorted by path.
   */
  changes: Array<TreeChange>;
  /**
   * Entries that were packed or unpacked.
   */
  entries: number;
  /**
   * Bytes of files among them.
   */
  bytes: number;
  /**
   * What was left out or is not as it was, the first hundred of it.
   */
  failures: Array<TreeFailure>;
  /**
   * How much more of that there is.
   */
  moreFailures: number;
};

/**
 * What is at a path.
 */
export type TreeSeen = {
  /**
   * errno(3): why nothing was seen.
   */
  errno: number | null;
  /**
   * Its own status.
   */
  status: FileStatus | null;
  /**
   * Of a symbolic link: what it points to.
   */
  target: string | null;
  /**
   * Of a symbolic link: the status of what it leads to; none: nothing is there.
   */
  followed: FileStatus | null;
};

/**
 * What differs from the image.
 */
export type TreeChange = {
  /**
   * How.
   */
  kind: TreeChangeKind;
  /**
   * What, in the container.
   */
  path: string;
};

/**
 * How something differs.
 */
export type TreeChangeKind = "added" | "changed" | "deleted";

/**
 * Something of a tree that could not be had as it is.
 */
export type TreeFailure = {
  /**
   * What, as it is called in the stream.
   */
  path: string;
  /**
   * Why.
   */
  error: CoreError;
};

/**
 * `read`: bytes of a regular file, as text. A symbolic link is not followed.
 */
export type ReadRequest = {
  /**
   * Absolute.
   */
  path: string;
  /**
   * From this byte on.
   */
  offset: number;
  /**
   * At most so many; 1 MiB is the most there is. 0: only which file it is, of whatever kind.
   */
  bytes: number;
  /**
   * Whole lines only, but for one that is longer than `bytes`.
   */
  lines: boolean;
  /**
   * Instead of `path`: a file that was kept open, whatever has become of its name.
   */
  descriptor?: number;
  /**
   * Keep it open: [`ReadReply::descriptor`].
   */
  keep?: boolean;
};

/**
 * `read`. Errors: those of open(2) but ENOENT.
 */
export type ReadReply = {
  /**
   * Which file it is, whatever its name is now: another one has another value. None: there is none.
   */
  file: string | null;
  /**
   * Its size.
   */
  size: number;
  /**
   * What is not UTF-8 is U+FFFD. A character that may not be complete yet is left for the next read.
   */
  text: string;
  /**
   * The byte after the text.
   */
  next: number;
  /**
   * The file, where it was to be kept open. `close_descriptors` closes it.
   */
  descriptor: number | null;
};

/**
 * `watch`: waits until one of some files is not what it was. inotify(7)
 */
export type WatchRequest = {
  /**
   * What the caller has seen of them. Their directories exist.
   */
  files: Array<WatchedFile>;
  /**
   * How long at most; -1: for ever.
   */
  timeoutMs: number;
  /**
   * The end of a pipe that is read: when nobody holds the other end any more, the time is over. Stays the caller's.
   */
  cancel?: number;
};

/**
 * A file as it was seen.
 */
export type WatchedFile = {
  /**
   * Absolute.
   */
  path: string;
  /**
   * [`ReadReply::file`].
   */
  file: string | null;
  /**
   * [`ReadReply::size`].
   */
  size: number;
};

/**
 * `watch`.
 */
export type WatchReply = {
  /**
   * For each file: it is another one, has another size, has come or gone. All false: the time is over.
   */
  changed: Array<boolean>;
};

/**
 * `watch_cgroup`: waits until the kernel changes control files of a cgroup. Nothing is looked at in intervals.
 *
 * inotify(7) tells of the v2 files `cgroup.events`, `memory.events`, `memory.events.local`, `pids.events` and so on (and of v1's
 * `pids.events`); an eventfd(2) tells of v1's `memory.oom_control`, `memory.usage_in_bytes` and `memory.pressure_level`.
 * Of other files the kernel tells nobody.
 * Errors: `failed` a file cannot be watched, or the kernel does not take a registration.
 */
export type WatchCgroupRequest = {
  /**
   * Of one cgroup or of several.
   */
  files: Array<WatchedControl>;
  /**
   * How long at most; -1: for ever.
   */
  timeoutMs: number;
  /**
   * As of [`WatchRequest`].
   */
  cancel?: number;
};

/**
 * A control file as it was seen.
 */
export type WatchedControl = {
  /**
   * Absolute.
   */
  path: string;
  /**
   * Its text; none: there was no such file, or it cannot be read.
   */
  seen: string | null;
  /**
   * v1, what is registered in `cgroup.event_control`: empty for `memory.oom_control`, bytes for `memory.usage_in_bytes`, `low`, `medium` or
   * `critical` for `memory.pressure_level`. What is signalled between two calls is lost, but a text that differs is not.
   */
  registration?: string;
};

/**
 * `watch_cgroup`.
 */
export type WatchCgroupReply = {
  /**
   * One for each file, as it is now.
   */
  files: Array<ControlNow>;
};

/**
 * A control file as it is now.
 */
export type ControlNow = {
  /**
   * Its text; none where it can no longer be read: its group was removed.
   */
  text: string | null;
  /**
   * The text is not what was seen. False for all, and `signalled` too: the time is over.
   */
  changed: boolean;
  /**
   * What was registered has happened.
   */
  signalled: boolean;
};

/**
 * `examine_filter`: compiles an OCI seccomp profile, for any supported machine. Nothing is loaded into the kernel.
 *
 * Errors: as of `compile_filter`; `invalid_config` a call that no such architecture has; `failed` the file cannot be written.
 */
export type ExamineFilterRequest = {
  /**
   * `linux.seccomp` of the OCI runtime-spec.
   */
  profile: unknown;
  /**
   * uname(2) `machine` of whoever will load it.
   */
  machine: string;
  /**
   * The instructions as text, too.
   */
  listing: boolean;
  /**
   * Where the instructions are written as the kernel takes them, `struct sock_filter`; `-`: to stdout.
   */
  output: string | null;
  /**
   * Calls to try.
   */
  calls: Array<FilterCall>;
};

/**
 * A call as a program would make it.
 */
export type FilterCall = {
  /**
   * `x86_64`, `x32`, `x86`, `aarch64` or `arm`; none: the machine's own.
   */
  architecture: string | null;
  /**
   * Its name or number.
   */
  call: string;
  /**
   * Up to six, decimal, without a sign. Those that are not given are 0.
   */
  arguments: Array<string>;
};

/**
 * `examine_filter`.
 */
export type ExamineFilterReply = {
  /**
   * `SECCOMP_FILTER_FLAG_*` bits.
   */
  flags: number;
  /**
   * How many instructions.
   */
  instructions: number;
  /**
   * Those of the profile, with the machine's own; calls of all others are killed.
   */
  architectures: Array<FilterCounts>;
  /**
   * `allow`, `errno 1` and so on.
   */
  defaultAction: string;
  /**
   * One line for each instruction; none was wanted: empty.
   */
  listing: Array<string>;
  /**
   * One for each call.
   */
  verdicts: Array<FilterVerdict>;
};

/**
 * Of an architecture's known calls: how many are treated in one way.
 */
export type FilterCounts = {
  /**
   * Which.
   */
  architecture: string;
  /**
   * Whatever their arguments; most calls first.
   */
  always: Array<FilterCount>;
  /**
   * So many depend on their arguments.
   */
  byArguments: number;
};

/**
 * So many calls are treated so.
 */
export type FilterCount = {
  /**
   * `allow`, `errno 1` and so on.
   */
  action: string;
  /**
   * How many.
   */
  calls: number;
};

/**
 * What happens to a call.
 */
export type FilterVerdict = {
  /**
   * Of whose calls it is one.
   */
  architecture: string;
  /**
   * As the filter sees it.
   */
  number: number;
  /**
   * None: no call of that number is known.
   */
  name: string | null;
  /**
   * `allow`, `log`, `notify`, `trace`, `errno`, `trap`, `kill_thread` or `kill_process`.
   */
  action: string;
  /**
   * The errno, or what a tracer is told.
   */
  data: number | null;
  /**
   * Why.
   */
  reason: FilterReason;
  /**
   * The place of the rule in the profile's list, where one decides.
   */
  rule: number | null;
  /**
   * How many instructions the kernel executes for it.
   */
  executed: number;
};

/**
 * Why a call is treated so.
 */
export type FilterReason = "rule" | "default" | "newer" | "architecture";

/**
 * `await_key`: waits for a key, or for a time; where stdin is no terminal, or one whose foreground is somebody else's, for the time alone.
 *
 * The terminal has raw modes from the first wait on until it is given back. A masu that is killed has it given back by its guard.
 */
export type AwaitKeyRequest = {
  /**
   * How long at most; none: the terminal is given back instead.
   */
  timeoutMs: number | null;
};

/**
 * `await_key`.
 */
export type AwaitKeyReply = {
  /**
   * What came of it.
   */
  key: Pressed | null;
  /**
   * The terminal that shows stdout; 0: it is none.
   */
  columns: number;
  /**
   * Rows of it.
   */
  rows: number;
};

/**
 * What was typed.
 */
export type Pressed = "quit" | "interrupt" | "abort" | "other";

/**
 * `mount_overlay`: one overlay, on a directory that is there. Errors: those of mount(2), explained.
 */
export type MountOverlayRequest = {
  /**
   * Where.
   */
  destination: string;
  /**
   * Lower layers, the topmost first, as they are called.
   */
  lower: Array<string>;
  /**
   * The upper layer; none: nothing can be changed.
   */
  upper: string | null;
  /**
   * Its work directory.
   */
  work: string | null;
  /**
   * The work directory is made, and removed again where the mount fails.
   */
  makeWork: boolean;
  /**
   * `userxattr`, `index=on`.
   */
  options: Array<string>;
  /**
   * Mounted read-only.
   */
  readOnly: boolean;
};

/**
 * `mount_overlay`: it is mounted.
 */
export type MountOverlayReply = Record<string, never>;

/**
 * `unmount`: the topmost mount on a path, which is no symbolic link.
 */
export type UnmountRequest = {
  /**
   * Where.
   */
  path: string;
  /**
   * Even while it is used: it goes when nobody uses it any more.
   */
  lazy: boolean;
};

/**
 * `unmount`: it is gone.
 */
export type UnmountReply = Record<string, never>;

/**
 * `layer`: all that is in an upper directory, as it is there.
 */
export type LayerRequest = {
  /**
   * The directory.
   */
  path: string;
};

/**
 * `layer`.
 */
export type LayerReply = {
  /**
   * Sorted by path.
   */
  entries: Array<LayerEntry>;
};

/**
 * A file of a layer with overlayfs's marks. Kernel, Documentation/filesystems/overlayfs.rst
 */
export type LayerEntry = {
  /**
   * Below the layer, from `/` on.
   */
  path: string;
  /**
   * What it is.
   */
  kind: FileKind;
  /**
   * It stands for nothing: what the lower layers have there is gone.
   */
  whiteout: Whiteout | null;
  /**
   * A directory through which nothing of the lower layers shows.
   */
  opaque: boolean;
  /**
   * What of the lower layers it stands for: a path of the layers, or a name in the same directory.
   */
  redirect: string | null;
  /**
   * Only owner, mode and so on are of this layer; the content is a lower one's.
   */
  metacopy: boolean;
};

/**
 * How a whiteout is made.
 */
export type Whiteout = "device" | "attribute";

/**
 * `attributes`: one extended attribute of many files, symbolic links followed. getxattr(2)
 */
export type AttributesRequest = {
  /**
   * Of which files.
   */
  paths: Array<string>;
  /**
   * `security.capability`.
   */
  name: string;
};

/**
 * `attributes`: one for each path.
 */
export type AttributesReply = {
  /**
   * In their order.
   */
  found: Array<AttributeFound>;
};

/**
 * The attribute of one file.
 */
export type AttributeFound = {
  /**
   * errno(3) of what failed.
   */
  errno: number | null;
  /**
   * Its value in hexadecimal; none: the file has no such attribute.
   */
  value: string | null;
};

/**
 * `securebits`: asks for masu's own.
 */
export type SecurebitsRequest = Record<string, never>;

/**
 * `securebits`: SECBIT_* of linux/securebits.h.
 */
export type SecurebitsReply = {
  /**
   * The bits.
   */
  bits: number;
};

/** The ops by name, with the number that the core knows. */
export const OPS = {
  observe: 0,
  process: 1,
  launch: 2,
  run: 3,
  wait: 4,
  teardown: 5,
  compile_filter: 6,
  probe: 7,
  create: 8,
  start: 9,
  containers: 10,
  inspect: 11,
  state: 12,
  kill: 13,
  stop: 14,
  restart: 15,
  await_end: 16,
  delete: 17,
  freeze: 18,
  rename: 19,
  update: 20,
  prune: 21,
  attach: 22,
  exec: 23,
  exec_run: 24,
  pipes: 25,
  read_pipe: 26,
  write_pipe: 27,
  close_descriptors: 28,
  collect: 29,
  signal_process: 30,
  tree: 31,
  read: 32,
  watch: 33,
  run_kept: 34,
  await_key: 35,
  mount_overlay: 36,
  unmount: 37,
  layer: 38,
  attributes: 39,
  securebits: 40,
  watch_cgroup: 41,
  examine_filter: 42,
  become: 43,
  create_bundle: 44,
  perform: 45,
  append_line: 46,
  lock: 47,
  host_ps: 48,
  read_bundle: 49,
} as const;

/** What each op is asked. */
export interface Requests {
  observe: ObserveRequest;
  process: ProcessRequest;
  launch: LaunchRequest;
  run: RunRequest;
  wait: WaitRequest;
  teardown: TeardownRequest;
  compile_filter: CompileFilterRequest;
  probe: ProbeRequest;
  create: CreateRequest;
  start: StartRequest;
  containers: ContainersRequest;
  inspect: InspectRequest;
  state: StateRequest;
  kill: KillRequest;
  stop: StopRequest;
  restart: StopRequest;
  await_end: AwaitEndRequest;
  delete: DeleteRequest;
  freeze: FreezeRequest;
  rename: RenameRequest;
  update: UpdateRequest;
  prune: PruneRequest;
  attach: AttachRequest;
  exec: ExecRequest;
  exec_run: ExecRequest;
  pipes: PipesRequest;
  read_pipe: ReadPipeRequest;
  write_pipe: WritePipeRequest;
  close_descriptors: CloseDescriptorsRequest;
  collect: CollectRequest;
  signal_process: SignalProcessRequest;
  tree: TreeRequest;
  read: ReadRequest;
  watch: WatchRequest;
  run_kept: RunKeptRequest;
  await_key: AwaitKeyRequest;
  mount_overlay: MountOverlayRequest;
  unmount: UnmountRequest;
  layer: LayerRequest;
  attributes: AttributesRequest;
  securebits: SecurebitsRequest;
  watch_cgroup: WatchCgroupRequest;
  examine_filter: ExamineFilterRequest;
  become: LaunchRequest;
  create_bundle: CreateBundleRequest;
  perform: PerformRequest;
  append_line: AppendLineRequest;
  lock: LockRequest;
  host_ps: HostPsRequest;
  read_bundle: ReadBundleRequest;
}

/** What each op answers; `never`: this process becomes another program. */
export interface Replies {
  observe: ObserveReply;
  process: ProcessReply;
  launch: LaunchReply;
  run: never;
  wait: WaitReply;
  teardown: TeardownReply;
  compile_filter: CompileFilterReply;
  probe: ProbeReply;
  create: CreateReply;
  start: StartReply;
  containers: ContainersReply;
  inspect: InspectReply;
  state: StateReply;
  kill: OutcomesReply;
  stop: OutcomesReply;
  restart: OutcomesReply;
  await_end: OutcomesReply;
  delete: OutcomesReply;
  freeze: OutcomesReply;
  rename: RenameReply;
  update: UpdateReply;
  prune: PruneReply;
  attach: never;
  exec: LaunchReply;
  exec_run: never;
  pipes: PipesReply;
  read_pipe: ReadPipeReply;
  write_pipe: WritePipeReply;
  close_descriptors: CloseDescriptorsReply;
  collect: CollectReply;
  signal_process: SignalProcessReply;
  tree: TreeReply;
  read: ReadReply;
  watch: WatchReply;
  run_kept: RunKeptReply;
  await_key: AwaitKeyReply;
  mount_overlay: MountOverlayReply;
  unmount: UnmountReply;
  layer: LayerReply;
  attributes: AttributesReply;
  securebits: SecurebitsReply;
  watch_cgroup: WatchCgroupReply;
  examine_filter: ExamineFilterReply;
  become: never;
  create_bundle: CreateBundleReply;
  perform: PerformReply;
  append_line: AppendLineReply;
  lock: LockReply;
  host_ps: HostPsReply;
  read_bundle: ReadBundleReply;
}
