// Generated from core-rs/wire by `make wire`; a test compares them. Do not edit.

/** Raised on any change of an op, a field or a type; the core has the same number. */
export const ABI_VERSION = 1;

/** Raised on any change of the plan's shape. */
export const PLAN_VERSION = 1;

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
export type Group = "before" | "clone" | "network" | "inside" | "exec" | "afterwards";

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
   * In the runtime namespace, before the container's first process exists.
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
   * In the container's first process: limits, identity, capabilities, filter and, last, the program.
   */
  exec: Array<StageStep>;
  /**
   * In the runtime namespace, when the program has ended or any step has failed. All are tried.
   */
  afterwards: Array<HostStep>;
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
  };

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
};

/**
 * `observe`: reads of the host or of a tree that a container can change, many in one call.
 */
export type ObserveRequest = {
  /**
   * What to look at.
   */
  looks: Array<Look>;
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
   * getcwd(3).
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
 * `launch` and `run`: executes a plan up to its program's execve(2).
 *
 * `launch` returns then. `run` goes on: this very process becomes the monitor, and only an error comes back.
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
} as const;

/** What each op is asked. */
export interface Requests {
  observe: ObserveRequest;
  process: ProcessRequest;
  launch: LaunchRequest;
  run: LaunchRequest;
  wait: WaitRequest;
  teardown: TeardownRequest;
  compile_filter: CompileFilterRequest;
  probe: ProbeRequest;
}

/** What each op answers. `run` does not return. */
export interface Replies {
  observe: ObserveReply;
  process: ProcessReply;
  launch: LaunchReply;
  run: never;
  wait: WaitReply;
  teardown: TeardownReply;
  compile_filter: CompileFilterReply;
  probe: ProbeReply;
}
