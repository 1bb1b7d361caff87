//! The ops of the core: what TypeScript asks and what it is answered.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::plan::{HostStep, Namespace, Plan};
use crate::{error::CoreError, wire_type};

/// The ops by number. `lib/core/wire.ts` has the same list.
pub const OPS: [&str; 50] = [
    "observe",
    "process",
    "launch",
    "run",
    "wait",
    "teardown",
    "compile_filter",
    "probe",
    "create",
    "start",
    "containers",
    "inspect",
    "state",
    "kill",
    "stop",
    "restart",
    "await_end",
    "delete",
    "freeze",
    "rename",
    "update",
    "prune",
    "attach",
    "exec",
    "exec_run",
    "pipes",
    "read_pipe",
    "write_pipe",
    "close_descriptors",
    "collect",
    "signal_process",
    "tree",
    "read",
    "watch",
    "run_kept",
    "await_key",
    "mount_overlay",
    "unmount",
    "layer",
    "attributes",
    "securebits",
    "watch_cgroup",
    "examine_filter",
    "become",
    "create_bundle",
    "perform",
    "append_line",
    "lock",
    "host_ps",
    "read_bundle",
];

wire_type! {
    /// `observe`: reads of the host or of a tree that a container can change, many in one call.
    pub struct ObserveRequest {
        /// What to look at.
        pub looks: Vec<Look>,
        /// Values of the blanks in their paths, which are then written as in a plan; none: the paths are as they are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub blanks: Option<BTreeMap<String, String>>,
    }
}

wire_type! {
    /// One read.
    #[derive(PartialEq)]
    pub struct Look {
        /// Absolute path; below `root` when that is given.
        pub path: String,
        /// A root directory that the path and every symbolic link on it stay in: openat2(2) RESOLVE_IN_ROOT.
        pub root: Option<String>,
        /// What is wanted of it.
        pub want: Want,
    }
}

wire_type! {
    /// What is wanted of a path.
    #[derive(Copy, PartialEq, Eq)]
    pub enum Want {
        /// Its status only, symbolic links followed.
        Stat,
        /// Its status only, a last symbolic link not followed.
        Lstat,
        /// The content of a regular file (never a fifo or device; opened with O_NONBLOCK), up to 16 MiB, as UTF-8 with replacements.
        Text,
        /// The names in a directory.
        List,
        /// The target of a symbolic link.
        Link,
        /// statfs(2): the file system's type.
        FileSystem,
    }
}

wire_type! {
    /// `observe`: the answers, in the order of the looks.
    pub struct ObserveReply {
        /// One for each look.
        pub seen: Vec<Seen>,
    }
}

wire_type! {
    /// What was seen.
    #[derive(Default, PartialEq)]
    pub struct Seen {
        /// errno(3) of what failed; the rest is then absent.
        pub errno: Option<i32>,
        /// Status, when there is such a file.
        pub status: Option<FileStatus>,
        /// `text` and `link`.
        pub text: Option<String>,
        /// `list`: sorted, without `.` and `..`.
        pub entries: Option<Vec<DirectoryEntry>>,
        /// `file_system`: `f_type` of statfs(2).
        pub magic: Option<u32>,
    }
}

wire_type! {
    /// stat(2).
    #[derive(PartialEq)]
    pub struct FileStatus {
        /// What it is.
        pub kind: FileKind,
        /// `st_dev`.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub device: u64,
        /// `st_ino`.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub inode: u64,
        /// `st_mtim` in milliseconds since the epoch.
        pub mtime_ms: f64,
        /// Permission bits, `st_mode & 0o7777`.
        pub mode: u32,
        /// Owner.
        pub uid: u32,
        /// Group.
        pub gid: u32,
        /// Bytes.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub size: u64,
        /// `major(st_rdev)` of a device.
        pub major: u32,
        /// `minor(st_rdev)` of a device.
        pub minor: u32,
    }
}

wire_type! {
    /// S_IFMT of stat(2).
    #[derive(Copy, PartialEq, Eq)]
    pub enum FileKind {
        /// S_IFREG
        File,
        /// S_IFDIR
        Directory,
        /// S_IFLNK
        Symlink,
        /// S_IFBLK
        BlockDevice,
        /// S_IFCHR
        CharacterDevice,
        /// S_IFIFO
        Fifo,
        /// S_IFSOCK
        Socket,
    }
}

