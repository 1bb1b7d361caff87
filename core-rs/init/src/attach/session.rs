//! Somebody is attached: bytes both ways, signals, the terminal.

use masu_steps::attach_document::AttachDocument;
use masu_steps::monitor_protocol::frame;
use masu_sys::error::SysError;
use masu_sys::file::OFlags;
use masu_sys::signalfd::{self, Arrived};
use masu_sys::wait::{has_ended, reap};
use masu_sys::{signal, terminal};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};

use super::connection::{Connection, Heard};
use super::keys::DetachKeys;
use crate::standard_stream::StandardStream;
use crate::terminal::{CallerTerminal, window_size};
use crate::terminal_state::TerminalState;

/// As much as a terminal gives at once.
const BLOCK: usize = 4096;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The container has, with this status.
    Ended(i32),
    /// The person typed the keys for it.
    Detached,
    /// The monitor is gone.
    Lost,
}

/// Which of the descriptors that are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Signals,
    Input,
    Connection,
    Output,
}

/// stdout or stderr.
#[derive(Clone, Copy)]
enum Target {
    Stdout,
    Stderr,
}

pub(super) struct Session {
    connection: Connection,
    signals: OwnedFd,
    input: Option<StandardStream>,
    stdout: Option<StandardStream>,
    stderr: Option<StandardStream>,
    /// What the container wrote and has not been written here.
    output: VecDeque<(Target, Vec<u8>)>,
    /// The caller's, while the container has one of its own.
    terminal: Option<CallerTerminal>,
    keys: DetachKeys,
    state: TerminalState,
    forwards_signals: bool,
    /// Reading was refused to the background.
    is_background: bool,
    outcome: Option<Outcome>,
    keeper: Option<u32>,
}

impl Session {
    pub(super) fn open(
        document: &AttachDocument,
        connection: OwnedFd,
        signals: OwnedFd,
        has_terminal: bool,
    ) -> Result<Self, SysError> {
        let terminal = CallerTerminal::open().filter(|_| has_terminal && document.stdin);
        let keys = if terminal.is_some() { document.detach_keys.clone() } else { Vec::new() };
        let mut session = Self {
            connection: Connection::new(connection)?,
            signals,
            input: document.stdin.then(|| StandardStream::new(rustix::stdio::stdin(), OFlags::RDONLY)),
            stdout: Some(StandardStream::new(rustix::stdio::stdout(), OFlags::WRONLY)),
            stderr: Some(StandardStream::new(rustix::stdio::stderr(), OFlags::WRONLY)),
            output: VecDeque::new(),
            terminal,
            keys: DetachKeys::new(keys),
            state: TerminalState::default(),
            forwards_signals: document.forward_signals && !has_terminal,
            is_background: false,
            outcome: None,
            keeper: document.keeper_pid,
        };
        session.make_raw()?;
        session.send_window();
        Ok(session)
    }

    /// Until it is over, and all that the container wrote is written.
    pub(super) fn serve(&mut self) -> Result<Outcome, SysError> {
        loop {
            self.reap_keeper();
            match self.outcome {
                // What the container writes from now on is for others.
                Some(Outcome::Detached) => return Ok(Outcome::Detached),
                Some(outcome) if self.output.is_empty() => return Ok(outcome),
                _ => {}
            }
            for token in self.wait()? {
                match token {
                    Token::Signals => self.take_signals()?,
                    Token::Input => self.read_input()?,
                    Token::Connection => self.talk()?,
                    Token::Output => self.write_output()?,
                }
            }
        }
    }

    /// The terminal is the caller's again.
    pub(super) fn close(&mut self) {
        let reset = self.state.reset();
        if !reset.is_empty() {
            let _ = rustix::io::write(rustix::stdio::stdout(), &reset);
        }
        if let Some(terminal) = &mut self.terminal {
            terminal.restore();
            if self.outcome == Some(Outcome::Detached) {
                // The container's cursor may be anywhere in its line.
                let _ = rustix::io::write(rustix::stdio::stderr(), b"\n");
            }
        }
    }

    /// What became possible.
    fn wait(&self) -> Result<Vec<Token>, SysError> {
        let mut wanted = vec![(Token::Signals, self.signals.as_fd(), PollFlags::IN)];
        let is_over = self.outcome.is_some();
        if let Some(input) = self.input.as_ref().filter(|_| !is_over && self.connection.room() > 0) {
            wanted.push((Token::Input, input.descriptor(), PollFlags::IN));
        }
        let flags = self.connection.wanted(self.output.is_empty());
        if !is_over && !flags.is_empty() {
            wanted.push((Token::Connection, self.connection.descriptor(), flags));
        }
        if let Some((target, _)) = self.output.front() {
            let stream = self.stream(*target).as_ref();
            // Without one it is written to nobody, at once.
            let Some(stream) = stream else { return Ok(vec![Token::Output]) };
            wanted.push((Token::Output, stream.descriptor(), PollFlags::OUT));
        }
        let mut polled: Vec<_> = wanted.iter().map(|(_, fd, flags)| PollFd::from_borrowed_fd(*fd, *flags)).collect();
        let waited = rustix::io::retry_on_intr(|| poll(&mut polled, None));
        waited.map_err(|errno| SysError::new("poll", errno.raw_os_error()))?;
        let ready = wanted.iter().zip(&polled).filter(|(_, polled)| !polled.revents().is_empty());
        Ok(ready.map(|((token, ..), _)| *token).collect())
    }

