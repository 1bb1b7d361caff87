//! Ops that follow files which others write: logs and events.

use serde::{Deserialize, Serialize};

use crate::wire_type;

wire_type! {
    /// `read`: bytes of a regular file, as text. A symbolic link is not followed.
    pub struct ReadRequest {
        /// Absolute.
        pub path: String,
        /// From this byte on.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub offset: u64,
        /// At most so many; 1 MiB is the most there is. 0: only which file it is, of whatever kind.
        pub bytes: u32,
        /// Whole lines only, but for one that is longer than `bytes`.
        pub lines: bool,
        /// Instead of `path`: a file that was kept open, whatever has become of its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub descriptor: Option<i32>,
        /// Keep it open: [`ReadReply::descriptor`].
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional, as = "Option<bool>"))]
        pub keep: bool,
    }
}

wire_type! {
    /// `read`. Errors: those of open(2) but ENOENT.
    pub struct ReadReply {
        /// Which file it is, whatever its name is now: another one has another value. None: there is none.
        pub file: Option<String>,
        /// Its size.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub size: u64,
        /// What is not UTF-8 is U+FFFD. A character that may not be complete yet is left for the next read.
        pub text: String,
        /// The byte after the text.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub next: u64,
        /// The file, where it was to be kept open. `close_descriptors` closes it.
        pub descriptor: Option<i32>,
    }
}

wire_type! {
    /// `watch`: waits until one of some files is not what it was. inotify(7)
    pub struct WatchRequest {
        /// What the caller has seen of them. Their directories exist.
        pub files: Vec<WatchedFile>,
        /// How long at most; -1: for ever.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub timeout_ms: i64,
        /// The end of a pipe that is read: when nobody holds the other end any more, the time is over. Stays the caller's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub cancel: Option<i32>,
    }
}

wire_type! {
    /// A file as it was seen.
    pub struct WatchedFile {
        /// Absolute.
        pub path: String,
        /// [`ReadReply::file`].
        pub file: Option<String>,
        /// [`ReadReply::size`].
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub size: u64,
    }
}

wire_type! {
    /// `watch`.
    pub struct WatchReply {
        /// For each file: it is another one, has another size, has come or gone. All false: the time is over.
        pub changed: Vec<bool>,
    }
}

wire_type! {
    /// `watch_cgroup`: waits until the kernel changes control files of a cgroup. Nothing is looked at in intervals.
    ///
    /// inotify(7) tells of the v2 files `cgroup.events`, `memory.events`, `memory.events.local`, `pids.events` and so on (and of v1's
    /// `pids.events`); an eventfd(2) tells of v1's `memory.oom_control`, `memory.usage_in_bytes` and `memory.pressure_level`.
    /// Of other files the kernel tells nobody.
    /// Errors: `failed` a file cannot be watched, or the kernel does not take a registration.
    pub struct WatchCgroupRequest {
        /// Of one cgroup or of several.
        pub files: Vec<WatchedControl>,
        /// How long at most; -1: for ever.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub timeout_ms: i64,
        /// As of [`WatchRequest`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub cancel: Option<i32>,
    }
}

wire_type! {
    /// A control file as it was seen.
    pub struct WatchedControl {
        /// Absolute.
        pub path: String,
        /// Its text; none: there was no such file, or it cannot be read.
        pub seen: Option<String>,
        /// v1, what is registered in `cgroup.event_control`: empty for `memory.oom_control`, bytes for `memory.usage_in_bytes`, `low`, `medium` or
        /// `critical` for `memory.pressure_level`. What is signalled between two calls is lost, but a text that differs is not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub registration: Option<String>,
    }
}

wire_type! {
    /// `watch_cgroup`.
    pub struct WatchCgroupReply {
        /// One for each file, as it is now.
        pub files: Vec<ControlNow>,
    }
}

wire_type! {
    /// A control file as it is now.
    #[derive(PartialEq, Eq)]
    pub struct ControlNow {
        /// Its text; none where it can no longer be read: its group was removed.
        pub text: Option<String>,
        /// The text is not what was seen. False for all, and `signalled` too: the time is over.
        pub changed: bool,
        /// What was registered has happened.
        pub signalled: bool,
    }
}
