//! What was typed for a container, until it reads it.

use masu_sys::terminal::Modes;
use rustix::io::Errno;
use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Something for the container's stdin.
pub(super) enum Piece {
    /// Bytes of a client, by its number.
    Bytes(u64, Vec<u8>),
    /// No more will come.
    End,
}

/// Bounded by what each client may send before it is told that it was taken.
#[derive(Default)]
pub(super) struct Input {
    target: Option<OwnedFd>,
    is_terminal: bool,
    /// The container was told that no more will come.
    ended: bool,
    pieces: VecDeque<Piece>,
}

impl Input {
    /// The end of a pipe or a terminal's master, non-blocking.
    pub(super) fn open(&mut self, target: OwnedFd, is_terminal: bool) {
        (self.target, self.is_terminal, self.ended) = (Some(target), is_terminal, false);
    }

    pub(super) const fn is_open(&self) -> bool {
        self.target.is_some()
    }

    /// It was open, and will be only when the container starts again.
    pub(super) const fn was_closed(&self) -> bool {
        self.ended
    }

    pub(super) fn push(&mut self, piece: Piece) {
        self.pieces.push_back(piece);
    }

    /// Its descriptor, when there is something to write to it.
    pub(super) fn wanted(&self) -> Option<BorrowedFd<'_>> {
        self.target.as_ref().filter(|_| !self.pieces.is_empty()).map(AsFd::as_fd)
    }

    /// Writes what the container takes. Returns how many bytes of which client are no longer kept.
    pub(super) fn write(&mut self) -> Vec<(u64, usize)> {
        let mut taken = Vec::new();
        while let (Some(target), Some(piece)) = (&self.target, self.pieces.front_mut()) {
            let written = match piece {
                Piece::Bytes(_, bytes) => rustix::io::write(target, bytes),
                Piece::End if self.is_terminal => write_end_key(target),
                Piece::End => Err(Errno::PIPE),
            };
            match (written, piece) {
                (Err(Errno::INTR), _) => {}
                (Err(Errno::AGAIN), _) => break,
                // Nobody will ever read it, or there will be nothing more to read.
                (Err(_), _) => taken.extend(self.close()),
                (Ok(count), Piece::Bytes(client, bytes)) => {
                    taken.push((*client, count));
                    bytes.drain(..count);
                    if bytes.is_empty() {
                        self.pieces.pop_front();
                    }
                }
                (Ok(_), Piece::End) => drop(self.pieces.pop_front()),
            }
        }
        taken
    }

    /// Closes it; what was not written is lost. Returns what write does.
    pub(super) fn close(&mut self) -> Vec<(u64, usize)> {
        (self.target, self.ended) = (None, true);
        let lost = std::mem::take(&mut self.pieces);
        lost.into_iter()
            .filter_map(|piece| match piece {
                Piece::Bytes(client, bytes) => Some((client, bytes.len())),
                Piece::End => None,
            })
            .collect()
    }
}

/// A terminal is told the end as a person tells it, by the key for it, where it has one at the moment.
fn write_end_key(master: &OwnedFd) -> rustix::io::Result<usize> {
    match Modes::of(master.as_fd()).ok().and_then(|modes| modes.end_of_input()) {
        Some(key) => rustix::io::write(master, &[key]),
        None => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pipe::{PipeFlags, pipe_with};

    fn open() -> (OwnedFd, Input) {
        let (reader, writer) = pipe_with(PipeFlags::NONBLOCK).unwrap();
        let mut input = Input::default();
        input.open(writer, false);
        (reader, input)
    }

    #[test]
    fn write_goes_as_far_as_the_pipe_takes_it_and_says_of_whom() {
        let (reader, mut input) = open();
        input.push(Piece::Bytes(1, vec![b'a'; 60_000]));
        input.push(Piece::Bytes(2, vec![b'b'; 60_000]));
        let first: usize = input.write().into_iter().map(|(_, count)| count).sum();
        assert!((60_000..120_000).contains(&first) && input.wanted().is_some(), "{first}");
        let mut received = vec![0; 120_000];
        let count = rustix::io::read(&reader, &mut received).unwrap();
        assert_eq!(count, first);
        assert_eq!(input.write(), [(2, 120_000 - first)]);
        assert!(input.wanted().is_none() && input.is_open());
    }

    #[test]
    fn write_closes_at_the_end_and_after_the_reader_has_left() {
        let (reader, mut input) = open();
        input.push(Piece::Bytes(1, b"x".to_vec()));
        input.push(Piece::End);
        input.push(Piece::Bytes(2, b"late".to_vec()));
        assert_eq!(input.write(), [(1, 1), (2, 4)]);
        assert!(!input.is_open() && input.was_closed());
        let mut received = [0; 8];
        assert_eq!(rustix::io::read(&reader, &mut received).unwrap(), 1);
        assert_eq!(rustix::io::read(&reader, &mut received).unwrap(), 0);
        let (reader, mut input) = open();
        drop(reader);
        input.push(Piece::Bytes(3, b"y".to_vec()));
        assert_eq!(input.write(), [(3, 1)]);
        assert!(input.was_closed());
    }
}
