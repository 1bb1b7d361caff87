//! Connections to the monitor: none of them can make it wait.

use masu_steps::monitor_protocol::{MonitorAnswer, MonitorRequest};
use masu_sys::errno::values::EAGAIN;
use masu_sys::socket;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io::IoSlice;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// No request is longer.
const LONGEST: usize = 64 << 10;
/// The length of what follows.
const HEADER: usize = 4;
/// How long somebody who does not take an answer is waited for when the monitor ends.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Nothing: the next request may come.
    Nothing,
    /// The end of this run.
    End,
    /// An end after which it is not started again.
    Down,
    /// The next start.
    Start,
}

/// One connection.
pub(super) struct Connection {
    pub(super) id: u64,
    pub(super) want: Want,
    socket: OwnedFd,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    is_gone: bool,
}

impl Connection {
    /// The next request; none: there is no whole one.
    fn hear(&mut self) -> Option<MonitorRequest> {
        while !self.is_gone {
            let length = self.incoming.first_chunk::<HEADER>().map(|header| u32::from_le_bytes(*header));
            let wanted = HEADER + length.map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX - HEADER));
            if wanted > HEADER + LONGEST {
                self.is_gone = true;
            } else if length.is_some() && self.incoming.len() == wanted {
                let request = self.incoming.get(HEADER..).map(serde_json::from_slice);
                // Who speaks otherwise is of another version; the end of the connection says as much.
                self.is_gone = !matches!(request, Some(Ok(_)));
                let request = request.and_then(Result::ok);
                self.incoming = Vec::new();
                return request;
            } else if !self.read(wanted - self.incoming.len()) {
                return None;
            }
        }
        None
    }

    /// No more than this, so that frames that follow a request stay where they are. False: there is nothing now.
    fn read(&mut self, count: usize) -> bool {
        let mut block = [0; 1024];
        let part = block.get_mut(..count.min(1024)).unwrap_or_default();
        match rustix::io::retry_on_intr(|| rustix::io::read(&self.socket, &mut *part)) {
            Ok(count) if count > 0 => {
                self.incoming.extend_from_slice(block.get(..count).unwrap_or_default());
                true
            }
            Err(Errno::AGAIN) => false,
            Ok(_) | Err(_) => {
                self.is_gone = true;
                false
            }
        }
    }

    pub(super) fn answer(&mut self, answer: &MonitorAnswer) {
        self.want = Want::Nothing;
        // Its keys are strings, so it always has a JSON form.
        let body = serde_json::to_vec(answer).unwrap_or_default();
        self.outgoing.extend(u32::try_from(body.len()).unwrap_or(0).to_le_bytes());
        self.outgoing.extend(body);
        self.flush();
    }

    fn flush(&mut self) {
        while !self.outgoing.is_empty() && !self.is_gone {
            match socket::send(self.socket.as_fd(), &[IoSlice::new(&self.outgoing)], &[]) {
                Ok(count) => drop(self.outgoing.drain(..count)),
                Err(error) if error.errno == EAGAIN => return,
                Err(_) => self.is_gone = true,
            }
        }
        self.outgoing = Vec::new();
    }
}

/// All that are not attached.
#[derive(Default)]
pub(super) struct Connections {
    list: Vec<Connection>,
    next: u64,
}

impl Connections {
    /// Serves one, which does not block, from now on; its number is never used again.
    pub(super) fn add(&mut self, socket: OwnedFd) -> u64 {
        let id = self.next;
        self.next += 1;
        let (incoming, outgoing) = (Vec::new(), Vec::new());
        self.list.push(Connection { id, want: Want::Nothing, socket, incoming, outgoing, is_gone: false });
        id
    }

    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    pub(super) fn get(&mut self, id: u64) -> Option<&mut Connection> {
        self.list.iter_mut().find(|connection| connection.id == id)
    }

    /// What to wait for.
    pub(super) fn wanted(&self) -> impl Iterator<Item = (u64, BorrowedFd<'_>, PollFlags)> {
        self.list.iter().map(|connection| {
            let output = if connection.outgoing.is_empty() { PollFlags::empty() } else { PollFlags::OUT };
            (connection.id, connection.socket.as_fd(), PollFlags::IN | output)
        })
    }

    /// Does what became possible with one of them. Returns a request.
    pub(super) fn advance(&mut self, id: u64) -> Option<MonitorRequest> {
        let connection = self.get(id)?;
        connection.flush();
        let heard = connection.hear();
        if connection.is_gone {
            self.list.retain(|connection| connection.id != id);
        }
        heard
    }

