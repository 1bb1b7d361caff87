//! The cgroups that a second program joins: the container's own, or some below them. runc's `exec --cgroup`

use masu_wire::container::ContainerRecord;
use masu_wire::error::{CoreError, ErrorCode};
use std::collections::BTreeMap;
use std::path::{Component, Path};

/// Where a program is put.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Joined {
    /// Its v2 cgroup's directory.
    pub(crate) cgroup: Option<String>,
    /// `tasks` files of its v1 cgroups.
    pub(crate) tasks: Vec<String>,
}

/// Each word is a `PATH` below the container's cgroup of every hierarchy, or `controller,controller:PATH` of some.
///
/// Errors: `invalid_config` the container has no such controller, or the path leads out of its cgroup; `not_found` there is no such cgroup.
pub(crate) fn choose(record: &ContainerRecord, words: &[String]) -> Result<Joined, CoreError> {
    let template = &record.masu.exec;
    let mut joined = Joined { cgroup: template.cgroup.clone(), tasks: template.cgroup_tasks.clone() };
    let mut below = BTreeMap::new();
    for word in words {
        let (controllers, path) = word.split_once(':').unwrap_or(("", word));
        check(word, path)?;
        for controller in controllers.split(',') {
            let named = record.masu.cgroups.directories.get(controller);
            let place = match (controller, named) {
                ("", _) => None,
                (_, Some(directory)) => Some(directory.as_str()),
                (_, None) => return Err(refused(word, &format!("the container has no cgroup of {controller:?}"))),
            };
            below.insert(place, path);
        }
    }
    let path_of = |directory: &str| below.get(&Some(directory)).or_else(|| below.get(&None)).copied();
    if let Some(cgroup) = &mut joined.cgroup {
        *cgroup = descend(cgroup, path_of(cgroup))?;
    }
    for tasks in &mut joined.tasks {
        let Some((directory, file)) = tasks.rsplit_once('/') else { continue };
        *tasks = format!("{}/{file}", descend(directory, path_of(directory))?);
    }
    Ok(joined)
}

fn check(word: &str, path: &str) -> Result<(), CoreError> {
    let leads_out = Path::new(path).components().any(|part| part == Component::ParentDir);
    if leads_out { Err(refused(word, "\"..\" leads out of the container's cgroup")) } else { Ok(()) }
}

fn refused(word: &str, cause: &str) -> CoreError {
    CoreError::new(ErrorCode::InvalidConfig, format!("Join cgroup {word:?}: {cause}"))
}

fn descend(directory: &str, path: Option<&str>) -> Result<String, CoreError> {
    let path = path.unwrap_or_default().trim_matches('/');
    if path.is_empty() {
        return Ok(directory.to_owned());
    }
    let chosen = format!("{directory}/{path}");
    if Path::new(&chosen).is_dir() {
        return Ok(chosen);
    }
    Err(CoreError::new(ErrorCode::NotFound, format!("Join cgroup {chosen:?}: there is none")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(top: &Path) -> ContainerRecord {
        let place = |name: &str| top.join(name).display().to_string();
        let tasks = |name: &str| format!("{}/tasks", place(name));
        serde_json::from_value(json!({
            "ociVersion": "1.3.0", "id": "0f3a", "pid": 4711, "bundle": "/b",
            "masu": {
                "version": 1, "created": "", "started": "", "start": 99, "monitor": 0, "monitorStart": 0, "lasting": false,
                "image": "", "command": ["sh"], "terminal": false, "stop": {"signal": 15, "timeoutMs": 10_000}, "undo": [],
                "cgroups": {"freezer": null, "directories": {"cpu": place("cpu"), "cpuacct": place("cpu"), "unified": place("v2"), "pids": place("pids")}},
                "exec": {"namespaces": [], "cgroup": place("v2"), "cgroupTasks": [tasks("cpu"), tasks("pids")], "steps": []},
            },
        }))
        .unwrap()
    }

    #[test]
    fn choose_does_what_its_table_says() {
        let top = std::env::temp_dir().join(format!("masu-exec-cgroups-{}", std::process::id()));
        for directory in ["cpu/a", "cpu/b/c", "pids/a", "v2/a"] {
            std::fs::create_dir_all(top.join(directory)).unwrap();
        }
        let record = record(&top);
        for (words, expected) in [
            (&[][..], Ok(["v2", "cpu", "pids"])),
            (&["a"], Ok(["v2/a", "cpu/a", "pids/a"])),
            (&["/a/"], Ok(["v2/a", "cpu/a", "pids/a"])),
            (&["cpuacct:b/c"], Ok(["v2", "cpu/b/c", "pids"])),
            (&["a", "cpu:/b"], Ok(["v2/a", "cpu/b", "pids/a"])),
            (&["unified,pids:a"], Ok(["v2/a", "cpu", "pids/a"])),
            (&["none"], Err(ErrorCode::NotFound)),
            (&["rdma:a"], Err(ErrorCode::InvalidConfig)),
            (&["../pids"], Err(ErrorCode::InvalidConfig)),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let place = |name: &str| top.join(name).display().to_string();
            let expected = expected.map(|[cgroup, cpu, pids]| Joined {
                cgroup: Some(place(cgroup)),
                tasks: [cpu, pids].map(|name| format!("{}/tasks", place(name))).to_vec(),
            });
            assert_eq!(choose(&record, &words).map_err(|error| error.code), expected, "{words:?}");
        }
        std::fs::remove_dir_all(top).unwrap();
    }
}
