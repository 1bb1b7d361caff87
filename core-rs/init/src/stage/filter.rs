//! The program's system call filter. seccomp(2)

use masu_seccomp::{Abi, Machine, op, verdict};
use masu_steps::failure::failed;
use masu_sys::errno::values::{EACCES, EBUSY, EINVAL};
use masu_sys::error::SysError;
use masu_sys::seccomp::{self, Instruction};
use masu_wire::error::CoreError;
use masu_wire::plan::Filter;

use super::container::Container;
use super::seccomp_agent;

/// A filter as the kernel takes it.
pub(super) struct Instructions {
    pub(super) flags: u32,
    pub(super) program: Vec<Instruction>,
    /// What the agent is told whom it asks.
    pub(super) process_state: Option<serde_json::Value>,
}

/// What is left to be done between the filter and the program, in [`super::birth`] and by its parent.
const CALLS_OF_BIRTH: [libc::c_long; 8] = [
    libc::SYS_clone,
    libc::SYS_setsid,
    libc::SYS_ioctl,
    libc::SYS_rt_sigprocmask,
    libc::SYS_sendmsg,
    libc::SYS_recvmsg,
    libc::SYS_pidfd_send_signal,
    libc::SYS_exit_group,
];

impl Instructions {
    /// It lets [`super::birth`] happen, so that it can be loaded before.
    pub(super) fn lets_bear(&self) -> bool {
        if self.process_state.is_some() {
            return false;
        }
        let lacks_or_has = |number| matches!(self.judge(number), Some(verdict::ALLOW | verdict::NO_SUCH_CALL));
        CALLS_OF_BIRTH.iter().all(|number| self.judge(*number) == Some(verdict::ALLOW))
            && lacks_or_has(libc::SYS_clone3)
    }

    /// What the filter says to a call whose arguments are zeros, and of which no bit of flags is a new namespace. None: it is no filter.
    fn judge(&self, number: libc::c_long) -> Option<u32> {
        let [own, ..] = Machine::HOST.abis() else { return None };
        let word = |offset| match offset {
            0 => u32::try_from(number).unwrap_or(u32::MAX),
            4 => Abi::audit(*own),
            _ => 0,
        };
        let (mut at, mut loaded) = (0, 0);
        // Jumps lead forward only.
        loop {
            let one = self.program.get(at)?;
            let jump = |holds| usize::from(if holds { one.jt } else { one.jf });
            at += 1 + match one.code {
                op::RETURN => return Some(one.k),
                op::LOAD => {
                    loaded = word(one.k);
                    0
                }
                op::AND => {
                    loaded &= one.k;
                    0
                }
                op::JUMP => usize::try_from(one.k).ok()?,
                op::EQUAL => jump(loaded == one.k),
                op::GREATER => jump(loaded > one.k),
                op::GREATER_EQUAL => jump(loaded >= one.k),
                op::ANY_BIT => jump(loaded & one.k != 0),
                _ => return None,
            };
        }
    }
}

/// Loads the filter, but right before execve(2) when nothing else is left to be done: it may forbid what precedes that.
pub(super) fn load_in_time(container: &mut Container, filter: &Filter) -> Result<(), CoreError> {
    let instructions = instructions_of(filter)?;
    if container.before_program {
        container.filter = Some(instructions);
        return Ok(());
    }
    load(container, &instructions)
}

pub(super) fn load(container: &Container, filter: &Instructions) -> Result<(), CoreError> {
    match &filter.process_state {
        Some(state) => seccomp_agent::load(container, filter, state),
        None => seccomp::load(filter.flags, &filter.program).map_err(explain),
    }
}

/// Why a filter was not loaded.
pub(super) fn explain(error: SysError) -> CoreError {
    let failure = failed("Load the seccomp filter", error);
    match error.errno {
        EACCES => failure.with_hint("without CAP_SYS_ADMIN a filter needs no_new_privileges"),
        EBUSY => failure.with_hint("another filter of this process asks an agent already, and there can be only one"),
        EINVAL => {
            failure.with_hint("this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER), or does not know one of the filter's flags or actions")
        }
        _ => failure,
    }
}

fn instructions_of(filter: &Filter) -> Result<Instructions, CoreError> {
    match filter {
        Filter::Default => {
            let default = masu_seccomp::default_program();
            let convert =
                |one: masu_seccomp::Instruction| Instruction { code: one.code, jt: one.jt, jf: one.jf, k: one.k };
            let program = default.instructions.into_iter().map(convert).collect();
            Ok(Instructions { flags: default.flags, program, process_state: None })
        }
        Filter::Program { flags, instructions, listener } => {
            let program = instructions.iter().map(instruction).collect::<Option<_>>();
            Ok(Instructions {
                flags: *flags,
                program: program.ok_or_else(|| CoreError::bug("The compiled filter has an impossible instruction"))?,
                process_state: listener.clone(),
            })
        }
        Filter::Profile { .. } => Err(CoreError::bug("The core did not compile the seccomp profile")),
    }
}

fn instruction([code, jt, jf, k]: &[u32; 4]) -> Option<Instruction> {
    Some(Instruction {
        code: u16::try_from(*code).ok()?,
        jt: u8::try_from(*jt).ok()?,
        jf: u8::try_from(*jf).ok()?,
        k: *k,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_bear_the_default_filter_and_none_that_would_end_the_stage() {
        assert!(instructions_of(&Filter::Default).unwrap().lets_bear());
        let of = |program: serde_json::Value| {
            let filter = masu_seccomp::compile(&program).unwrap().into();
            instructions_of(&filter).unwrap().lets_bear()
        };
        let profile = |action: &str, names: &[&str], default: &str| serde_json::json!({"defaultAction": default, "syscalls": [{"names": names, "action": action}]});
        assert!(of(profile("SCMP_ACT_ERRNO", &["mkdir"], "SCMP_ACT_ALLOW")));
        assert!(!of(profile("SCMP_ACT_KILL_PROCESS", &["recvmsg"], "SCMP_ACT_ALLOW")));
        assert!(!of(profile("SCMP_ACT_ERRNO", &["clone3"], "SCMP_ACT_ALLOW")));
        assert!(!of(profile("SCMP_ACT_ALLOW", &["execve", "exit_group"], "SCMP_ACT_ERRNO")));
    }

    #[test]
    fn instruction_refuses_what_does_not_fit() {
        assert_eq!(instruction(&[6, 1, 2, u32::MAX]), Some(Instruction { code: 6, jt: 1, jf: 2, k: u32::MAX }));
        assert_eq!(instruction(&[6, 256, 0, 0]), None);
        assert_eq!(instruction(&[65536, 0, 0, 0]), None);
    }
}
