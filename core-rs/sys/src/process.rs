//! This process: where it works, its session, its copies and the program that it becomes.
#![allow(unsafe_code)]

use crate::error::{Result, SysError, check, named};
use rustix::fs::Mode;
use rustix::io::FdFlags;
use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Which side of a fork this is.
#[derive(Debug)]
pub enum Side {
    /// The parent.
    Parent {
        /// The child's pid, as this process's pid namespace numbers it.
        pid: u32,
        /// Its pidfd, close-on-exec; none where there is no clone3(2).
        pidfd: Option<OwnedFd>,
    },
    /// The child.
    Child,
}

/// That this process has a single thread, in whose copy no lock is held by another. Nothing in `init` starts a second one.
#[derive(Clone, Copy, Debug)]
pub struct SingleThread(());

impl SingleThread {
    /// Asks the kernel, before a filter that may forbid the question.
    ///
    /// Errors: EINVAL from unshare(2): there are several.
    pub fn prove() -> Result<Self> {
        // unshare(2): CLONE_THREAD is an error unless the process has a single thread, and then does nothing.
        // SAFETY: unshare reads no memory.
        check("unshare", unsafe { libc::syscall(libc::SYS_unshare, libc::CLONE_THREAD) }).map(|_| Self(()))
    }
}

/// fork(2) into new namespaces (CLONE_NEW* bits), and a v2 cgroup, as a sibling: its parent is this process's own (CLONE_PARENT).
///
/// Also tells whether the child started in the cgroup; if not (no clone3(2)), it must join by itself.
/// Errors: those of clone(2).
pub fn fork_sibling(alone: SingleThread, namespaces: u32, cgroup: Option<BorrowedFd<'_>>) -> Result<(Side, bool)> {
    let flags = u64::from(namespaces) | u64::from(libc::CLONE_PARENT.unsigned_abs());
    fork_with(alone, flags, 0, cgroup)
}

/// As [`fork_sibling`] without namespaces; both sides have one and the same descriptors (CLONE_FILES), until one executes a program or
/// calls [`crate::descriptor::unshare`].
pub fn fork_sibling_with_descriptors(alone: SingleThread) -> Result<Side> {
    let flags = (libc::CLONE_PARENT | libc::CLONE_FILES).unsigned_abs();
    fork_with(alone, flags.into(), 0, None).map(|(side, _)| side)
}

/// fork(2).
///
/// Errors: as of [`fork_sibling`].
pub fn fork(alone: SingleThread) -> Result<Side> {
    fork_with(alone, 0, libc::SIGCHLD.unsigned_abs().into(), None).map(|(side, _)| side)
}

fn fork_with(_: SingleThread, flags: u64, exit_signal: u64, cgroup: Option<BorrowedFd<'_>>) -> Result<(Side, bool)> {
    let mut pidfd: libc::c_int = -1;
    let mut arguments = [
        flags | u64::from(libc::CLONE_PIDFD.unsigned_abs()),
        std::ptr::from_mut(&mut pidfd) as u64,
        0,
        0,
        exit_signal,
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    if let (Some(cgroup), [first, .., last]) = (cgroup, &mut arguments) {
        *first |= crate::clone::CLONE_INTO_CGROUP;
        *last = cgroup.as_raw_fd().unsigned_abs().into();
    }
    // SAFETY: without CLONE_VM the child has a copy of all memory, and with a single thread no lock is held by another.
    let mut pid =
        check("clone3", unsafe { libc::syscall(libc::SYS_clone3, arguments.as_ptr(), size_of_val(&arguments)) });
    let lacks =
        matches!(pid, Err(error) if error.errno == libc::ENOSYS || (error.errno == libc::E2BIG && cgroup.is_some()));
    if lacks {
        let [flags_with_pidfd, slot, ..] = arguments;
        let flags = (flags_with_pidfd & !crate::clone::CLONE_INTO_CGROUP) | exit_signal;
        // SAFETY: as above; no new stack, as with fork(2). Before Linux 5.2 the flag and the slot mean nothing.
        pid = check("clone", unsafe { libc::syscall(libc::SYS_clone, flags, 0, slot, 0, 0) });
    }
    let in_cgroup = cgroup.is_some() && !lacks;
    match pid? {
        0 => Ok((Side::Child, in_cgroup)),
        pid => {
            let pid = u32::try_from(pid).unwrap_or(0);
            // SAFETY: the kernel stored a descriptor that is nobody else's.
            let pidfd = (pidfd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(pidfd) });
            Ok((Side::Parent { pid, pidfd }, in_cgroup))
        }
    }
}

