//! Loads a seccomp filter. seccomp(2)
#![allow(unsafe_code)]

use crate::error::{Result, SysError, check};

/// `struct sock_filter` of linux/filter.h.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What to do.
    pub code: u16,
    /// Instructions to skip when a comparison is true.
    pub jt: u8,
    /// Instructions to skip when it is false.
    pub jf: u8,
    /// Its operand.
    pub k: u32,
}

/// `struct sock_fprog`.
#[repr(C)]
struct Program {
    length: u16,
    instructions: *const Instruction,
}

/// seccomp(2) SECCOMP_SET_MODE_FILTER with SECCOMP_FILTER_FLAG_* bits.
///
/// Errors: EACCES neither no_new_privs nor CAP_SYS_ADMIN; EINVAL a malformed program or an unknown flag; ENOMEM too many filters.
pub fn load(flags: u32, instructions: &[Instruction]) -> Result<()> {
    match set_filter(flags, instructions)? {
        0 => Ok(()),
        // SECCOMP_FILTER_FLAG_TSYNC: the thread that could not be synchronized.
        _ => Err(SysError::new("seccomp", libc::EBUSY)),
    }
}

/// As [`load`], with SECCOMP_FILTER_FLAG_NEW_LISTENER: returns the number of the new descriptor, close-on-exec, which belongs to the caller.
///
/// Errors: EBUSY another filter of this process has a listener already.
pub(crate) fn load_with_listener(flags: u32, instructions: &[Instruction]) -> Result<i32> {
    let number = set_filter(flags, instructions)?;
    i32::try_from(number).map_err(|_| SysError::new("seccomp", libc::EBADF))
}

fn set_filter(flags: u32, instructions: &[Instruction]) -> Result<libc::c_long> {
    let length = u16::try_from(instructions.len()).map_err(|_| SysError::new("seccomp", libc::EINVAL))?;
    let program = Program { length, instructions: instructions.as_ptr() };
    // SAFETY: the kernel copies `length` instructions, all of which live until it returns.
    let loaded = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) };
    check("seccomp", loaded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_makes_a_thread_live_by_the_filter() {
        const ALLOW: Instruction = Instruction { code: 0x06, jt: 0, jf: 0, k: 0x7fff_0000 };
        let errno = |k: u32| Instruction { code: 0x06, jt: 0, jf: 0, k: 0x5_0000 | k };
        let number = Instruction { code: 0x20, jt: 0, jf: 0, k: 0 };
        let domain_name = u32::try_from(libc::SYS_setdomainname).unwrap();
        let is_it = Instruction { code: 0x15, jt: 0, jf: 1, k: domain_name };
        std::thread::spawn(move || {
            crate::credential::set_no_new_privileges().unwrap();
            load(0, &[number, is_it, errno(99), ALLOW]).unwrap();
            assert_eq!(crate::namespace::set_domain_name("").unwrap_err(), SysError::new("setdomainname", 99));
            assert_eq!(load(0, &[]).unwrap_err(), SysError::new("seccomp", libc::EINVAL));
        })
        .join()
        .unwrap();
    }
}
