//! The program's system call filter. seccomp(2)

use masu_steps::failure::failed;
use masu_sys::errno::values::{EACCES, EINVAL};
use masu_sys::seccomp::{self, Instruction};
use masu_wire::error::CoreError;
use masu_wire::plan::Filter;

use super::container::Container;

/// A filter as the kernel takes it.
pub(super) struct Instructions {
    flags: u32,
    program: Vec<Instruction>,
}

/// Loads the filter, but right before execve(2) when nothing else is left to be done: it may forbid what precedes that.
pub(super) fn load_in_time(container: &mut Container, filter: &Filter) -> Result<(), CoreError> {
    let instructions = instructions_of(filter)?;
    if container.before_program {
        container.filter = Some(instructions);
        return Ok(());
    }
    load(&instructions)
}

pub(super) fn load(filter: &Instructions) -> Result<(), CoreError> {
    seccomp::load(filter.flags, &filter.program).map_err(|error| {
        let failure = failed("Load the seccomp filter", error);
        match error.errno {
            EACCES => failure.with_hint("without CAP_SYS_ADMIN a filter needs no_new_privileges"),
            EINVAL => {
                failure.with_hint("this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER), or does not know one of the filter's flags")
            }
            _ => failure,
        }
    })
}

fn instructions_of(filter: &Filter) -> Result<Instructions, CoreError> {
    match filter {
        Filter::Default => {
            let default = masu_seccomp::default_program();
            let convert =
                |one: masu_seccomp::Instruction| Instruction { code: one.code, jt: one.jt, jf: one.jf, k: one.k };
            Ok(Instructions { flags: default.flags, program: default.instructions.into_iter().map(convert).collect() })
        }
        Filter::Program { flags, instructions } => {
            let program = instructions.iter().map(instruction).collect::<Option<_>>();
            Ok(Instructions {
                flags: *flags,
                program: program.ok_or_else(|| CoreError::bug("The compiled filter has an impossible instruction"))?,
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
    fn instruction_refuses_what_does_not_fit() {
        assert_eq!(instruction(&[6, 1, 2, u32::MAX]), Some(Instruction { code: 6, jt: 1, jf: 2, k: u32::MAX }));
        assert_eq!(instruction(&[6, 256, 0, 0]), None);
        assert_eq!(instruction(&[65536, 0, 0, 0]), None);
    }
}
