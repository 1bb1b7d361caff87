//! Those who are attached to a container: frames to them and from them.

use masu_steps::monitor_protocol::{MonitorAnswer, MonitorRequest, frame};
use masu_steps::stage_protocol::send;
use masu_sys::errno::values::EAGAIN;
use masu_sys::file::OFlags;
use masu_sys::socket;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use std::io::IoSlice;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::client_queue::Queue;
use super::log_line::Stream;
use super::streams::Attach;

/// How long a client that takes nothing is waited for at the container's end.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long one is waited for that was said to come: it executes another program meanwhile.
const ARRIVAL: Duration = Duration::from_secs(10);

/// What it begins with is no longer than this.
const LONGEST_REQUEST: usize = 4096;

/// What a client said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// For the container's stdin.
    Input(Vec<u8>),
    /// No more of it.
    InputEnd,
    /// Its window has another size.
    Window,
    /// For the container's first process.
    Signal(i32),
}

/// Each has a number that is never used again.
#[derive(Default)]
pub(super) struct Clients {
    list: Vec<Client>,
    next: u64,
    /// The size of the terminal that was typed at or resized last.
    window: Option<(u16, u16)>,
}

struct Client {
    id: u64,
    socket: OwnedFd,
    /// The container has one.
    terminal: bool,
    stdin: bool,
    window: Option<(u16, u16)>,
    /// Input of it that the container has not taken yet.
    untaken: usize,
    incoming: Vec<u8>,
    queue: Queue,
    /// It has not said yet how it attaches: what is for it waits until it has.
    is_expected: bool,
    is_gone: bool,
}

impl Clients {
    /// Answers `Attached`. Returns its number; none: it has left already.
    pub(super) fn add(&mut self, connection: OwnedFd, attach: Attach, terminal: bool) -> Option<u64> {
        send(connection.as_fd(), &MonitorAnswer::Attached { terminal }, &[]).ok()?;
        let id = self.expect(connection, terminal)?;
        self.list.iter_mut().filter(|client| client.id == id).for_each(|client| client.attach(attach));
        self.window = window_of(attach.rows, attach.columns).or(self.window);
        Some(id)
    }

    /// Keeps output for one that will say how it attaches. Returns its number; none: the connection cannot be used.
    pub(super) fn expect(&mut self, connection: OwnedFd, terminal: bool) -> Option<u64> {
        fcntl_setfl(&connection, fcntl_getfl(&connection).ok()? | OFlags::NONBLOCK).ok()?;
        let id = self.next;
        self.next += 1;
        self.list.push(Client {
            id,
            socket: connection,
            terminal,
            stdin: false,
            window: None,
            untaken: 0,
            incoming: Vec::new(),
            queue: Queue::default(),
            is_expected: true,
            is_gone: false,
        });
        Some(id)
    }

    pub(super) const fn window(&self) -> Option<(u16, u16)> {
        self.window
    }

    pub(super) fn wanted(&self) -> impl Iterator<Item = (u64, BorrowedFd<'_>, PollFlags)> {
        self.list.iter().map(|client| {
            let has_output = !client.is_expected && !client.queue.is_empty();
            let output = if has_output { PollFlags::OUT } else { PollFlags::empty() };
            (client.id, client.socket.as_fd(), PollFlags::IN | output)
        })
    }

    /// Output for all of them.
    pub(super) fn send(&mut self, stream: Stream, bytes: &[u8]) {
        for client in &mut self.list {
            client.send(output_frame(stream), bytes);
        }
    }

    /// Output for one of them.
    pub(super) fn send_to(&mut self, id: u64, stream: Stream, bytes: &[u8]) {
        if let Some(client) = self.client(id) {
            client.send(output_frame(stream), bytes);
        }
    }

    /// So much of its input is no longer kept: it may send more.
    pub(super) fn input_taken(&mut self, id: u64, count: usize) {
        if let Some(client) = self.client(id).filter(|_| count > 0) {
            client.untaken = client.untaken.saturating_sub(count);
            client.send(frame::STDIN_TAKEN, &u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
        }
    }

    /// Sends on what waits for it.
    pub(super) fn flush(&mut self, id: u64) {
        if let Some(client) = self.client(id) {
            client.flush();
        }
    }

    /// What it has said.
    pub(super) fn hear(&mut self, id: u64) -> Vec<Heard> {
        let Some(client) = self.client(id) else { return Vec::new() };
        let heard = client.receive();
        let is_active = heard.iter().any(|heard| matches!(heard, Heard::Input(_) | Heard::Window));
        if let Some(window) = client.window.filter(|_| is_active) {
            self.window = Some(window);
        }
        heard
    }

    /// Forgets one that has left. True: it has.
    pub(super) fn remove_gone(&mut self, id: u64) -> bool {
        let before = self.list.len();
        self.list.retain(|client| client.id != id || !client.is_gone);
        self.list.len() < before
    }

    /// One of them takes output so slowly that there is hardly room for more.
    pub(super) fn is_any_full(&self) -> bool {
        self.list.iter().any(|client| client.queue.is_full())
    }

    /// One of those that are waited for has most of a full queue left.
    pub(super) fn is_any_busy(&self) -> bool {
        self.list.iter().any(|client| client.queue.is_busy())
    }

    /// Those that are waited for lose output from now on.
    pub(super) fn stop_waiting(&mut self) {
        self.list.iter_mut().for_each(|client| client.queue.give_up());
    }

    /// Tells all of them how the container has ended, and lets them go once they have got everything.
    pub(super) fn end(&mut self, status: i32) {
        for client in &mut self.list {
            client.send(frame::ENDED, &status.to_le_bytes());
        }
        let begin = Instant::now();
        while !self.list.is_empty() && begin.elapsed() < ARRIVAL {
            self.list.retain(|client| {
                let is_done = client.is_gone || client.queue.is_empty();
                !is_done && (client.is_expected || begin.elapsed() < LAST_WORDS)
            });
            let mut polled: Vec<_> =
                self.wanted().map(|(_, socket, flags)| PollFd::from_borrowed_fd(socket, flags)).collect();
            let _ = poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 100_000_000 }));
            for client in &mut self.list {
                client.receive();
                client.flush();
            }
        }
        self.list.clear();
    }

    fn client(&mut self, id: u64) -> Option<&mut Client> {
        self.list.iter_mut().find(|client| client.id == id)
    }
}

