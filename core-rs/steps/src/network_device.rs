//! Network devices that a container takes over from the runtime namespace. OCI runtime-spec, config-linux.md, "Network Devices"

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use masu_sys::errno::values::{EBADMSG, EEXIST, EINVAL, EMSGSIZE, ENODEV};
use masu_sys::error::SysError;
use masu_sys::{namespace, netlink};
use masu_wire::error::{CoreError, ErrorCode};
use netlink_packet_core::{NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REQUEST};
use netlink_packet_core::{NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{
    AddressAttribute, AddressHeader, AddressHeaderFlags, AddressMessage, AddressScope,
};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};

use crate::failure::failed;

/// NLMSG_GOODSIZE is less, and answers to a dump have no more than this. linux/netlink.h
const BUFFER_BYTES: usize = 32 << 10;

/// `HostStep::MoveNetworkDevice`
///
/// The kernel moves it first and names it then, so that a name that is taken is looked for before. It takes the device's addresses off; those
/// that are global and permanent are given to it again.
pub(crate) fn move_device(name: &str, new_name: &str, pid: &str) -> Result<(), CoreError> {
    let action = if name == new_name {
        format!("Move the network device {name:?} to the process {pid}")
    } else {
        format!("Move the network device {name:?} as {new_name:?} to the process {pid}")
    };
    let namespace = open_namespace(pid).map_err(|error| failed(&action, error))?;
    let here = Connection::open().map_err(|error| failed(&action, error))?;
    let explain = |error: SysError| match error.errno {
        ENODEV => CoreError { code: ErrorCode::NotFound, ..failed(&action, error) }
            .with_hint("ip link lists the devices that there are"),
        EEXIST => failed(&action, error).with_hint("the container has a device of this name already"),
        EINVAL => failed(&action, error).with_hint("it is of a kind that stays in its network namespace, as lo does"),
        _ => failed(&action, error),
    };
    let index = here.index_of(name).map_err(explain)?;
    let addresses = here.addresses(index).map_err(|error| failed(format!("{action}: list its addresses"), error))?;
    let there = Connection::open_in(namespace.as_fd()).map_err(|error| failed(&action, error))?;
    if there.index_of(new_name).is_ok() {
        return Err(explain(SysError::new("sendto", EEXIST)));
    }
    here.hand_over(index, new_name, namespace.as_fd()).map_err(explain)?;
    let index = there.index_of(new_name).map_err(explain)?;
    for address in addresses {
        there.add_address(index, address).map_err(|error| failed(format!("{action}: give it its addresses"), error))?;
    }
    there.bring_up(index).map_err(|error| failed(format!("{action}: bring it up"), error))
}

fn open_namespace(pid: &str) -> Result<OwnedFd, SysError> {
    let opened = File::open(format!("/proc/{pid}/ns/net"));
    opened.map(OwnedFd::from).map_err(|error| SysError::from_io("open", &error))
}

/// A conversation with the kernel about one network namespace.
struct Connection(OwnedFd);

impl Connection {
    fn open() -> Result<Self, SysError> {
        netlink::open().map(Self)
    }

    /// A socket stays in the network namespace in which it was made; this thread goes there for that moment alone.
    fn open_in(there: BorrowedFd<'_>) -> Result<Self, SysError> {
        let here = File::open("/proc/thread-self/ns/net").map_err(|error| SysError::from_io("open", &error))?;
        namespace::enter(there, namespace::flag::NETWORK)?;
        let opened = netlink::open();
        namespace::enter(here.as_fd(), namespace::flag::NETWORK)?;
        opened.map(Self)
    }

    fn index_of(&self, name: &str) -> Result<u32, SysError> {
        netlink::index_of(self.0.as_fd(), name)
    }

    /// RTM_GETADDR: those that are of no use in one network namespace only.
    fn addresses(&self, index: u32) -> Result<Vec<AddressMessage>, SysError> {
        let answers = self.ask(RouteNetlinkMessage::GetAddress(AddressMessage::default()), NLM_F_DUMP)?;
        let of_device = answers.into_iter().filter_map(|answer| match answer {
            RouteNetlinkMessage::NewAddress(address) if address.header.index == index => Some(address),
            _ => None,
        });
        Ok(of_device.filter(|address| is_kept(&address.header)).collect())
    }

