//! What tells a process from a later one with the same pid.

use masu_sys::errno::values::{ENOENT, ESRCH};
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use std::os::fd::{AsFd, BorrowedFd};

/// The line is about 300 bytes long.
const LENGTH: usize = 1024;

/// Clock ticks from boot to the process's start: field 22 of `/proc/PID/stat`. proc_pid_stat(5)
///
/// Errors: ESRCH: there is no such process, or a zombie only.
pub fn start_time(pid: u32) -> Result<u64, SysError> {
    let gone = SysError::new("open", ESRCH);
    let opened = file::open(&format!("/proc/{pid}/stat"), OFlags::RDONLY);
    let file = opened.map_err(|error| if error.errno == ENOENT { gone } else { error })?;
    read(file.as_fd())
}

/// As [`start_time`], of a child that was not reaped: it may have ended already.
pub fn start_time_of_child(pid: u32) -> Result<u64, SysError> {
    let file = file::open(&format!("/proc/{pid}/stat"), OFlags::RDONLY)?;
    let line = file::read_start(file.as_fd(), LENGTH)?;
    fields(&String::from_utf8_lossy(&line)).map(|(_, start)| start).ok_or(SysError::new("open", ESRCH))
}

/// As [`start_time`], of the process whose `/proc/PID` this is: never of a later one.
pub fn start_time_in(directory: BorrowedFd<'_>) -> Result<u64, SysError> {
    read(file::open_in(directory, "stat", OFlags::RDONLY, 0)?.as_fd())
}

fn read(file: BorrowedFd<'_>) -> Result<u64, SysError> {
    let line = file::read_start(file, LENGTH)?;
    parse(&String::from_utf8_lossy(&line)).ok_or(SysError::new("open", ESRCH))
}

fn parse(line: &str) -> Option<u64> {
    fields(line).filter(|(state, _)| !matches!(*state, "Z" | "X")).map(|(_, start)| start)
}

/// State and start time. The second field is a name in parentheses, which may hold anything.
fn fields(line: &str) -> Option<(&str, u64)> {
    let (_, rest) = line.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    Some((fields.next()?, fields.nth(22 - 4)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_finds_field_22_behind_any_name() {
        let rest = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        for (line, expected) in [
            (format!("7 (sh) S {rest}"), Some(4711)),
            (format!("7 (a) S 1 (b)) R {rest}"), Some(4711)),
            (format!("7 (sh) Z {rest}"), None),
            ("7 (sh) S 1".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(parse(&line), expected, "{line}");
        }
    }

    #[test]
    fn start_time_agrees_with_itself_and_knows_what_is_gone() {
        let own = std::process::id();
        assert_eq!(start_time(own), start_time(own));
        assert!(start_time(own).is_ok());
        let directory = file::open(&format!("/proc/{own}"), OFlags::PATH | OFlags::DIRECTORY).unwrap();
        assert_eq!(start_time_in(directory.as_fd()), start_time(own));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        while start_time(child.id()).is_ok() {
            std::thread::yield_now();
        }
        assert!(start_time_of_child(child.id()).unwrap() >= start_time(own).unwrap());
        child.wait().unwrap();
        assert_eq!(start_time(u32::MAX / 2).unwrap_err().errno, ESRCH);
    }
}
