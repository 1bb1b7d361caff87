//! The ends of many containers at once: each asked for or not, each waited for, none by looking again and again.

use masu_steps::monitor_protocol::{MonitorAnswer, MonitorRequest};
use masu_sys::error::SysError;
use masu_wire::container::ContainerEnd;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::lifecycle::Outcome;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use crate::direct::{self, Direct};
use crate::event::Subject;
use crate::lock::lock;
use crate::monitor::{self, out_of_turn};
use crate::status::Condition;
use crate::store::Shelf;
use crate::teardown::settle;

/// So many at a time: each takes descriptors, of which a process usually has 1024.
const AT_ONCE: usize = 200;
/// Monitors or processes of one container that end while they are asked, one after the other: more often it is no accident.
const TRIES: u32 = 16;
/// Where the kernel has no pidfds to wait for.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What is wanted of each container.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// It ends by itself, and is not started again.
    Wait,
    /// It is asked to end.
    Stop {
        /// None: its own.
        signal: Option<i32>,
        /// None: its own; -1: for ever.
        timeout_ms: Option<i64>,
        /// Its monitor starts it again.
        restart: bool,
    },
}

/// What it is done with.
#[derive(Clone, Copy)]
pub(crate) struct Means<'a> {
    /// For what is torn down on the way.
    pub(crate) init: Option<BorrowedFd<'a>>,
    /// Nobody waits any longer when this has something to read, or its other end is closed.
    pub(crate) cancel: Option<BorrowedFd<'a>>,
}

/// What is waited for.
enum Waiting {
    /// The monitor's answer.
    Monitor(OwnedFd),
    /// The first process, where no monitor is.
    Process(Direct),
    /// Nothing any more.
    Over,
}

/// One container's way to its end.
pub(crate) struct Ending<'a> {
    word: &'a str,
    /// Its ID; none: there is no such container.
    pub(crate) id: Option<String>,
    /// How it ended.
    pub(crate) end: Option<ContainerEnd>,
    /// Why it did not.
    pub(crate) error: Option<CoreError>,
    /// Its monitor started it again.
    pub(crate) restarted: bool,
    /// It ran when it was asked.
    pub(crate) subject: Option<Subject>,
    waiting: Waiting,
    tries: u32,
}

impl Ending<'_> {
    /// As the reply has it.
    pub(crate) fn outcome(self) -> Outcome {
        Outcome { word: self.word.to_owned(), id: self.id, end: self.end, error: self.error }
    }
}

/// Brings all to their ends.
pub(crate) fn end_all<'a>(shelf: &Shelf<'_>, words: &'a [String], goal: Goal, means: Means<'_>) -> Vec<Ending<'a>> {
    let mut endings: Vec<Ending<'a>> = words.iter().map(|word| begin(word)).collect();
    for some in endings.chunks_mut(AT_ONCE) {
        let engine = Engine { shelf, goal, means };
        for ending in some.iter_mut() {
            engine.find(ending);
        }
        while engine.advance(some) {}
    }
    endings
}

fn begin(word: &str) -> Ending<'_> {
    Ending { word, id: None, end: None, error: None, restarted: false, subject: None, waiting: Waiting::Over, tries: 0 }
}

struct Engine<'a> {
    shelf: &'a Shelf<'a>,
    goal: Goal,
    means: Means<'a>,
}

