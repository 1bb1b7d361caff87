//! The socket of the monitor: who can connect to it knows that the monitor is alive.

use masu_containers::paths;
use masu_steps::failure::failed;
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::process;
use masu_wire::error::CoreError;
use masu_wire::lifecycle::Store;
use rustix::fs::{AtFlags, unlinkat};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, listen, socket_with, sockopt,
};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Connections that nobody has accepted yet.
const BACKLOG: i32 = 128;

/// `monitors/ID` in the runtime directory.
pub(super) struct Listener {
    directory: OwnedFd,
    id: String,
    socket: OwnedFd,
}

impl Listener {
    /// In place of one that a killed monitor left: the container is locked, so there is no other monitor.
    pub(super) fn open(store: &Store, id: &str) -> Result<Self, CoreError> {
        let path = paths::monitors(store);
        Self::open_in(&path, id).map_err(|error| failed(format!("Listen on \"{path}/{id}\""), error))
    }

    /// By the directory's descriptor, because an address of unix(7) has room for 107 bytes of a path only.
    fn open_in(path: &str, id: &str) -> Result<Self, SysError> {
        let directory = file::open(path, OFlags::RDONLY | OFlags::DIRECTORY)?;
        unlink(directory.as_fd(), id)?;
        let address = named("bind", SocketAddrUnix::new(format!("/proc/self/fd/{}/{id}", directory.as_raw_fd())))?;
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = named("socket", socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None))?;
        // There is a single thread, so nothing else is made meanwhile.
        let umask = process::set_umask(0o177);
        let bound = named("bind", bind(&socket, &address));
        process::set_umask(umask);
        bound?;
        named("listen", listen(&socket, BACKLOG))?;
        Ok(Self { directory, id: id.to_owned(), socket })
    }

    /// Readable: somebody wants to connect.
    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// The next one of this user, or root; none: nobody is there now. Errors: those of accept(2).
    pub(super) fn accept(&self) -> Result<Option<OwnedFd>, SysError> {
        loop {
            match accept_with(&self.socket, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
                Ok(connection) if is_allowed(&connection) => return Ok(Some(connection)),
                Ok(_) | Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(Errno::AGAIN) => return Ok(None),
                Err(errno) => return Err(SysError::new("accept", errno.raw_os_error())),
            }
        }
    }

    /// Nobody finds it any more. The container is locked, so that this is not the next monitor's.
    pub(super) fn close(self) {
        let _ = unlink(self.directory.as_fd(), &self.id);
    }
}

/// The file's mode and its directory's keep others out; an open descriptor that was handed on does not.
fn is_allowed(connection: &OwnedFd) -> bool {
    let own = rustix::process::geteuid();
    sockopt::socket_peercred(connection).is_ok_and(|peer| peer.uid == own || peer.uid.is_root())
}

fn unlink(directory: BorrowedFd<'_>, id: &str) -> Result<(), SysError> {
    match unlinkat(directory, id, AtFlags::empty()) {
        Err(Errno::NOENT) => Ok(()),
        done => named("unlinkat", done),
    }
}

fn named<T>(call: &'static str, result: rustix::io::Result<T>) -> Result<T, SysError> {
    result.map_err(|errno| SysError::new(call, errno.raw_os_error()))
}
