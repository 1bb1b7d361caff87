//! Carries bytes between the terminal that masu was started from and the container's own.

use masu_sys::error::SysError;
use masu_sys::pty;
use masu_sys::terminal::Modes;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::standard_stream::StandardStream;

/// As much as a pseudoterminal gives at once.
const BLOCK: usize = 4096;

/// Both directions.
pub(super) struct Relay {
    master: OwnedFd,
    /// Held so that the master is not hung up while the container has closed its terminal and may open it again.
    slave: Option<OwnedFd>,
    input: Option<StandardStream>,
    output: Option<StandardStream>,
    to_container: Vec<u8>,
    from_container: Vec<u8>,
}

/// What a descriptor is polled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    InputReadable,
    MasterReadable,
    MasterWritable,
    OutputWritable,
}

impl Relay {
    /// From stdin and to stdout.
    pub(super) fn new(master: OwnedFd) -> Result<Self, SysError> {
        let flags = fcntl_getfl(&master).map_err(|errno| of("fcntl", errno))?;
        fcntl_setfl(&master, flags | OFlags::NONBLOCK).map_err(|errno| of("fcntl", errno))?;
        let slave = Some(pty::open_slave(master.as_fd())?);
        Ok(Self {
            master,
            slave,
            input: Some(StandardStream::new(rustix::stdio::stdin(), OFlags::RDONLY)),
            output: Some(StandardStream::new(rustix::stdio::stdout(), OFlags::WRONLY)),
            to_container: Vec::new(),
            from_container: Vec::new(),
        })
    }

    pub(super) fn master(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }

    /// What to wait for: each direction reads when it has nothing to write.
    pub(super) fn wanted(&self) -> Vec<(Wanted, BorrowedFd<'_>, PollFlags)> {
        let mut wanted = Vec::with_capacity(3);
        match &self.input {
            _ if !self.to_container.is_empty() => {
                wanted.push((Wanted::MasterWritable, self.master.as_fd(), PollFlags::OUT))
            }
            Some(input) => wanted.push((Wanted::InputReadable, input.descriptor(), PollFlags::IN)),
            None => {}
        }
        match &self.output {
            Some(output) if !self.from_container.is_empty() => {
                wanted.push((Wanted::OutputWritable, output.descriptor(), PollFlags::OUT))
            }
            _ => wanted.push((Wanted::MasterReadable, self.master.as_fd(), PollFlags::IN)),
        }
        wanted
    }

    /// Does what became possible. Returns what was typed, for whoever looks for keys in it.
    pub(super) fn advance(&mut self, ready: Wanted) -> Vec<u8> {
        match ready {
            Wanted::InputReadable => return self.read_input(),
            Wanted::MasterWritable => self.write_to_container(),
            Wanted::MasterReadable => drop(self.read_from_container()),
            Wanted::OutputWritable => self.write_output(),
        }
        Vec::new()
    }

    fn read_input(&mut self) -> Vec<u8> {
        let Some(input) = &self.input else { return Vec::new() };
        let mut block = [0; BLOCK];
        match rustix::io::read(input.descriptor(), &mut block) {
            Err(Errno::INTR | Errno::AGAIN) => return Vec::new(),
            Ok(count) if count > 0 => self.to_container.extend_from_slice(block.get(..count).unwrap_or_default()),
            Ok(_) | Err(_) => {
                // The end of a pipe is told as a person tells it, by the key for it.
                self.input = None;
                self.to_container.extend(Modes::of(self.master.as_fd()).ok().and_then(|modes| modes.end_of_input()));
            }
        }
        let typed = self.to_container.clone();
        self.write_to_container();
        typed
    }

    fn write_to_container(&mut self) {
        match rustix::io::write(&self.master, &self.to_container) {
            Ok(count) => drop(self.to_container.drain(..count)),
            Err(Errno::INTR | Errno::AGAIN) => {}
            // Nobody will ever read it.
            Err(_) => self.to_container.clear(),
        }
    }

    /// False: there is nothing now, or nothing more.
    fn read_from_container(&mut self) -> bool {
        let mut block = [0; BLOCK];
        match rustix::io::retry_on_intr(|| rustix::io::read(&self.master, &mut block)) {
            Ok(count) if count > 0 => {
                self.from_container.extend_from_slice(block.get(..count).unwrap_or_default());
                self.write_output();
                true
            }
            _ => false,
        }
    }

    fn write_output(&mut self) {
        let written = match &self.output {
            Some(output) => rustix::io::write(output.descriptor(), &self.from_container),
            // As if it were a terminal that nobody looks at.
            None => Ok(self.from_container.len()),
        };
        match written {
            Ok(count) => drop(self.from_container.drain(..count)),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => {
                self.output = None;
                self.from_container.clear();
            }
        }
    }

    /// Everything that the container wrote before it ended reaches stdout.
    ///
    /// All who could write have ended. The kernel hands over what they wrote before it says EIO, or EAGAIN where somebody outside has the
    /// terminal open still (n_tty flushes its work before it does).
    pub(super) fn drain(&mut self) {
        self.slave = None;
        loop {
            while !self.from_container.is_empty() {
                let Some(output) = &self.output else { break };
                let mut waited = [PollFd::from_borrowed_fd(output.descriptor(), PollFlags::OUT)];
                let _ = rustix::io::retry_on_intr(|| poll(&mut waited, None));
                self.write_output();
            }
            if !self.read_from_container() {
                return;
            }
        }
    }
}

fn of(call: &'static str, errno: Errno) -> SysError {
    SysError::new(call, errno.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;
    use masu_sys::file;
    use std::io::Write;

    #[test]
    fn drain_loses_no_byte_of_a_container_that_has_ended() {
        // /dev/ptmx itself may be a device file outside devpts.
        let Ok(master) = file::open("/dev/pts/ptmx", OFlags::RDWR | OFlags::NOCTTY) else {
            return println!("skipped: /dev/pts/ptmx cannot be opened");
        };
        let mut relay = Relay::new(master).unwrap();
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        relay.output = Some(StandardStream::instead(writer));
        let slave = pty::open_slave(relay.master()).unwrap();
        Modes::of(slave.as_fd()).unwrap().raw().apply(slave.as_fd()).unwrap();
        let expected: Vec<u8> = (0..3000u32).flat_map(|number| number.to_le_bytes()).collect();
        let copy = expected.clone();
        let writer = std::thread::spawn(move || std::fs::File::from(slave).write_all(&copy).unwrap());
        // The pseudoterminal holds less than this, so the writer waits for the relay.
        while !writer.is_finished() {
            relay.advance(Wanted::MasterReadable);
        }
        writer.join().unwrap();
        relay.drain();
        drop(relay);
        let mut received = Vec::new();
        std::io::Read::read_to_end(&mut std::fs::File::from(reader), &mut received).unwrap();
        assert!(received == expected, "{} of {} bytes", received.len(), expected.len());
    }
}
