//! `init guard FD`: outlives a masu that was killed, ends its container and cleans up after it.

use masu_steps::executor::{Tools, tear_down};
use masu_steps::guard_protocol::GuardOrder;
use masu_steps::process_identity::start_time;
use masu_steps::stage_protocol::receive;
use masu_steps::undo::Undo;
use masu_sys::file::{self, OFlags};
use masu_sys::terminal::Modes;
use masu_sys::{code, descriptor, pidfd, process, signal, signalfd};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

const SIGKILL: i32 = 9;

/// What the guard was told so far.
#[derive(Default)]
struct Watch {
    undo: Option<(Undo, Option<OwnedFd>)>,
    container: Option<Container>,
    terminal: Option<(Modes, OwnedFd)>,
}

struct Container {
    pid: u32,
    start: u64,
    pidfd: Option<OwnedFd>,
}

/// Listens until masu is done, or is gone.
pub(crate) fn run(socket: OwnedFd) -> i32 {
    withdraw(&socket);
    let mut watch = Watch::default();
    // A message that cannot be read is as bad as none: whoever sends it is no masu that could clean up.
    while let Ok(Some(received)) = receive::<GuardOrder>(socket.as_fd()) {
        let descriptor = received.descriptors.into_iter().next();
        match received.message {
            GuardOrder::Watch { undo } => watch.undo = Some((undo, descriptor)),
            GuardOrder::Container { pid, start } => {
                watch.container = Some(Container { pid, start, pidfd: descriptor });
                // Most likely nothing is left to do but to wait.
                code::let_go();
            }
            GuardOrder::Terminal { modes } => watch.terminal = Modes::from_bytes(&modes).zip(descriptor),
            GuardOrder::Done => return 0,
        }
    }
    clean_up(&watch)
}

/// Out of reach of what ends masu: its session's signals, its descriptors, its working directory.
fn withdraw(socket: &OwnedFd) {
    // None of this can fail for a process that was started just now, but for a missing /dev/null, and the guard is of use all the same.
    let _ = signal::block_all();
    let _ = process::new_session();
    let _ = process::change_to_root();
    let _ = process::set_name(c"masu-guard");
    if let Ok(null) = file::open("/dev/null", OFlags::RDWR) {
        let _ = process::become_stdio([null.as_fd(); 3]);
    }
    let _ = descriptor::close_from(3, &[socket.as_raw_fd().unsigned_abs()]);
}

/// The terminal first: somebody may be typing into it already.
fn clean_up(watch: &Watch) -> i32 {
    if let Some((modes, terminal)) = &watch.terminal
        // A shell with modes of its own has them back already, and waits for a line with them.
        && Modes::of(terminal.as_fd()).is_ok_and(|now| now.are_raw_form_of(modes))
    {
        // It may be gone, with whoever sat at it.
        let _ = modes.apply(terminal.as_fd());
    }
    if let Some(container) = &watch.container {
        container.end();
    }
    let Some((undo, journal)) = &watch.undo else { return 0 };
    let done = journal.as_ref().map_or(0, read_journal);
    let init = file::open("/proc/self/exe", OFlags::RDONLY).ok();
    let failures = tear_down(undo.due(done), Tools { init: init.as_ref().map(AsFd::as_fd) });
    // Nobody is left to be told; what stays is found by the next command that looks.
    i32::from(!failures.is_empty())
}

/// How many steps had begun. The journal is empty before the first.
fn read_journal(journal: &OwnedFd) -> u32 {
    let bytes = file::read_start(journal.as_fd(), 4).ok();
    bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_ne_bytes)
}

impl Container {
    /// Kills the first process and waits for its end, which is that of its whole pid namespace. pid_namespaces(7)
    fn end(&self) {
        let Some(pidfd) = &self.pidfd else { return self.end_by_pid() };
        if pidfd::send_signal(pidfd.as_fd(), SIGKILL).is_ok() {
            // Without a time limit: what it uses cannot be removed before.
            let _ = pidfd::wait(pidfd.as_fd(), None);
        }
    }

    /// Before Linux 5.2: the start time tells whether the pid is still the same process.
    fn end_by_pid(&self) {
        while start_time(self.pid).is_ok_and(|start| start == self.start) {
            let _ = signalfd::kill(self.pid, SIGKILL);
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use masu_sys::errno::values::ESRCH;

    #[test]
    fn start_time_knows_a_process_and_no_zombie() {
        let mut process = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let container = Container { pid: process.id(), start: start_time(process.id()).unwrap(), pidfd: None };
        // It stays a zombie: only its parent, this test, could reap it.
        container.end();
        assert_eq!(start_time(process.id()).unwrap_err().errno, ESRCH);
        process.wait().unwrap();
    }
}
