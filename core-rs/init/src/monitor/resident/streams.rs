//! A container's stdin, stdout and stderr, or its terminal, while nobody, one or several are attached to it.

use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::pty;
use masu_wire::container::{LogDriver, LogSettings};
use rustix::event::PollFlags;
use rustix::fs::{fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::clients::{Clients, Heard};
use super::input::{Input, Piece};
use super::log_file::Log;
use super::log_line::Stream;
use super::screen::Screen;
use super::stall::Stall;

/// As much as is read at once: half of what a pipe holds.
const BLOCK: usize = 32 << 10;
/// The most that can wait in a pipe or a pseudoterminal when its writers have ended: `/proc/sys/fs/pipe-max-size`'s default.
const LEFT_IN_PIPE: usize = 1 << 20;

/// Which of the descriptors that are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// The container writes to stdout, or to its terminal.
    Stdout,
    /// The container writes to stderr.
    Stderr,
    /// The container reads what was typed.
    Stdin,
    /// Somebody who is attached.
    Client(u64),
    /// A client was waited for long enough.
    Stall,
}

/// What the streams leave to the monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// A client wants the container's first process to get this.
    Signal(i32),
    /// A client has left.
    Detached,
}

/// How somebody attaches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attach {
    /// What it types is for the container.
    pub(super) stdin: bool,
    /// It is shown the last screenful first.
    pub(super) screen: bool,
    /// Rows of its terminal; 0: it has none.
    pub(super) rows: u16,
    /// Columns.
    pub(super) columns: u16,
}

/// All of one container's.
pub(super) struct Streams {
    log: Option<Log>,
    has_terminal: bool,
    /// Without a terminal: stdin is a pipe that stays open.
    keeps_stdin: bool,
    passthrough: Option<[OwnedFd; 3]>,
    /// Ends of pipes, or the master.
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
    /// Held so that the master is not hung up while the container has closed its terminal and may open it again.
    slave: Option<OwnedFd>,
    input: Input,
    screen: Option<Screen>,
    clients: Clients,
    stall: Stall,
    block: Vec<u8>,
}

impl Streams {
    /// Opens the log; there is nothing to read or write before the container starts.
    pub(super) fn open(
        log: &LogSettings,
        terminal: bool,
        stdin: bool,
        passthrough: Option<[OwnedFd; 3]>,
    ) -> Result<Self, SysError> {
        Ok(Self {
            log: (log.driver == LogDriver::JsonFile).then(|| Log::open(log)).transpose()?,
            has_terminal: terminal,
            keeps_stdin: stdin,
            passthrough,
            stdout: None,
            stderr: None,
            slave: None,
            input: Input::default(),
            screen: terminal.then(Screen::default),
            clients: Clients::default(),
            stall: Stall::default(),
            block: Vec::new(),
        })
    }

    /// Fresh descriptors for one start: ends of pipes; `/dev/null` for a program that gets a terminal; those of whoever started it.
    pub(super) fn stdio(&mut self) -> Result<[OwnedFd; 3], SysError> {
        if let Some(log) = &mut self.log {
            log.mark_start();
        }
        if self.has_terminal {
            return Ok([null()?, null()?, null()?]);
        }
        if let Some([stdin, stdout, stderr]) = &self.passthrough {
            let again = |descriptor: &OwnedFd| masu_sys::descriptor::duplicate_from(descriptor.as_fd(), 3);
            return Ok([again(stdin)?, again(stdout)?, again(stderr)?]);
        }
        let stdin = if self.keeps_stdin {
            let (theirs, ours) = pipe()?;
            set_nonblocking(&ours)?;
            self.input.open(ours, false);
            theirs
        } else {
            null()?
        };
        let (stdout, theirs_1) = pipe()?;
        let (stderr, theirs_2) = pipe()?;
        set_nonblocking(&stdout)?;
        set_nonblocking(&stderr)?;
        (self.stdout, self.stderr) = (Some(stdout), Some(stderr));
        Ok([stdin, theirs_1, theirs_2])
    }