    fn stream(&self, target: Target) -> &Option<StandardStream> {
        match target {
            Target::Stdout => &self.stdout,
            Target::Stderr => &self.stderr,
        }
    }

    fn talk(&mut self) -> Result<(), SysError> {
        self.connection.flush();
        if !self.output.is_empty() {
            return Ok(());
        }
        for heard in self.connection.receive() {
            match heard {
                Heard::Stdout(bytes) => self.output.push_back((Target::Stdout, bytes)),
                Heard::Stderr(bytes) => self.output.push_back((Target::Stderr, bytes)),
                Heard::Ended(status) => self.outcome = Some(Outcome::Ended(status)),
            }
        }
        if self.connection.is_closed() && self.outcome.is_none() {
            self.outcome = Some(Outcome::Lost);
        }
        self.write_output()
    }

    /// As far as it goes without waiting.
    fn write_output(&mut self) -> Result<(), SysError> {
        while let Some((target, bytes)) = self.output.front_mut() {
            let stream = match target {
                Target::Stdout => &mut self.stdout,
                Target::Stderr => &mut self.stderr,
            };
            let is_stdout = matches!(target, Target::Stdout);
            // As if it were a terminal that nobody looks at.
            let written =
                stream.as_ref().map_or(Ok(bytes.len()), |stream| rustix::io::write(stream.descriptor(), bytes));
            match written {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(errno) => {
                    *stream = None;
                    if errno == Errno::PIPE {
                        self.leave(libc::SIGPIPE)?;
                    }
                }
                Ok(count) => {
                    let mut written: &[u8] = bytes.get(..count).unwrap_or_default();
                    while is_stdout && self.terminal.is_some() && !written.is_empty() {
                        let read = self.state.read(written);
                        written = written.get(read..).unwrap_or_default();
                    }
                    bytes.drain(..count);
                    if bytes.is_empty() {
                        self.output.pop_front();
                    }
                }
            }
        }
        Ok(())
    }

    fn read_input(&mut self) -> Result<(), SysError> {
        let Some(input) = &self.input else { return Ok(()) };
        let mut block = [0; BLOCK];
        let room = self.connection.room().min(BLOCK);
        match rustix::io::read(input.descriptor(), block.get_mut(..room).unwrap_or_default()) {
            Err(Errno::INTR | Errno::AGAIN) => {}
            // tty_ioctl(4): a background process that has SIGTTIN blocked. It waits for the foreground as any other.
            Err(Errno::IO) if !self.is_background && self.is_in_background() => {
                self.is_background = true;
                self.suspend(libc::SIGTTIN)?;
            }
            Ok(count) if count > 0 => {
                self.is_background = false;
                let (passed, detaches) = self.keys.filter(block.get(..count).unwrap_or_default());
                if !passed.is_empty() {
                    self.connection.send(frame::STDIN, &passed);
                }
                if detaches {
                    self.outcome = Some(Outcome::Detached);
                }
            }
            Ok(_) | Err(_) => {
                self.input = None;
                self.connection.send(frame::STDIN_END, &[]);
            }
        }
        Ok(())
    }

    fn is_in_background(&self) -> bool {
        let stdin = rustix::stdio::stdin();
        let own = rustix::process::getpgrp().as_raw_nonzero().get().unsigned_abs();
        terminal::foreground_group(stdin).is_ok_and(|group| group != own)
    }

    fn take_signals(&mut self) -> Result<(), SysError> {
        while let Some(Arrived { signal, sender, .. }) = signalfd::read(self.signals.as_fd())? {
            match signal {
                libc::SIGCHLD | libc::SIGURG => {}
                libc::SIGWINCH => self.send_window(),
                libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU => self.suspend(signal)?,
                libc::SIGCONT => self.resume()?,
                // Its own, for a write to what nobody reads.
                libc::SIGPIPE if sender == std::process::id() => {}
                _ if self.forwards_signals => self.connection.send(frame::SIGNAL, &signal.to_le_bytes()),
                _ => self.leave(signal)?,
            }
        }
        Ok(())
    }

    /// Stops this process; the container goes on.
    fn suspend(&mut self, signal: i32) -> Result<(), SysError> {
        if let Some(terminal) = &mut self.terminal {
            terminal.restore();
        }
        deliver(signal)?;
        self.resume()
    }

    fn resume(&mut self) -> Result<(), SysError> {
        self.make_raw()?;
        self.send_window();
        Ok(())
    }

    /// Does to this process what the signal does to any; the container goes on. Returns where that is nothing.
    fn leave(&mut self, signal: i32) -> Result<(), SysError> {
        self.close();
        deliver(signal)?;
        self.make_raw()
    }

    fn make_raw(&mut self) -> Result<(), SysError> {
        self.terminal.as_mut().map_or(Ok(()), CallerTerminal::make_raw)
    }

    fn send_window(&mut self) {
        if let Some(size) = window_size() {
            let ([a, b], [c, d]) = (size.ws_row.to_le_bytes(), size.ws_col.to_le_bytes());
            self.connection.send(frame::WINDOW, &[a, b, c, d]);
        }
    }

    /// Every end of a child brings the loop round.
    fn reap_keeper(&mut self) {
        self.keeper.take_if(|pid| has_ended(*pid).unwrap_or(true) && reap(*pid).is_ok());
    }
}

/// Lets a signal do to this process what it does to one that does not block it.
pub(super) fn deliver(signal: i32) -> Result<(), SysError> {
    signalfd::kill(std::process::id(), signal)?;
    signal::set_mask(signal::ALL & !signal::bit(signal))?;
    signal::set_mask(signal::ALL)
}
