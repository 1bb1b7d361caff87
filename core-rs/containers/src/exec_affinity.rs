//! The CPUs on which masu gets a second program ready: `execCPUAffinity.initial` of OCI's process.

use masu_steps::failure::failed;
use masu_sys::error::SysError;
use masu_sys::scheduling::{bits_of, set_affinity};
use masu_wire::error::CoreError;
use masu_wire::lifecycle::ExecOptions;
use rustix::thread::{sched_getaffinity, sched_setaffinity};

use crate::exec_document::wrong;

const KEY: &str = "execCPUAffinity.initial";

/// Does it on the CPUs that the options' document names, on which all that is started meanwhile begins; afterwards this thread has its own again.
///
/// Errors: `invalid_config` it is no list of CPUs; `failed` the machine or this process's cpuset has none of them.
pub(crate) fn on_initial_cpus<T>(
    options: &ExecOptions,
    run: impl FnOnce() -> Result<T, CoreError>,
) -> Result<T, CoreError> {
    let cpus = options.process.as_ref().and_then(|process| process.pointer("/execCPUAffinity/initial")?.as_str());
    let Some(cpus) = cpus.filter(|cpus| !cpus.is_empty()) else { return run() };
    let bits = bits_of(cpus).ok_or_else(|| wrong(KEY, format!("{cpus:?} is no list of CPUs")))?;
    let explain = |error| failed(format!("Run on the CPUs {cpus:?} ({KEY})"), error);
    let own =
        sched_getaffinity(None).map_err(|errno| explain(SysError::new("sched_getaffinity", errno.raw_os_error())))?;
    set_affinity(&bits).map_err(explain)?;
    let done = run();
    // They were this thread's before.
    let _ = sched_setaffinity(None, &own);
    done
}
