//! Plan words as the kernel's numbers and as words of a message.

use masu_sys::mount::ms;
use masu_sys::namespace::flag;
use masu_wire::plan::{Namespace, Propagation};

/// The CLONE_NEW* bit.
pub(super) fn flag_of(namespace: Namespace) -> u32 {
    match namespace {
        Namespace::Mount => flag::MOUNT,
        Namespace::Uts => flag::UTS,
        Namespace::Ipc => flag::IPC,
        Namespace::Network => flag::NETWORK,
        Namespace::Pid => flag::PID,
        Namespace::User => flag::USER,
        Namespace::Cgroup => flag::CGROUP,
        Namespace::Time => flag::TIME,
    }
}

/// Its name in a message.
pub(super) fn name_of(namespace: Namespace) -> &'static str {
    match namespace {
        Namespace::Mount => "mount",
        Namespace::Uts => "UTS",
        Namespace::Ipc => "IPC",
        Namespace::Network => "network",
        Namespace::Pid => "PID",
        Namespace::User => "user",
        Namespace::Cgroup => "cgroup",
        Namespace::Time => "time",
    }
}

/// MS_* bits.
pub(super) fn bits_of(propagation: Propagation) -> u32 {
    match propagation {
        Propagation::Private => ms::PRIVATE,
        Propagation::Rprivate => ms::PRIVATE | ms::REC,
        Propagation::Slave => ms::SLAVE,
        Propagation::Rslave => ms::SLAVE | ms::REC,
        Propagation::Shared => ms::SHARED,
        Propagation::Rshared => ms::SHARED | ms::REC,
        Propagation::Unbindable => ms::UNBINDABLE,
        Propagation::Runbindable => ms::UNBINDABLE | ms::REC,
    }
}
