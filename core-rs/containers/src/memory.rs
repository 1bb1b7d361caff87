//! How often the kernel killed a container's process for lack of memory.

use masu_sys::file::{self, OFlags};
use masu_wire::container::ContainerRecord;
use std::os::fd::AsFd;

/// The files of a cgroup hold a few lines.
const LENGTH: usize = 4096;

/// Of `memory.events` (v2) or `memory.oom_control` (v1); 0: there is no such file here, or no such counter in this kernel.
#[must_use]
pub fn kills(path: &str) -> u64 {
    count(&read(path))
}

/// A small control file; empty: there is none.
#[must_use]
pub fn read(path: &str) -> String {
    let file = file::open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY);
    let text = file.and_then(|file| file::read_start(file.as_fd(), LENGTH)).unwrap_or_default();
    String::from_utf8_lossy(&text).into_owned()
}

/// Of a container that runs. v1's hierarchy has the counter wherever it has the controller.
pub(crate) fn kills_in(record: &ContainerRecord) -> u64 {
    let directories = &record.masu.cgroups.directories;
    let first = directories.get("memory").map(|directory| format!("{directory}/memory.oom_control"));
    let path = first.or_else(|| directories.get("unified").map(|directory| format!("{directory}/memory.events")));
    path.map_or(0, |path| kills(&path))
}

/// cgroup-v2.rst, "memory.events"; v1 from Linux 4.13 on
fn count(events: &str) -> u64 {
    events.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn count_reads_the_counter_of_both_hierarchies() {
        for (text, expected) in [
            ("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n", 2),
            ("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n", 1),
            ("oom_kill_disable 0\nunder_oom 0\n", 0),
            ("", 0),
        ] {
            assert_eq!(count(text), expected, "{text}");
        }
    }
}