    fn hand_over(&self, index: u32, new_name: &str, namespace: BorrowedFd<'_>) -> Result<(), SysError> {
        let mut link = LinkMessage::default();
        link.header.index = index;
        link.attributes =
            vec![LinkAttribute::NetNsFd(namespace.as_raw_fd()), LinkAttribute::IfName(new_name.to_owned())];
        self.ask(RouteNetlinkMessage::NewLink(link), NLM_F_ACK).map(drop)
    }

    fn add_address(&self, index: u32, mut address: AddressMessage) -> Result<(), SysError> {
        address.header.index = index;
        address.attributes.retain(belongs_to_address);
        match self.ask(RouteNetlinkMessage::NewAddress(address), NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL) {
            Err(error) if error.errno == EEXIST => Ok(()),
            added => added.map(drop),
        }
    }

    fn bring_up(&self, index: u32) -> Result<(), SysError> {
        let mut link = LinkMessage::default();
        (link.header.index, link.header.flags, link.header.change_mask) = (index, LinkFlags::Up, LinkFlags::Up);
        self.ask(RouteNetlinkMessage::NewLink(link), NLM_F_ACK).map(drop)
    }

    /// Sends a request and returns what is answered until its end. Errors: the kernel's, as of rtnetlink(7); EBADMSG, EMSGSIZE: no answer.
    fn ask(&self, request: RouteNetlinkMessage, flags: u16) -> Result<Vec<RouteNetlinkMessage>, SysError> {
        let mut header = NetlinkHeader::default();
        (header.flags, header.sequence_number) = (NLM_F_REQUEST | flags, 1);
        let mut message = NetlinkMessage::new(header, NetlinkPayload::from(request));
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        netlink::send(self.0.as_fd(), &bytes)?;
        let (mut answers, mut buffer) = (Vec::new(), vec![0; BUFFER_BYTES]);
        loop {
            let length = netlink::receive(self.0.as_fd(), &mut buffer)?;
            let mut rest = buffer.get(..length).ok_or(SysError::new("recvfrom", EMSGSIZE))?;
            while !rest.is_empty() {
                let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest).map_err(|_| unreadable())?;
                // Each begins at a multiple of four. netlink(7), NLMSG_ALIGN
                let next = usize::try_from(answer.header.length).unwrap_or(0).next_multiple_of(4);
                rest = rest.get(next.max(4)..).unwrap_or_default();
                match answer.payload {
                    NetlinkPayload::InnerMessage(inner) => answers.push(inner),
                    NetlinkPayload::Done(_) => return Ok(answers),
                    NetlinkPayload::Error(error) => {
                        return match error.code {
                            None => Ok(answers),
                            Some(code) => Err(SysError::new("sendto", -code.get())),
                        };
                    }
                    _ => {}
                }
            }
        }
    }
}

fn unreadable() -> SysError {
    SysError::new("recvfrom", EBADMSG)
}

/// Others depend on the network namespace that they were made in: the kernel or a lease gave them.
fn is_kept(header: &AddressHeader) -> bool {
    header.scope == AddressScope::Universe && header.flags.contains(AddressHeaderFlags::Permanent)
}

