//! Op `watch`: waits until a file that others write is not what it was. Called on a thread of its own.

use masu_steps::failure::failed;
use masu_sys::descriptor::duplicate_number;
use masu_sys::error::SysError;
use masu_wire::error::CoreError;
use masu_wire::follow::{WatchReply, WatchRequest, WatchedFile};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::read::identify;

/// Where inotify's limits are reached: the interval at which is looked.
const INTERVAL: Duration = Duration::from_millis(250);

/// Looks, waits for anything to happen in the files' directories, and looks again. Nothing that happens before this is missed.
pub(crate) fn watch(request: WatchRequest) -> Result<WatchReply, CoreError> {
    let explain = |errno: Errno| failed("Watch files", SysError::new("inotify_init", errno.raw_os_error()));
    let events = match watch_directories(&request.files) {
        Ok(events) => Some(events),
        Err(Errno::MFILE | Errno::NOSPC | Errno::NOMEM) => None,
        Err(errno) => return Err(explain(errno)),
    };
    let cancel = request.cancel.map(duplicate_number).transpose();
    let cancel = cancel.map_err(|error| failed("Use the descriptor that cancels a wait", error))?;
    let end = u64::try_from(request.timeout_ms).ok().map(|limit| Instant::now() + Duration::from_millis(limit));
    loop {
        let changed: Vec<bool> = request.files.iter().map(has_changed).collect();
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        if changed.contains(&true) || left == Some(Duration::ZERO) {
            return Ok(WatchReply { changed });
        }
        if wait(events.as_ref(), cancel.as_ref(), left).map_err(explain)? == Woken::Cancelled {
            return Ok(WatchReply { changed });
        }
    }
}

/// Of a file's directory, inotify tells what happens to the file, and to another one of its name.
fn watch_directories(files: &[WatchedFile]) -> rustix::io::Result<OwnedFd> {
    let events = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
    let flags = WatchFlags::CREATE
        | WatchFlags::DELETE
        | WatchFlags::DELETE_SELF
        | WatchFlags::MODIFY
        | WatchFlags::MOVED_FROM
        | WatchFlags::MOVED_TO;
    for file in files {
        let directory = Path::new(&file.path).parent().unwrap_or(Path::new("/"));
        match add_watch(&events, directory, flags) {
            // Gone with its files, which is seen when looking.
            Ok(_) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(events)
}

fn has_changed(seen: &WatchedFile) -> bool {
    let now = identify(rustix::fs::CWD, &seen.path).ok().map(|(file, status)| (file, status.stx_size));
    let before = seen.file.clone().map(|file| (file, seen.size));
    now != before
}

/// Why a wait is over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Woken {
    ToLook,
    Cancelled,
}

/// Until something happens, or the time is over.
fn wait(events: Option<&OwnedFd>, cancel: Option<&OwnedFd>, left: Option<Duration>) -> rustix::io::Result<Woken> {
    let left = if events.is_some() { left } else { Some(left.map_or(INTERVAL, |left| left.min(INTERVAL))) };
    let timeout = left.map(|left| Timespec {
        tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(left.subsec_nanos()),
    });
    let mut descriptors: Vec<PollFd<'_>> =
        cancel.into_iter().chain(events).map(|descriptor| PollFd::new(descriptor, PollFlags::IN)).collect();
    match poll(&mut descriptors, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(errno) => return Err(errno),
    }
    if cancel.is_some() && descriptors.first().is_some_and(|cancel| !cancel.revents().is_empty()) {
        return Ok(Woken::Cancelled);
    }
    let Some(events) = events else { return Ok(Woken::ToLook) };
    // What they say is seen when looking.
    let mut block = [0; 4096];
    while rustix::io::read(events, &mut block).is_ok_and(|count| count > 0) {}
    Ok(Woken::ToLook)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::read;
    use masu_wire::follow::ReadRequest;
    use std::path::PathBuf;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("masu-watch-{name}-{}", std::process::id()));
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn seen(&self, name: &str) -> WatchedFile {
            let path = self.0.join(name).to_str().unwrap().to_owned();
            let seen = read(ReadRequest {
                path: path.clone(),
                offset: 0,
                bytes: 0,
                lines: false,
                descriptor: None,
                keep: false,
            })
            .unwrap();
            WatchedFile { path, file: seen.file, size: seen.size }
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn watch_ends_when_it_is_cancelled() {
        let scratch = Scratch::new("cancelled");
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let other = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            drop(writer);
        });
        let cancel = Some(std::os::fd::AsRawFd::as_raw_fd(&reader));
        let request = WatchRequest { files: vec![scratch.seen("log")], timeout_ms: -1, cancel };
        assert_eq!(watch(request).unwrap().changed, [false]);
        other.join().unwrap();
    }

    fn changed(files: Vec<WatchedFile>, timeout_ms: i64) -> Vec<bool> {
        watch(WatchRequest { files, timeout_ms, cancel: None }).unwrap().changed
    }

    #[test]
    fn watch_sees_what_happened_before_it() {
        let scratch = Scratch::new("before");
        std::fs::write(scratch.0.join("log"), "1").unwrap();
        let seen = [scratch.seen("log"), scratch.seen("end")];
        assert_eq!(changed(seen.to_vec(), 10), [false, false]);
        std::fs::write(scratch.0.join("end"), "1").unwrap();
        assert_eq!(changed(seen.to_vec(), -1), [false, true]);
        std::fs::write(scratch.0.join("log"), "12").unwrap();
        assert_eq!(changed(seen.to_vec(), -1), [true, true]);
    }

    #[test]
    fn watch_wakes_when_a_file_grows_comes_or_goes() {
        let scratch = Scratch::new("wakes");
        let log = scratch.0.join("log");
        std::fs::write(&log, "1").unwrap();
        let changes: [fn(&Path); 3] = [
            |log| std::fs::write(log, "12").unwrap(),
            |log| std::fs::rename(log, log.with_extension("1")).unwrap(),
            |log| std::fs::write(log, "12").unwrap(),
        ];
        for change in changes {
            let seen = vec![scratch.seen("log")];
            let log = log.clone();
            let other = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(50));
                change(&log);
            });
            assert_eq!(changed(seen, 10_000), [true]);
            other.join().unwrap();
        }
    }
}
