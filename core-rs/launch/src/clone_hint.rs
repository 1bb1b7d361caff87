//! What to do when a container's first process could not be made.

use masu_steps::failure::failed;
use masu_steps::hint::{of_process, unless_hinted, user_namespaces};
use masu_sys::errno::values::{EACCES, EBUSY, EINVAL, ENOSPC, EOPNOTSUPP, EPERM, EUSERS};
use masu_sys::error::SysError;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::plan::{CloneStep, Namespace};

/// The failure of clone(2) for this step.
pub(super) fn clone_failure(step: &CloneStep, error: SysError) -> CoreError {
    let failure = of_process(failed("Make the container's first process", error));
    let new_user = step.namespaces.contains(&Namespace::User);
    match error.errno {
        EPERM if new_user => match user_namespaces() {
            Some(hint) => unless_hinted(failure, hint),
            None => unless_hinted(
                failure,
                "unprivileged user namespaces are forbidden here, perhaps by a seccomp filter or a security module around masu",
            ),
        },
        EPERM => unless_hinted(failure, "without a user namespace this needs root (CAP_SYS_ADMIN)"),
        ENOSPC | EUSERS => match exhausted(&step.namespaces) {
            Some(hint) => unless_hinted(failure, hint),
            None => failure,
        },
        EINVAL => match missing(&step.namespaces) {
            Some(name) => {
                let mut failure =
                    unless_hinted(failure, format!("this kernel has no {name} namespaces: leave that one out"));
                failure.code = ErrorCode::KernelLacks;
                failure
            }
            None => failure,
        },
        EBUSY | EOPNOTSUPP | EACCES => match &step.cgroup {
            Some(cgroup) => unless_hinted(
                failure,
                format!(
                    "no process may start in cgroup {cgroup:?}: it distributes controllers, is threaded, or is not delegated to this user"
                ),
            ),
            None => failure,
        },
        _ => failure,
    }
}

/// namespaces(7), `/proc/sys/user`: a limit of zero or one that is reached.
fn exhausted(namespaces: &[Namespace]) -> Option<String> {
    let limit = |namespace: &Namespace| {
        let name = format!("max_{}_namespaces", namespace.file());
        let text = std::fs::read_to_string(format!("/proc/sys/user/{name}")).ok()?;
        Some((name, text.trim().parse::<u64>().ok()?))
    };
    let (name, value) = namespaces.iter().filter_map(limit).min_by_key(|(_, value)| *value)?;
    Some(format!("sysctl user.{name} is {value} here; raise it (namespaces also nest 32 deep at most)"))
}

/// A namespace that this kernel does not have.
fn missing(namespaces: &[Namespace]) -> Option<&'static str> {
    let names = namespaces.iter().map(|namespace| namespace.file());
    names.into_iter().find(|name| !std::path::Path::new("/proc/self/ns").join(name).exists())
}