fn window_of(rows: u16, columns: u16) -> Option<(u16, u16)> {
    (rows > 0 && columns > 0).then_some((rows, columns))
}

const fn output_frame(stream: Stream) -> u8 {
    match stream {
        Stream::Stdout => frame::STDOUT,
        Stream::Stderr => frame::STDERR,
    }
}

impl Client {
    fn send(&mut self, kind: u8, bytes: &[u8]) {
        self.queue.push(kind, bytes);
        self.flush();
    }

    fn attach(&mut self, attach: Attach) {
        (self.stdin, self.is_expected) = (attach.stdin, false);
        self.window = window_of(attach.rows, attach.columns);
    }

    fn flush(&mut self) {
        if self.is_expected {
            return;
        }
        while let Some(bytes) = self.queue.next() {
            match socket::send(self.socket.as_fd(), &[IoSlice::new(bytes)], &[]) {
                Ok(count) => self.queue.sent(count),
                Err(error) if error.errno == EAGAIN => return,
                Err(_) => {
                    self.is_gone = true;
                    self.queue = Queue::default();
                }
            }
        }
    }

    fn receive(&mut self) -> Vec<Heard> {
        let mut heard = Vec::new();
        let mut block = [0; 8192];
        while !self.is_gone {
            match rustix::io::read(&self.socket, &mut block) {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Ok(0) | Err(_) => self.is_gone = true,
                Ok(count) => {
                    self.incoming.extend_from_slice(block.get(..count).unwrap_or_default());
                    if self.is_expected {
                        self.take_request(&mut heard);
                    }
                    self.take_frames(&mut heard);
                }
            }
        }
        heard
    }

    /// The message that it begins with.
    fn take_request(&mut self, heard: &mut Vec<Heard>) {
        let Some((length, rest)) = self.incoming.split_first_chunk::<4>() else { return };
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if length > LONGEST_REQUEST {
            self.is_gone = true;
            return;
        }
        let Some(body) = rest.get(..length) else { return };
        let Ok(MonitorRequest::Attach { stdin, screen, rows, columns }) = serde_json::from_slice(body) else {
            self.is_gone = true;
            return;
        };
        self.incoming.drain(..length + 4);
        let answer = MonitorAnswer::Attached { terminal: self.terminal };
        // A few bytes that nothing was sent before: the socket has room for them.
        self.is_gone |= send(self.socket.as_fd(), &answer, &[]).is_err();
        self.attach(Attach { stdin, screen, rows, columns });
        self.flush();
        heard.extend(self.window.map(|_| Heard::Window));
    }

    fn take_frames(&mut self, heard: &mut Vec<Heard>) {
        if self.is_expected {
            return;
        }
        while let Some(header) = self.incoming.first_chunk::<{ frame::HEADER }>().copied() {
            let (kind, length) = frame::parse(header);
            let Some(length) = usize::try_from(length).ok().filter(|_| length <= frame::MAX_LENGTH) else {
                self.is_gone = true;
                return;
            };
            let Some(body) = self.incoming.get(frame::HEADER..frame::HEADER + length) else { return };
            let body = body.to_vec();
            self.incoming.drain(..frame::HEADER + length);
            heard.extend(self.understand(kind, body));
        }
    }

    /// None: nothing of interest, or what somebody of a later version says.
    fn understand(&mut self, kind: u8, body: Vec<u8>) -> Option<Heard> {
        match kind {
            frame::STDIN if self.stdin => {
                self.untaken += body.len();
                // It was told how much it may send.
                self.is_gone |= self.untaken > frame::STDIN_WINDOW;
                Some(Heard::Input(body)).filter(|_| !self.is_gone)
            }
            frame::STDIN_END if self.stdin => Some(Heard::InputEnd),
            frame::WINDOW => {
                let (rows, columns) = body.split_first_chunk::<2>()?;
                let (rows, columns) = (u16::from_le_bytes(*rows), u16::from_le_bytes(columns.try_into().ok()?));
                self.window = window_of(rows, columns);
                self.window.map(|_| Heard::Window)
            }
            frame::SIGNAL => Some(Heard::Signal(i32::from_le_bytes(body.try_into().ok()?))),
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "clients_test.rs"]
mod tests;
