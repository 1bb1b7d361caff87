//! Sockets with a name in the file system. unix(7)
#![allow(unsafe_code)]

use crate::error::{Result, check, named};
use crate::file::{Mode, OFlags, open, open_in};
use rustix::net::{
    AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect as connect_to,
    listen as listen_on, sendto, socket_with,
};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// More who want to connect wait, or hear EAGAIN.
const BACKLOG: i32 = 128;

/// An address has room for 107 bytes of a path only, so the directory is named by its descriptor.
fn address(directory: BorrowedFd<'_>, name: &str) -> Result<SocketAddrUnix> {
    named("bind", SocketAddrUnix::new(format!("/proc/self/fd/{}/{name}", directory.as_raw_fd())))
}

/// The directory of a path, and its last name.
fn split(path: &str) -> Result<(OwnedFd, &str)> {
    let (directory, name) = path.rsplit_once('/').unwrap_or((".", path));
    let directory = if directory.is_empty() { "/" } else { directory };
    Ok((open(directory, OFlags::PATH | OFlags::DIRECTORY)?, name))
}

fn stream(flags: SocketFlags) -> Result<OwnedFd> {
    named("socket", socket_with(AddressFamily::UNIX, SocketType::STREAM, flags | SocketFlags::CLOEXEC, None))
}

/// A stream socket that listens at a path that is not there yet, with these permission bits, close-on-exec and non-blocking. The path may be of any
/// length.
///
/// Errors: EADDRINUSE: something is there.
pub fn listen(path: &str, mode: u32) -> Result<OwnedFd> {
    let socket = stream(SocketFlags::NONBLOCK)?;
    bind_at(&socket, path, mode)?;
    named("listen", listen_on(&socket, BACKLOG))?;
    Ok(socket)
}

/// A datagram socket at a path of any length that is not there yet, with these permission bits, close-on-exec and non-blocking.
///
/// Errors: EADDRINUSE: something is there.
pub fn receive_at(path: &str, mode: u32) -> Result<OwnedFd> {
    let socket = datagram(SocketFlags::NONBLOCK)?;
    bind_at(&socket, path, mode)?;
    Ok(socket)
}

fn bind_at(socket: &OwnedFd, path: &str, mode: u32) -> Result<()> {
    let (directory, name) = split(path)?;
    // bind(2) gives the file the socket's own permission bits.
    named("fchmod", rustix::fs::fchmod(socket, Mode::from_raw_mode(mode)))?;
    named("bind", bind(socket, &address(directory.as_fd(), name)?))
}

/// Sends one datagram to a socket by its path, of any length, or with a first `@` by its abstract name.
///
/// Errors: ENOENT: there is none; ECONNREFUSED: nobody has it open.
pub fn send_to(name: &str, bytes: &[u8]) -> Result<()> {
    let socket = datagram(SocketFlags::empty())?;
    let sent = if let Some(name) = name.strip_prefix('@') {
        let address = named("sendto", SocketAddrUnix::new_abstract_name(name.as_bytes()))?;
        sendto(&socket, bytes, SendFlags::NOSIGNAL, &address)
    } else {
        let (directory, name) = split(name)?;
        sendto(&socket, bytes, SendFlags::NOSIGNAL, &address(directory.as_fd(), name)?)
    };
    named("sendto", sent).map(drop)
}

fn datagram(flags: SocketFlags) -> Result<OwnedFd> {
    named("socket", socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags | SocketFlags::CLOEXEC, None))
}

/// Takes one connection, close-on-exec; it blocks, whatever the listener does. EAGAIN: there is none.
pub fn accept(listener: BorrowedFd<'_>) -> Result<OwnedFd> {
    named("accept", rustix::io::retry_on_intr(|| accept_with(listener, SocketFlags::CLOEXEC)))
}

/// Connects to a stream socket by its path, of any length; a last symbolic link is followed.
///
/// Errors: ENOENT: there is none; ECONNREFUSED: nobody listens.
pub fn connect(path: &str) -> Result<OwnedFd> {
    let (directory, name) = split(path)?;
    let (socket, address) = (stream(SocketFlags::empty())?, address(directory.as_fd(), name)?);
    named("connect", rustix::io::retry_on_intr(|| connect_to(&socket, &address)))?;
    Ok(socket)
}

