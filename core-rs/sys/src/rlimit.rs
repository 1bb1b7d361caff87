//! Resource limits by name. setrlimit(2)
#![allow(unsafe_code)]

use crate::error::{Result, check};

/// The place in this list is the number: asm-generic/resource.h, the same on x86-64 and aarch64.
pub const NAMES: [&str; 16] = [
    "RLIMIT_CPU",
    "RLIMIT_FSIZE",
    "RLIMIT_DATA",
    "RLIMIT_STACK",
    "RLIMIT_CORE",
    "RLIMIT_RSS",
    "RLIMIT_NPROC",
    "RLIMIT_NOFILE",
    "RLIMIT_MEMLOCK",
    "RLIMIT_AS",
    "RLIMIT_LOCKS",
    "RLIMIT_SIGPENDING",
    "RLIMIT_MSGQUEUE",
    "RLIMIT_NICE",
    "RLIMIT_RTPRIO",
    "RLIMIT_RTTIME",
];

/// The number of a limit; none: there is no such limit.
#[must_use]
pub fn number(name: &str) -> Option<u32> {
    NAMES.iter().position(|known| *known == name).and_then(|at| u32::try_from(at).ok())
}

/// prlimit(2) of this process; a negative limit is none.
///
/// Errors: EPERM raising a hard limit needs CAP_SYS_RESOURCE in the initial user namespace, or RLIMIT_NOFILE beyond `fs.nr_open`;
/// EINVAL soft above hard.
pub fn set(resource: u32, soft: i64, hard: i64) -> Result<()> {
    let limit = |value: i64| u64::try_from(value).unwrap_or(u64::MAX);
    let new = [limit(soft), limit(hard)];
    // SAFETY: prlimit64 reads two numbers of 64 bits; the null pointer asks for no old limits.
    let result = unsafe { libc::syscall(libc::SYS_prlimit64, 0, resource, new.as_ptr(), std::ptr::null_mut::<u64>()) };
    check("prlimit", result).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_agrees_with_the_c_library() {
        for (name, expected) in [
            ("RLIMIT_CPU", libc::RLIMIT_CPU),
            ("RLIMIT_CORE", libc::RLIMIT_CORE),
            ("RLIMIT_NPROC", libc::RLIMIT_NPROC),
            ("RLIMIT_NOFILE", libc::RLIMIT_NOFILE),
            ("RLIMIT_MEMLOCK", libc::RLIMIT_MEMLOCK),
            ("RLIMIT_AS", libc::RLIMIT_AS),
            ("RLIMIT_MSGQUEUE", libc::RLIMIT_MSGQUEUE),
            ("RLIMIT_RTTIME", libc::RLIMIT_RTTIME),
        ] {
            assert_eq!(number(name), Some(expected), "{name}");
        }
        assert_eq!(number("RLIMIT_NOTHING"), None);
    }

    #[test]
    fn set_lowers_and_refuses_soft_above_hard() {
        assert_eq!(set(number("RLIMIT_CORE").unwrap(), 2, 1).unwrap_err().errno, libc::EINVAL);
        assert!(
            set(number("RLIMIT_CORE").unwrap(), 0, -1).is_ok_and(|()| true) || !rustix::process::geteuid().is_root()
        );
    }
}