    /// The master, once a start with a terminal has opened it.
    pub(super) fn set_terminal(&mut self, master: OwnedFd) -> Result<(), SysError> {
        set_nonblocking(&master)?;
        self.slave = Some(pty::open_slave(master.as_fd())?);
        self.input.open(masu_sys::descriptor::duplicate_from(master.as_fd(), 3)?, true);
        self.stdout = Some(master);
        self.set_window();
        Ok(())
    }

    /// Answers `Attached` and serves the connection from now on. Returns false when nobody is there any more.
    pub(super) fn add_client(&mut self, connection: OwnedFd, attach: Attach) -> bool {
        let Some(id) = self.clients.add(connection, attach, self.has_terminal) else { return false };
        if let Some(screen) = self.screen.as_ref().filter(|_| attach.screen) {
            for part in screen.show(attach.rows).chunks(BLOCK) {
                self.clients.send_to(id, Stream::Stdout, part);
            }
        }
        if attach.rows > 0 {
            self.redraw();
        }
        true
    }

    /// Serves the connection that a start came with: its `Attach` will be read from it, and until then output waits for it.
    pub(super) fn expect_client(&mut self, connection: OwnedFd) {
        let _ = self.clients.expect(connection, self.has_terminal);
    }

    /// What to wait for.
    pub(super) fn wanted(&self) -> Vec<(Token, BorrowedFd<'_>, PollFlags)> {
        let mut wanted = Vec::with_capacity(4);
        if let Some(timer) = self.stall.timer() {
            wanted.push((Token::Stall, timer, PollFlags::IN));
        } else {
            let outputs = [(Token::Stdout, &self.stdout), (Token::Stderr, &self.stderr)];
            let open = outputs.into_iter().filter_map(|(token, output)| Some((token, output.as_ref()?.as_fd())));
            wanted.extend(open.map(|(token, output)| (token, output, PollFlags::IN)));
        }
        wanted.extend(self.input.wanted().map(|input| (Token::Stdin, input, PollFlags::OUT)));
        wanted.extend(self.clients.wanted().map(|(id, socket, flags)| (Token::Client(id), socket, flags)));
        wanted
    }

    /// Does what became possible.
    pub(super) fn advance(&mut self, token: Token, ready: PollFlags) -> Vec<Effect> {
        let mut effects = Vec::new();
        match token {
            Token::Stdout => drop(self.read(Stream::Stdout)),
            Token::Stderr => drop(self.read(Stream::Stderr)),
            Token::Stdin => self.write_input(),
            Token::Client(id) => effects = self.serve(id, ready),
            Token::Stall => {
                self.clients.stop_waiting();
                self.stall.end();
            }
        }
        self.stall.update(&self.clients);
        effects
    }

    /// The rest of the output of a container that has ended. Never waits for one outside of it who has its streams open still.
    pub(super) fn drain(&mut self) {
        self.slave = None;
        for stream in [Stream::Stdout, Stream::Stderr] {
            let mut left = LEFT_IN_PIPE;
            while left > 0
                && let Some(count) = self.read(stream)
            {
                left = left.saturating_sub(count);
            }
        }
        (self.stdout, self.stderr) = (None, None);
        for client in self.input.close() {
            self.clients.input_taken(client.0, client.1);
        }
        if let Some(log) = &mut self.log {
            log.finish();
        }
        self.block = Vec::new();
        self.stall.update(&self.clients);
    }

    /// The container stays down: clients are told, and have got all output when this returns.
    ///
    /// One that takes nothing is waited for a second, one that is still expected for ten: after this the monitor has nothing left to do.
    pub(super) fn ended(&mut self, status: i32) {
        self.clients.end(status);
    }

    /// The last ten lines that this start of it wrote, as the log has them.
    pub(super) fn last_lines(&self) -> Vec<String> {
        self.log.as_ref().map(Log::last_lines).unwrap_or_default()
    }

