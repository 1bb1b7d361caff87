//! What happens to containers, one JSON object a line, for those who watch: `events` in the runtime directory.

use masu_sys::errno::values::EAGAIN;
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_wire::error::CoreError;
use rustix::fs::{self, FlockOperation};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::SystemTime;

use crate::failure::failed;
use crate::hint::of_file_system;
use crate::named;

/// The file, in the runtime directory.
pub const NAME: &str = "events";
/// What it is called once it was rotated. There is one such file.
pub const ROTATED: &str = "events.1";
/// A file that is longer is rotated before the next line.
const LONGEST: u64 = 1 << 20;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When: RFC 3339, UTC, to the nanosecond.
    pub time: String,
    /// What it happened to: `container`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened: `start`, `die` and so on.
    pub action: String,
    /// The container's ID.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// IMAGE as it was written.
    pub image: String,
    /// Its labels; a line of an earlier masu has none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What else is known: `exitCode`, `signal` and so on.
    pub attributes: BTreeMap<String, String>,
}

impl Event {
    /// Something that happens to a container now.
    #[must_use]
    pub fn of_container(action: &str, id: &str, name: Option<&str>, image: &str) -> Self {
        Self {
            time: crate::time::text(SystemTime::now(), 9),
            kind: "container".to_owned(),
            action: action.to_owned(),
            id: id.to_owned(),
            name: name.map(str::to_owned),
            image: image.to_owned(),
            labels: BTreeMap::new(),
            attributes: BTreeMap::new(),
        }
    }

    /// Adds the container's labels.
    #[must_use]
    pub fn labelled(self, labels: &BTreeMap<String, String>) -> Self {
        Self { labels: labels.clone(), ..self }
    }

    /// Adds what else is known.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.attributes.insert(name.to_owned(), value.to_string());
        self
    }
}

/// Appends one line to the events of a runtime directory, which must exist.
///
/// Errors: those of open(2) and write(2). What happened has happened all the same.
pub fn append(runtime: &str, event: &Event) -> Result<(), CoreError> {
    let path = format!("{runtime}/{NAME}");
    // Its keys are strings, so it always has a JSON form.
    let mut line = serde_json::to_string(event).unwrap_or_default();
    line.push('\n');
    write(runtime, &line).map_err(|error| of_file_system(failed(format!("Write to {path:?}"), error), &path))
}

/// Writers share the lock and whoever rotates has it alone, so that a file that was rotated gets no more lines.
fn write(runtime: &str, line: &str) -> Result<(), SysError> {
    let directory =
        named("open", fs::open(runtime, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, fs::Mode::empty()))?;
    loop {
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NONBLOCK | OFlags::NOCTTY;
        let events = file::open_in(directory.as_fd(), NAME, flags, 0o600)?;
        lock(&events, FlockOperation::LockShared)?;
        if !is_current(directory.as_fd(), &events) {
            continue;
        }
        if file::status(events.as_fd())?.st_size.unsigned_abs() > LONGEST && rotate(directory.as_fd(), &events)? {
            continue;
        }
        // One write(2): O_APPEND puts it behind all others, whole.
        return named("write", rustix::io::retry_on_intr(|| rustix::io::write(&events, line.as_bytes()))).map(drop);
    }
}

/// Returns false when others are writing: they, or the next ones, do it; the file is locked again, as before.
fn rotate(directory: BorrowedFd<'_>, events: &OwnedFd) -> Result<bool, SysError> {
    match lock(events, FlockOperation::NonBlockingLockExclusive) {
        Err(error) if error.errno == EAGAIN => {
            // flock(2): a conversion that fails has given up the lock.
            lock(events, FlockOperation::LockShared)?;
            return Ok(!is_current(directory, events));
        }
        locked => locked?,
    }
    if is_current(directory, events) {
        named("renameat", fs::renameat(directory, NAME, directory, ROTATED))?;
    }
    Ok(true)
}

fn lock(events: &OwnedFd, operation: FlockOperation) -> Result<(), SysError> {
    named("flock", rustix::io::retry_on_intr(|| fs::flock(events, operation)))
}

fn is_current(directory: BorrowedFd<'_>, events: &OwnedFd) -> bool {
    let there = file::status_in(directory, NAME).ok();
    there.zip(file::status(events.as_fd()).ok()).is_some_and(|(there, here)| file::same_file(&there, &here))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("masu-events-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn append_writes_one_line_each() {
        let runtime = scratch("lines");
        let start = Event::of_container("start", "0f3a", Some("web"), "dir:/srv\n\"x\"");
        let die = Event::of_container("die", "0f3a", None, "").with("exitCode", 137).with("signal", "KILL");
        append(runtime.to_str().unwrap(), &start).unwrap();
        append(runtime.to_str().unwrap(), &die).unwrap();
        let text = std::fs::read_to_string(runtime.join(NAME)).unwrap();
        let lines: Vec<Event> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines, [start, die]);
        assert!(text.lines().last().unwrap().contains(r#""type":"container","action":"die""#), "{text}");
        std::fs::remove_dir_all(runtime).unwrap();
    }

    #[test]
    fn append_rotates_and_loses_no_line_of_several_writers() {
        let runtime = scratch("rotation");
        let path = runtime.to_str().unwrap().to_owned();
        let long = "x".repeat(6000);
        let writers = (0..4).map(|writer| {
            let (path, long) = (path.clone(), long.clone());
            std::thread::spawn(move || {
                for number in 0..50 {
                    let event = Event::of_container("start", &format!("{writer}.{number}"), None, &long);
                    append(&path, &event).unwrap();
                }
            })
        });
        writers.collect::<Vec<_>>().into_iter().for_each(|writer| writer.join().unwrap());
        // While others write, each may leave it to the next: the last one is alone.
        append(&path, &Event::of_container("start", "last", None, "")).unwrap();
        let read = |name: &str| std::fs::read_to_string(runtime.join(name)).unwrap();
        let text = read(ROTATED) + &read(NAME);
        let ids: std::collections::BTreeSet<String> =
            text.lines().map(|line| serde_json::from_str::<Event>(line).unwrap().id).collect();
        assert_eq!((text.lines().count(), ids.len()), (201, 201));
        assert!(read(ROTATED).len() > 1 << 20);
        std::fs::remove_dir_all(runtime).unwrap();
    }

    #[test]
    fn append_follows_no_link_and_says_what_is_missing() {
        let runtime = scratch("link");
        std::os::unix::fs::symlink("/dev/null", runtime.join(NAME)).unwrap();
        let event = Event::of_container("start", "0f3a", None, "");
        assert_eq!(append(runtime.to_str().unwrap(), &event).unwrap_err().call.as_deref(), Some("openat"));
        std::fs::remove_dir_all(&runtime).unwrap();
        assert!(append(runtime.to_str().unwrap(), &event).unwrap_err().message.starts_with("Write to \"/"));
    }
}
