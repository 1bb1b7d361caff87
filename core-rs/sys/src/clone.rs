//! Starts `init` in new namespaces from a process with many threads. clone(2)
//!
//! The child shares the parent's memory until it has executed `init` (CLONE_VM, CLONE_VFORK), on a stack of its own. Other threads of the
//! parent may hold any lock, so it makes nothing but raw system calls: fcntl(2), capset(2), prctl(2), execveat(2), exit_group(2).
#![allow(unsafe_code)]

use crate::error::{Result, SysError};
use crate::signal;
use std::ffi::CString;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// The program that a child executes.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// The executable, for example a sealed memfd.
    pub executable: BorrowedFd<'a>,
    /// argv.
    pub arguments: &'a [CString],
    /// envp.
    pub environment: &'a [CString],
    /// The one descriptor that stays open through execve(2) although it is close-on-exec here.
    pub keep: BorrowedFd<'a>,
}

/// How a child starts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Start<'a> {
    /// CLONE_NEW* bits; CLONE_NEWTIME does not go with shared memory.
    pub namespaces: u64,
    /// The v2 cgroup to start in: CLONE_INTO_CGROUP.
    pub cgroup: Option<BorrowedFd<'a>>,
}

/// A child that has executed its program.
#[derive(Debug)]
pub struct Child {
    /// Its pid here.
    pub pid: u32,
    /// Its pidfd, close-on-exec; none before Linux 5.2.
    pub pidfd: Option<OwnedFd>,
    /// It started in [`Start::cgroup`]. If not (no clone3(2)), it must join by itself.
    pub in_cgroup: bool,
}

/// What the child reads, and the one thing that it writes. Both live on the parent's stack, which waits.
#[repr(C)]
struct Launch {
    executable: libc::c_long,
    arguments: *const *const libc::c_char,
    environment: *const *const libc::c_char,
    keep: libc::c_long,
    /// The child is in a new user namespace.
    new_user_namespace: bool,
    /// errno(3) of the child's failed execveat(2).
    errno: libc::c_long,
}

/// `struct clone_args` of linux/sched.h, as of Linux 5.7.
#[repr(C)]
#[derive(Default)]
struct CloneArgs {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// From linux/sched.h; libc has it as an int, which it does not fit.
pub(crate) const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;
/// The child makes three calls; its stack is ample.
const STACK_BYTES: usize = 16 << 10;
/// What the child shares and tells.
#[allow(clippy::cast_sign_loss, reason = "bits, not numbers")]
const FLAGS: u64 = (libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD) as u64;

#[repr(C, align(16))]
struct Stack([u8; STACK_BYTES]);

/// Clones a child that executes `program`, and returns when it has.
///
/// The child starts with every signal blocked; `init` restores the mask that it is told.
/// Errors: those of clone(2), and of execveat(2) in the child, which is then reaped already.
/// Source: clone(2), execveat(2).
pub fn clone_init(program: &Program<'_>, start: &Start<'_>) -> Result<Child> {
    let pointers =
        |list: &[CString]| list.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect::<Vec<_>>();
    let (arguments, environment) = (pointers(program.arguments), pointers(program.environment));
    let mut launch = Launch {
        executable: program.executable.as_raw_fd().into(),
        arguments: arguments.as_ptr(),
        environment: environment.as_ptr(),
        keep: program.keep.as_raw_fd().into(),
        new_user_namespace: start.namespaces & u64::from(crate::namespace::flag::USER) != 0,
        errno: 0,
    };
    let mut stack = Box::new(Stack([0; STACK_BYTES]));
    // A handler of the parent must not run in the child, which shares its memory.
    let mask = signal::block_all()?;
    let cloned = clone_any(start, &mut stack, &mut launch);
    signal::set_mask(mask)?;
    let child = cloned?;
    if launch.errno == 0 {
        return Ok(child);
    }
    crate::wait::reap(child.pid)?;
    Err(SysError::new("execveat", i32::try_from(launch.errno).unwrap_or(libc::EIO)))
}

/// clone3(2), and clone(2) where that is missing or a filter hides it.
fn clone_any(start: &Start<'_>, stack: &mut Stack, launch: &mut Launch) -> Result<Child> {
    let mut pidfd: libc::c_int = -1;
    let mut args = CloneArgs {
        flags: FLAGS | start.namespaces,
        pidfd: std::ptr::from_mut(&mut pidfd) as u64,
        exit_signal: libc::SIGCHLD.unsigned_abs().into(),
        stack: stack.0.as_mut_ptr() as u64,
        stack_size: STACK_BYTES as u64,
        ..CloneArgs::default()
    };
    if let Some(cgroup) = start.cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = cgroup.as_raw_fd().unsigned_abs().into();
    }
    // SAFETY: `args` points to a stack and a pidfd slot that live until the call returns, which is after the child has left both (CLONE_VFORK);
    // `launch` likewise, and the parent's thread does nothing meanwhile.
    let mut pid = unsafe { arch::clone3(&args, launch) };
    // E2BIG: a clone3 without `cgroup` (before 5.7). EPERM alone is a real answer about namespaces.
    let lacks =
        pid == -libc::c_long::from(libc::ENOSYS) || (pid == -libc::c_long::from(libc::E2BIG) && start.cgroup.is_some());
    if lacks {
        args.flags &= !CLONE_INTO_CGROUP;
        // SAFETY: as above; the stack grows down from its end.
        pid = unsafe { arch::clone(args.flags | args.exit_signal, args.stack + args.stack_size, args.pidfd, launch) };
    }
    let pid = u32::try_from(pid).map_err(|_| {
        let errno = i32::try_from(-pid).unwrap_or(libc::EIO);
        SysError::new(if lacks { "clone" } else { "clone3" }, errno)
    })?;
    // SAFETY: the kernel stored a descriptor that is nobody else's; a kernel without pidfds left -1.
    let pidfd = (pidfd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(pidfd) });
    Ok(Child { pid, pidfd, in_cgroup: start.cgroup.is_some() && !lacks })
}

