//! The start of a container of an OCI bundle: its first process waits for it on a socket. docs/adr/0023-created-containers-wait-on-a-socket.md

use masu_steps::executor::{Tools, set_up};
use masu_steps::failure::failed;
use masu_steps::notify::Notify;
use masu_steps::stage_protocol::{Received, StageMessage, StageOrder, receive, send};
use masu_sys::errno::values::{EPIPE, ESRCH};
use masu_sys::local_socket;
use masu_wire::container::{BundleRecord, ContainerRecord};
use masu_wire::error::{CoreError, ErrorCode, Group};
use masu_wire::lifecycle::{StartReply, Status};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use crate::bundle_delete::destroy;
use crate::event::Subject;
use crate::process::Process;
use crate::small_file::{self, Place};
use crate::status::Condition;
use crate::store::Shelf;
use crate::{direct, paths};

const ACTION: &str = "Start container";
const SIGKILL: i32 = 9;
/// A killed process can still be in an uninterruptible wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a started program will say of itself.
pub(crate) struct Readiness {
    notify: Notify,
    /// None: it has ended.
    process: Option<Process>,
}

impl Readiness {
    /// Waits until the program is ready, or has ended, and passes its word on. Not under the container's lock: it may take long.
    ///
    /// Errors: nobody hears of it.
    pub(crate) fn wait(&self, pid: u32) -> Result<(), CoreError> {
        let process = self.process.as_ref();
        self.notify.wait(pid, process.and_then(Process::pidfd), || process.is_none_or(Process::has_ended))
    }
}

/// Why its program does not run.
struct Failure {
    error: CoreError,
    reached: Reached,
}

/// How far a start came.
enum Reached {
    /// Its first process was not asked.
    Nobody,
    /// A hook failed, or something else that precedes the program.
    Hooks,
    /// execve(2) failed, and the process is ending.
    Program,
}

/// Starts the program of a container that is locked, and returns when that runs and its `poststart` hooks have run.
///
/// When a hook fails, the container is destroyed, as runtime.md, "Lifecycle" (1.3), steps 7 and 9 want it.
/// Errors: it was started before; why its program does not run; the hook that failed.
///
/// `notify`: whom to tell when the program is ready; what is to be waited for then comes back with the reply.
pub(crate) fn start(
    shelf: &Shelf<'_>,
    condition: &Condition,
    notify: Option<&str>,
    init: BorrowedFd<'_>,
) -> Result<(StartReply, Option<Readiness>), CoreError> {
    let id = condition.id();
    let (Some(record), Some(place)) = (&condition.record, condition.entry.runtime()) else {
        return Err(CoreError::bug(format!("{ACTION} {id:?}: it has no record")));
    };
    let Some(bundle) = &record.masu.bundle else {
        return Err(CoreError::bug(format!("{ACTION} {id:?}: it was made from no bundle")));
    };
    check(condition)?;
    let directory = paths::runtime(shelf.store, id);
    let asks = notify.filter(|_| Path::new(&directory).join(paths::NOTIFY).is_dir());
    let notify = asks.map(|to| Notify::listen(&format!("{directory}/{}", paths::NOTIFY_SOCKET), to)).transpose()?;
    if let Err(Failure { error, reached }) = execute_program(id, place) {
        match reached {
            Reached::Nobody => {}
            Reached::Hooks => {
                // It ends by itself, with the status that says whose fault it was.
                await_end(Process::find(record.pid, record.masu.start));
                end_all_of_it(shelf, condition, record, init);
            }
            // Whoever asks for its state next shall hear that it has stopped.
            Reached::Program => await_end(Process::find(record.pid, record.masu.start)),
        }
        return Err(error);
    }
    Subject::of(condition).tell(shelf.store, "start", &[]);
    if let Err(error) = run_started(bundle, init) {
        end_all_of_it(shelf, condition, record, init);
        return Err(error);
    }
    // Nobody listens any more; that it is there says nothing.
    let _ = small_file::remove(place, paths::SOCKET);
    let readiness = notify.map(|notify| Readiness { notify, process: Process::find(record.pid, record.masu.start) });
    Ok((StartReply { id: id.to_owned(), pid: record.pid, started: true, connection: None }, readiness))
}

/// Whether it waits. The words are runc's.
fn check(condition: &Condition) -> Result<(), CoreError> {
    let cause = match condition.bundle_status() {
        Status::Created => return Ok(()),
        Status::Running => "cannot start an already running container",
        Status::Paused => "cannot start a paused container",
        _ => "cannot start a container that has stopped",
    };
    Err(CoreError::new(ErrorCode::Failed, format!("{ACTION} {:?}: {cause}", condition.id())))
}

/// Asks for the program and waits until it is executed.
fn execute_program(id: &str, place: Place<'_>) -> Result<(), Failure> {
    let action = || format!("{ACTION} {id:?}");
    let early = |error| Failure { error, reached: Reached::Nobody };
    let connection =
        local_socket::connect_in(place.directory, paths::SOCKET).map_err(|error| early(failed(action(), error)))?;
    match send(connection.as_fd(), &StageOrder::Proceed, &[]) {
        // It ended before it heard; what it said last tells why.
        Err(error) if error.errno == EPIPE => {}
        sent => sent.map_err(|error| early(failed(action(), error)))?,
    }
    await_program(id, &connection)
}

fn await_program(id: &str, connection: &OwnedFd) -> Result<(), Failure> {
    let mut executing = false;
    loop {
        let error = match receive::<StageMessage>(connection.as_fd()) {
            Ok(Some(Received { message: StageMessage::Executing, .. })) => {
                executing = true;
                continue;
            }
            Ok(Some(Received { message: StageMessage::Failed { error }, .. })) => *error,
            Ok(Some(_)) => CoreError::bug(format!("{ACTION} {id:?}: init answered out of turn")),
            Ok(None) if executing => return Ok(()),
            // ECONNRESET: it was killed.
            Ok(None) | Err(_) => CoreError::new(
                ErrorCode::Failed,
                format!("{ACTION} {id:?}: its first process ended before the program was executed"),
            ),
        };
        let reached = if executing { Reached::Program } else { Reached::Hooks };
        return Err(Failure { error, reached });
    }
}

/// The `poststart` hooks.
fn run_started(bundle: &BundleRecord, init: BorrowedFd<'_>) -> Result<(), CoreError> {
    set_up((Group::Started, 0), &bundle.started, Tools { init: Some(init) }, |_| ())
}

/// Stops and destroys it. What led here is what the caller is told; what cannot be removed is removed by `delete`.
fn end_all_of_it(shelf: &Shelf<'_>, condition: &Condition, record: &ContainerRecord, init: BorrowedFd<'_>) {
    let process = Process::find(record.pid, record.masu.start);
    if let Some(process) = &process {
        match process.signal(SIGKILL) {
            Err(error) if error.errno != ESRCH => return,
            _ => direct::thaw_frozen(condition),
        }
    }
    await_end(process);
    let _ = destroy(shelf, condition, Some(init));
}

/// One that outlasts it is `delete`'s.
fn await_end(process: Option<Process>) {
    let _ = process.is_none_or(|process| process.await_end(PATIENCE));
}
