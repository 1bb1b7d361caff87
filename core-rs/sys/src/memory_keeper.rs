//! Takes the freeing of a large process's memory out of its execve(2).
#![allow(unsafe_code)]

use crate::clone::arch;
use crate::error::{Result, check, named};
use crate::wait::reap;
use rustix::pipe::{PipeFlags, pipe_with};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// The child makes three calls; its stack is ample.
const STACK_BYTES: usize = 16 * 1024;

/// A child that shares this process's memory (CLONE_VM) and does nothing but wait until this process has executed another program.
///
/// execve(2) gives the old memory back, which takes milliseconds where that is large; with a keeper it only lets go of it, and
/// the keeper, which ends then, gives it back meanwhile. What is executed has the keeper as a child to reap.
#[derive(Debug)]
pub struct MemoryKeeper {
    pid: u32,
    /// Closed by execve(2), which the child sees.
    release: Option<OwnedFd>,
    shared: Box<Shared>,
}

/// What the child runs on and reads. It stays where it is.
#[derive(Debug)]
#[repr(align(16))]
struct Shared {
    stack: [u8; STACK_BYTES],
    /// The pipe's ends: the child waits at the first and closes its copy of the second.
    ends: [RawFd; 2],
}

/// A process below this frees its memory sooner than it starts a child.
const LARGE_BYTES: usize = 16 << 20;

impl MemoryKeeper {
    /// Starts the child where it is worth it: in a large process, as V8's is. As [`Self::start`].
    #[must_use]
    pub fn start_if_large() -> Option<Self> {
        let pages = std::fs::read_to_string("/proc/self/statm").ok().and_then(|text| resident_pages(&text))?;
        // SAFETY: sysconf reads no memory of this program.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        let is_large = pages.saturating_mul(usize::try_from(page).unwrap_or(0)) >= LARGE_BYTES;
        if is_large { Self::start().ok() } else { None }
    }

    /// Starts the child. Signals must be blocked in this thread: the child has the process's handlers and must not run them.
    pub fn start() -> Result<Self> {
        let (wait, release) = named("pipe2", pipe_with(PipeFlags::CLOEXEC))?;
        let ends = [wait.as_raw_fd(), release.as_raw_fd()];
        let mut shared = Box::new(Shared { stack: [0; STACK_BYTES], ends });
        let argument = (&raw mut shared.ends).cast::<libc::c_void>();
        // SAFETY: the stack grows down from its end, which is aligned as `Shared` is; it and `ends` live until the child is reaped or
        // this memory is only the child's. `keep` allocates nothing, takes no lock and touches no thread-local storage.
        let pid = unsafe {
            let end = shared.stack.as_mut_ptr().add(STACK_BYTES).cast::<libc::c_void>();
            libc::clone(keep, end, libc::CLONE_VM | libc::SIGCHLD, argument)
        };
        let pid = check("clone", pid.into())?;
        Ok(Self { pid: u32::try_from(pid).unwrap_or(0), release: Some(release), shared })
    }

    /// Its pid, for whoever reaps it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }
}

impl Drop for MemoryKeeper {
    /// Where execve(2) failed: ends the child.
    fn drop(&mut self) {
        drop(self.release.take());
        // Reaped or not, there is nothing else to do about it.
        let _ = reap(self.pid);
        debug_assert!(!self.shared.stack.is_empty());
    }
}

/// The second number of `/proc/PID/statm`.
fn resident_pages(statm: &str) -> Option<usize> {
    statm.split(' ').nth(1)?.parse().ok()
}

/// The child: waits until the other end of the pipe is closed everywhere.
extern "C" fn keep(ends: *mut libc::c_void) -> libc::c_int {
    let mut byte = 0_u8;
    // SAFETY: `ends` points to two descriptors that outlive this child; the calls are made without libc, whose errno is the parent's.
    unsafe {
        let [wait, release] = *ends.cast::<[RawFd; 2]>();
        arch::call(libc::SYS_close, [release.into(), 0, 0, 0, 0]);
        arch::call(libc::SYS_read, [wait.into(), (&raw mut byte) as libc::c_long, 1, 0, 0]);
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{block_all, set_mask};
    use crate::wait::has_ended;

    #[test]
    fn memory_keeper_waits_until_it_is_let_go_and_is_reaped() {
        let mask = block_all().unwrap();
        let keeper = MemoryKeeper::start().unwrap();
        set_mask(mask).unwrap();
        let pid = keeper.pid();
        assert!(!has_ended(pid).unwrap());
        drop(keeper);
        assert!(has_ended(pid).is_err(), "it is no child any more");
    }

    #[test]
    fn resident_pages_are_the_second_number() {
        assert_eq!(resident_pages("2841 1013 890 12 0 301 0\n"), Some(1013));
        assert_eq!(resident_pages(""), None);
    }

    #[test]
    fn memory_keeper_is_for_large_processes_only() {
        let mask = block_all().unwrap();
        let large = vec![1_u8; LARGE_BYTES];
        let keeper = MemoryKeeper::start_if_large();
        set_mask(mask).unwrap();
        assert!(keeper.is_some() && large.last() == Some(&1));
    }
}