impl Engine<'_> {
    fn find(&self, ending: &mut Ending<'_>) {
        match self.shelf.find(ending.word) {
            Ok(entry) => {
                ending.id = Some(entry.id);
                self.look(ending);
            }
            Err(error) => ending.error = Some(error),
        }
    }

    /// Looks at the container as it is now and says what has to be waited for.
    fn look(&self, ending: &mut Ending<'_>) {
        let Some(id) = ending.id.clone() else { return };
        ending.tries += 1;
        let waiting = if ending.tries > TRIES {
            let message = format!("Wait for container {id:?}: its monitors end one after the other");
            Err(CoreError::new(ErrorCode::Failed, message))
        } else {
            self.ask(ending, Condition::of(self.shelf.entry(&id)))
        };
        ending.waiting = waiting.unwrap_or_else(|error| {
            ending.error = Some(error);
            Waiting::Over
        });
    }

    fn ask(&self, ending: &mut Ending<'_>, condition: Condition) -> Result<Waiting, CoreError> {
        if condition.is_lasting()
            && let Some(connection) = monitor::connect(self.shelf.store, condition.id())?
        {
            thaw_if_stopped(self.goal, &condition);
            ending.subject.get_or_insert_with(|| Subject::of(&condition));
            return match masu_steps::stage_protocol::send(connection.as_fd(), &request(self.goal), &[]) {
                // It has just ended; what it did before that is there to be seen.
                Err(_) => self.over(ending, &condition),
                Ok(()) => Ok(Waiting::Monitor(connection)),
            };
        }
        if condition.alive {
            if let Some(error) = refusal(self.goal, &condition) {
                return Err(error);
            }
            ending.subject.get_or_insert_with(|| Subject::of(&condition));
        }
        let asked = match self.goal {
            Goal::Wait => Direct::wait(&condition),
            Goal::Stop { signal, timeout_ms, .. } => direct::stop(&condition, signal, timeout_ms)?,
        };
        match asked {
            Some(direct) => Ok(Waiting::Process(direct)),
            None => self.over(ending, &condition),
        }
    }

    /// Nothing of it is alive: cleans up what nobody else did, and says how it ended.
    fn over(&self, ending: &mut Ending<'_>, condition: &Condition) -> Result<Waiting, CoreError> {
        if let Some(error) = &condition.error
            && condition.record.is_none()
        {
            return Err(error.clone());
        }
        let locked = lock(self.shelf, condition.id())?;
        // Deleted: as it wanted, or by somebody.
        let Some(locked) = locked else { return Ok(Waiting::Over) };
        let now = Condition::of(locked.entry);
        if now.alive || (now.is_lasting() && monitor::connect(self.shelf.store, now.id())?.is_some()) {
            drop(locked.lock);
            return self.again(ending);
        }
        let settled = settle(&now, self.means.init)?;
        ending.end = settled.map_or_else(|| now.end(), |end| Ok(Some(end)))?;
        if matches!(self.goal, Goal::Wait) && ending.end.is_none() {
            return Err(unknown_end(&now));
        }
        Ok(Waiting::Over)
    }

    fn again(&self, ending: &mut Ending<'_>) -> Result<Waiting, CoreError> {
        self.look(ending);
        match ending.error.take() {
            Some(error) => Err(error),
            None => Ok(std::mem::replace(&mut ending.waiting, Waiting::Over)),
        }
    }

    /// Waits for whatever happens next; false: all are over.
    fn advance(&self, endings: &mut [Ending<'_>]) -> bool {
        if endings.iter().all(|ending| matches!(ending.waiting, Waiting::Over)) {
            return false;
        }
        let ready = match wait(endings, self.means.cancel) {
            Ok(ready) => ready,
            Err(error) => {
                give_up(endings, error);
                return false;
            }
        };
        for (ending, ready) in endings.iter_mut().zip(ready) {
            let waiting = match &mut ending.waiting {
                Waiting::Monitor(connection) if ready => match monitor::hear(connection.as_fd()) {
                    Ok(answer) => self.take(ending, answer),
                    Err(error) => Err(error),
                },
                Waiting::Process(direct) => match direct.advance() {
                    Ok(true) => {
                        ending.waiting = Waiting::Over;
                        self.again(ending)
                    }
                    Ok(false) => continue,
                    Err(error) => Err(error),
                },
                Waiting::Monitor(_) | Waiting::Over => continue,
            };
            ending.waiting = waiting.unwrap_or_else(|error| {
                ending.error = Some(error);
                Waiting::Over
            });
        }
        true
    }

    fn take(&self, ending: &mut Ending<'_>, answer: Option<MonitorAnswer>) -> Result<Waiting, CoreError> {
        match answer {
            Some(MonitorAnswer::Ended { end }) => ending.end = Some(*end),
            Some(MonitorAnswer::Started { .. }) => ending.restarted = true,
            Some(MonitorAnswer::Failed { error }) => return Err(*error),
            Some(answer) => return Err(out_of_turn(&answer)),
            // Killed, or it ended before it could answer.
            None => {
                ending.waiting = Waiting::Over;
                return self.again(ending);
            }
        }
        Ok(Waiting::Over)
    }
}