/// As [`connect`], of a name in a directory, a symbolic link not followed, and without waiting. EAGAIN: too many wait already.
pub fn connect_in(directory: BorrowedFd<'_>, name: &str) -> Result<OwnedFd> {
    let place = open_in(directory, name, OFlags::PATH, 0)?;
    let address = named("connect", SocketAddrUnix::new(format!("/proc/self/fd/{}", place.as_raw_fd())))?;
    let socket = stream(SocketFlags::NONBLOCK)?;
    named("connect", rustix::io::retry_on_intr(|| connect_to(&socket, &address)))?;
    named("fcntl", rustix::fs::fcntl_setfl(&socket, OFlags::empty()))?;
    Ok(socket)
}

/// SO_PEERCRED: the user who made the other end, or, of a listener, whoever listens, as this process's user namespace numbers it.
pub fn peer_user(socket: BorrowedFd<'_>) -> Result<u32> {
    // rustix takes no peer of an outer pid namespace, whose pid is 0 here.
    let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut length = libc::socklen_t::try_from(size_of::<libc::ucred>()).unwrap_or(0);
    // SAFETY: getsockopt writes at most `length` bytes of `peer`, and its own count to `length`.
    let asked = unsafe {
        let slot = (&raw mut peer).cast();
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, slot, &raw mut length)
    };
    check("getsockopt", asked.into()).map(|_| peer.uid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use libc::{EADDRINUSE, ECONNREFUSED, ENOENT};

    fn scratch(name: &str) -> std::path::PathBuf {
        let long = "d".repeat(100);
        let top = std::env::temp_dir().join(format!("masu-socket-{name}-{}", std::process::id()));
        std::fs::create_dir_all(top.join(long)).unwrap();
        top
    }

    #[test]
    fn send_to_finds_a_path_or_an_abstract_name() {
        let top = scratch("datagrams");
        let path = top.join("d".repeat(100)).join("s");
        let text = path.to_str().unwrap();
        assert_eq!(send_to(text, b"x").unwrap_err().errno, ENOENT);
        let socket = receive_at(text, 0o777).unwrap();
        send_to(text, b"one").unwrap();
        let mut bytes = [0; 8];
        assert_eq!(rustix::io::read(&socket, &mut bytes).unwrap(), 3);
        assert_eq!(receive_at(text, 0o777).unwrap_err().errno, EADDRINUSE);
        let name = format!("masu-socket-{}", std::process::id());
        let other = datagram(SocketFlags::empty()).unwrap();
        bind(&other, &SocketAddrUnix::new_abstract_name(name.as_bytes()).unwrap()).unwrap();
        send_to(&format!("@{name}"), b"more").unwrap();
        assert_eq!(rustix::io::read(&other, &mut bytes).unwrap(), 4);
        std::fs::remove_dir_all(top).unwrap();
    }

    #[test]
    fn listen_and_connect_take_paths_of_any_length() {
        use std::os::unix::fs::PermissionsExt;
        let top = scratch("long");
        let path = top.join("d".repeat(100)).join("s");
        let text = path.to_str().unwrap();
        assert_eq!(connect(text).unwrap_err().errno, ENOENT);
        let listener = listen(text, 0o600).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(listen(text, 0o600).unwrap_err().errno, EADDRINUSE);
        let connection = connect(text).unwrap();
        let accepted = accept(listener.as_fd()).unwrap();
        let own = rustix::process::geteuid().as_raw();
        for socket in [&connection, &accepted, &listener] {
            assert_eq!(peer_user(socket.as_fd()).unwrap(), own);
        }
        let directory = open(path.parent().unwrap().to_str().unwrap(), OFlags::PATH).unwrap();
        drop(connect_in(directory.as_fd(), "s").unwrap());
        drop(listener);
        assert_eq!(connect_in(directory.as_fd(), "s").unwrap_err().errno, ECONNREFUSED);
        std::fs::remove_dir_all(top).unwrap();
    }
}
