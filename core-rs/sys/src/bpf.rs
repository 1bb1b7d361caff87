//! Device programs of v2 cgroups. bpf(2)
#![allow(unsafe_code)]

use crate::error::{Result, check};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// One instruction. linux/bpf.h, `struct bpf_insn`
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Operation.
    pub code: u8,
    /// Destination register in the low four bits, source register in the high ones.
    pub registers: u8,
    /// Jump distance or memory offset.
    pub offset: i16,
    /// Constant.
    pub immediate: i32,
}

const BPF_PROG_LOAD: libc::c_int = 5;
const BPF_PROG_ATTACH: libc::c_int = 8;
const BPF_PROG_DETACH: libc::c_int = 9;
const BPF_PROG_GET_FD_BY_ID: libc::c_int = 13;
const BPF_PROG_QUERY: libc::c_int = 16;
const BPF_PROG_TYPE_CGROUP_DEVICE: u32 = 15;
const BPF_CGROUP_DEVICE: u32 = 6;
const BPF_F_ALLOW_MULTI: u32 = 2;
/// Linux 5.6
const BPF_F_REPLACE: u32 = 4;

/// `union bpf_attr` as BPF_PROG_LOAD reads it, up to its fields of Linux 4.15.
#[repr(C)]
struct LoadAttributes {
    kind: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
}

/// `union bpf_attr` as BPF_PROG_ATTACH and BPF_PROG_DETACH read it.
#[repr(C)]
struct AttachAttributes {
    target: u32,
    program: u32,
    kind: u32,
    flags: u32,
    replaced: u32,
}

/// `union bpf_attr` as BPF_PROG_QUERY reads it, up to its fields of Linux 4.15.
#[repr(C)]
struct QueryAttributes {
    target: u32,
    kind: u32,
    query_flags: u32,
    attach_flags: u32,
    ids: u64,
    count: u32,
}

/// `union bpf_attr` as BPF_PROG_GET_FD_BY_ID reads it.
#[repr(C)]
struct IdAttributes {
    id: u32,
    next: u32,
    flags: u32,
}

/// Loads a program of type `BPF_PROG_TYPE_CGROUP_DEVICE`.
///
/// Errors: EPERM without CAP_BPF or CAP_SYS_ADMIN; EINVAL, EACCES: the verifier refused it.
pub fn load_device_program(instructions: &[Instruction]) -> Result<OwnedFd> {
    let mut attributes = LoadAttributes {
        kind: BPF_PROG_TYPE_CGROUP_DEVICE,
        instruction_count: u32::try_from(instructions.len()).unwrap_or(u32::MAX),
        instructions: instructions.as_ptr() as u64,
        license: c"Apache-2.0".as_ptr() as u64,
        log_level: 0,
        log_size: 0,
        log: 0,
        kernel_version: 0,
        flags: 0,
    };
    // SAFETY: `attributes` has the size that is told; the instructions and the license outlive the call, which copies them.
    let program =
        unsafe { libc::syscall(libc::SYS_bpf, BPF_PROG_LOAD, &raw mut attributes, size_of::<LoadAttributes>()) };
    let program = i32::try_from(check("bpf", program)?).unwrap_or(-1);
    // SAFETY: the kernel has just made this descriptor (close-on-exec), so it is nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(program) })
}

/// Attaches a program to a v2 cgroup, in the place of the one that is there in one go; beside several, a device needs the yes of all.
/// It stays as long as the cgroup.
pub fn attach_device_program(cgroup: BorrowedFd<'_>, program: &OwnedFd) -> Result<()> {
    let Some(old) = only_device_program(cgroup)? else { return attach(cgroup, program, None) };
    match attach(cgroup, program, Some(old.as_fd())) {
        // Before Linux 5.6: for a moment both hold, never none.
        Err(error) if error.errno == libc::EINVAL => {
            attach(cgroup, program, None)?;
            let mut attributes = attach_attributes(cgroup, old.as_fd(), 0, None);
            bpf(BPF_PROG_DETACH, &mut attributes).map(drop)
        }
        attached => attached,
    }
}

fn attach(cgroup: BorrowedFd<'_>, program: &OwnedFd, replaced: Option<BorrowedFd<'_>>) -> Result<()> {
    let flags = BPF_F_ALLOW_MULTI | if replaced.is_some() { BPF_F_REPLACE } else { 0 };
    bpf(BPF_PROG_ATTACH, &mut attach_attributes(cgroup, program.as_fd(), flags, replaced)).map(drop)
}

fn attach_attributes(
    cgroup: BorrowedFd<'_>,
    program: BorrowedFd<'_>,
    flags: u32,
    replaced: Option<BorrowedFd<'_>>,
) -> AttachAttributes {
    AttachAttributes {
        target: cgroup.as_raw_fd().unsigned_abs(),
        program: program.as_raw_fd().unsigned_abs(),
        kind: BPF_CGROUP_DEVICE,
        flags,
        replaced: replaced.map_or(0, |old| old.as_raw_fd().unsigned_abs()),
    }
}

/// The device program of this very cgroup; none: it has none, or several.
fn only_device_program(cgroup: BorrowedFd<'_>) -> Result<Option<OwnedFd>> {
    let mut ids = [0u32; 2];
    let mut query = QueryAttributes {
        target: cgroup.as_raw_fd().unsigned_abs(),
        kind: BPF_CGROUP_DEVICE,
        query_flags: 0,
        attach_flags: 0,
        ids: ids.as_mut_ptr() as u64,
        count: 2,
    };
    match bpf(BPF_PROG_QUERY, &mut query) {
        Ok(_) if query.count == 1 => {}
        // ENOSPC: more than there is room for.
        Err(error) if error.errno != libc::ENOSPC => return Err(error),
        _ => return Ok(None),
    }
    let mut by_id = IdAttributes { id: ids[0], next: 0, flags: 0 };
    let found = i32::try_from(bpf(BPF_PROG_GET_FD_BY_ID, &mut by_id)?).unwrap_or(-1);
    // SAFETY: the kernel has just made this descriptor (close-on-exec), so it is nobody else's.
    Ok(Some(unsafe { OwnedFd::from_raw_fd(found) }))
}

/// bpf(2) with the part of its attributes that the command reads.
fn bpf<T>(command: libc::c_int, attributes: &mut T) -> Result<libc::c_long> {
    // SAFETY: `attributes` has the size that is told and outlives the call; each caller passes the type of its command, whose
    // pointers are to memory that outlives the call too.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_mut(attributes), size_of::<T>()) };
    check("bpf", result)
}