fn request(goal: Goal) -> MonitorRequest {
    match goal {
        Goal::Wait => MonitorRequest::Wait,
        Goal::Stop { signal, timeout_ms, restart } => MonitorRequest::Stop { signal, timeout_ms, restart },
    }
}

/// Frozen processes can hear nothing.
fn thaw_if_stopped(goal: Goal, condition: &Condition) {
    if matches!(goal, Goal::Stop { .. }) && condition.alive {
        direct::thaw_frozen(condition);
    }
}

/// What ends with its masu cannot be started again.
fn refusal(goal: Goal, condition: &Condition) -> Option<CoreError> {
    let refused = matches!(goal, Goal::Stop { restart: true, .. }) && !condition.is_lasting();
    let message = || format!("Restart container {:?}: {}", condition.id(), condition.why_not_lasting());
    refused.then(|| CoreError::new(ErrorCode::Failed, message()))
}

fn unknown_end(condition: &Condition) -> CoreError {
    let action = format!("Wait for container {:?}", condition.id());
    if condition.bundle().is_some() {
        let message = format!("{action}: it has ended; only whoever waits for its first process knows how");
        return CoreError::new(ErrorCode::Failed, message);
    }
    if condition.document.is_some() && condition.was_started() {
        // A full disk, or a monitor that was killed.
        CoreError::new(ErrorCode::Failed, format!("{action}: it has ended; how could not be written down"))
    } else if condition.document.is_some() {
        CoreError::new(ErrorCode::Failed, format!("{action}: it was never started"))
            .with_hint(format!("masu start {} starts it", condition.id()))
    } else {
        CoreError::new(ErrorCode::Failed, format!("{action}: it has ended; only the masu that ran it knows how"))
    }
}

fn give_up(endings: &mut [Ending<'_>], error: SysError) {
    for ending in endings.iter_mut().filter(|ending| !matches!(ending.waiting, Waiting::Over)) {
        ending.error = Some(masu_steps::failure::failed("Wait for containers", error));
        ending.waiting = Waiting::Over;
    }
}

/// Which of them have something to read. Errors: ECANCELED.
fn wait(endings: &[Ending<'_>], cancel: Option<BorrowedFd<'_>>) -> Result<Vec<bool>, SysError> {
    let mut polled = Vec::new();
    let mut timeout: Option<Duration> = None;
    let now = Instant::now();
    let mut at_most = |left: Duration| timeout = Some(timeout.map_or(left, |timeout| timeout.min(left)));
    for ending in endings {
        let descriptor = match &ending.waiting {
            Waiting::Monitor(connection) => Some(connection.as_fd()),
            Waiting::Process(direct) => {
                if let Some(deadline) = direct.deadline() {
                    at_most(deadline.saturating_duration_since(now));
                }
                direct.pidfd().or_else(|| {
                    at_most(LOOK_AGAIN);
                    None
                })
            }
            Waiting::Over => None,
        };
        polled.push(descriptor);
    }
    let mut descriptors: Vec<PollFd<'_>> =
        polled.iter().flatten().map(|descriptor| PollFd::from_borrowed_fd(*descriptor, PollFlags::IN)).collect();
    descriptors.extend(cancel.map(|cancel| PollFd::from_borrowed_fd(cancel, PollFlags::IN)));
    let timeout = timeout.map(|timeout| Timespec {
        tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    });
    let waited = rustix::io::retry_on_intr(|| poll(&mut descriptors, timeout.as_ref()));
    crate::small_file::named("poll", waited)?;
    if cancel.is_some() && descriptors.pop().is_some_and(|cancel| !cancel.revents().is_empty()) {
        return Err(SysError::new("poll", rustix::io::Errno::CANCELED.raw_os_error()));
    }
    let mut ready = descriptors.iter().map(|descriptor| !descriptor.revents().is_empty());
    Ok(polled.iter().map(|descriptor| descriptor.is_some() && ready.next() == Some(true)).collect())
}
