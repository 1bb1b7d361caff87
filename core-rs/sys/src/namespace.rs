//! Namespaces and what only exists in one: names of the host, the loopback device. namespaces(7)
//!
//! setns(2) and unshare(2) change the calling thread: only a process with a single thread may call them.
#![allow(unsafe_code)]

use crate::error::{Result, check, named};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use std::os::fd::{AsRawFd, BorrowedFd};

/// CLONE_NEW* bits of clone(2).
pub mod flag {
    /// CLONE_NEWTIME
    pub const TIME: u32 = 0x80;
    /// CLONE_NEWNS
    pub const MOUNT: u32 = 0x2_0000;
    /// CLONE_NEWCGROUP
    pub const CGROUP: u32 = 0x200_0000;
    /// CLONE_NEWUTS
    pub const UTS: u32 = 0x400_0000;
    /// CLONE_NEWIPC
    pub const IPC: u32 = 0x800_0000;
    /// CLONE_NEWUSER
    pub const USER: u32 = 0x1000_0000;
    /// CLONE_NEWPID
    pub const PID: u32 = 0x2000_0000;
    /// CLONE_NEWNET
    pub const NETWORK: u32 = 0x4000_0000;
}

/// setns(2): enters the namespace of a descriptor, which must be of this kind.
pub fn enter(namespace: BorrowedFd<'_>, kind: u32) -> Result<()> {
    // SAFETY: setns reads no memory.
    let entered = unsafe { libc::syscall(libc::SYS_setns, namespace.as_raw_fd(), kind) };
    check("setns", entered).map(drop)
}

/// unshare(2) of namespaces.
pub fn unshare(kinds: u32) -> Result<()> {
    // SAFETY: CLONE_NEW* bits share nothing that this process's memory safety relies on.
    check("unshare", unsafe { libc::syscall(libc::SYS_unshare, kinds) }).map(drop)
}

/// sethostname(2).
pub fn set_host_name(name: &str) -> Result<()> {
    named("sethostname", rustix::system::sethostname(name.as_bytes()))
}

/// setdomainname(2).
pub fn set_domain_name(name: &str) -> Result<()> {
    named("setdomainname", rustix::system::setdomainname(name.as_bytes()))
}

/// netdevice(7) SIOCSIFFLAGS: brings `lo` of this network namespace up.
pub fn bring_loopback_up() -> Result<()> {
    let socket = named("socket", socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None))?;
    // SAFETY: an ifreq is numbers only, for which zeros are a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = libc::c_char::try_from(*from).unwrap_or(0);
    }
    // They are 1 and 64.
    request.ifr_ifru.ifru_flags = i16::try_from(libc::IFF_UP | libc::IFF_RUNNING).unwrap_or(0);
    // SAFETY: SIOCSIFFLAGS reads one ifreq, which lives until it returns.
    check("ioctl", unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) }.into()).map(drop)
}
