//! Signal masks and dispositions. sigprocmask(2), sigaction(2)
//!
//! Masks are the kernel's own 64 bits (signal n is bit n - 1), not the C library's, which keeps some signals for itself.
#![allow(unsafe_code)]

use crate::error::{Result, check};

/// Every signal.
pub const ALL: u64 = u64::MAX;

/// The bit of a signal.
#[must_use]
pub const fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

/// Blocks every signal in this thread; returns the mask that was.
pub fn block_all() -> Result<u64> {
    change(Some(ALL))
}

/// This thread's mask.
pub fn mask() -> Result<u64> {
    change(None)
}

/// Sets this thread's mask.
pub fn set_mask(mask: u64) -> Result<()> {
    change(Some(mask)).map(drop)
}

fn change(mask: Option<u64>) -> Result<u64> {
    let mut old = 0u64;
    let new = mask.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: rt_sigprocmask reads 8 bytes of `new` unless it is null, and writes 8 bytes of `old`.
    let result =
        unsafe { libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, new, &raw mut old, size_of::<u64>()) };
    check("sigprocmask", result)?;
    Ok(old)
}

/// Waits for one of these signals, which must be blocked, and takes it. sigwaitinfo(2)
pub fn wait_for(signals: u64) -> Result<i32> {
    let (no_info, no_limit) = (std::ptr::null_mut::<libc::siginfo_t>(), std::ptr::null::<libc::timespec>());
    loop {
        // SAFETY: rt_sigtimedwait reads 8 bytes of mask; null asks for no details and sets no limit.
        let signal = unsafe {
            libc::syscall(libc::SYS_rt_sigtimedwait, &raw const signals, no_info, no_limit, size_of::<u64>())
        };
        match check("sigwaitinfo", signal) {
            Err(error) if error.errno == libc::EINTR => {}
            other => return other.map(|signal| i32::try_from(signal).unwrap_or(0)),
        }
    }
}

/// kill(2), by number; a negative pid is a process group. Realtime signals too.
pub fn send(pid: i32, signal: i32) -> Result<()> {
    // SAFETY: kill reads no memory.
    check("kill", unsafe { libc::kill(pid, signal) }.into()).map(drop)
}

/// Gives a signal its default disposition.
pub fn reset(signal: i32) -> Result<()> {
    // SAFETY: SIG_DFL is no function, so nothing of this process is called.
    let before = unsafe { libc::signal(signal, libc::SIG_DFL) };
    check("signal", if before == libc::SIG_ERR { -1 } else { 0 }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_for_takes_a_blocked_signal() {
        std::thread::spawn(|| {
            set_mask(bit(libc::SIGUSR2)).unwrap();
            // SAFETY: pthread_kill of this very thread.
            unsafe { libc::pthread_kill(libc::pthread_self(), libc::SIGUSR2) };
            assert_eq!(wait_for(ALL).unwrap(), libc::SIGUSR2);
        })
        .join()
        .unwrap();
    }

    #[test]
    fn block_all_returns_what_set_mask_restores() {
        std::thread::spawn(|| {
            set_mask(bit(libc::SIGUSR1)).unwrap();
            assert_eq!(block_all().unwrap(), bit(libc::SIGUSR1));
            // The kernel never blocks these two.
            assert_eq!(mask().unwrap(), ALL & !bit(libc::SIGKILL) & !bit(libc::SIGSTOP));
            set_mask(0).unwrap();
            assert_eq!(mask().unwrap(), 0);
        })
        .join()
        .unwrap();
    }
}
