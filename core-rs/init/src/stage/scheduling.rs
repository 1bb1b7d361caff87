//! When and where the program runs: scheduler, I/O priority, CPUs, memory nodes, execution domain.
//!
//! Whoever forks hands all of it on, so that it is set on the stage. What the kernel does not hand on is refused where the program's process
//! is a child of the stage.

use masu_steps::failure::failed;
use masu_sys::errno::values::{EBUSY, EINVAL, ENOSYS, EPERM};
use masu_sys::error::SysError;
use masu_sys::scheduling::{self, Attributes, DEADLINE, RESET_ON_FORK};
use masu_wire::error::{CoreError, ErrorCode};

use super::container::Container;

pub(super) fn set_scheduler(container: &Container, attributes: &Attributes) -> Result<(), CoreError> {
    let action = format!("Set the scheduling policy {:?}", name(attributes.policy));
    let forks = container.late.is_some() || container.alone.is_some();
    if forks && (attributes.policy == DEADLINE || attributes.flags & RESET_ON_FORK != 0) {
        let message = format!("{action}: no child inherits it, and the program's process is one here");
        return Err(CoreError::new(ErrorCode::InvalidConfig, message).with_hint(
            "SCHED_DEADLINE and SCHED_FLAG_RESET_ON_FORK are for a container's first process without --init",
        ));
    }
    scheduling::set_scheduler(attributes).map_err(|error| match error.errno {
        EPERM => failed(action, error).with_hint(
            "it needs CAP_SYS_NICE of the initial user namespace, and a v1 cpu cgroup needs cpu.rt_runtime_us",
        ),
        EINVAL => {
            invalid(failed(action, error), "the nice value, priority, flags or times do not belong to this policy")
        }
        EBUSY => failed(action, error).with_hint("the CPUs have not that much time left for SCHED_DEADLINE"),
        _ => lacking(action, error),
    })
}

/// sched.h; a policy that it does not name is the kernel's to refuse.
fn name(policy: u32) -> String {
    let names =
        ["SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "", "SCHED_IDLE", "SCHED_DEADLINE", "SCHED_EXT"];
    let name = usize::try_from(policy).ok().and_then(|at| names.get(at)).filter(|name| !name.is_empty());
    name.map_or_else(|| policy.to_string(), |name| (*name).to_owned())
}

pub(super) fn set_io_priority(class: u32, priority: u32) -> Result<(), CoreError> {
    let action = format!("Set the I/O priority \"{class}:{priority}\"");
    // The kernel looks at some bits of each only.
    if class > 3 || priority > 7 {
        return Err(CoreError::new(ErrorCode::InvalidConfig, format!("{action}: there is no such class or priority"))
            .with_hint("the class is 1 (real time), 2 (best effort) or 3 (idle), the priority 0 to 7"));
    }
    scheduling::set_io_priority(class, priority).map_err(|error| match error.errno {
        EPERM => {
            failed(action, error).with_hint("the real-time class needs CAP_SYS_NICE of the initial user namespace")
        }
        _ => lacking(action, error),
    })
}

pub(super) fn set_affinity(cpus: &str) -> Result<(), CoreError> {
    let action = format!("Run on the CPUs {cpus:?}");
    let bits = scheduling::bits_of(cpus).ok_or_else(|| no_list(&action))?;
    scheduling::set_affinity(&bits).map_err(|error| match error.errno {
        EINVAL => failed(action, error).with_hint("the machine or the cgroup's cpuset has none of these CPUs"),
        _ => failed(action, error),
    })
}

pub(super) fn set_memory_policy(mode: u32, flags: u32, nodes: &str) -> Result<(), CoreError> {
    let action = format!("Set the memory policy {mode} for the nodes {nodes:?}");
    let bits = if nodes.trim().is_empty() { Some(Vec::new()) } else { scheduling::bits_of(nodes) };
    let bits = bits.ok_or_else(|| no_list(&action))?;
    scheduling::set_memory_policy(mode | flags, &bits).map_err(|error| match error.errno {
        EINVAL => failed(action, error).with_hint(
            "the mode does not go with these flags, needs nodes or takes none, or the machine or the cgroup's cpuset has none of them",
        ),
        _ => lacking(action, error),
    })
}

pub(super) fn set_personality(persona: u32) -> Result<(), CoreError> {
    scheduling::set_personality(persona)
        .map_err(|error| failed(format!("Set the execution domain \"{persona:#x}\""), error))
}

fn no_list(action: &str) -> CoreError {
    CoreError::new(ErrorCode::InvalidConfig, format!("{action}: this is no list of numbers"))
        .with_hint("write numbers and ranges, for example \"0-3,7\"")
}

fn invalid(error: CoreError, hint: &str) -> CoreError {
    CoreError { code: ErrorCode::InvalidConfig, ..error }.with_hint(hint)
}

fn lacking(action: String, error: SysError) -> CoreError {
    let failure = failed(action, error);
    if error.errno == ENOSYS { failure.with_hint("this kernel was built without it") } else { failure }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_the_kernels_word() {
        for (policy, expected) in [(0, "SCHED_OTHER"), (4, "4"), (6, "SCHED_DEADLINE"), (99, "99")] {
            assert_eq!(name(policy), expected);
        }
    }
}
