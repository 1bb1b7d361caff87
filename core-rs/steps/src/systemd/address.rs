//! Where a manager of systemd's can be reached. D-Bus Specification, "Server Addresses"

use std::env;
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use masu_sys::error::SysError;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use crate::named;

/// A listener that is there takes a connection at once, unless very many wait.
const PATIENCE: Duration = Duration::from_secs(5);

/// A socket's address.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// A file.
    Path(Vec<u8>),
    /// A name of no file system. unix(7)
    Abstract(Vec<u8>),
}

impl Address {
    /// A connection to it.
    pub(super) fn connect(&self) -> Result<UnixStream, SysError> {
        let address = match self {
            Self::Path(path) => SocketAddrUnix::new(OsStr::from_bytes(path)),
            Self::Abstract(name) => SocketAddrUnix::new_abstract_name(name),
        };
        let address = named("connect", address)?;
        let made = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None);
        let socket: OwnedFd = named("socket", made)?;
        named("setsockopt", set_socket_timeout(&socket, Timeout::Send, Some(PATIENCE)))?;
        named("connect", rustix::io::retry_on_intr(|| connect(&socket, &address)))?;
        Ok(UnixStream::from(socket))
    }
}

/// Who listens there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The manager itself.
    Direct(Address),
    /// A bus on which the manager is.
    Bus(Address),
}

/// Where to try, in order. Whoever names a bus means it; otherwise the manager's own socket comes first, which needs no bus.
pub(super) fn places(user: bool) -> Vec<Place> {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let named = variable(if user { "DBUS_SESSION_BUS_ADDRESS" } else { "DBUS_SYSTEM_BUS_ADDRESS" });
    let named = named.map(|value| addresses(value.as_bytes())).unwrap_or_default();
    let (own, bus) = if user {
        let directory = variable("XDG_RUNTIME_DIR").map(|value| value.as_bytes().to_vec());
        let directory = directory.unwrap_or_else(|| format!("/run/user/{}", host_uid()).into_bytes());
        let below = |name: &str| [&directory, name.as_bytes()].concat();
        (below("/systemd/private"), below("/bus"))
    } else {
        (b"/run/systemd/private".to_vec(), b"/run/dbus/system_bus_socket".to_vec())
    };
    let mut places: Vec<Place> = named.into_iter().map(Place::Bus).collect();
    // A session's bus is always named, and is no reason to take the longer way.
    places.insert(if user { 0 } else { places.len() }, Place::Direct(Address::Path(own)));
    places.push(Place::Bus(Address::Path(bus)));
    places
}

/// This user's number outside of its user namespace: what a login made is called by that.
fn host_uid() -> u32 {
    let own = rustix::process::geteuid().as_raw();
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.lines().find_map(|line| outside(line, own)).unwrap_or(own)
}

/// By one line of a map: first number inside, first number outside, how many. user_namespaces(7)
fn outside(line: &str, uid: u32) -> Option<u32> {
    let mut numbers = line.split_whitespace().map(str::parse::<u32>);
    let (inside, outside, count) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
    uid.checked_sub(inside).filter(|offset| *offset < count).and_then(|offset| outside.checked_add(offset))
}

/// Those of a list of addresses that are sockets of this machine.
fn addresses(text: &[u8]) -> Vec<Address> {
    let values = text.split(|byte| *byte == b';').filter_map(|one| one.strip_prefix(b"unix:"));
    values
        .flat_map(|keys| keys.split(|byte| *byte == b','))
        .filter_map(|pair| match (pair.strip_prefix(b"path="), pair.strip_prefix(b"abstract=")) {
            (Some(path), _) => unescaped(path).map(Address::Path),
            (_, Some(name)) => unescaped(name).map(Address::Abstract),
            _ => None,
        })
        .collect()
}

/// `%2f` is a byte.
fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = after;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_sockets() {
        let path = |path: &str| Address::Path(path.as_bytes().to_vec());
        let cases = [
            ("unix:path=/run/user/1000/bus", vec![path("/run/user/1000/bus")]),
            ("unix:path=/run/user/1000/bus,guid=0123", vec![path("/run/user/1000/bus")]),
            ("tcp:host=localhost,port=1;unix:path=/a%20b", vec![path("/a b")]),
            ("unix:abstract=/tmp/x", vec![Address::Abstract(b"/tmp/x".to_vec())]),
            ("unix:path=/%2", vec![]),
            ("", vec![]),
        ];
        for (text, expected) in cases {
            assert_eq!(addresses(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn outside_is_who_a_user_is_without_its_namespace() {
        assert_eq!(outside("         0       1000          1", 0), Some(1000));
        assert_eq!(outside("1 100000 65536", 5), Some(100_004));
        assert_eq!(outside("1 100000 65536", 0), None);
        assert_eq!(outside("0 0 4294967295", 33), Some(33));
    }
}