wire_type! {
    /// One name in a directory.
    #[derive(PartialEq)]
    pub struct DirectoryEntry {
        /// The name.
        pub name: String,
        /// What it is, a symbolic link not followed.
        pub kind: FileKind,
    }
}

wire_type! {
    /// `process`: no input.
    pub struct ProcessRequest {}
}

wire_type! {
    /// `process`: what this process is and has.
    #[derive(PartialEq)]
    pub struct ProcessReply {
        /// getpid(2).
        pub pid: u32,
        /// geteuid(2).
        pub uid: u32,
        /// getegid(2).
        pub gid: u32,
        /// getgroups(2).
        pub groups: Vec<u32>,
        /// Effective capabilities by name, `CAP_CHOWN` and so on.
        pub capabilities: Vec<String>,
        /// The highest capability that the kernel knows, by number.
        pub last_capability: u32,
        /// getcwd(3); empty: it was removed.
        pub directory: String,
        /// uname(2): `release`.
        pub release: String,
        /// uname(2): `machine`.
        pub machine: String,
        /// uname(2): `nodename`.
        pub hostname: String,
        /// `/proc/sys/kernel/random/boot_id`.
        pub boot_id: String,
        /// isatty(3) of stdin, stdout, stderr.
        pub terminals: [bool; 3],
        /// TIOCGWINSZ of the first terminal among them; 0 when there is none.
        pub rows: u16,
        /// Columns.
        pub columns: u16,
        /// Descriptors from 3 on that were open and not close-on-exec, so that they came from the caller.
        pub inherited_descriptors: Vec<u32>,
        /// getrlimit(2) RLIMIT_NOFILE: soft and hard; -1: unlimited.
        #[cfg_attr(feature = "typescript", ts(type = "[number, number]"))]
        pub nofile: [i64; 2],
        /// This process runs in the initial user namespace.
        pub initial_user_namespace: bool,
    }
}

wire_type! {
    /// `launch`: executes a plan up to its program's execve(2).
    ///
    /// When any step fails, what was done is undone by the plan's `afterwards` before the error is returned.
    pub struct LaunchRequest {
        /// The plan, blanks and all.
        pub plan: Plan,
        /// Values of the text blanks, except `pid` and `start` (start time in clock ticks since boot, field 22 of `/proc/PID/stat`), which the core knows.
        pub blanks: BTreeMap<String, String>,
        /// Value of the blank `arguments`.
        pub arguments: Vec<String>,
        /// `run` only: how signals that would end a plain program are treated.
        pub monitor: MonitorOptions,
        /// Descriptors that become the program's stdin, stdout and stderr; none: those of this process.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub stdio: Option<[i32; 3]>,
    }
}

wire_type! {
    /// `run`: a launch whose masu becomes the monitor; only an error comes back.
    pub struct RunRequest {
        /// What is launched.
        pub launch: LaunchRequest,
        /// Keep the plan once the program runs; none: it depends on something that no look shows.
        pub keep: Option<KeepPlan>,
    }
}

wire_type! {
    /// What a kept plan belongs to. All looks at the host since the process began are kept with it.
    pub struct KeepPlan {
        /// Where plans are kept.
        pub directory: String,
        /// All words after `masu`.
        pub command: Vec<String>,
        /// Variables of the environment that were read, by name; none: not set.
        pub environment: BTreeMap<String, Option<String>>,
    }
}

wire_type! {
    /// What the monitor needs to know besides the plan.
    #[derive(Default)]
    pub struct MonitorOptions {
        /// The plan's program stays PID 1 without `--init`: a signal that it neither handles nor ignores ends the container, as it would end a plain program.
        pub bare_init: bool,
        /// Bytes that detach from a terminal; empty: none.
        pub detach_keys: Vec<u8>,
        /// Whom to tell when the program says that it is ready; none: nobody asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub notify: Option<NotifySocket>,
    }
}