/// What the address itself is, and not what became of it.
const fn belongs_to_address(attribute: &AddressAttribute) -> bool {
    matches!(attribute, AddressAttribute::Address(_) | AddressAttribute::Local(_) | AddressAttribute::Broadcast(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use masu_sys::clone::{Child, Program, Start, clone_init};
    use netlink_packet_route::AddressFamily;
    use netlink_packet_route::link::{InfoKind, LinkInfo};
    use std::ffi::CString;
    use std::net::IpAddr;

    /// A process that sleeps in a network namespace of its own.
    struct Sleeper(Child);

    impl Sleeper {
        fn start() -> Option<Self> {
            let executable: OwnedFd = File::open("/bin/sleep").ok()?.into();
            let arguments = ["sleep", "100"].map(|text| CString::new(text).unwrap());
            let keep = rustix::stdio::stdin();
            let program = Program { executable: executable.as_fd(), arguments: &arguments, environment: &[], keep };
            let start = Start { namespaces: namespace::flag::NETWORK.into(), cgroup: None };
            clone_init(&program, &start).ok().map(Self)
        }
    }

    impl Drop for Sleeper {
        fn drop(&mut self) {
            masu_sys::signalfd::kill(self.0.pid, 9).unwrap();
            masu_sys::wait::reap(self.0.pid).unwrap();
        }
    }

    /// In a thread with a network namespace of its own, which goes with it.
    fn in_namespace(test: &str, body: impl FnOnce() + Send + 'static) {
        let test = test.to_owned();
        let run = move || match namespace::unshare(namespace::flag::NETWORK) {
            Ok(()) => body(),
            Err(error) => println!("{test} [skipped: {error}]"),
        };
        std::thread::spawn(run).join().unwrap();
    }

    fn make_veth(connection: &Connection, name: &str) {
        let mut link = LinkMessage::default();
        link.attributes =
            vec![LinkAttribute::IfName(name.to_owned()), LinkAttribute::LinkInfo(vec![LinkInfo::Kind(InfoKind::Veth)])];
        connection.ask(RouteNetlinkMessage::NewLink(link), NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL).unwrap();
    }

    fn add(connection: &Connection, device: &str, address: &str, prefix_len: u8, scope: AddressScope) {
        let parsed: IpAddr = address.parse().unwrap();
        let mut message = AddressMessage::default();
        let family = if parsed.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
        (message.header.family, message.header.prefix_len, message.header.scope) = (family, prefix_len, scope);
        message.attributes = vec![AddressAttribute::Local(parsed), AddressAttribute::Address(parsed)];
        connection.add_address(connection.index_of(device).unwrap(), message).unwrap();
    }

    /// Addresses with their prefixes' lengths, and whether the device is up.
    fn look(connection: &Connection, device: &str) -> (Vec<String>, bool) {
        let index = connection.index_of(device).unwrap();
        let mut shown: Vec<String> = Vec::new();
        for address in connection.addresses(index).unwrap() {
            let of = address.attributes.iter().find_map(|attribute| match attribute {
                AddressAttribute::Address(of) => Some(*of),
                _ => None,
            });
            shown.push(format!("{}/{}", of.unwrap(), address.header.prefix_len));
        }
        shown.sort();
        let mut link = LinkMessage::default();
        link.header.index = index;
        let answers = connection.ask(RouteNetlinkMessage::GetLink(link), NLM_F_ACK).unwrap();
        let up = answers.iter().any(
            |answer| matches!(answer, RouteNetlinkMessage::NewLink(link) if link.header.flags.contains(LinkFlags::Up)),
        );
        (shown, up)
    }

    #[test]
    fn move_device_takes_its_global_addresses_along_and_brings_it_up() {
        in_namespace("move_device_takes_its_global_addresses_along_and_brings_it_up", || {
            let here = Connection::open().unwrap();
            make_veth(&here, "masu0");
            here.bring_up(here.index_of("masu0").unwrap()).unwrap();
            add(&here, "masu0", "192.0.2.7", 24, AddressScope::Universe);
            add(&here, "masu0", "192.0.2.8", 32, AddressScope::Host);
            add(&here, "masu0", "2001:db8::7", 64, AddressScope::Universe);
            let sleeper = Sleeper::start().unwrap();
            let pid = sleeper.0.pid.to_string();
            move_device("masu0", "eth7", &pid).unwrap();
            assert_eq!(here.index_of("masu0").unwrap_err().errno, ENODEV);
            let there = Connection::open_in(open_namespace(&pid).unwrap().as_fd()).unwrap();
            let expected = vec!["192.0.2.7/24".to_owned(), "2001:db8::7/64".to_owned()];
            assert_eq!(look(&there, "eth7"), (expected, true));
        });
    }

    #[test]
    fn move_device_says_what_is_not_there_and_what_is_in_the_way() {
        in_namespace("move_device_says_what_is_not_there_and_what_is_in_the_way", || {
            let here = Connection::open().unwrap();
            let sleeper = Sleeper::start().unwrap();
            let pid = sleeper.0.pid.to_string();
            let missing = move_device("masu1", "masu1", &pid).unwrap_err();
            let message = format!("Move the network device \"masu1\" to the process {pid}: No such device");
            assert!(missing.code == ErrorCode::NotFound && missing.message.starts_with(&message), "{missing:?}");
            make_veth(&here, "masu1");
            let taken = move_device("masu1", "lo", &pid).unwrap_err();
            assert!(taken.message.contains(" as \"lo\" ") && taken.hint.is_some(), "{taken:?}");
            assert!(here.index_of("masu1").is_ok(), "it stays where it was");
        });
    }
}
