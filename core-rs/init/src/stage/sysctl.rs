//! Kernel parameters of the container's own namespaces. proc_sys(5)

use std::os::fd::AsFd;

use masu_steps::failure::failed;
use masu_sys::errno::values::{EACCES, EINVAL, ENOENT, EROFS, EXDEV};
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::mount;
use masu_sys::resolve::{Links, Root};
use masu_wire::error::{CoreError, ErrorCode};

use super::container::Container;

/// Parameters that belong to an IPC or UTS namespace; all below `net/` belong to a network namespace, `fs/mqueue/` to an IPC one.
const NAMESPACED: [&str; 14] = [
    "kernel/auto_msgmni",
    "kernel/domainname",
    "kernel/hostname",
    "kernel/msg_next_id",
    "kernel/msgmax",
    "kernel/msgmnb",
    "kernel/msgmni",
    "kernel/sem",
    "kernel/sem_next_id",
    "kernel/shm_next_id",
    "kernel/shm_rmid_forced",
    "kernel/shmall",
    "kernel/shmmax",
    "kernel/shmmni",
];

pub(super) fn set(container: &mut Container, name: &str, value: &str) -> Result<(), CoreError> {
    let Some(path) = path_of(name) else {
        return Err(CoreError::new(
            ErrorCode::InvalidConfig,
            format!("Set {name:?}: it is not a parameter of a namespace, but of the whole host"),
        ));
    };
    let path = format!("sys/{path}");
    // A container around this one has its /proc/sys mounted read-only: a procfs of one's own has it as the namespaces have it.
    let written = match write(container.proc()?, &path, value) {
        Err(error) if error.errno == EROFS || error.errno == EXDEV => {
            mount::detached_procfs().and_then(|proc| write(&Root::new(proc), &path, value))
        }
        other => other,
    };
    written.map_err(|error| {
        let failure = failed(format!("Set {name:?} to {value:?}"), error);
        match error.errno {
            ENOENT => failure.with_hint("this kernel has no such parameter, or not in this kind of namespace"),
            EACCES => failure.with_hint("this parameter is root's of the host alone"),
            EINVAL => failure.with_hint("the kernel does not take this value"),
            _ => failure,
        }
    })
}

fn write(proc: &Root, path: &str, value: &str) -> Result<(), SysError> {
    let file = proc.open(path, OFlags::WRONLY, Links::Refuse)?;
    let status = file::file_system(file.as_fd())?;
    if status.magic != file::PROC_MAGIC {
        return Err(SysError::new("fstatfs", EXDEV));
    }
    file::write_control(file.as_fd(), value)
}

/// The path below `/proc/sys`; none: the parameter does not belong to a namespace.
///
/// As sysctl(8) has it, whichever of `.` and `/` comes first separates, and the other is the other: `net.ipv4.conf.eth0/1.forwarding`.
fn path_of(name: &str) -> Option<String> {
    let separator = name.find(['.', '/']).and_then(|at| name.get(at..=at))?;
    let swap = |letter| match letter {
        '.' if separator == "." => '/',
        '/' if separator == "." => '.',
        other => other,
    };
    let path: String = name.chars().map(swap).collect();
    let plain = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let namespaced = path.starts_with("net/") || path.starts_with("fs/mqueue/") || NAMESPACED.contains(&path.as_str());
    (plain && namespaced && !path.contains('\0')).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_of_does_what_its_table_says() {
        for (name, expected) in [
            ("net.ipv4.ip_forward", Some("net/ipv4/ip_forward")),
            ("net/ipv4/ip_forward", Some("net/ipv4/ip_forward")),
            ("net.ipv4.conf.eth0/1.forwarding", Some("net/ipv4/conf/eth0.1/forwarding")),
            ("net/ipv4/conf/eth0.1/forwarding", Some("net/ipv4/conf/eth0.1/forwarding")),
            ("kernel.shmmax", Some("kernel/shmmax")),
            ("fs.mqueue.msg_max", Some("fs/mqueue/msg_max")),
            ("kernel.core_pattern", None),
            ("kernel.shmmax.x", None),
            ("net./../kernel.core_pattern", None),
            ("net/../kernel/core_pattern", None),
            ("net//ipv4", None),
            ("net...kernel", None),
            ("vm.swappiness", None),
            ("net", None),
            ("", None),
        ] {
            assert_eq!(path_of(name).as_deref(), expected, "{name}");
        }
    }
}