/// The child's whole life.
///
/// # Safety
/// Only as the entry of a child whose parent waits (CLONE_VFORK) and keeps `launch` and what it points to.
unsafe extern "C" fn child(launch: *mut Launch) -> ! {
    // SAFETY: the parent keeps `launch` valid and does not touch it. Raw calls only: no errno, no locks, no allocation.
    unsafe {
        let Launch { executable, arguments, environment, keep, new_user_namespace, .. } = *launch;
        arch::call(libc::SYS_fcntl, [keep, libc::F_SETFD.into(), 0, 0, 0]);
        if new_user_namespace {
            keep_capabilities();
        }
        let failure = arch::call(
            libc::SYS_execveat,
            [
                executable,
                c"".as_ptr() as libc::c_long,
                arguments as libc::c_long,
                environment as libc::c_long,
                libc::AT_EMPTY_PATH.into(),
            ],
        );
        (*launch).errno = -failure;
        loop {
            arch::call(libc::SYS_exit_group, [127, 0, 0, 0, 0]);
        }
    }
}

/// Makes all capabilities ambient, so that execve(2) keeps them.
///
/// The maps of the new user namespace are not written yet, so that the child is not its uid 0 and would execute `init` without any; with
/// them `init` becomes uid 0 and clears both sets. capabilities(7), "Transformation of capabilities during execve()"
///
/// # Safety
/// As [`child`].
unsafe fn keep_capabilities() {
    // Version 3 of linux/capability.h, this thread; effective, permitted and inheritable of two times 32. The kernel leaves out what it lacks.
    let (header, all) = ([0x2008_0522u32, 0], [u32::MAX; 6]);
    // SAFETY: capset reads both arrays; prctl takes numbers.
    unsafe {
        arch::call(libc::SYS_capset, [header.as_ptr() as libc::c_long, all.as_ptr() as libc::c_long, 0, 0, 0]);
        for capability in 0..64 {
            let raise = [libc::PR_CAP_AMBIENT.into(), libc::PR_CAP_AMBIENT_RAISE.into(), capability, 0, 0];
            // EINVAL: past the last capability.
            if arch::call(libc::SYS_prctl, raise) != 0 {
                break;
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) mod arch {
    use super::{CloneArgs, Launch, child};
    use std::arch::asm;

    /// clone3(2) whose child runs `child(launch)`. The parent gets the pid or a negated errno(3).
    ///
    /// # Safety
    /// `args` names a stack of the child's own and CLONE_VM with CLONE_VFORK; all that it and `launch` point to outlives the call.
    pub(super) unsafe fn clone3(args: &CloneArgs, launch: &mut Launch) -> libc::c_long {
        let result;
        // SAFETY: the child continues after `syscall` on its own, empty stack, so it only jumps to `child`, which never returns.
        // rdx and r8 hold in both; rcx and r11 are the system call's.
        unsafe {
            asm!(
                "syscall", "test rax, rax", "jnz 2f", "xor ebp, ebp", "mov rdi, r8", "call rdx", "ud2", "2:",
                inlateout("rax") libc::SYS_clone3 => result,
                in("rdi") std::ptr::from_ref(args), in("rsi") size_of::<CloneArgs>(),
                in("rdx") child as *const (), in("r8") std::ptr::from_mut(launch),
                lateout("rcx") _, lateout("r11") _,
            );
        }
        result
    }

    /// clone(2), as [`clone3`]; `stack` is the end of the child's, `pidfd` the slot.
    ///
    /// # Safety
    /// As [`clone3`].
    pub(super) unsafe fn clone(flags: u64, stack: u64, pidfd: u64, launch: &mut Launch) -> libc::c_long {
        let result;
        // SAFETY: as in `clone3`.
        unsafe {
            asm!(
                "syscall", "test rax, rax", "jnz 2f", "xor ebp, ebp", "mov rdi, r9", "call r12", "ud2", "2:",
                inlateout("rax") libc::SYS_clone => result,
                in("rdi") flags, in("rsi") stack, in("rdx") pidfd, in("r10") 0, in("r8") 0,
                in("r12") child as *const (), in("r9") std::ptr::from_mut(launch),
                lateout("rcx") _, lateout("r11") _,
            );
        }
        result
    }

    /// One system call that touches neither errno nor thread-local storage.
    ///
    /// # Safety
    /// As the call demands.
    pub(crate) unsafe fn call(number: libc::c_long, arguments: [libc::c_long; 5]) -> libc::c_long {
        let [a, b, c, d, e] = arguments;
        let result;
        // SAFETY: the caller answers for the call itself; rcx and r11 are all that it changes besides.
        unsafe {
            asm!(
                "syscall",
                inlateout("rax") number => result,
                in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e,
                lateout("rcx") _, lateout("r11") _,
            );
        }
        result
    }
}

#[cfg(target_arch = "aarch64")]
pub(crate) mod arch {
    use super::{CloneArgs, Launch, child};
    use std::arch::asm;

    /// clone3(2) whose child runs `child(launch)`. The parent gets the pid or a negated errno(3).
    ///
    /// # Safety
    /// `args` names a stack of the child's own and CLONE_VM with CLONE_VFORK; all that it and `launch` point to outlives the call.
    pub(super) unsafe fn clone3(args: &CloneArgs, launch: &mut Launch) -> libc::c_long {
        let result;
        // SAFETY: the child continues after `svc` on its own, empty stack, so it only jumps to `child`, which never returns.
        // A system call changes x0 only.
        unsafe {
            asm!(
                "svc #0", "cbnz x0, 2f", "mov x29, xzr", "mov x30, xzr", "mov x0, x10", "br x9", "2:",
                inlateout("x0") std::ptr::from_ref(args) => result,
                in("x1") size_of::<CloneArgs>(), in("x8") libc::SYS_clone3,
                in("x9") child as *const (), in("x10") std::ptr::from_mut(launch),
            );
        }
        result
    }

    /// clone(2), as [`clone3`]; `stack` is the end of the child's, `pidfd` the slot.
    ///
    /// # Safety
    /// As [`clone3`].
    pub(super) unsafe fn clone(flags: u64, stack: u64, pidfd: u64, launch: &mut Launch) -> libc::c_long {
        let result;
        // SAFETY: as in `clone3`.
        unsafe {
            asm!(
                "svc #0", "cbnz x0, 2f", "mov x29, xzr", "mov x30, xzr", "mov x0, x10", "br x9", "2:",
                inlateout("x0") flags => result,
                in("x1") stack, in("x2") pidfd, in("x3") 0, in("x4") 0, in("x8") libc::SYS_clone,
                in("x9") child as *const (), in("x10") std::ptr::from_mut(launch),
            );
        }
        result
    }

    /// One system call that touches neither errno nor thread-local storage.
    ///
    /// # Safety
    /// As the call demands.
    pub(crate) unsafe fn call(number: libc::c_long, arguments: [libc::c_long; 5]) -> libc::c_long {
        let [a, b, c, d, e] = arguments;
        let result;
        // SAFETY: the caller answers for the call itself; x0 is all that it changes besides.
        unsafe {
            asm!("svc #0", inlateout("x0") a => result, in("x1") b, in("x2") c, in("x3") d, in("x4") e, in("x8") number);
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    fn busybox() -> OwnedFd {
        std::fs::File::open("/bin/busybox").or_else(|_| std::fs::File::open("/bin/sh")).unwrap().into()
    }

    fn start(script: &str, start: &Start<'_>) -> Result<Child> {
        let (executable, keep) = (busybox(), rustix::stdio::stdin());
        let arguments = ["sh", "-c", script].map(|text| CString::new(text).unwrap());
        clone_init(&Program { executable: executable.as_fd(), arguments: &arguments, environment: &[], keep }, start)
    }

    #[test]
    fn clone_init_executes_the_program_and_gives_a_pidfd() {
        let child = start("exit 7", &Start::default()).unwrap();
        assert!(child.pidfd.is_some());
        assert_eq!(crate::wait::reap(child.pid).unwrap(), crate::wait::End::Exited(7));
    }

    #[test]
    fn clone_init_restores_the_signal_mask() {
        let before = signal::mask().unwrap();
        crate::wait::reap(start("exit 0", &Start::default()).unwrap().pid).unwrap();
        assert_eq!(signal::mask().unwrap(), before);
    }

    #[test]
    fn clone_init_reports_a_failed_execveat_and_reaps() {
        let executable: OwnedFd = std::fs::File::open("/proc/version").unwrap().into();
        let program =
            Program { executable: executable.as_fd(), arguments: &[], environment: &[], keep: rustix::stdio::stdin() };
        assert_eq!(clone_init(&program, &Start::default()).unwrap_err(), SysError::new("execveat", libc::EACCES));
    }

    #[test]
    fn clone_init_makes_the_child_pid_1_of_a_new_namespace() {
        #[allow(clippy::cast_sign_loss)]
        let namespaces = (libc::CLONE_NEWUSER | libc::CLONE_NEWPID) as u64;
        match start("[ $$ = 1 ]", &Start { namespaces, cgroup: None }) {
            Ok(child) => assert_eq!(crate::wait::reap(child.pid).unwrap(), crate::wait::End::Exited(0)),
            Err(error) => println!("skipped: no user namespaces here: {error}"),
        }
    }

    #[test]
    fn clone_init_keeps_capabilities_in_a_user_namespace_without_maps() {
        let script = "while read -r name set; do [ \"$name\" = CapEff: ] && break; done < /proc/self/status; [ \"$set\" != 0000000000000000 ]";
        match start(script, &Start { namespaces: crate::namespace::flag::USER.into(), cgroup: None }) {
            Ok(child) => assert_eq!(crate::wait::reap(child.pid).unwrap(), crate::wait::End::Exited(0)),
            Err(error) => println!("skipped: no user namespaces here: {error}"),
        }
    }

    #[test]
    fn clone_does_without_clone3() {
        let executable = busybox();
        let arguments = [c"sh", c"-c", c"exit 5"]
            .map(|text| text.as_ptr())
            .into_iter()
            .chain([std::ptr::null()])
            .collect::<Vec<_>>();
        let mut launch = Launch {
            executable: executable.as_raw_fd().into(),
            arguments: arguments.as_ptr(),
            environment: [std::ptr::null()].as_ptr(),
            keep: 0,
            new_user_namespace: false,
            errno: 0,
        };
        let mut stack = Box::new(Stack([0; STACK_BYTES]));
        let mut pidfd: libc::c_int = -1;
        let mask = signal::block_all().unwrap();
        let end = stack.0.as_mut_ptr() as u64 + STACK_BYTES as u64;
        let slot = std::ptr::from_mut(&mut pidfd) as u64;
        // SAFETY: as in `clone_any`.
        let pid = unsafe { arch::clone(FLAGS | libc::SIGCHLD.unsigned_abs() as u64, end, slot, &mut launch) };
        signal::set_mask(mask).unwrap();
        assert_eq!(launch.errno, 0);
        assert!(pidfd >= 0);
        assert_eq!(crate::wait::reap(u32::try_from(pid).unwrap()).unwrap(), crate::wait::End::Exited(5));
    }
}
