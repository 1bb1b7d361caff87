//! Lack of memory, said at the end: what was killed may not have been what ended the container.

use masu_containers::memory::kills;
use masu_steps::undo::Undo;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::plan::HostStep;

/// What is said where the kernel killed processes of the container. Its cgroups must still be there.
pub(super) fn complaint(undo: &Undo) -> Option<CoreError> {
    let killed: u64 = own_groups(undo)
        .into_iter()
        // v1 has the counter in one file, v2 in the other.
        .flat_map(|group| ["memory.oom_control", "memory.events"].map(|file| kills(&format!("{group}/{file}"))))
        .sum();
    (killed > 0).then(|| {
        let processes = if killed == 1 { "a process".to_owned() } else { format!("{killed} processes") };
        let message = format!("Run the program: the kernel killed {processes} for lack of memory");
        CoreError::new(ErrorCode::Failed, message).with_hint("--memory sets its limit")
    })
}

/// The cgroups that are removed with it; not those above, which others are counted in too.
fn own_groups(undo: &Undo) -> Vec<&str> {
    let groups: Vec<&str> = undo
        .all()
        .filter_map(|(_, step)| match step {
            HostStep::RemoveCgroup { path, .. } => Some(path.as_str()),
            _ => None,
        })
        .collect();
    let is_above =
        |path: &str| groups.iter().any(|other| other.strip_prefix(path).is_some_and(|below| below.starts_with('/')));
    groups.iter().copied().filter(|path| !is_above(path)).collect()
}