    /// Takes one out, to be served otherwise.
    pub(super) fn take(&mut self, id: u64) -> Option<OwnedFd> {
        let place = self.list.iter().position(|connection| connection.id == id)?;
        Some(self.list.swap_remove(place).socket)
    }

    /// Answers all who wait for one of these.
    pub(super) fn answer_all(&mut self, wants: &[Want], answer: &MonitorAnswer) {
        for connection in self.list.iter_mut().filter(|connection| wants.contains(&connection.want)) {
            connection.answer(answer);
        }
    }

    /// Waits a moment for those who have not taken their answers, and closes all.
    pub(super) fn close(&mut self) {
        let limit = Instant::now() + LAST_WORDS;
        loop {
            self.list.retain(|connection| !connection.is_gone && !connection.outgoing.is_empty());
            let left = limit.saturating_duration_since(Instant::now());
            if self.list.is_empty() || left.is_zero() {
                break;
            }
            let sockets = self.list.iter().map(|one| PollFd::from_borrowed_fd(one.socket.as_fd(), PollFlags::OUT));
            let mut polled: Vec<_> = sockets.collect();
            let left = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 0, tv_nsec: 0 });
            let _ = poll(&mut polled, Some(&left));
            self.list.iter_mut().for_each(Connection::flush);
        }
        self.list.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use masu_steps::stage_protocol::{receive, send};
    use std::io::Write;

    fn pair(connections: &mut Connections) -> (u64, OwnedFd) {
        let (ours, theirs) = socket::stream_pair().unwrap();
        rustix::io::ioctl_fionbio(&ours, true).unwrap();
        (connections.add(ours), theirs)
    }

    #[test]
    fn advance_hears_a_request_however_it_is_cut_and_leaves_what_follows() {
        let mut connections = Connections::default();
        let (id, other) = pair(&mut connections);
        let body = br#"{"kind":"attach","stdin":true,"screen":false,"rows":0,"columns":0}"#;
        let mut bytes = u32::try_from(body.len()).unwrap().to_le_bytes().to_vec();
        bytes.extend(body);
        let mut other = std::fs::File::from(other);
        for byte in bytes.get(..bytes.len() - 1).unwrap() {
            other.write_all(&[*byte]).unwrap();
            assert!(connections.advance(id).is_none());
        }
        other.write_all(b"}frames").unwrap();
        assert!(matches!(connections.advance(id), Some(MonitorRequest::Attach { stdin: true, .. })));
        let mut rest = [0; 16];
        assert_eq!(rustix::io::read(connections.take(id).unwrap(), &mut rest).unwrap(), 6);
        assert_eq!(connections.count(), 0);
    }

    #[test]
    fn advance_forgets_who_leaves_and_who_talks_nonsense() {
        for bytes in [&b""[..], &[1, 0], &[2, 0, 0, 0, b'{', b'}'], &u32::MAX.to_le_bytes()] {
            let mut connections = Connections::default();
            let (id, other) = pair(&mut connections);
            std::fs::File::from(other).write_all(bytes).unwrap();
            assert!(connections.advance(id).is_none());
            assert_eq!(connections.count(), 0, "{bytes:?}");
        }
    }

    #[test]
    fn answer_all_answers_those_who_want_it_and_close_waits_only_a_moment() {
        let mut connections = Connections::default();
        let (waiting, theirs) = pair(&mut connections);
        let (silent, other) = pair(&mut connections);
        send(theirs.as_fd(), &MonitorRequest::Wait, &[]).unwrap();
        assert!(matches!(connections.advance(waiting), Some(MonitorRequest::Wait)));
        connections.get(waiting).unwrap().want = Want::Down;
        connections.answer_all(&[Want::Start], &MonitorAnswer::Done);
        connections.answer_all(&[Want::Down], &MonitorAnswer::Started { pid: 1, start: 2 });
        assert_eq!(connections.get(waiting).unwrap().want, Want::Nothing);
        // It takes nothing.
        for _ in 0..10_000 {
            connections.get(silent).unwrap().answer(&MonitorAnswer::Done);
        }
        let begun = Instant::now();
        connections.close();
        assert!((1..5).contains(&begun.elapsed().as_secs()));
        let received = receive::<MonitorAnswer>(theirs.as_fd()).unwrap().unwrap().message;
        assert!(matches!(received, MonitorAnswer::Started { pid: 1, start: 2 }));
        drop(other);
    }
}
