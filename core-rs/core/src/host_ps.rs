//! Op `host_ps`: the host's own ps(1), with words that masu knows nothing of.

use masu_steps::failure::failed;
use masu_sys::error::SysError;
use masu_sys::spawn::isolate;
use masu_wire::bundle::{HostPsReply, HostPsRequest};
use masu_wire::error::{CoreError, ErrorCode};
use std::process::{Command, Stdio};

/// Runs it to its end, looked for in `PATH`, with this process's environment.
///
/// Errors: `not_found` there is none; `failed` it says that these words mean nothing.
pub(crate) fn host_ps(request: HostPsRequest) -> Result<HostPsReply, CoreError> {
    run("ps", &request.arguments)
}

fn run(program: &str, arguments: &[String]) -> Result<HostPsReply, CoreError> {
    let action = format!("Run {program:?}");
    let ended = isolate(Command::new(program).args(arguments).stdin(Stdio::null())).output();
    let ended = ended.map_err(|error| failed(&action, SysError::from_io("execve", &error)))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if ended.status.success() {
        return Ok(HostPsReply { output: text(&ended.stdout) });
    }
    let said = text(&ended.stderr);
    // What follows is how it is used.
    let first = said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    Err(CoreError::new(ErrorCode::Failed, format!("{action}: {} ({})", first, ended.status)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Result<String, CoreError> {
        run("sh", &["-c".to_owned(), script.to_owned()]).map(|reply| reply.output)
    }

    #[test]
    fn run_returns_what_the_program_prints() {
        assert_eq!(sh("echo one; echo no >&2; echo two").unwrap(), "one\ntwo\n");
    }

    #[test]
    fn run_says_what_the_program_says_when_it_fails() {
        let error = sh("echo; echo 'error: no such option' >&2; echo Usage >&2; exit 1").unwrap_err();
        assert_eq!(error.message, "Run \"sh\": error: no such option (exit status: 1)");
    }

    #[test]
    fn run_tells_a_program_that_is_not_there_from_others() {
        let error = run("masu-no-such-program", &[]).map(|_| ()).unwrap_err();
        assert_eq!((error.code, error.call.as_deref()), (ErrorCode::NotFound, Some("execve")));
    }
}
