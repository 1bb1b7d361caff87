//! Who this thread is and what it may do. credentials(7), capabilities(7)
//!
//! These are the kernel's calls for one thread, without the C library's signals to all others: for processes with a single thread.
#![allow(unsafe_code)]

use crate::error::{Result, SysError, check, named};
use rustix::process::DumpableBehavior;

/// Three capability sets; capability n is bit n.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sets {
    /// What may be used now.
    pub effective: u64,
    /// What may be made effective.
    pub permitted: u64,
    /// What execve(2) may keep.
    pub inheritable: u64,
}

/// `struct __user_cap_header_struct` of linux/capability.h, for version 3.
#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

/// `struct __user_cap_data_struct`; there are two, of 32 capabilities each.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Data {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// _LINUX_CAPABILITY_VERSION_3
const VERSION: u32 = 0x2008_0522;

/// capget(2).
pub fn capabilities() -> Result<Sets> {
    let (mut header, mut data) = (Header { version: VERSION, pid: 0 }, [Data::default(); 2]);
    // SAFETY: capget of version 3 reads the header and writes two elements.
    check("capget", unsafe { libc::syscall(libc::SYS_capget, &raw mut header, data.as_mut_ptr()) })?;
    let join = |field: fn(&Data) -> u32| u64::from(field(&data[0])) | u64::from(field(&data[1])) << 32;
    Ok(Sets {
        effective: join(|data| data.effective),
        permitted: join(|data| data.permitted),
        inheritable: join(|data| data.inheritable),
    })
}

/// capset(2). Clears from the ambient set what the new permitted or inheritable set lacks.
pub fn set_capabilities(sets: &Sets) -> Result<()> {
    let halves = |set: u64| (u32::try_from(set & 0xffff_ffff).unwrap_or(0), u32::try_from(set >> 32).unwrap_or(0));
    let (effective, permitted, inheritable) =
        (halves(sets.effective), halves(sets.permitted), halves(sets.inheritable));
    let data = [
        Data { effective: effective.0, permitted: permitted.0, inheritable: inheritable.0 },
        Data { effective: effective.1, permitted: permitted.1, inheritable: inheritable.1 },
    ];
    let mut header = Header { version: VERSION, pid: 0 };
    // SAFETY: capset of version 3 reads the header and two elements.
    check("capset", unsafe { libc::syscall(libc::SYS_capset, &raw mut header, data.as_ptr()) }).map(drop)
}

/// prctl(2) PR_CAPBSET_DROP. EINVAL: this kernel has no such capability.
pub fn drop_from_bounding_set(capability: u32) -> Result<()> {
    prctl(libc::PR_CAPBSET_DROP, [capability.into(), 0]).map(drop)
}

/// prctl(2) PR_CAPBSET_READ. EINVAL: this kernel has no such capability.
pub fn is_in_bounding_set(capability: u32) -> Result<bool> {
    Ok(prctl(libc::PR_CAPBSET_READ, [capability.into(), 0])? == 1)
}

/// prctl(2) PR_CAP_AMBIENT_RAISE. EPERM: not both permitted and inheritable.
pub fn raise_ambient(capability: u32) -> Result<()> {
    prctl(libc::PR_CAP_AMBIENT, [libc::PR_CAP_AMBIENT_RAISE.into(), capability.into()]).map(drop)
}

/// prctl(2) PR_CAP_AMBIENT_CLEAR_ALL.
pub fn clear_ambient() -> Result<()> {
    prctl(libc::PR_CAP_AMBIENT, [libc::PR_CAP_AMBIENT_CLEAR_ALL.into(), 0]).map(drop)
}

/// prctl(2) PR_SET_KEEPCAPS: a change from user id 0 to others keeps the permitted set.
pub fn keep_capabilities(keep: bool) -> Result<()> {
    named("prctl", rustix::thread::set_keep_capabilities(keep))
}

/// prctl(2) PR_GET_SECUREBITS.
pub fn secure_bits() -> Result<u32> {
    prctl(libc::PR_GET_SECUREBITS, [0, 0]).map(|bits| u32::try_from(bits).unwrap_or(0))
}

/// prctl(2) PR_SET_SECUREBITS. EPERM: no CAP_SETPCAP, or a bit that is locked.
pub fn set_secure_bits(bits: u32) -> Result<()> {
    prctl(libc::PR_SET_SECUREBITS, [bits.into(), 0]).map(drop)
}

