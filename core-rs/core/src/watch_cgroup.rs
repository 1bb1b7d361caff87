//! Op `watch_cgroup`: waits until the kernel changes control files of a cgroup. Called on a thread of its own.

use masu_steps::control_watch::{Control, ControlWatch};
use masu_steps::failure::failed;
use masu_sys::descriptor::duplicate_number;
use masu_sys::error::SysError;
use masu_wire::error::CoreError;
use masu_wire::follow::{ControlNow, WatchCgroupReply, WatchCgroupRequest, WatchedControl};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// v1 tells of a lack of memory before it kills for it: how long the counter is waited for then, and at which intervals.
const SETTLE: Duration = Duration::from_millis(500);
const SETTLE_INTERVAL: Duration = Duration::from_millis(2);

/// Watches, looks, waits for anything to happen, and looks again. Nothing that differs from what was seen before this is missed.
pub(crate) fn watch_cgroup(request: WatchCgroupRequest) -> Result<WatchCgroupReply, CoreError> {
    let explain = |error: SysError| failed("Watch control files of a cgroup", error);
    let controls: Vec<Control<'_>> = request
        .files
        .iter()
        .map(|file| Control { path: &file.path, registration: file.registration.as_deref() })
        .collect();
    let watch = ControlWatch::open(&controls).map_err(explain)?;
    let cancel = request.cancel.map(duplicate_number).transpose();
    let cancel = cancel.map_err(|error| failed("Use the descriptor that cancels a wait", error))?;
    let end = u64::try_from(request.timeout_ms).ok().map(|limit| Instant::now() + Duration::from_millis(limit));
    let mut signalled = Vec::new();
    loop {
        let files = look(&request.files, &signalled);
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        let is_over = files.iter().any(|file| file.changed || file.signalled) || left == Some(Duration::ZERO);
        if is_over || !wait(&watch, cancel.as_ref(), left).map_err(explain)? {
            return Ok(WatchCgroupReply { files });
        }
        signalled = watch.take();
        settle(&request.files, &signalled);
    }
}

fn look(files: &[WatchedControl], signalled: &[usize]) -> Vec<ControlNow> {
    let now = |(at, file): (usize, &WatchedControl)| {
        let text = std::fs::read_to_string(&file.path).ok();
        let changed = text != file.seen;
        ControlNow { text, changed, signalled: signalled.contains(&at) }
    };
    files.iter().enumerate().map(now).collect()
}

/// After the signal of `memory.oom_control`, whose counter comes a moment later; a text that stays the same says that nothing was killed.
fn settle(files: &[WatchedControl], signalled: &[usize]) {
    let counts = |at: &usize| files.get(*at).is_some_and(|file| file.path.ends_with("/memory.oom_control"));
    if !signalled.iter().any(counts) {
        return;
    }
    let end = Instant::now() + SETTLE;
    while Instant::now() < end && !look(files, &[]).iter().any(|file| file.changed) {
        std::thread::sleep(SETTLE_INTERVAL);
    }
}

/// Until something happens or the time is over; false: it was cancelled.
fn wait(watch: &ControlWatch, cancel: Option<&OwnedFd>, left: Option<Duration>) -> Result<bool, SysError> {
    let timeout = left.map(|left| Timespec {
        tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(left.subsec_nanos()),
    });
    let descriptors = cancel.into_iter().map(AsFd::as_fd).chain(watch.descriptors());
    let mut polled: Vec<PollFd<'_>> =
        descriptors.map(|descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN)).collect();
    match poll(&mut polled, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(errno) => return Err(SysError::new("poll", errno.raw_os_error())),
    }
    Ok(cancel.is_none() || polled.first().is_none_or(|cancel| cancel.revents().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::{Path, PathBuf};

    /// A cgroup of this test's own, where this process may make one.
    struct Group(PathBuf);

    impl Group {
        fn new(hierarchy: &str, name: &str) -> Option<Self> {
            let path = Path::new(hierarchy).join(format!("masu-watch-{name}-{}", std::process::id()));
            std::fs::create_dir(&path).ok().map(|()| Self(path))
        }

        fn seen(&self, name: &str) -> WatchedControl {
            let path = self.0.join(name).to_str().unwrap().to_owned();
            let seen = std::fs::read_to_string(&path).ok();
            WatchedControl { path, seen, registration: None }
        }
    }

    impl Drop for Group {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir(&self.0);
        }
    }

    fn later(act: impl FnOnce() + Send + 'static) -> std::thread::JoinHandle<()> {
        std::thread::spawn(|| {
            std::thread::sleep(Duration::from_millis(50));
            act();
        })
    }

    fn watched(files: Vec<WatchedControl>) -> Vec<ControlNow> {
        watch_cgroup(WatchCgroupRequest { files, timeout_ms: 10_000, cancel: None }).unwrap().files
    }

    fn unified() -> &'static str {
        if Path::new("/sys/fs/cgroup/unified").is_dir() { "/sys/fs/cgroup/unified" } else { "/sys/fs/cgroup" }
    }

    #[test]
    fn watch_cgroup_sees_who_comes_and_a_removal() {
        let Some(group) = Group::new(unified(), "events") else { return };
        let mut child = std::process::Command::new("sleep").arg("10").spawn().unwrap();
        let (procs, pid) = (group.0.join("cgroup.procs"), child.id().to_string());
        let seen = vec![group.seen("cgroup.events")];
        let other = later(move || std::fs::write(procs, pid).unwrap());
        let now = watched(seen);
        other.join().unwrap();
        assert!(now[0].changed && now[0].text.as_ref().unwrap().contains("populated 1"), "{now:?}");
        child.kill().unwrap();
        child.wait().unwrap();
        let directory = group.0.clone();
        let mut seen = group.seen("cgroup.events");
        if seen.seen.as_ref().unwrap().contains("populated 1") {
            assert!(watched(vec![seen])[0].changed);
            seen = group.seen("cgroup.events");
        }
        let other = later(move || std::fs::remove_dir(directory).unwrap());
        assert_eq!(watched(vec![seen]), [ControlNow { text: None, changed: true, signalled: false }]);
        other.join().unwrap();
    }

    #[test]
    fn watch_cgroup_sees_signals_of_the_first_version() {
        let Some(group) = Group::new("/sys/fs/cgroup/memory", "usage") else { return };
        let file = WatchedControl { registration: Some(String::new()), ..group.seen("memory.oom_control") };
        let directory = group.0.clone();
        // The kernel signals everybody who registered when the group goes, too.
        let other = later(move || std::fs::remove_dir(directory).unwrap());
        let now = watched(vec![file]);
        other.join().unwrap();
        assert_eq!(now[0].text, None);
        assert!(now[0].changed);
    }

    #[test]
    fn watch_cgroup_ends_with_its_time_and_when_it_is_cancelled() {
        let Some(group) = Group::new(unified(), "time") else { return };
        let files = || vec![group.seen("cgroup.events")];
        let timed = watch_cgroup(WatchCgroupRequest { files: files(), timeout_ms: 20, cancel: None }).unwrap();
        assert!(timed.files.iter().all(|file| !file.changed));
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let other = later(move || drop(writer));
        let cancel = Some(std::os::fd::AsRawFd::as_raw_fd(&reader));
        let cancelled = watch_cgroup(WatchCgroupRequest { files: files(), timeout_ms: -1, cancel }).unwrap();
        assert!(!cancelled.files[0].changed);
        other.join().unwrap();
    }
}