wire_type! {
    /// A socket for what the program says of itself, and who hears of it. sd_notify(3)
    pub struct NotifySocket {
        /// Made before the program is executed; blanks are filled in.
        pub path: String,
        /// `NOTIFY_SOCKET` as masu got it: a path, or an abstract name after `@`.
        pub to: String,
    }
}

wire_type! {
    /// `launch`: the container's first process.
    pub struct LaunchReply {
        /// Its pid in the runtime namespace.
        pub pid: u32,
        /// A pidfd of it, close-on-exec; -1 where the kernel has none.
        pub pidfd: i32,
        /// Its start time, clock ticks since boot.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub start: u64,
        /// The pseudoterminal's master, when the plan opens one.
        pub terminal: Option<i32>,
    }
}

wire_type! {
    /// `wait`: blocks until a child of this process has ended and reaps it.
    pub struct WaitRequest {
        /// Its pid.
        pub pid: u32,
        /// Its pidfd, which is closed; -1: none.
        pub pidfd: i32,
    }
}

wire_type! {
    /// `wait`: how it ended.
    pub struct WaitReply {
        /// Exit status, when it exited.
        pub status: Option<i32>,
        /// Signal, when a signal ended it.
        pub signal: Option<i32>,
    }
}

wire_type! {
    /// `teardown`: executes steps, all of them, whatever fails.
    pub struct TeardownRequest {
        /// A plan's `afterwards`.
        pub steps: Vec<HostStep>,
        /// Values of the text blanks.
        pub blanks: BTreeMap<String, String>,
    }
}

wire_type! {
    /// `teardown`: what failed.
    pub struct TeardownReply {
        /// One for each failed step.
        pub failures: Vec<CoreError>,
    }
}

wire_type! {
    /// `append_line`: adds a line to a file that several processes write to, and makes it where it is missing.
    pub struct AppendLineRequest {
        /// The file, symbolic links followed.
        pub path: String,
        /// The line without its end.
        pub line: String,
    }
}

wire_type! {
    /// `append_line`: nothing to say.
    pub struct AppendLineReply {}
}

wire_type! {
    /// `compile_filter`: compiles an OCI seccomp profile.
    pub struct CompileFilterRequest {
        /// `linux.seccomp` of the OCI runtime-spec.
        #[cfg_attr(feature = "typescript", ts(type = "unknown"))]
        pub profile: serde_json::Value,
    }
}

wire_type! {
    /// `compile_filter`: the program.
    pub struct CompileFilterReply {
        /// `SECCOMP_FILTER_FLAG_*` bits.
        pub flags: u32,
        /// Each instruction as `[code, jt, jf, k]` (linux/filter.h).
        pub instructions: Vec<[u32; 4]>,
    }
}

wire_type! {
    /// `probe`: tries what the kernel offers to this user, in processes of its own that leave nothing behind.
    pub struct ProbeRequest {
        /// What to try.
        pub probes: Vec<Probe>,
    }
}

wire_type! {
    /// One thing to try.
    #[serde(tag = "kind")]
    pub enum Probe {
        /// clone(2) with this namespace, in a new user namespace when `in_user_namespace`.
        Namespace {
            /// Which.
            namespace: Namespace,
            /// Together with CLONE_NEWUSER.
            in_user_namespace: bool,
        },
        /// An overlay of two temporary directories on tmpfs.
        Overlay {
            /// In a new user namespace.
            in_user_namespace: bool,
        },
        /// A mapped clone of a mount: mount_setattr(2) MOUNT_ATTR_IDMAP on this directory.
        IdmappedMount {
            /// The directory.
            path: String,
        },
        /// seccomp(2) SECCOMP_GET_ACTION_AVAIL.
        SeccompAction {
            /// `SCMP_ACT_ERRNO` and so on.
            action: String,
        },
        /// A system call by name, called with arguments that do nothing: there, unless ENOSYS.
        SystemCall {
            /// `clone3`, `openat2`, `close_range`, `pidfd_open`, `mount_setattr`, `open_tree`, `keyctl`.
            name: String,
        },
    }
}

wire_type! {
    /// `probe`: the answers in order.
    pub struct ProbeReply {
        /// One for each probe: 0, or the errno(3) that it failed with.
        pub errnos: Vec<i32>,
    }
}
