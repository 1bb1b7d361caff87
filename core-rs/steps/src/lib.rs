//! Executes the plan steps of the runtime namespace, and says what masu's own processes say to each other.

pub mod attach_document;
pub mod become_role;
pub mod cgroup;
mod cgroup_v2;
pub mod control_watch;
mod cpuset;
mod device_program;
mod directory;
pub mod events;
pub mod executor;
pub mod failure;
mod file;
pub mod guard_protocol;
pub mod hint;
pub mod hook;
pub mod id_map;
pub mod init_role;
pub mod log;
pub mod monitor_document;
pub mod monitor_protocol;
mod mount;
mod network_device;
pub mod notify;
pub mod process_identity;
pub mod remove_protocol;
pub mod stage_protocol;
pub mod systemd;
pub mod time;
pub mod tree;
pub mod tree_protocol;
pub mod undo;

/// Names the call of a rustix result.
fn named<T>(call: &'static str, result: rustix::io::Result<T>) -> Result<T, masu_sys::error::SysError> {
    result.map_err(|errno| masu_sys::error::SysError::new(call, errno.raw_os_error()))
}