    /// How many bytes; none: there is nothing now, or nothing more.
    fn read(&mut self, stream: Stream) -> Option<usize> {
        let output = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        let descriptor = output.as_ref()?;
        self.block.resize(BLOCK, 0);
        match rustix::io::retry_on_intr(|| rustix::io::read(descriptor, &mut self.block)) {
            Ok(count) if count > 0 => {
                let bytes = self.block.get(..count).unwrap_or_default();
                if let Some(log) = &mut self.log {
                    log.append(stream, bytes);
                }
                if let Some(screen) = &mut self.screen {
                    screen.push(bytes);
                }
                self.clients.send(stream, bytes);
                Some(count)
            }
            Err(Errno::AGAIN) => None,
            // Nobody will write to it any more.
            Ok(_) | Err(_) => {
                *output = None;
                None
            }
        }
    }

    fn write_input(&mut self) {
        for (client, count) in self.input.write() {
            self.clients.input_taken(client, count);
        }
    }

    fn serve(&mut self, id: u64, ready: PollFlags) -> Vec<Effect> {
        if ready.intersects(PollFlags::OUT) {
            self.clients.flush(id);
        }
        let heard = if ready.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            self.clients.hear(id)
        } else {
            Vec::new()
        };
        let mut effects = Vec::new();
        for heard in heard {
            match heard {
                Heard::Input(bytes) => self.typed(id, bytes),
                Heard::InputEnd => self.input.push(Piece::End),
                Heard::Window => self.set_window(),
                Heard::Signal(signal) => effects.push(Effect::Signal(signal)),
            }
        }
        self.write_input();
        if self.clients.remove_gone(id) {
            effects.push(Effect::Detached);
        }
        effects
    }

    fn typed(&mut self, id: u64, bytes: Vec<u8>) {
        let will_open = (self.keeps_stdin || self.has_terminal) && !self.input.was_closed();
        if self.input.is_open() || will_open {
            self.input.push(Piece::Bytes(id, bytes));
        } else {
            // As if into /dev/null.
            self.clients.input_taken(id, bytes.len());
        }
        self.set_window();
    }

    /// The container's terminal gets the size of the terminal that was typed at or resized last.
    fn set_window(&self) {
        if let Some((master, (rows, columns))) = self.master().zip(self.clients.window()) {
            // The kernel tells the container's foreground group by SIGWINCH, where it differs.
            let _ = pty::set_size(master, rows, columns);
        }
    }

    /// A program that draws the whole screen draws it anew when its terminal's size changes.
    fn redraw(&self) {
        if let Some((master, (rows, columns))) = self.master().zip(self.clients.window())
            && self.screen.as_ref().is_some_and(Screen::is_alternate)
        {
            let _ = pty::set_size(master, rows.saturating_sub(1).max(1), columns);
        }
        self.set_window();
    }

    fn master(&self) -> Option<BorrowedFd<'_>> {
        self.stdout.as_ref().filter(|_| self.has_terminal).map(AsFd::as_fd)
    }
}

/// The container's end may wait, the monitor's must not: each has a file description of its own.
fn pipe() -> Result<(OwnedFd, OwnedFd), SysError> {
    pipe_with(PipeFlags::CLOEXEC).map_err(|errno| SysError::new("pipe2", errno.raw_os_error()))
}

fn set_nonblocking(descriptor: &OwnedFd) -> Result<(), SysError> {
    let flags = fcntl_getfl(descriptor).map_err(|errno| SysError::new("fcntl", errno.raw_os_error()))?;
    fcntl_setfl(descriptor, flags | OFlags::NONBLOCK).map_err(|errno| SysError::new("fcntl", errno.raw_os_error()))
}

fn null() -> Result<OwnedFd, SysError> {
    file::open("/dev/null", OFlags::RDWR)
}

#[cfg(test)]
#[path = "streams_test.rs"]
mod tests;
