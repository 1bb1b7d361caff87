//! `init probe FD`: tries what the kernel offers to this user, each try in a process of its own that leaves nothing behind.

use masu_steps::failure::failed;
use masu_steps::stage_protocol::{receive, send};
use masu_sys::errno::values::{EINVAL, ENOENT};
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::mount::{self, ms};
use masu_sys::namespace::{flag, unshare};
use masu_sys::process::{Side, SingleThread, exit, fork};
use masu_sys::wait::{End, reap};
use masu_sys::{probe, signal, socket};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::plan::Namespace;
use masu_wire::request::{Probe, ProbeReply, ProbeRequest};
use rustix::process::{getegid, geteuid};
use std::os::fd::{AsFd, OwnedFd};

/// Answers one request: a [`ProbeReply`], or nothing but an exit status when the request makes no sense.
pub(crate) fn run(socket: &OwnedFd) -> i32 {
    let _ = signal::set_mask(0);
    let Ok(Some(request)) = receive::<ProbeRequest>(socket.as_fd()) else { return 1 };
    let tried: Result<Vec<i32>, CoreError> = request.message.probes.iter().map(try_one).collect();
    let reply: Result<ProbeReply, CoreError> = tried.map(|errnos| ProbeReply { errnos });
    i32::from(send(socket.as_fd(), &reply, &[]).is_err())
}

/// 0, or the errno(3).
fn try_one(probe: &Probe) -> Result<i32, CoreError> {
    match probe {
        Probe::Namespace { namespace, in_user_namespace } => {
            let user = if *in_user_namespace { flag::USER } else { 0 };
            apart(|| unshare(flag_of(*namespace) | user))
        }
        Probe::Overlay { in_user_namespace } => apart(|| mount_overlay(*in_user_namespace)),
        Probe::IdmappedMount { path } => apart(|| map_mount(path)),
        Probe::SeccompAction { action } => Ok(errno_of(probe::seccomp_action(seccomp_action(action)?))),
        Probe::SystemCall { name } => {
            let called = probe::system_call(name);
            let called = called.ok_or_else(|| unknown(format!("Probe system call {name:?}")))?;
            Ok(errno_of(called))
        }
    }
}

fn unknown(action: String) -> CoreError {
    CoreError::new(ErrorCode::Bug, format!("{action}: it is not known here"))
}

fn errno_of(result: Result<(), SysError>) -> i32 {
    result.err().map_or(0, |error| error.errno)
}

/// Runs a try in a child, whose namespaces and mounts end with it. Its exit status is the errno(3), which is less than 134 on Linux.
fn apart(attempt: impl FnOnce() -> Result<(), SysError>) -> Result<i32, CoreError> {
    let explain = |error| failed("Probe in a process of its own", error);
    match SingleThread::prove().and_then(fork).map_err(explain)? {
        Side::Child => exit(errno_of(attempt())),
        Side::Parent { pid, .. } => match reap(pid).map_err(explain)? {
            End::Exited(errno) => Ok(errno),
            End::Signalled(signal) => {
                Err(CoreError::bug(format!("Probe in a process of its own: signal {signal} ended it")))
            }
        },
    }
}

const fn flag_of(namespace: Namespace) -> u32 {
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

/// SECCOMP_RET_* of linux/seccomp.h.
fn seccomp_action(name: &str) -> Result<u32, CoreError> {
    match name {
        "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => Ok(0),
        "SCMP_ACT_KILL_PROCESS" => Ok(0x8000_0000),
        "SCMP_ACT_TRAP" => Ok(0x0003_0000),
        "SCMP_ACT_ERRNO" => Ok(0x0005_0000),
        "SCMP_ACT_NOTIFY" => Ok(0x7fc0_0000),
        "SCMP_ACT_TRACE" => Ok(0x7ff0_0000),
        "SCMP_ACT_LOG" => Ok(0x7ffc_0000),
        "SCMP_ACT_ALLOW" => Ok(0x7fff_0000),
        _ => Err(unknown(format!("Probe seccomp action {name:?}"))),
    }
}

/// Directories that nearly every system has; in a mount namespace of one's own any will do to mount a tmpfs on.
const ANYWHERE: [&str; 4] = ["/tmp", "/mnt", "/run", "/dev"];

/// Two directories on a tmpfs, and an overlay of them.
fn mount_overlay(in_user_namespace: bool) -> Result<(), SysError> {
    if in_user_namespace {
        let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
        unshare(flag::USER | flag::MOUNT)?;
        map_self(uid, gid)?;
    } else {
        unshare(flag::MOUNT)?;
    }
    mount::set_propagation("/", ms::PRIVATE | ms::REC)?;
    let mut place = Err(SysError::new("mount", ENOENT));
    for path in ANYWHERE {
        place = mount::mount("tmpfs", path, "tmpfs", 0, "mode=700").map(|()| path);
        if place.is_ok() {
            break;
        }
    }
    let place = place?;
    for name in ["lower", "upper", "work", "merged"] {
        std::fs::create_dir(format!("{place}/{name}")).map_err(|error| SysError::from_io("mkdir", &error))?;
    }
    let data = format!("lowerdir={place}/lower,upperdir={place}/upper,workdir={place}/work");
    mount::mount("overlay", &format!("{place}/merged"), "overlay", 0, &data)
}

/// This process, now in a new user namespace, maps its own ids to root's there.
fn map_self(uid: u32, gid: u32) -> Result<(), SysError> {
    // Before Linux 3.19 there is no such file, and no need of it.
    let _ = std::fs::write("/proc/self/setgroups", "deny");
    for (file, id) in [("uid_map", uid), ("gid_map", gid)] {
        std::fs::write(format!("/proc/self/{file}"), format!("0 {id} 1"))
            .map_err(|error| SysError::from_io("write", &error))?;
    }
    Ok(())
}

/// A detached clone of the mount, mapped through the user namespace of a child.
fn map_mount(path: &str) -> Result<(), SysError> {
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    let (here, there) = socket::stream_pair()?;
    let Side::Parent { pid, .. } = fork(SingleThread::prove()?)? else {
        drop(here);
        let made = unshare(flag::USER).and_then(|()| map_self(uid, gid));
        let told = socket::send_all(there.as_fd(), &[u8::try_from(errno_of(made)).unwrap_or(u8::MAX)], &[], &[]);
        // Until the other one has what it needs, or is gone.
        if told.is_ok() {
            let _ = socket::receive_exact(there.as_fd(), &mut [0], &mut Vec::new());
        }
        exit(0)
    };
    drop(there);
    let mapped = map_through(path, pid, &here);
    drop(here);
    reap(pid)?;
    mapped
}

fn map_through(path: &str, pid: u32, child: &OwnedFd) -> Result<(), SysError> {
    let mut errno = [0];
    if !socket::receive_exact(child.as_fd(), &mut errno, &mut Vec::new())? {
        return Err(SysError::new("recvmsg", EINVAL));
    }
    if errno != [0] {
        return Err(SysError::new("unshare", errno[0].into()));
    }
    let namespace = file::open(&format!("/proc/{pid}/ns/user"), OFlags::RDONLY)?;
    let clone = mount::clone_tree(path, false)?;
    mount::map_owners(clone.as_fd(), namespace.as_fd(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seccomp_action_knows_the_names_of_the_oci() {
        assert_eq!(seccomp_action("SCMP_ACT_ERRNO").unwrap(), 0x0005_0000);
        assert_eq!(seccomp_action("SCMP_ACT_MAYBE").unwrap_err().code, ErrorCode::Bug);
    }
}
