//! Op `compile_filter`: an OCI seccomp profile becomes a program.

use masu_wire::error::{CoreError, Group};
use masu_wire::plan::{Filter, StageStep};
use masu_wire::request::{CompileFilterReply, CompileFilterRequest};

/// Compiles for this machine.
pub(crate) fn compile_filter(request: CompileFilterRequest) -> Result<CompileFilterReply, CoreError> {
    match masu_seccomp::compile(&request.profile)?.into() {
        Filter::Program { flags, instructions } => Ok(CompileFilterReply { flags, instructions }),
        Filter::Default | Filter::Profile { .. } => {
            Err(CoreError::bug("Compile a seccomp profile: the result is no program"))
        }
    }
}

/// Replaces the profiles in a plan's steps by programs.
pub(crate) fn compile_in(steps: &mut [StageStep]) -> Result<(), CoreError> {
    for (index, step) in steps.iter_mut().enumerate() {
        if let StageStep::LoadFilter { filter } = step
            && let Filter::Profile { profile } = filter
        {
            *filter = masu_seccomp::compile(profile).map_err(|error| error.at(Group::Exec, index))?.into();
        }
    }
    Ok(())
}
