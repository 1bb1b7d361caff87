//! How a container ended, as it is written down.

use masu_containers::memory::{kills, read};
use masu_containers::paths::END;
use masu_containers::small_file;
use masu_sys::wait::End;
use masu_wire::container::{CONTAINER_VERSION, ContainerEnd, MemoryFiles};
use masu_wire::error::CoreError;

use super::home::Home;
use super::running::Ended;

/// What is known besides.
pub(super) struct Circumstances<'a> {
    /// Where memory is counted. Its cgroup must still be there.
    pub(super) memory: Option<&'a MemoryFiles>,
    /// How often it was started again.
    pub(super) restarts: u32,
    /// Somebody asked for it.
    pub(super) requested: bool,
    /// The last of its output.
    pub(super) last_lines: Vec<String>,
}

/// What is written down of an end.
pub(super) fn record(ended: &Ended, circumstances: Circumstances<'_>) -> ContainerEnd {
    let Circumstances { memory, restarts, requested, last_lines } = circumstances;
    let signal = match ended.end {
        End::Signalled(signal) => Some(signal),
        End::Exited(_) => None,
    };
    let oom_kills = memory.map_or(0, |memory| kills(&memory.events));
    ContainerEnd {
        version: CONTAINER_VERSION,
        started: ended.started.clone(),
        finished: ended.finished.clone(),
        status: ended.end.status(),
        signal,
        out_of_memory: oom_kills > 0,
        oom_kills,
        peak_memory_bytes: memory.and_then(|memory| read(&memory.peak).trim().parse().ok()),
        restarts,
        requested,
        last_lines,
        error: None,
    }
}

/// Writes `end.json`. The container is locked.
pub(super) fn write(home: &Home, end: &ContainerEnd) -> Result<(), CoreError> {
    // Its keys are strings, so it always has a JSON form.
    let text = serde_json::to_string(end).unwrap_or_default();
    small_file::replace(home.data(), END, &text, false)
}
