//! Socket pairs between masu's own processes, and descriptors sent over them.

use crate::error::{Result, SysError, named};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

/// SCM_MAX_FD: the kernel takes no more descriptors in one message. unix(7)
pub const MAX_DESCRIPTORS: usize = 253;

/// The room that cmsg(3) needs for [`MAX_DESCRIPTORS`].
const ANCILLARY: usize = rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS));

/// A connected pair of stream sockets, close-on-exec.
pub fn stream_pair() -> Result<(OwnedFd, OwnedFd)> {
    named("socketpair", socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None))
}

/// A connected pair of sockets that keep message boundaries and report the other's end, close-on-exec.
pub fn message_pair() -> Result<(OwnedFd, OwnedFd)> {
    named("socketpair", socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None))
}

/// Sends bytes and descriptors in one call; returns how many bytes went. Never raises SIGPIPE.
pub fn send(socket: BorrowedFd<'_>, parts: &[IoSlice<'_>], descriptors: &[BorrowedFd<'_>]) -> Result<usize> {
    let mut space = [MaybeUninit::uninit(); ANCILLARY];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if descriptors.len() > MAX_DESCRIPTORS
        || (!descriptors.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(descriptors)))
    {
        return Err(SysError::new("sendmsg", libc::ETOOMANYREFS));
    }
    loop {
        match sendmsg(socket, parts, &mut ancillary, SendFlags::NOSIGNAL) {
            Err(rustix::io::Errno::INTR) => {}
            other => return named("sendmsg", other),
        }
    }
}

/// Receives into `buffer`, appends descriptors (close-on-exec) to `descriptors`; 0 is the end.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8], descriptors: &mut Vec<OwnedFd>) -> Result<usize> {
    let mut space = [MaybeUninit::uninit(); ANCILLARY];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = loop {
        match recvmsg(socket, &mut [IoSliceMut::new(buffer)], &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
            Err(rustix::io::Errno::INTR) => {}
            other => break named("recvmsg", other)?,
        }
    };
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            descriptors.extend(received);
        }
    }
    Ok(received.bytes)
}

/// Sends all of `header` and `body`; the descriptors go with the first byte.
pub fn send_all(socket: BorrowedFd<'_>, header: &[u8], body: &[u8], descriptors: &[BorrowedFd<'_>]) -> Result<()> {
    let mut sent = send(socket, &[IoSlice::new(header), IoSlice::new(body)], descriptors)?;
    while sent < header.len() + body.len() {
        let rest_of_header = header.get(sent..).unwrap_or_default();
        let rest_of_body = body.get(sent.saturating_sub(header.len())..).unwrap_or_default();
        sent += send(socket, &[IoSlice::new(rest_of_header), IoSlice::new(rest_of_body)], &[])?;
    }
    Ok(())
}

/// Fills `buffer`; false when the other end was closed before its first byte. EPIPE: closed in between.
pub fn receive_exact(socket: BorrowedFd<'_>, buffer: &mut [u8], descriptors: &mut Vec<OwnedFd>) -> Result<bool> {
    let mut filled = 0;
    while filled < buffer.len() {
        let Some(rest) = buffer.get_mut(filled..) else {
            break;
        };
        match receive(socket, rest, descriptors)? {
            0 if filled == 0 => return Ok(false),
            0 => return Err(SysError::new("recvmsg", libc::EPIPE)),
            count => filled += count,
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn send_all_carries_bytes_and_descriptors_of_any_size() {
        let (here, there) = stream_pair().unwrap();
        let body = vec![7u8; 1 << 20];
        let copy = body.clone();
        let sender = std::thread::spawn(move || {
            let stdin = rustix::stdio::stdin();
            send_all(here.as_fd(), b"head", &copy, &[stdin, stdin]).unwrap();
        });
        let (mut header, mut received, mut descriptors) = ([0u8; 4], vec![0u8; body.len()], Vec::new());
        assert!(receive_exact(there.as_fd(), &mut header, &mut descriptors).unwrap());
        assert!(receive_exact(there.as_fd(), &mut received, &mut descriptors).unwrap());
        sender.join().unwrap();
        assert_eq!((&header, received == body, descriptors.len()), (b"head", true, 2));
        assert!(!receive_exact(there.as_fd(), &mut header, &mut descriptors).unwrap());
    }

    #[test]
    fn receive_exact_reports_an_end_in_the_middle() {
        let (here, there) = stream_pair().unwrap();
        send_all(here.as_fd(), b"ab", b"", &[]).unwrap();
        drop(here);
        let error = receive_exact(there.as_fd(), &mut [0u8; 4], &mut Vec::new()).unwrap_err();
        assert_eq!(error, SysError::new("recvmsg", libc::EPIPE));
    }
}
