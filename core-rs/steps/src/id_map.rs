//! The ids of a new user namespace. user_namespaces(7), "User and group ID mappings"

use masu_sys::errno::values::{EINVAL, EPERM};
use masu_sys::error::SysError;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::plan::{IdMapping, MapTools, UserMapping};
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use crate::failure::failed;
use crate::hint::{unless_hinted, user_namespaces};

/// What is written to make a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Map {
    /// `/proc/PID/setgroups`
    Setgroups,
    /// `/proc/PID/uid_map`
    Users,
    /// `/proc/PID/gid_map`
    Groups,
}

impl Map {
    const fn file(self) -> &'static str {
        match self {
            Self::Setgroups => "setgroups",
            Self::Users => "uid_map",
            Self::Groups => "gid_map",
        }
    }
}

/// Writes the maps of the user namespace that this process is in. It must not have been made undumpable yet, or the files are root's.
///
/// Errors: with what could not be written.
pub fn write(pid: u32, mapping: &UserMapping) -> Result<(), (Map, CoreError)> {
    if mapping.deny_setgroups {
        write_file(pid, Map::Setgroups, "deny")?;
    }
    match &mapping.tools {
        None => {
            write_file(pid, Map::Users, &lines(&mapping.uid_mappings))?;
            write_file(pid, Map::Groups, &lines(&mapping.gid_mappings))
        }
        Some(tools) => write_with_tools(pid, mapping, tools),
    }
}

/// One write(2) with the whole map: a second one is EPERM.
fn write_file(pid: u32, map: Map, text: &str) -> Result<(), (Map, CoreError)> {
    let name = map.file();
    let path = format!("/proc/{pid}/{name}");
    let opened = OpenOptions::new().write(true).open(&path).map_err(|error| SysError::from_io("open", &error));
    let written =
        opened.and_then(|mut file| file.write_all(text.as_bytes()).map_err(|error| SysError::from_io("write", &error)));
    written.map_err(|error| {
        let failure = failed(format!("Write {:?} to {name:?} of the new user namespace", text.trim_end().replace('\n', ", ")), error);
        let failure = match error.errno {
            EPERM => unless_hinted(
                match user_namespaces() {
                    Some(hint) => unless_hinted(failure, hint),
                    None => failure,
                },
                "this user may map one's own id only: newuidmap and newgidmap (package uidmap) with a range in /etc/subuid and /etc/subgid map more",
            ),
            EINVAL => unless_hinted(failure, "the ranges overlap, are too many (340 since Linux 4.15), or reach beyond the ids of this user namespace"),
            _ => failure,
        };
        (map, failure)
    })
}

fn lines(mappings: &[IdMapping]) -> String {
    mappings.iter().fold(String::new(), |mut text, map| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{} {} {}", map.container_id, map.host_id, map.size);
        text
    })
}

/// Both programs at the same time: each takes milliseconds.
fn write_with_tools(pid: u32, mapping: &UserMapping, tools: &MapTools) -> Result<(), (Map, CoreError)> {
    let users = start(&tools.newuidmap, pid, &mapping.uid_mappings).map_err(|error| (Map::Users, error))?;
    let groups = start(&tools.newgidmap, pid, &mapping.gid_mappings);
    // The first one is waited for even if the second did not start: it is a child of this process.
    let users = users.map_or(Ok(()), |child| finish(child, &tools.newuidmap, "/etc/subuid"));
    let groups = groups.and_then(|child| child.map_or(Ok(()), |child| finish(child, &tools.newgidmap, "/etc/subgid")));
    users.map_err(|error| (Map::Users, error))?;
    groups.map_err(|error| (Map::Groups, error))
}

/// None: there is nothing to map.
fn start(tool: &str, pid: u32, mappings: &[IdMapping]) -> Result<Option<Child>, CoreError> {
    if mappings.is_empty() {
        return Ok(None);
    }
    let numbers = mappings.iter().flat_map(|map| [map.container_id, map.host_id, map.size]);
    Command::new(tool)
        .arg(pid.to_string())
        .args(numbers.map(|number| number.to_string()))
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map(Some)
        .map_err(|error| failed(format!("Execute {tool:?}"), SysError::from_io("execve", &error)))
}

fn finish(child: Child, tool: &str, file: &str) -> Result<(), CoreError> {
    let output = child
        .wait_with_output()
        .map_err(|error| failed(format!("Wait for {tool:?}"), SysError::from_io("waitid", &error)))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    let user = rustix::process::getuid().as_raw();
    let error =
        CoreError::new(ErrorCode::Denied, format!("Map subordinate ids by {tool:?}: {said} ({})", output.status));
    Err(error.with_hint(format!(
        "{file} needs a line for this user that covers these ids, for example: {user}:100000:65536"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_has_one_range_a_line() {
        let map = |container_id, host_id, size| IdMapping { container_id, host_id, size };
        assert_eq!(lines(&[map(0, 1000, 1), map(1, 100_000, 65_536)]), "0 1000 1\n1 100000 65536\n");
    }
}
