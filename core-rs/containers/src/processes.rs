//! The processes of a container: runc's `ps --format json`.

use masu_steps::cgroup;
use masu_wire::error::CoreError;
use masu_wire::lifecycle::Store;

use crate::direct::top_cgroup;
use crate::freeze::not_running;
use crate::status::Condition;
use crate::store::Shelf;

/// Their PIDs in the runtime namespace, in order; of one without cgroups its first process alone; none of one that has ended.
///
/// Errors: `not_found`; `failed` it has never run.
pub fn processes(store: &Store, word: &str) -> Result<Vec<u32>, CoreError> {
    let condition = Condition::of(Shelf::open(store)?.find(word)?);
    let Some(record) = &condition.record else {
        return Err(not_running("List processes of container", &condition));
    };
    if !condition.alive {
        return Ok(Vec::new());
    }
    let mut pids = top_cgroup(record).map_or_else(Vec::new, cgroup::processes);
    if pids.is_empty() {
        pids.push(record.pid);
    }
    pids.sort_unstable();
    Ok(pids)
}
