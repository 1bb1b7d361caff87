//! The cgroups below which containers have theirs: `masu` in this process's own cgroup of each hierarchy, and in those above it.

use std::path::{Path, PathBuf};

/// The name of the cgroup that has one for each container. `lib/plan/plan.ts`, `cgroupsPath`.
const NAME: &str = "masu";

/// Those that are there.
pub(crate) fn parents() -> Vec<PathBuf> {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
    let mut parents = candidates(&read("mountinfo"), &read("cgroup"));
    parents.retain(|parent| parent.is_dir());
    parents.sort();
    parents.dedup();
    parents
}

/// From the mount table, proc_pid_mountinfo(5), and the lines `ID:CONTROLLERS:PATH` of cgroups(7), where v2 has no controllers.
fn candidates(mounts: &str, own: &str) -> Vec<PathBuf> {
    let mut candidates = Vec::new();
    for line in own.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let Some((mount, root)) = mounts.lines().find_map(|line| mounted(line, controllers)) else { continue };
        let below = Path::new(path).strip_prefix(root).unwrap_or(Path::new(""));
        let below = below.strip_prefix("/").unwrap_or(below);
        candidates.extend(below.ancestors().map(|ancestor| Path::new(mount).join(ancestor).join(NAME)));
    }
    candidates
}

/// Mount point and root of the mount of this hierarchy.
fn mounted<'a>(line: &'a str, controllers: &str) -> Option<(&'a str, &'a str)> {
    let (mount, file_system) = line.split_once(" - ")?;
    let mut mount = mount.split(' ').skip(3);
    let (root, point) = (mount.next()?, mount.next()?);
    let mut file_system = file_system.split(' ');
    let (kind, options) = (file_system.next()?, file_system.nth(1)?);
    let has = |controller: &str| options.split(',').any(|option| option == controller);
    let fits = match controllers {
        "" => kind == "cgroup2",
        _ => kind == "cgroup" && controllers.split(',').all(has),
    };
    fits.then_some((point, root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_the_own_cgroup_and_those_above_in_each_hierarchy() {
        let mounts = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
            32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
            33 31 0:30 /slice /sys/fs/cgroup/pids rw,relatime shared:5 - cgroup cgroup rw,pids\n\
            41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let own = "3:cpu,cpuacct:/\n2:pids:/slice/a\n1:memory:/\n0::/user/x\n";
        let expected = [
            "/sys/fs/cgroup/cpu,cpuacct/masu",
            "/sys/fs/cgroup/pids/a/masu",
            "/sys/fs/cgroup/pids/masu",
            "/sys/fs/cgroup/unified/user/x/masu",
            "/sys/fs/cgroup/unified/user/masu",
            "/sys/fs/cgroup/unified/masu",
        ];
        assert_eq!(candidates(mounts, own), expected.map(PathBuf::from));
    }
}