/// prctl(2) PR_SET_NO_NEW_PRIVS.
pub fn set_no_new_privileges() -> Result<()> {
    named("prctl", rustix::thread::set_no_new_privs(true))
}

/// prctl(2) PR_SET_DUMPABLE: whether others of the same user may trace this process and look into its descriptors.
pub fn set_dumpable(dumpable: bool) -> Result<()> {
    let behavior = if dumpable { DumpableBehavior::Dumpable } else { DumpableBehavior::NotDumpable };
    named("prctl", rustix::process::set_dumpable_behavior(behavior))
}

/// setresuid(2): real, effective and saved.
pub fn set_user(uid: u32) -> Result<()> {
    // SAFETY: setresuid reads no memory.
    check("setresuid", unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) }).map(drop)
}

/// setresgid(2): real, effective and saved.
pub fn set_group(gid: u32) -> Result<()> {
    // SAFETY: setresgid reads no memory.
    check("setresgid", unsafe { libc::syscall(libc::SYS_setresgid, gid, gid, gid) }).map(drop)
}

/// setresuid(2): real, and effective and saved; none: as it is.
pub fn set_users(real: Option<u32>, effective: Option<u32>) -> Result<()> {
    let (real, effective) = (real.unwrap_or(u32::MAX), effective.unwrap_or(u32::MAX));
    // SAFETY: setresuid reads no memory.
    check("setresuid", unsafe { libc::syscall(libc::SYS_setresuid, real, effective, effective) }).map(drop)
}

/// setresgid(2): real, and effective and saved; none: as it is.
pub fn set_groups_of_process(real: Option<u32>, effective: Option<u32>) -> Result<()> {
    let (real, effective) = (real.unwrap_or(u32::MAX), effective.unwrap_or(u32::MAX));
    // SAFETY: setresgid reads no memory.
    check("setresgid", unsafe { libc::syscall(libc::SYS_setresgid, real, effective, effective) }).map(drop)
}

/// prctl(2) PR_SET_PDEATHSIG.
pub fn set_parent_death_signal(signal: i32) -> Result<()> {
    prctl(libc::PR_SET_PDEATHSIG, [signal.into(), 0]).map(drop)
}

/// setgroups(2).
pub fn set_groups(groups: &[u32]) -> Result<()> {
    // SAFETY: setgroups reads as many ids as it is told.
    check("setgroups", unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) }).map(drop)
}

/// geteuid(2).
#[must_use]
pub fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// getegid(2).
#[must_use]
pub fn group() -> u32 {
    rustix::process::getegid().as_raw()
}

fn prctl(option: i32, [first, second]: [i64; 2]) -> Result<i64> {
    // SAFETY: none of the options above takes an address.
    check("prctl", unsafe { libc::syscall(libc::SYS_prctl, option, first, second, 0, 0) })
}

/// A set of capabilities by their numbers. EINVAL: a number from 64 on.
pub fn set_of(numbers: impl IntoIterator<Item = u32>) -> Result<u64> {
    numbers.into_iter().try_fold(0, |set, number| match number {
        0..64 => Ok(set | 1 << number),
        _ => Err(SysError::new("capset", libc::EINVAL)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_agrees_with_proc() {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:\t")).unwrap();
        assert_eq!(capabilities().unwrap().effective, u64::from_str_radix(effective, 16).unwrap());
    }

    #[test]
    fn set_capabilities_drops_in_this_thread_alone() {
        let before = capabilities().unwrap();
        std::thread::spawn(|| {
            set_capabilities(&Sets::default()).unwrap();
            assert_eq!(capabilities().unwrap(), Sets::default());
            assert_eq!(
                set_capabilities(&Sets { effective: 1, ..Sets::default() }).unwrap_err(),
                SysError::new("capset", libc::EPERM)
            );
        })
        .join()
        .unwrap();
        assert_eq!(capabilities().unwrap(), before);
    }

    #[test]
    fn is_in_bounding_set_knows_the_kernels_last_capability() {
        let last: u32 = std::fs::read_to_string("/proc/sys/kernel/cap_last_cap").unwrap().trim().parse().unwrap();
        assert!(is_in_bounding_set(last).is_ok());
        assert_eq!(is_in_bounding_set(last + 1).unwrap_err().errno, libc::EINVAL);
    }

    #[test]
    fn set_of_refuses_what_does_not_fit() {
        assert_eq!(set_of([0, 21, 40]), Ok(1 | 1 << 21 | 1 << 40));
        assert!(set_of([64]).is_err());
    }
}
