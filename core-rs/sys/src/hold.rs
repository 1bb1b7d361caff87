//! Holds back the signals of a process with several threads, until it executes another program. signal(7)
//!
//! A mask belongs to one thread, and a signal for the process goes to any thread that does not block it. So a thread that gets
//! one blocks it from then on and sends it to the process again: when every thread that can get it has done so, it waits, and
//! waits through execve(2) for whoever unblocks it there.
#![allow(unsafe_code)]

use crate::error::{Result, check};
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;

/// Signals that others send and that end or stop a process by default. Not those that a thread causes itself.
const HELD: [c_int; 15] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGALRM,
    libc::SIGTERM,
    libc::SIGSTKFLT,
    libc::SIGXCPU,
    libc::SIGXFSZ,
    libc::SIGVTALRM,
    libc::SIGPROF,
    libc::SIGIO,
    libc::SIGPWR,
    libc::SIGTSTP,
];

/// Signals wait as long as this is there. Afterwards those that came do what they would have done.
pub struct Hold {
    before: Vec<(c_int, libc::sigaction)>,
}

/// Holds back each signal whose disposition is the default one; ignored ones stay ignored, handled ones handled.
///
/// Errors: those of sigaction(2).
pub fn hold() -> Result<Hold> {
    let mut hold = Hold { before: Vec::new() };
    for signal in HELD.into_iter().chain(libc::SIGRTMIN()..=libc::SIGRTMAX()) {
        let before = change(signal, &postponing())?;
        if before.sa_sigaction == libc::SIG_DFL {
            hold.before.push((signal, before));
        } else {
            change(signal, &before)?;
        }
    }
    Ok(hold)
}

impl Drop for Hold {
    fn drop(&mut self) {
        for (signal, before) in &self.before {
            // It was accepted before.
            let _ = change(*signal, before);
        }
    }
}

fn postponing() -> libc::sigaction {
    // SAFETY: all zeros is a valid sigaction: the default disposition with an empty mask.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = postpone as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
    action
}

fn change(signal: c_int, action: &libc::sigaction) -> Result<libc::sigaction> {
    let mut before = MaybeUninit::uninit();
    // SAFETY: sigaction reads one structure and writes another; `postpone` may be called in any thread at any time.
    check("sigaction", unsafe { libc::sigaction(signal, action, before.as_mut_ptr()) }.into())?;
    // SAFETY: sigaction succeeded, so it has written the structure.
    Ok(unsafe { before.assume_init() })
}

/// Only what signal-safety(7) allows: no memory but the thread's own saved mask, no call but kill(2) and getpid(2).
extern "C" fn postpone(signal: c_int, _: *mut libc::siginfo_t, context: *mut c_void) {
    let context = context.cast::<libc::ucontext_t>();
    // SAFETY: the kernel hands a handler with SA_SIGINFO its context, whose mask the thread gets when the handler returns. The
    // signal is blocked while the handler runs, so that it does not come back to this thread.
    unsafe {
        libc::sigaddset(&raw mut (*context).uc_sigmask, signal);
        libc::kill(libc::getpid(), signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{bit, mask, set_mask, wait_for};
    use std::sync::mpsc::channel;

    #[test]
    fn hold_keeps_a_signal_for_the_process_whichever_thread_gets_it() {
        let signal = libc::SIGRTMIN() + 3;
        let held = hold().unwrap();
        let (end, wait) = channel::<()>();
        let other = std::thread::spawn(move || wait.recv());
        // With the default disposition this would end the test.
        crate::signal::send(i32::try_from(std::process::id()).unwrap(), signal).unwrap();
        set_mask(mask().unwrap() | bit(signal)).unwrap();
        assert_eq!(wait_for(bit(signal)).unwrap(), signal);
        end.send(()).unwrap();
        other.join().unwrap().unwrap();
        drop(held);
        let restored = change(signal, &postponing()).unwrap();
        assert_eq!(restored.sa_sigaction, libc::SIG_DFL);
        change(signal, &restored).unwrap();
    }
}
