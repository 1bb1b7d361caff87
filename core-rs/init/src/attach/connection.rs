//! Frames to and from a container's monitor.

use masu_steps::monitor_protocol::frame;
use masu_sys::errno::values::EAGAIN;
use masu_sys::error::SysError;
use masu_sys::file::OFlags;
use masu_sys::socket;
use rustix::event::PollFlags;
use rustix::fs::{fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io::IoSlice;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// As much as is read at once.
const BLOCK: usize = 32 << 10;

/// What the monitor said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// For stdout.
    Stdout(Vec<u8>),
    /// For stderr.
    Stderr(Vec<u8>),
    /// The container has ended with this status.
    Ended(i32),
}

/// One's own end. Nothing waits here.
pub(super) struct Connection {
    socket: OwnedFd,
    outgoing: VecDeque<u8>,
    incoming: Vec<u8>,
    /// So much of stdin may be sent now.
    room: usize,
    /// The other end is closed: what came before is all there is.
    is_closed: bool,
}

impl Connection {
    /// After the answer `Attached`.
    pub(super) fn new(socket: OwnedFd) -> Result<Self, SysError> {
        let named = |errno: Errno| SysError::new("fcntl", errno.raw_os_error());
        fcntl_setfl(&socket, fcntl_getfl(&socket).map_err(named)? | OFlags::NONBLOCK).map_err(named)?;
        let (outgoing, incoming) = (VecDeque::new(), Vec::new());
        Ok(Self { socket, outgoing, incoming, room: frame::STDIN_WINDOW, is_closed: false })
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// What to wait for; `input`: there is room for what the monitor says.
    pub(super) fn wanted(&self, input: bool) -> PollFlags {
        let mut wanted = PollFlags::empty();
        wanted.set(PollFlags::IN, input);
        wanted.set(PollFlags::OUT, !self.outgoing.is_empty());
        wanted
    }

    /// How much of stdin can be sent now.
    pub(super) const fn room(&self) -> usize {
        self.room
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.is_closed
    }

    pub(super) fn send(&mut self, kind: u8, body: &[u8]) {
        if kind == frame::STDIN {
            self.room = self.room.saturating_sub(body.len());
        }
        self.outgoing.extend(frame::header(kind, body.len()));
        self.outgoing.extend(body);
        self.flush();
    }

    pub(super) fn flush(&mut self) {
        while !self.outgoing.is_empty() {
            let (first, second) = self.outgoing.as_slices();
            match socket::send(self.socket.as_fd(), &[IoSlice::new(first), IoSlice::new(second)], &[]) {
                Ok(count) => drop(self.outgoing.drain(..count)),
                Err(error) if error.errno == EAGAIN => return,
                // What the monitor said before it left is still to be read.
                Err(_) => self.outgoing.clear(),
            }
        }
    }

    /// Reads once, and returns all whole frames.
    pub(super) fn receive(&mut self) -> Vec<Heard> {
        let mut block = vec![0; BLOCK];
        match rustix::io::retry_on_intr(|| rustix::io::read(&self.socket, &mut block)) {
            Err(Errno::AGAIN) => {}
            Ok(0) | Err(_) => self.is_closed = true,
            Ok(count) => self.incoming.extend_from_slice(block.get(..count).unwrap_or_default()),
        }
        let mut heard = Vec::new();
        while let Some((kind, body)) = self.take_frame() {
            match kind {
                frame::STDOUT => heard.push(Heard::Stdout(body)),
                frame::STDERR => heard.push(Heard::Stderr(body)),
                frame::ENDED => heard.extend(body.try_into().ok().map(|body| Heard::Ended(i32::from_le_bytes(body)))),
                frame::STDIN_TAKEN => {
                    let taken = body.try_into().map_or(0, u32::from_le_bytes);
                    self.room = (self.room + usize::try_from(taken).unwrap_or(0)).min(frame::STDIN_WINDOW);
                }
                // Of a later version.
                _ => {}
            }
        }
        heard
    }

    fn take_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let (kind, length) = frame::parse(*self.incoming.first_chunk::<{ frame::HEADER }>()?);
        if length > frame::MAX_LENGTH {
            self.is_closed = true;
            self.incoming.clear();
            return None;
        }
        let end = frame::HEADER + usize::try_from(length).ok()?;
        let body = self.incoming.get(frame::HEADER..end)?.to_vec();
        self.incoming.drain(..end);
        Some((kind, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
        [&frame::header(kind, body.len())[..], body].concat()
    }

    #[test]
    fn receive_understands_frames_however_they_are_cut_and_sees_the_end() {
        let (ours, theirs) = socket::stream_pair().unwrap();
        let (mut connection, mut monitor) = (Connection::new(ours).unwrap(), std::fs::File::from(theirs));
        connection.send(frame::STDIN, &[b'x'; 1000]);
        assert_eq!(connection.room(), frame::STDIN_WINDOW - 1000);
        let all = [
            framed(frame::STDOUT, b"out"),
            framed(frame::STDIN_TAKEN, &400u32.to_le_bytes()),
            framed(200, b"later"),
            framed(frame::STDERR, b""),
            framed(frame::ENDED, &(-1i32).to_le_bytes()),
        ];
        let mut heard = Vec::new();
        for byte in all.concat() {
            monitor.write_all(&[byte]).unwrap();
            heard.extend(connection.receive());
        }
        assert_eq!(heard, [Heard::Stdout(b"out".to_vec()), Heard::Stderr(Vec::new()), Heard::Ended(-1)]);
        assert_eq!((connection.room(), connection.is_closed()), (frame::STDIN_WINDOW - 600, false));
        let mut sent = vec![0; 1005];
        monitor.read_exact(&mut sent).unwrap();
        assert_eq!(sent, framed(frame::STDIN, &[b'x'; 1000]));
        drop(monitor);
        assert!(connection.receive().is_empty() && connection.is_closed());
    }

    #[test]
    fn receive_refuses_a_frame_that_cannot_be() {
        let (ours, theirs) = socket::stream_pair().unwrap();
        let mut connection = Connection::new(ours).unwrap();
        std::fs::File::from(theirs).write_all(&[frame::STDOUT, 255, 255, 255, 255]).unwrap();
        assert!(connection.receive().is_empty() && connection.is_closed());
    }
}
