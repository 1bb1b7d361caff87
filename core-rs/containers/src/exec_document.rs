//! A process as an OCI document: runc's `exec --process`. OCI runtime-spec, config.md, "Process" and "POSIX process".

use masu_sys::{capability, rlimit};
use masu_wire::error::{CoreError, ErrorCode};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use std::fmt;

/// (uid_t) -1 means "no change" to the kernel.
const NO_ID: u32 = u32::MAX;
const LAST_MODE: u32 = 0o777;

/// What a document says of a process. Keys that the specification does not know are ignored, as it wants.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProcessDocument {
    /// It gets a terminal of its own.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) terminal: bool,
    /// The terminal's size.
    pub(crate) console_size: Option<ConsoleSize>,
    /// Whom it runs as.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) user: User,
    /// The program and its arguments.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) args: Vec<String>,
    /// `NAME=value` each: its whole environment.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) env: Vec<String>,
    /// Where it starts, in the container.
    pub(crate) cwd: String,
    /// Absent: those of the container's own program.
    pub(crate) capabilities: Option<Capabilities>,
    /// Absent or empty: those of the container's own program.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) rlimits: Vec<Rlimit>,
    /// Absent: as the container's own program has it.
    pub(crate) no_new_privileges: Option<bool>,
    /// AppArmor's profile; empty: the container's.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) apparmor_profile: String,
    /// SELinux's context; empty: the container's.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) selinux_label: String,
    /// -1000 to 1000; absent: the container's.
    pub(crate) oom_score_adj: Option<i32>,
    /// Absent: the container's.
    pub(crate) scheduler: Option<Scheduler>,
    /// Absent: the container's.
    pub(crate) io_priority: Option<IoPriority>,
    /// Absent: the container's.
    #[serde(rename = "execCPUAffinity")]
    pub(crate) exec_cpu_affinity: Option<CpuAffinity>,
}

/// Rows and columns.
#[derive(Debug, Deserialize)]
pub(crate) struct ConsoleSize {
    pub(crate) height: u16,
    pub(crate) width: u16,
}

/// `user`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) uid: u32,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) gid: u32,
    pub(crate) umask: Option<u32>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) additional_gids: Vec<u32>,
}

/// The five sets, each empty where it is absent.
#[derive(Debug, Deserialize)]
pub(crate) struct Capabilities {
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) bounding: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) effective: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) permitted: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) inheritable: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) ambient: Vec<String>,
}

/// One of `rlimits`; -1: unlimited.
#[derive(Debug, Deserialize)]
pub(crate) struct Rlimit {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(deserialize_with = "limit")]
    pub(crate) soft: i64,
    #[serde(deserialize_with = "limit")]
    pub(crate) hard: i64,
}

/// `scheduler`
#[derive(Debug, Deserialize)]
pub(crate) struct Scheduler {
    pub(crate) policy: Policy,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) nice: i32,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) priority: u32,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) flags: Vec<SchedulerFlag>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) runtime: u64,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) deadline: u64,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) period: u64,
}

/// linux/sched.h
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(clippy::enum_variant_names, reason = "the specification's words")]
pub(crate) enum Policy {
    SchedOther = 0,
    SchedFifo = 1,
    SchedRr = 2,
    SchedBatch = 3,
    SchedIso = 4,
    SchedIdle = 5,
    SchedDeadline = 6,
}

/// linux/sched.h
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(clippy::enum_variant_names, reason = "the specification's words")]
pub(crate) enum SchedulerFlag {
    SchedFlagResetOnFork = 0x01,
    SchedFlagReclaim = 0x02,
    SchedFlagDlOverrun = 0x04,
    SchedFlagKeepPolicy = 0x08,
    SchedFlagKeepParams = 0x10,
    SchedFlagUtilClampMin = 0x20,
    SchedFlagUtilClampMax = 0x40,
}

/// `ioPriority`
#[derive(Debug, Deserialize)]
pub(crate) struct IoPriority {
    pub(crate) class: IoClass,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) priority: u32,
}

/// linux/ioprio.h
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) enum IoClass {
    #[serde(rename = "IOPRIO_CLASS_RT")]
    RealTime = 1,
    #[serde(rename = "IOPRIO_CLASS_BE")]
    BestEffort = 2,
    #[serde(rename = "IOPRIO_CLASS_IDLE")]
    Idle = 3,
}

/// `execCPUAffinity`: `0-3,7`; empty: unchanged.
#[derive(Debug, Deserialize)]
pub(crate) struct CpuAffinity {
    /// Of the program; `initial` is read where it is applied: [`crate::exec_affinity`].
    #[serde(default, rename = "final", deserialize_with = "or_default")]
    pub(crate) last: String,
}

