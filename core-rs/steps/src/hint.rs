//! The one thing to do about a failure, where there is one.

use masu_sys::errno::values::{EAGAIN, EDQUOT, EMFILE, ENFILE, ENOSPC, EROFS};
use masu_wire::error::CoreError;

/// Adds what to do about a file system that is full or read-only.
#[must_use]
pub fn of_file_system(error: CoreError, path: &str) -> CoreError {
    let hint = match error.errno {
        Some(ENOSPC) => format!("free space or inodes on the file system of {path:?} (see df and df -i)"),
        Some(EDQUOT) => format!("the disk quota on the file system of {path:?} is used up"),
        Some(EROFS) => {
            format!(
                "{path:?} is on a read-only file system: remount it, or name another place with --root DIR or XDG_DATA_HOME"
            )
        }
        Some(EMFILE) => "raise the limit of open files (ulimit -n)".to_owned(),
        Some(ENFILE) => "raise the system's limit of open files (sysctl fs.file-max)".to_owned(),
        _ => return error,
    };
    unless_hinted(error, hint)
}

/// Adds what to do when no process could be made.
#[must_use]
pub fn of_process(error: CoreError) -> CoreError {
    match error.errno {
        Some(EAGAIN) => unless_hinted(
            error,
            "a limit of processes is reached: ulimit -u, pids.max of this cgroup, or sysctl kernel.threads-max and kernel.pid_max",
        ),
        _ => error,
    }
}

/// Why an ordinary user may not have a user namespace with rights in it here, where a switch of the system says so.
#[must_use]
pub fn user_namespaces() -> Option<String> {
    let is = |name: &str, value: &str| {
        std::fs::read_to_string(format!("/proc/sys/{name}")).is_ok_and(|text| text.trim() == value)
    };
    // The first is Debian's, the second Ubuntu's.
    if is("kernel/unprivileged_userns_clone", "0") {
        return Some(
            "unprivileged user namespaces are switched off: sysctl kernel.unprivileged_userns_clone=1".to_owned(),
        );
    }
    if is("kernel/apparmor_restrict_unprivileged_userns", "1") {
        return Some(
            "AppArmor restricts unprivileged user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or a profile for masu that allows userns"
                .to_owned(),
        );
    }
    if is("user/max_user_namespaces", "0") {
        return Some("user namespaces are switched off: sysctl user.max_user_namespaces=15000".to_owned());
    }
    None
}

/// Adds a hint to an error that has none.
#[must_use]
pub fn unless_hinted(mut error: CoreError, hint: impl Into<String>) -> CoreError {
    error.hint.get_or_insert_with(|| hint.into());
    error
}
