//! What stays of masu while a container runs in the foreground. One thread, one loop.

mod container;
mod memory;
mod relay;
mod signals;

use masu_steps::executor::{Tools, tear_down};
use masu_steps::failure::failed;
use masu_steps::guard_protocol::GuardOrder;
use masu_steps::monitor_document::MonitorDocument;
use masu_steps::notify::Notify;
use masu_steps::stage_protocol::send;
use masu_sys::descriptor::{adopt, close_from, close_on_exec};
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::signalfd::Arrived;
use masu_sys::terminal::{Key, Modes, foreground_group};
use masu_sys::wait::{has_ended, reap};
use masu_sys::{code, process, pty, signal, signalfd};
use masu_wire::error::CoreError;
use masu_wire::request::NotifySocket;
use rustix::event::{PollFd, PollFlags, poll};
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};

use crate::report::report;
use crate::terminal::{CallerTerminal, window_size};
use container::Container;
use relay::{Relay, Wanted};
use signals::{Meaning, SIGCHLD, SIGCONT, SIGINT, SIGPIPE, SIGQUIT, SIGSTOP, SIGTSTP, meaning};

/// masu itself failed, as for `docker run`.
const MASU_FAILED: i32 = 125;

/// Waits for the container, cleans up after it and returns its exit status.
pub(super) fn run(document: OwnedFd) -> i32 {
    let document = match read(document) {
        Ok(document) => document,
        Err(error) => {
            report(&error);
            return MASU_FAILED;
        }
    };
    let guard = adopt(document.guard);
    let status = supervise(&document, guard.as_ref());
    finish(&document, guard.as_ref());
    status.unwrap_or_else(|error| {
        report(&error);
        MASU_FAILED
    })
}

fn read(document: OwnedFd) -> Result<MonitorDocument, CoreError> {
    let _ = process::set_name(c"masu");
    let mut text = Vec::new();
    let read = std::fs::File::from(document).read_to_end(&mut text);
    read.map_err(|error| failed("Read the monitor's document", SysError::from_io("read", &error)))?;
    serde_json::from_slice(&text).map_err(|error| CoreError::bug(format!("Read the monitor's document: {error}")))
}

/// From here to the container's end.
fn supervise(document: &MonitorDocument, guard: Option<&OwnedFd>) -> Result<i32, CoreError> {
    let explain = |error| failed("Watch the container", error);
    let kept = [Some(document.guard), document.pidfd, document.terminal, document.notify]
        .map(|number| number.map_or(0, i32::unsigned_abs));
    close_from(3, &kept).map_err(explain)?;
    // A caller that ignores SIGCHLD would take the container's end away from here.
    signal::reset(SIGCHLD).map_err(explain)?;
    signal::block_all().map_err(explain)?;
    let (pidfd, master) = (document.pidfd.and_then(adopt), document.terminal.and_then(adopt));
    let notify = document.notify.and_then(adopt);
    for kept in [guard, pidfd.as_ref(), master.as_ref(), notify.as_ref()].into_iter().flatten() {
        close_on_exec(kept.as_fd()).map_err(explain)?;
    }
    let mut monitor = Monitor {
        signals: signalfd::open(signal::ALL).map_err(explain)?,
        container: Container::new(document.pid, pidfd, document.options.bare_init),
        relay: master.map(Relay::new).transpose().map_err(explain)?,
        terminal: None,
        notify: notify
            .zip(document.options.notify.as_ref())
            .map(|(socket, NotifySocket { to, .. })| Notify::adopted(socket, to.clone())),
        keeper: document.keeper_pid,
    };
    let ended = monitor.watch();
    if ended.is_err() {
        monitor.container.signal(signals::SIGKILL);
    }
    let status = monitor.container.exit_status();
    monitor.close();
    ended.and(status).map_err(explain)
}

/// Cleans up, and tells the guard that nothing is left to it.
fn finish(document: &MonitorDocument, guard: Option<&OwnedFd>) {
    memory::complaint(&document.undo).iter().for_each(report);
    let init = file::open("/proc/self/exe", OFlags::RDONLY).ok();
    let failures = tear_down(document.undo.all(), Tools { init: init.as_ref().map(AsFd::as_fd) });
    failures.iter().for_each(report);
    let Some(guard) = guard else { return };
    // A guard that is gone needs no telling.
    let _ = send(guard.as_fd(), &GuardOrder::Done, &[]);
    let _ = reap(document.guard_pid);
    // With a short program it may still be at it.
    document.keeper_pid.map(reap);
}

struct Monitor {
    signals: OwnedFd,
    container: Container,
    relay: Option<Relay>,
    /// The caller's, while the container has one of its own.
    terminal: Option<CallerTerminal>,
    /// Until the program has said that it is ready.
    notify: Option<Notify>,
    /// The child that frees the memory of what this process was, until it is reaped.
    keeper: Option<u32>,
}

impl Monitor {
    /// Until the container has ended; it is not reaped then.
    fn watch(&mut self) -> Result<(), SysError> {
        if self.relay.is_some() {
            self.terminal = CallerTerminal::open();
            self.set_window();
            self.make_raw()?;
        }
        code::let_go();
        // It may have ended before this process listened.
        while !has_ended(self.container.pid)? {
            self.reap_keeper();
            self.wait()?;
            while let Some(arrived) = signalfd::read(self.signals.as_fd())? {
                self.handle(arrived)?;
            }
        }
        Ok(())
    }