impl ProcessDocument {
    /// Reads and checks it. Errors: `invalid_config` with the key.
    pub(crate) fn read(document: &Value) -> Result<Self, CoreError> {
        let read: Self = serde_path_to_error::deserialize(document).map_err(|error| {
            // The path of the whole document is a dot.
            let key = error.path().to_string();
            wrong(if key == "." { "" } else { &key }, error.inner())
        })?;
        read.check()?;
        Ok(read)
    }

    fn check(&self) -> Result<(), CoreError> {
        if self.args.is_empty() {
            return Err(wrong("args", "it names no program"));
        }
        check_texts("args", &self.args)?;
        check_texts("env", &self.env)?;
        for (index, variable) in self.env.iter().enumerate() {
            if variable.find('=').is_none_or(|at| at == 0) {
                return Err(wrong(&format!("env[{index}]"), format!("{variable:?} is not NAME=VALUE")));
            }
        }
        check_text("cwd", &self.cwd)?;
        if !self.cwd.starts_with('/') {
            return Err(wrong("cwd", format!("{:?} is not an absolute path in the container", self.cwd)));
        }
        self.user.check()?;
        for (index, Rlimit { kind, .. }) in self.rlimits.iter().enumerate() {
            if rlimit::number(kind).is_none() {
                return Err(wrong(&format!("rlimits[{index}].type"), format!("{kind:?} is no limit")));
            }
        }
        check_text("apparmorProfile", &self.apparmor_profile)?;
        check_text("selinuxLabel", &self.selinux_label)?;
        if self.oom_score_adj.is_some_and(|value| !(-1000..=1000).contains(&value)) {
            return Err(wrong("oomScoreAdj", "it is not a whole number from -1000 to 1000"));
        }
        if self.scheduler.as_ref().is_some_and(|scheduler| !(-20..=19).contains(&scheduler.nice)) {
            return Err(wrong("scheduler.nice", "it is not a whole number from -20 to 19"));
        }
        if self.io_priority.as_ref().is_some_and(|io| io.priority > 7) {
            return Err(wrong("ioPriority.priority", "it is not a whole number from 0 to 7"));
        }
        Ok(())
    }
}

impl User {
    fn check(&self) -> Result<(), CoreError> {
        let ids = [("user.uid".to_owned(), self.uid), ("user.gid".to_owned(), self.gid)];
        let further = self.additional_gids.iter().enumerate();
        let further = further.map(|(index, gid)| (format!("user.additionalGids[{index}]"), *gid));
        if let Some((key, _)) = ids.into_iter().chain(further).find(|(_, id)| *id == NO_ID) {
            return Err(wrong(&key, "4294967295 is no id"));
        }
        if self.umask.is_some_and(|umask| umask > LAST_MODE) {
            return Err(wrong("user.umask", "it is not a whole number from 0 to 511"));
        }
        Ok(())
    }
}

impl Capabilities {
    /// Leaves out what is no capability, and those that `is_given` says nobody here can give, as of a container's own program.
    pub(crate) fn narrow(&mut self, is_given: impl Fn(u32) -> bool) {
        let Self { bounding, effective, permitted, inheritable, ambient } = self;
        for set in [bounding, effective, permitted, inheritable, ambient] {
            set.retain(|name| capability::number(name).is_some_and(&is_given));
        }
    }
}

fn check_texts(key: &str, texts: &[String]) -> Result<(), CoreError> {
    texts.iter().enumerate().try_for_each(|(index, text)| check_text(&format!("{key}[{index}]"), text))
}

fn check_text(key: &str, text: &str) -> Result<(), CoreError> {
    if text.contains('\0') { Err(wrong(key, "it holds a NUL character")) } else { Ok(()) }
}

/// `Read process document: key "user.uid": CAUSE`
pub(crate) fn wrong(key: &str, cause: impl fmt::Display) -> CoreError {
    let key = if key.is_empty() { String::new() } else { format!(": key {key:?}") };
    CoreError::new(ErrorCode::InvalidConfig, format!("Read process document{key}: {cause}"))
}

/// Go writes an absent list or object as null.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// RLIM_INFINITY is 2^64 - 1, which readers of JSON round up.
fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    struct Visitor;
    impl de::Visitor<'_> for Visitor {
        type Value = i64;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a whole number, or -1 for no limit")
        }

        fn visit_u64<E: de::Error>(self, value: u64) -> Result<i64, E> {
            Ok(i64::try_from(value).unwrap_or(-1))
        }

        fn visit_i64<E: de::Error>(self, value: i64) -> Result<i64, E> {
            if value < -1 { Err(E::invalid_value(de::Unexpected::Signed(value), &self)) } else { Ok(value) }
        }

        fn visit_f64<E: de::Error>(self, value: f64) -> Result<i64, E> {
            const BEYOND: f64 = 9_223_372_036_854_775_808.0;
            if value >= BEYOND { Ok(-1) } else { Err(E::invalid_value(de::Unexpected::Float(value), &self)) }
        }
    }
    deserializer.deserialize_any(Visitor)
}

#[cfg(test)]
#[path = "exec_document_test.rs"]
mod tests;
