//! Op `compile_filter`: an OCI seccomp profile becomes a program. And what a program that asks a seccomp agent needs.

use masu_steps::failure::failed;
use masu_steps::hint::unless_hinted;
use masu_steps::stage_protocol::set_pid;
use masu_sys::errno::values::{ECONNREFUSED, ENOENT};
use masu_sys::error::SysError;
use masu_wire::error::{CoreError, Group};
use masu_wire::plan::{Filter, StageStep};
use masu_wire::request::{CompileFilterReply, CompileFilterRequest};
use serde_json::{Value, json};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

/// Compiles for this machine.
pub fn compile_filter(request: CompileFilterRequest) -> Result<CompileFilterReply, CoreError> {
    match masu_seccomp::compile(&request.profile)?.into() {
        Filter::Program { flags, instructions, .. } => Ok(CompileFilterReply { flags, instructions }),
        Filter::Default | Filter::Profile { .. } => {
            Err(CoreError::bug("Compile a seccomp profile: the result is no program"))
        }
    }
}

/// Replaces the profiles in a plan's steps by programs. Returns a connection to the agent that one asks.
///
/// Errors: as of `compile_filter`; nobody listens at a profile's `listenerPath`.
pub(crate) fn compile_in(steps: &mut [StageStep]) -> Result<Option<OwnedFd>, CoreError> {
    let mut agent = None;
    for (index, step) in steps.iter_mut().enumerate() {
        if let StageStep::LoadFilter { filter } = step
            && let Filter::Profile { profile, state } = filter
        {
            let compiled = compile(profile, state.take()).map_err(|error| error.at(Group::Exec, index))?;
            if compiled.1.is_some() && agent.is_some() {
                return Err(CoreError::bug("Load seccomp filters: two of them ask an agent"));
            }
            *filter = compiled.0;
            agent = agent.or(compiled.1);
        }
    }
    Ok(agent)
}

fn compile(profile: &Value, state: Option<Value>) -> Result<(Filter, Option<OwnedFd>), CoreError> {
    let mut program = masu_seccomp::compile(profile)?;
    let Some(masu_seccomp::Listener { path, metadata }) = program.listener.take() else {
        return Ok((program.into(), None));
    };
    let state = state.ok_or_else(|| CoreError::bug("Ask a seccomp agent: the plan has no state of the container"))?;
    let agent = connect(&path)?;
    let mut filter = program.into();
    if let Filter::Program { listener, .. } = &mut filter {
        *listener = Some(process_state(&metadata, &state));
    }
    Ok((filter, Some(agent)))
}

fn connect(path: &str) -> Result<OwnedFd, CoreError> {
    UnixStream::connect(path).map(OwnedFd::from).map_err(|error| {
        let error = SysError::from_io("connect", &error);
        let failure = failed(format!("Connect to the seccomp agent {path:?}"), error);
        match error.errno {
            ENOENT | ECONNREFUSED => {
                unless_hinted(failure, "start the agent first: it listens at linux.seccomp.listenerPath")
            }
            _ => failure,
        }
    })
}

/// OCI runtime-spec, config-linux.md, "The Container Process State"; who makes the process adds `pid`.
fn process_state(metadata: &str, state: &Value) -> Value {
    let mut document = json!({"ociVersion": state.get("ociVersion"), "fds": ["seccompFd"], "state": state});
    if let (false, Some(fields)) = (metadata.is_empty(), document.as_object_mut()) {
        fields.insert("metadata".to_owned(), metadata.into());
    }
    document
}

/// Tells the agent of a filter which process it is about, as the runtime namespace numbers it; none: a container that runs gets another one.
pub(crate) fn tell_agent(steps: &mut [StageStep], pid: Option<u32>) {
    for step in steps {
        let StageStep::LoadFilter { filter: Filter::Program { listener: Some(told), .. } } = step else { continue };
        match (pid, told.pointer_mut("/state/status")) {
            (Some(pid), _) => set_pid(told, pid),
            // The plan is of the time when the container was made.
            (None, Some(status)) => *status = "running".into(),
            (None, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(path: &str, state: &Value) -> Vec<StageStep> {
        let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": path, "listenerMetadata": "m",
            "syscalls": [{"names": ["mknod"], "action": "SCMP_ACT_NOTIFY"}]});
        let filter = json!({"kind": "profile", "profile": profile, "state": state});
        vec![serde_json::from_value(json!({"kind": "load_filter", "filter": filter})).unwrap()]
    }

    #[test]
    fn compile_in_connects_to_the_agent_and_says_what_it_will_be_told() {
        let path = std::env::temp_dir().join(format!("masu-agent-{}", std::process::id()));
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let state = json!({"ociVersion": "1.2.0", "id": "c", "status": "creating", "bundle": "/b"});
        let mut steps = asking(path.to_str().unwrap(), &state);
        let agent = compile_in(&mut steps);
        std::fs::remove_file(&path).unwrap();
        assert!(agent.unwrap().is_some() && listener.accept().is_ok());
        tell_agent(&mut steps, Some(42));
        let step = serde_json::to_value(&steps[0]).unwrap();
        let told = json!({"ociVersion": "1.2.0", "fds": ["seccompFd"], "pid": 42, "metadata": "m",
            "state": {"ociVersion": "1.2.0", "id": "c", "status": "creating", "bundle": "/b", "pid": 42}});
        assert_eq!(step["filter"]["listener"], told);
        tell_agent(&mut steps, None);
        let later = serde_json::to_value(&steps[0]).unwrap();
        assert_eq!(later["filter"]["listener"]["state"]["status"], "running");
    }

    #[test]
    fn compile_in_names_the_agent_that_is_not_there() {
        let error = compile_in(&mut asking("/nobody/listens", &json!({}))).unwrap_err();
        let message =
            "Connect to the seccomp agent \"/nobody/listens\": No such file or directory (ENOENT from connect(2))";
        assert_eq!((error.message.as_str(), error.place.map(|place| place.group)), (message, Some(Group::Exec)));
    }
}
