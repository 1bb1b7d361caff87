//! The kernel's interface for network devices and addresses. rtnetlink(7)

use crate::error::{Result, named};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use std::os::fd::{BorrowedFd, OwnedFd};

/// A socket of the network namespace that this thread is in, close-on-exec.
pub fn open() -> Result<OwnedFd> {
    // Protocol 0 is NETLINK_ROUTE.
    let flags = SocketFlags::CLOEXEC;
    named("socket", rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None))
}

/// Sends one message to the kernel.
pub fn send(socket: BorrowedFd<'_>, message: &[u8]) -> Result<()> {
    let kernel = SocketAddrNetlink::new(0, 0);
    named("sendto", rustix::net::sendto(socket, message, SendFlags::empty(), &kernel)).map(drop)
}

/// Receives messages; returns how many bytes they have, which may be more than the buffer has.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize> {
    let received = rustix::io::retry_on_intr(|| rustix::net::recv(socket, &mut *buffer, RecvFlags::TRUNC));
    named("recvfrom", received).map(|(_, whole)| whole)
}

/// ioctl(2) SIOCGIFINDEX, in the socket's network namespace. ENODEV: there is no device of this name.
pub fn index_of(socket: BorrowedFd<'_>, device: &str) -> Result<u32> {
    named("ioctl", rustix::net::netdevice::name_to_index(socket, device))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn index_of_finds_the_loopback_device() {
        let socket = open().unwrap();
        assert_eq!(index_of(socket.as_fd(), "lo").unwrap(), 1);
        assert_eq!(index_of(socket.as_fd(), "none").unwrap_err().errno, libc::ENODEV);
    }
}
