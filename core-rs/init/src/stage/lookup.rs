//! Where a program is looked for: as execvp(3) does, but in the container's own PATH.

use masu_sys::errno::values::{EACCES, ENODEV, ENOENT, ENOTDIR};
use masu_sys::error::SysError;
use masu_sys::file;
use masu_wire::error::CoreError;

use super::diagnosis;

/// Where there is no PATH at all.
pub(super) const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The container's PATH; the last one counts, as in an environment that was put together.
pub(super) fn path_of(environment: &[String]) -> &str {
    environment.iter().rev().find_map(|variable| variable.strip_prefix("PATH=")).unwrap_or(DEFAULT_PATH)
}

/// The files to try, in order. A name with a slash is a path; an empty place in PATH is the working directory.
pub(super) fn candidates(program: &str, path: &str) -> Vec<String> {
    if program.contains('/') {
        return vec![program.to_owned()];
    }
    if program.is_empty() {
        return Vec::new();
    }
    path.split(':')
        .map(|place| if place.is_empty() { format!("./{program}") } else { format!("{place}/{program}") })
        .collect()
}

/// Whether the next file is to be tried.
pub(super) fn goes_on(error: SysError) -> bool {
    matches!(error.errno, ENOENT | ENOTDIR | EACCES | ENODEV)
}

/// Finds the program before its time has come. Errors: as when it cannot be executed, as far as its file's modes tell.
pub(super) fn find(program: &str, environment: &[String]) -> Result<(), CoreError> {
    let mut failures = Vec::new();
    for path in candidates(program, path_of(environment)) {
        match file::is_executable(&path) {
            Ok(()) => return Ok(()),
            Err(error) => failures.push((path, error)),
        }
        if failures.last().is_some_and(|(_, error)| !goes_on(*error)) {
            break;
        }
    }
    Err(diagnosis::explain(program, &failures))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_does_what_its_table_says() {
        for (program, path, expected) in [
            ("/bin/sh", "/usr/bin", vec!["/bin/sh"]),
            ("./x", "/usr/bin", vec!["./x"]),
            ("sh", "/usr/bin:/bin", vec!["/usr/bin/sh", "/bin/sh"]),
            ("sh", ":/bin", vec!["./sh", "/bin/sh"]),
            ("sh", "", vec!["./sh"]),
            ("", "/bin", vec![]),
        ] {
            assert_eq!(candidates(program, path), expected, "{program:?} {path:?}");
        }
    }

    #[test]
    fn path_of_takes_the_last_and_has_a_default() {
        let environment = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(path_of(&environment(&["PATH=/a", "X=1", "PATH=/b"])), "/b");
        assert_eq!(path_of(&environment(&["PATH="])), "");
        assert_eq!(path_of(&environment(&["MYPATH=/a"])), DEFAULT_PATH);
    }
}