    /// Every end of a child brings this loop round.
    fn reap_keeper(&mut self) {
        self.keeper.take_if(|pid| has_ended(*pid).unwrap_or(true) && reap(*pid).is_ok());
    }

    /// Waits for anything to happen, and carries bytes.
    fn wait(&mut self) -> Result<(), SysError> {
        let wanted = self.relay.as_ref().map(Relay::wanted).unwrap_or_default();
        let mut polled = vec![PollFd::new(&self.signals, PollFlags::IN)];
        polled.extend(wanted.iter().map(|(_, descriptor, flags)| PollFd::from_borrowed_fd(*descriptor, *flags)));
        polled.extend(self.notify.as_ref().map(|notify| PollFd::from_borrowed_fd(notify.socket(), PollFlags::IN)));
        let waited = rustix::io::retry_on_intr(|| poll(&mut polled, None));
        waited.map_err(|errno| SysError::new("poll", errno.raw_os_error()))?;
        let ready = wanted.iter().zip(polled.iter().skip(1)).filter(|(_, polled)| !polled.revents().is_empty());
        let ready: Vec<Wanted> = ready.map(|((wanted, ..), _)| *wanted).collect();
        self.pass_on();
        for wanted in ready {
            let typed = self.relay.as_mut().map(|relay| relay.advance(wanted)).unwrap_or_default();
            self.handle_keys(&typed)?;
        }
        Ok(())
    }

    /// This process stays the service's: whoever listens takes messages of that only.
    fn pass_on(&mut self) {
        let done = self.notify.as_ref().is_some_and(|notify| {
            notify.advance(None).unwrap_or_else(|error| {
                report(&error);
                true
            })
        });
        self.notify.take_if(|_| done);
    }

    fn handle(&mut self, arrived: Arrived) -> Result<(), SysError> {
        let Arrived { signal, sender, by_kernel } = arrived;
        match meaning(signal) {
            Meaning::Child => {}
            Meaning::Window => self.set_window(),
            Meaning::Stop => self.stop(signal, std::process::id())?,
            Meaning::Continue => self.container.signal_job(SIGCONT),
            // Its own, for a write to a pipe that nobody reads.
            Meaning::Forward if signal == SIGPIPE && sender == std::process::id() => {}
            // The terminal's own key has reached a program of the same process group already.
            Meaning::Forward if by_kernel && self.container.is_in_own_group() && !self.container.is_immune(signal) => {}
            Meaning::Forward => self.container.forward(signal),
        }
        Ok(())
    }

    /// The keys that make signals, where the container's terminal sends those to a PID 1 that they do nothing to.
    fn handle_keys(&mut self, typed: &[u8]) -> Result<(), SysError> {
        let Some(relay) = self.relay.as_ref().filter(|_| !typed.is_empty()) else { return Ok(()) };
        let Ok(modes) = Modes::of(relay.master()) else { return Ok(()) };
        let keys: Vec<Key> = typed.iter().filter_map(|byte| modes.key(*byte)).collect();
        if keys.is_empty() || !foreground_group(relay.master()).is_ok_and(|group| group == self.container.pid) {
            return Ok(());
        }
        for key in keys {
            match key {
                Key::Interrupt if self.container.is_immune(SIGINT) => self.container.forward(SIGINT),
                Key::Quit if self.container.is_immune(SIGQUIT) => self.container.forward(SIGQUIT),
                // A terminal's key stops the whole process group.
                Key::Suspend if self.container.is_immune(SIGTSTP) => self.stop(SIGTSTP, 0)?,
                Key::Interrupt | Key::Quit | Key::Suspend => {}
            }
        }
        Ok(())
    }

    /// Stops the container and then this process (or with 0 its whole group), and returns when both go on.
    fn stop(&mut self, signal: i32, whom: u32) -> Result<(), SysError> {
        self.container.signal_job(SIGSTOP);
        if let Some(terminal) = &mut self.terminal {
            terminal.restore();
        }
        signalfd::kill(whom, signal)?;
        // Delivered now, with its default action: the kernel stops this process, unless its group is orphaned.
        signal::set_mask(signal::ALL & !signal::bit(signal))?;
        signal::set_mask(signal::ALL)?;
        self.make_raw()?;
        self.set_window();
        self.container.signal_job(SIGCONT);
        Ok(())
    }

    fn make_raw(&mut self) -> Result<(), SysError> {
        self.terminal.as_mut().map_or(Ok(()), CallerTerminal::make_raw)
    }

    /// The container's terminal gets the size of the caller's.
    fn set_window(&self) {
        if let (Some(relay), Some(size)) = (&self.relay, window_size()) {
            // The kernel tells the container's foreground group by SIGWINCH.
            let _ = pty::set_size(relay.master(), size.ws_row, size.ws_col);
        }
    }

    /// Brings over the rest of the output and gives the terminal back.
    fn close(mut self) {
        if let Some(relay) = &mut self.relay {
            relay.drain();
        }
        if let Some(terminal) = &mut self.terminal {
            terminal.restore();
        }
    }
}