/// execve(2): returns only when it failed.
#[must_use]
pub fn execute(program: &CStr, arguments: &[CString], environment: &[CString]) -> SysError {
    let pointers =
        |list: &[CString]| list.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect::<Vec<_>>();
    let (arguments, environment) = (pointers(arguments), pointers(environment));
    // SAFETY: execve reads NUL-ended strings and null-ended lists of them, which live until it returns.
    unsafe { libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    SysError::from_io("execve", &std::io::Error::last_os_error())
}

/// _exit(2): ends this process at once, without destructors and exit handlers.
pub fn exit(status: i32) -> ! {
    // SAFETY: _exit does not return and reads no memory.
    unsafe { libc::_exit(status) }
}

/// fchdir(2).
pub fn change_directory(directory: BorrowedFd<'_>) -> Result<()> {
    named("fchdir", rustix::process::fchdir(directory))
}

/// chdir(2) to `/`.
pub fn change_to_root() -> Result<()> {
    named("chdir", rustix::process::chdir("/"))
}

/// getcwd(2): as the kernel says it, with `(unreachable)` in front of what is not below the root.
pub fn directory() -> Result<String> {
    let mut buffer = [0u8; 4096];
    // SAFETY: getcwd writes at most as many bytes as it is told. The C library's own would hide the prefix.
    let length = check("getcwd", unsafe { libc::syscall(libc::SYS_getcwd, buffer.as_mut_ptr(), buffer.len()) })?;
    let text = buffer.get(..usize::try_from(length).unwrap_or(0).saturating_sub(1)).unwrap_or_default();
    Ok(String::from_utf8_lossy(text).into_owned())
}

/// chroot(2) to the working directory.
pub fn change_root_to_cwd() -> Result<()> {
    named("chroot", rustix::process::chroot("."))
}

/// umask(2); returns the one before.
pub fn set_umask(mask: u32) -> u32 {
    rustix::process::umask(Mode::from_raw_mode(mask & 0o777)).bits()
}

/// getpgid(2): whether a process is in this one's process group.
#[must_use]
pub fn is_in_own_group(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::getpgid(Some(pid)) == Ok(rustix::process::getpgrp()))
}

/// setsid(2). EPERM: this process leads a process group already.
pub fn new_session() -> Result<()> {
    named("setsid", rustix::process::setsid()).map(drop)
}

/// setpgid(2): this process leads a process group of its own.
pub fn new_process_group() -> Result<()> {
    named("setpgid", rustix::process::setpgid(None, None))
}

/// tcsetpgrp(3): this process's group becomes the foreground of its controlling terminal.
pub fn take_foreground(terminal: BorrowedFd<'_>) -> Result<()> {
    named("ioctl", rustix::termios::tcsetpgrp(terminal, rustix::process::getpgrp()))
}

/// tcgetsid(3): this is the controlling terminal of this process's session.
#[must_use]
pub fn is_controlling(terminal: BorrowedFd<'_>) -> bool {
    let mut session: libc::pid_t = 0;
    // SAFETY: TIOCGSID writes one pid_t; getsid reads no memory. A session of an outer pid namespace is 0.
    let (asked, own) =
        unsafe { (libc::ioctl(terminal.as_raw_fd(), libc::TIOCGSID, &raw mut session), libc::getsid(0)) };
    asked == 0 && own > 0 && session == own
}

/// prctl(2) PR_SET_CHILD_SUBREAPER: what loses its parent below this process becomes its child, as it would PID 1's.
pub fn become_subreaper() -> Result<()> {
    named("prctl", rustix::process::set_child_subreaper(Some(rustix::process::getpid())))
}

/// dup2(2) to stdin, stdout and stderr, which stay open through execve(2).
pub fn become_stdio([stdin, stdout, stderr]: [BorrowedFd<'_>; 3]) -> Result<()> {
    named("dup2", rustix::stdio::dup2_stdin(stdin))?;
    named("dup2", rustix::stdio::dup2_stdout(stdout))?;
    named("dup2", rustix::stdio::dup2_stderr(stderr))
}

/// stdin, stdout and stderr.
#[must_use]
pub fn stdio() -> [BorrowedFd<'static>; 3] {
    [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()]
}

/// Whether a descriptor number is open, and then whether execve(2) closes it.
pub fn closes_on_exec(number: u32) -> Result<bool> {
    Ok(crate::descriptor::flags(number)?.contains(FdFlags::CLOEXEC))
}

/// fcntl(2) FD_CLOEXEC: execve(2) closes it.
pub fn close_on_exec(descriptor: BorrowedFd<'_>) -> Result<()> {
    named("fcntl", rustix::io::fcntl_setfd(descriptor, FdFlags::CLOEXEC))
}

/// close_range(2) CLOSE_RANGE_CLOEXEC: execve(2) closes all from `first` on. ENOSYS, EINVAL: before Linux 5.11.
pub fn close_on_exec_from(first: u32) -> Result<()> {
    // SAFETY: this changes a flag of descriptors and closes none.
    let marked = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    check("close_range", marked).map(drop)
}

/// keyctl(2) KEYCTL_JOIN_SESSION_KEYRING: a new session keyring of this name.
pub fn new_session_keyring(name: &CStr) -> Result<()> {
    // SAFETY: keyctl reads a NUL-ended string.
    check("keyctl", unsafe { libc::syscall(libc::SYS_keyctl, libc::KEYCTL_JOIN_SESSION_KEYRING, name.as_ptr()) })
        .map(drop)
}

/// prctl(2) PR_SET_NAME: what `ps` calls this process, 15 bytes.
pub fn set_name(name: &CStr) -> Result<()> {
    named("prctl", rustix::thread::set_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_thread_is_not_proven_where_there_are_two() {
        // The test harness has at least two.
        let proven = std::thread::spawn(SingleThread::prove).join().unwrap();
        assert_eq!(proven.unwrap_err(), SysError::new("unshare", libc::EINVAL));
    }

    #[test]
    fn execute_returns_why_it_failed() {
        assert_eq!(execute(c"/proc/version", &[], &[]), SysError::new("execve", libc::EACCES));
        assert_eq!(execute(c"/absent", &[], &[]), SysError::new("execve", libc::ENOENT));
    }

    #[test]
    fn directory_is_the_working_directory() {
        assert_eq!(directory().unwrap(), std::env::current_dir().unwrap().to_str().unwrap());
    }

    #[test]
    fn closes_on_exec_tells_three_states() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(closes_on_exec(file.as_raw_fd().unsigned_abs()).unwrap());
        assert!(!closes_on_exec(1).unwrap());
        assert_eq!(closes_on_exec(1_000_000).unwrap_err().errno, libc::EBADF);
    }
}
