//! Frames that one client has not taken yet: bounded, the oldest output is lost first, and the client is told how much it was.

use masu_steps::monitor_protocol::frame;
use std::collections::VecDeque;

/// The container waits a moment for a client with so much.
const FULL: usize = 512 << 10;
/// No client has more: all other output for it is lost.
const MOST: usize = 1 << 20;

/// Whole frames; the first may be sent in part.
#[derive(Default)]
pub(super) struct Queue {
    frames: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Of the first frame.
    sent: usize,
    /// Bytes of output that were lost since the client was told last.
    lost: usize,
    /// It was waited for in vain.
    is_given_up: bool,
}

impl Queue {
    pub(super) fn push(&mut self, kind: u8, body: &[u8]) {
        let mut bytes = Vec::with_capacity(frame::HEADER + body.len());
        bytes.extend(frame::header(kind, body.len()));
        bytes.extend_from_slice(body);
        self.bytes += bytes.len();
        self.frames.push_back(bytes);
        while self.bytes > MOST && self.lose_oldest() {}
    }

    /// Output only, and nothing that the client has begun to get.
    fn lose_oldest(&mut self) -> bool {
        let first = usize::from(self.sent > 0);
        let is_output = |frame: &Vec<u8>| matches!(frame.first(), Some(&(frame::STDOUT | frame::STDERR)));
        let oldest = self.frames.iter().skip(first).position(is_output);
        let Some(lost) = oldest.and_then(|oldest| self.frames.remove(first + oldest)) else { return false };
        self.bytes -= lost.len();
        self.lost += lost.len() - frame::HEADER;
        true
    }

    /// The rest of the first frame.
    pub(super) fn next(&mut self) -> Option<&[u8]> {
        if self.lost > 0 && self.sent == 0 {
            let notice = format!("masu: {} bytes of output were left out: they were not read in time\r\n", self.lost);
            let mut bytes = frame::header(frame::STDERR, notice.len()).to_vec();
            bytes.extend_from_slice(notice.as_bytes());
            self.bytes += bytes.len();
            self.frames.push_front(bytes);
            self.lost = 0;
        }
        self.frames.front().and_then(|frame| frame.get(self.sent..))
    }

    /// So many bytes of that are gone.
    pub(super) fn sent(&mut self, count: usize) {
        self.sent += count;
        if self.frames.front().is_some_and(|frame| self.sent >= frame.len()) {
            self.bytes -= self.frames.pop_front().map_or(0, |frame| frame.len());
            self.sent = 0;
        }
        // A client that has caught up is waited for again.
        self.is_given_up &= self.bytes > FULL / 2;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub(super) const fn is_full(&self) -> bool {
        self.bytes >= FULL && !self.is_given_up
    }

    pub(super) const fn is_busy(&self) -> bool {
        self.bytes > FULL / 2 && !self.is_given_up
    }

    /// It is not waited for until it has caught up.
    pub(super) fn give_up(&mut self) {
        self.is_given_up = self.is_busy();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take_all(queue: &mut Queue) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(bytes) = queue.next() {
            let part = bytes[..bytes.len().min(1000)].to_vec();
            queue.sent(part.len());
            all.extend(part);
        }
        all
    }

    #[test]
    fn push_loses_the_oldest_output_whole_frames_at_a_time_and_says_so() {
        let mut queue = Queue::default();
        queue.push(frame::STDIN_TAKEN, &[1, 0, 0, 0]);
        queue.next();
        queue.sent(2);
        for number in 0..2000u32 {
            queue.push(frame::STDOUT, &[number.to_le_bytes(); 256].concat());
        }
        assert!(queue.bytes <= MOST && queue.is_full());
        let mut all = &*take_all(&mut queue);
        let (mut kinds, mut numbers, mut said) = (Vec::new(), Vec::new(), String::new());
        all = &all[7..]; // What was left of the first frame.
        while let Some(header) = all.first_chunk::<{ frame::HEADER }>() {
            let (kind, length) = frame::parse(*header);
            let body = &all[frame::HEADER..frame::HEADER + length as usize];
            match kind {
                frame::STDERR => said = String::from_utf8(body.to_vec()).unwrap(),
                _ => numbers.push(u32::from_le_bytes(body[..4].try_into().unwrap())),
            }
            kinds.push(kind);
            all = &all[frame::HEADER + length as usize..];
        }
        assert_eq!(kinds[0], frame::STDERR);
        assert_eq!(numbers.last(), Some(&1999));
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1));
        let lost = numbers[0] as usize * 1024;
        assert_eq!(said, format!("masu: {lost} bytes of output were left out: they were not read in time\r\n"));
        assert!(queue.is_empty() && queue.bytes == 0);
    }

    #[test]
    fn give_up_lasts_until_the_client_has_caught_up() {
        let mut queue = Queue::default();
        queue.give_up();
        assert!(!queue.is_given_up);
        for _ in 0..10 {
            queue.push(frame::STDOUT, &[0; 60_000]);
        }
        assert!(queue.is_full() && queue.is_busy());
        queue.give_up();
        assert!(!queue.is_full() && !queue.is_busy());
        take_all(&mut queue);
        assert!(!queue.is_given_up);
    }
}
