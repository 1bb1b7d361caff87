//! What the kernel knows, asked with arguments that do nothing.
#![allow(unsafe_code)]

use crate::error::{Result, check};

/// Calls by name that can be probed.
const CALLS: [(&str, libc::c_long); 7] = [
    ("clone3", libc::SYS_clone3),
    ("openat2", libc::SYS_openat2),
    ("close_range", libc::SYS_close_range),
    ("pidfd_open", libc::SYS_pidfd_open),
    ("mount_setattr", libc::SYS_mount_setattr),
    ("open_tree", libc::SYS_open_tree),
    ("keyctl", libc::SYS_keyctl),
];

/// SECCOMP_GET_ACTION_AVAIL of linux/seccomp.h.
const SECCOMP_GET_ACTION_AVAIL: libc::c_int = 2;

/// Whether the kernel (or a filter) lets this process make the call: ENOSYS when not. None: no call of this name is known here.
#[must_use]
pub fn system_call(name: &str) -> Option<Result<()>> {
    let (known, number) = CALLS.iter().find(|(known, _)| *known == name)?;
    // SAFETY: all of these fail at once: -1 is no descriptor, pid, operation or range that is in order, and no size is 0.
    let called = check(known, unsafe { libc::syscall(*number, -1, 0, 0, 0, 0) });
    Some(match called {
        Err(error) if error.errno == libc::ENOSYS => Err(error),
        _ => Ok(()),
    })
}

/// Whether filters may have this action (SECCOMP_RET_*). EOPNOTSUPP: not here; EINVAL, ENOSYS: before Linux 4.14.
pub fn seccomp_action(action: u32) -> Result<()> {
    // SAFETY: seccomp reads the four bytes of `action`.
    let asked = unsafe { libc::syscall(libc::SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &raw const action) };
    check("seccomp", asked).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_call_knows_its_names_only() {
        assert!(system_call("keyctl").is_some());
        assert!(system_call("reboot").is_none());
    }

    #[test]
    fn seccomp_action_knows_allow_and_not_nonsense() {
        assert_eq!(seccomp_action(0x7fff_0000), Ok(()));
        assert_eq!(seccomp_action(0x1234_0000).unwrap_err().errno, libc::EOPNOTSUPP);
    }
}
