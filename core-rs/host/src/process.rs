//! Op `process`: what this process is and has.

use std::io::IsTerminal;

use masu_steps::failure::failed;
use masu_sys::error::SysError;
use masu_wire::error::CoreError;
use masu_wire::request::{ProcessReply, ProcessRequest};
use rustix::io::FdFlags;
use rustix::process::{Resource, getegid, geteuid, getgroups, getrlimit};

use crate::working_directory::working_directory;

/// include/linux/proc_ns.h, PROC_USER_INIT_INO: the one user namespace that has no parent.
const INITIAL_USER_NAMESPACE: &str = "user:[4026531837]";

/// Answers from this process's own system calls and its `/proc/self`.
pub fn process(_: ProcessRequest) -> Result<ProcessReply, CoreError> {
    let groups = getgroups().map_err(|errno| failed("Read this process's groups", named("getgroups", errno)))?;
    let directory = working_directory()
        .map_err(|error| failed("Find working directory \".\"", SysError::from_io("getcwd", &error)))?;
    let name = rustix::system::uname();
    let nofile = getrlimit(Resource::Nofile);
    let window = window();
    Ok(ProcessReply {
        pid: std::process::id(),
        uid: geteuid().as_raw(),
        gid: getegid().as_raw(),
        groups: groups.into_iter().map(rustix::process::Gid::as_raw).collect(),
        capabilities: effective_capabilities()?,
        last_capability: read("/proc/sys/kernel/cap_last_cap")?.parse().unwrap_or(0),
        directory: directory.unwrap_or_default(),
        release: name.release().to_string_lossy().into_owned(),
        machine: name.machine().to_string_lossy().into_owned(),
        hostname: name.nodename().to_string_lossy().into_owned(),
        boot_id: read("/proc/sys/kernel/random/boot_id")?,
        terminals: [std::io::stdin().is_terminal(), std::io::stdout().is_terminal(), std::io::stderr().is_terminal()],
        rows: window.0,
        columns: window.1,
        inherited_descriptors: inherited_descriptors()?,
        nofile: [limit(nofile.current), limit(nofile.maximum)],
        initial_user_namespace: in_initial_user_namespace(),
    })
}

fn named(call: &'static str, errno: rustix::io::Errno) -> SysError {
    SysError::new(call, errno.raw_os_error())
}

fn read(path: &str) -> Result<String, CoreError> {
    let text = std::fs::read_to_string(path);
    text.map(|text| text.trim_end().to_owned())
        .map_err(|error| failed(format!("Read {path:?}"), SysError::from_io("open", &error)))
}

fn effective_capabilities() -> Result<Vec<String>, CoreError> {
    let sets = rustix::thread::capabilities(None)
        .map_err(|errno| failed("Read this process's capabilities", named("capget", errno)))?;
    Ok(masu_sys::capability::names(sets.effective.bits()))
}

/// Rows and columns of the first terminal among stdin, stdout and stderr.
fn window() -> (u16, u16) {
    let streams = [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()];
    let sizes = streams.into_iter().filter_map(|stream| rustix::termios::tcgetwinsize(stream).ok());
    sizes.map(|size| (size.ws_row, size.ws_col)).next().unwrap_or((0, 0))
}

/// What is open from 3 on and stays open through execve(2). Everything of Deno's and masu's own is close-on-exec.
fn inherited_descriptors() -> Result<Vec<u32>, CoreError> {
    let entries = std::fs::read_dir("/proc/self/fd")
        .map_err(|error| failed("Read \"/proc/self/fd\"", SysError::from_io("open", &error)))?;
    let mut inherited: Vec<u32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|number| *number > 2 && is_inherited(*number))
        .collect();
    inherited.sort_unstable();
    Ok(inherited)
}

fn is_inherited(number: u32) -> bool {
    masu_sys::descriptor::flags(number).is_ok_and(|flags| !flags.contains(FdFlags::CLOEXEC))
}

fn limit(value: Option<u64>) -> i64 {
    value.and_then(|value| i64::try_from(value).ok()).unwrap_or(-1)
}

/// Whether this process's user namespace is the system's first one.
#[must_use]
pub fn in_initial_user_namespace() -> bool {
    // A kernel without user namespaces has only this one.
    std::fs::read_link("/proc/self/ns/user").map_or(true, |link| link.as_os_str() == INITIAL_USER_NAMESPACE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::{AsRawFd, OwnedFd};

    #[test]
    fn process_tells_inherited_descriptors_from_its_own() {
        let own: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
        let inherited = own.try_clone().unwrap();
        rustix::io::fcntl_setfd(&inherited, FdFlags::empty()).unwrap();
        let reply = process(ProcessRequest {}).unwrap();
        let has = |fd: &OwnedFd| reply.inherited_descriptors.contains(&fd.as_raw_fd().unsigned_abs());
        assert_eq!((has(&own), has(&inherited)), (false, true), "{reply:?}");
    }

    #[test]
    fn process_agrees_with_procfs() {
        let reply = process(ProcessRequest {}).unwrap();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:\t")).unwrap();
        let bits = u64::from_str_radix(effective, 16).unwrap();
        assert_eq!(reply.capabilities.len(), usize::try_from(bits.count_ones()).unwrap(), "{reply:?}");
        assert_eq!(reply.boot_id.len(), 36);
        assert!(reply.last_capability >= 37);
    }
}
