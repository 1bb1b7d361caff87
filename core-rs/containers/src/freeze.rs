//! Op `freeze`: all processes of a container stop, or go on.

use masu_steps::failure::{failed, failed_because};
use masu_sys::errno::values::{EBUSY, ENODEV, ENOENT};
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_wire::container::Freezer;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::lifecycle::{FreezeRequest, OutcomesReply};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use crate::event::Subject;
use crate::lock::lock_found;
use crate::outcome::each;
use crate::small_file::named;
use crate::status::Condition;
use crate::store::{Entry, Shelf};

/// A process in an uninterruptible wait, for example of a disk, cannot be frozen.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(1);
/// The control files here hold a few words.
const LENGTH: usize = 4096;

/// Freezes or thaws each. One that is frozen, or thawed, already is fine, unless an engine made it, which takes that for its own
/// mistake. Errors of each: `failed` it does not run.
pub fn freeze(request: &FreezeRequest) -> Result<OutcomesReply, CoreError> {
    let shelf = Shelf::open(&request.store)?;
    Ok(each(&shelf, &request.words, |entry| freeze_one(&shelf, entry, request.frozen)))
}

fn freeze_one(shelf: &Shelf<'_>, entry: Entry, frozen: bool) -> Result<(), CoreError> {
    let action = if frozen { "Pause container" } else { "Resume container" };
    let locked = lock_found(shelf, action, &entry.id)?;
    let condition = Condition::of(locked.entry);
    let record = condition.record.as_ref().filter(|_| condition.alive);
    let record = record.ok_or_else(|| not_running(action, &condition))?;
    let Some(freezer) = &record.masu.cgroups.freezer else {
        let message = format!("{action} {:?}: this host has no freezer for it", condition.id());
        return Err(CoreError::new(ErrorCode::KernelLacks, message)
            .with_hint("masu check says what of control groups is there"));
    };
    if is_frozen(freezer) != frozen {
        set(freezer, frozen)?;
        Subject::of(&condition).tell(shelf.store, if frozen { "pause" } else { "unpause" }, &[]);
    } else if condition.bundle().is_some() {
        // runc's words.
        let cause = if frozen { "container not running, but paused" } else { "container not paused" };
        return Err(CoreError::new(ErrorCode::Failed, format!("{action} {:?}: {cause}", condition.id())));
    }
    Ok(())
}

/// There is no process to do it to.
pub(crate) fn not_running(action: &str, condition: &Condition) -> CoreError {
    let id = condition.id();
    if condition.bundle().is_some() {
        // The words that engines look for.
        return CoreError::new(ErrorCode::Failed, format!("{action} {id:?}: container not running"));
    }
    let error = CoreError::new(ErrorCode::Failed, format!("{action} {id:?}: it does not run"));
    match &condition.error {
        Some(broken) => error.with_hint(broken.message.clone()),
        None => error.with_hint(format!("masu start {id} starts it")),
    }
}

/// All its processes are stopped.
#[must_use]
pub fn is_frozen(freezer: &Freezer) -> bool {
    let (name, word) = if freezer.unified { ("cgroup.events", "frozen 1") } else { ("freezer.state", "FROZEN") };
    open(freezer, name, OFlags::RDONLY).and_then(|file| says(&file, word)).unwrap_or(false)
}

/// Lets all its processes go on, if there is anything to it: before they are asked to end, or after they were killed.
pub fn thaw(freezer: &Freezer) {
    // Gone, or thawed.
    let _ = write(freezer, false);
}

/// Returns once all processes are stopped, or go on. When it takes too long they go on.
pub(crate) fn set(freezer: &Freezer, frozen: bool) -> Result<(), CoreError> {
    let done = write(freezer, frozen).and_then(|()| match (frozen, freezer.unified) {
        (_, true) => await_unified(freezer, frozen),
        (true, false) => await_state(freezer),
        (false, false) => Ok(()),
    });
    done.map_err(|error| {
        if frozen {
            thaw(freezer);
        }
        let action = format!("{} cgroup {:?}", if frozen { "Freeze" } else { "Thaw" }, freezer.directory);
        match error.errno {
            EBUSY => failed_because(action, "some of its processes do not stop", error),
            ENOENT | ENODEV => failed_because(action, "it is gone", error),
            _ => failed(action, error),
        }
    })
}

fn write(freezer: &Freezer, frozen: bool) -> Result<(), SysError> {
    let (name, text) = match (freezer.unified, frozen) {
        (true, true) => ("cgroup.freeze", "1"),
        (true, false) => ("cgroup.freeze", "0"),
        (false, true) => ("freezer.state", "FROZEN"),
        (false, false) => ("freezer.state", "THAWED"),
    };
    file::write_control(open(freezer, name, OFlags::WRONLY)?.as_fd(), text)
}

fn open(freezer: &Freezer, name: &str, flags: OFlags) -> Result<OwnedFd, SysError> {
    file::open(&format!("{}/{name}", freezer.directory), flags)
}

fn says(file: &OwnedFd, word: &str) -> Result<bool, SysError> {
    let text = file::read_start(file.as_fd(), LENGTH)?;
    Ok(String::from_utf8_lossy(&text).lines().any(|line| line.trim() == word))
}

/// v2: poll(2) reports each change of `cgroup.events`. cgroup-v2.rst, "Core Interface Files"
fn await_unified(freezer: &Freezer, frozen: bool) -> Result<(), SysError> {
    let events = open(freezer, "cgroup.events", OFlags::RDONLY)?;
    let word = if frozen { "frozen 1" } else { "frozen 0" };
    let deadline = Instant::now() + PATIENCE;
    while !says(&events, word)? {
        if Instant::now() > deadline {
            return Err(SysError::new("poll", EBUSY));
        }
        let timeout = Timespec { tv_sec: 1, tv_nsec: 0 };
        let mut changed = [PollFd::new(&events, PollFlags::PRI)];
        named("poll", rustix::io::retry_on_intr(|| poll(&mut changed, Some(&timeout))))?;
    }
    Ok(())
}

/// v1 tells nobody, and a process that was being made while it froze needs the word again. cgroup-v1/freezer-subsystem.rst
fn await_state(freezer: &Freezer) -> Result<(), SysError> {
    let state = open(freezer, "freezer.state", OFlags::RDONLY)?;
    let deadline = Instant::now() + PATIENCE;
    while !says(&state, "FROZEN")? {
        if Instant::now() > deadline {
            return Err(SysError::new("write", EBUSY));
        }
        std::thread::sleep(PAUSE);
        write(freezer, true)?;
    }
    Ok(())
}
