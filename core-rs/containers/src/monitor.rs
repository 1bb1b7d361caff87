//! The resident monitor as others see it: started, and asked.

use masu_steps::failure::failed;
use masu_steps::hint::of_process;
use masu_steps::init_role::{self, Role};
use masu_steps::monitor_protocol::{MonitorAnswer, MonitorOrder, MonitorRequest};
use masu_steps::stage_protocol::{receive, send};
use masu_sys::clone::Start;
use masu_sys::errno::values::{EBADMSG, ECONNREFUSED, ENOENT, ENXIO, EPIPE};
use masu_sys::error::SysError;
use masu_sys::file::{self, FileType, OFlags};
use masu_sys::socket::stream_pair;
use masu_sys::wait::reap;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::lifecycle::Store;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect as connect_to, socket_with};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use crate::small_file::named;
use crate::status::Condition;
use crate::store::Shelf;
use crate::{paths, shared_init};

/// No monitor says that its container has begun to run to those who wait for its end.
const LOOK_AGAIN: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// A connection to the container's monitor; none: there is none.
///
/// Errors: those of connect(2) that say nothing about the monitor, for example that too many files are open.
pub fn connect(store: &Store, id: &str) -> Result<Option<OwnedFd>, CoreError> {
    match try_connect(store, id) {
        Err(error) if matches!(error.errno, ENOENT | ENXIO | ECONNREFUSED | EBADMSG) => Ok(None),
        connected => {
            connected.map(Some).map_err(|error| failed(format!("Connect to the monitor of container {id:?}"), error))
        }
    }
}

/// By the socket's descriptor, because an address of unix(7) has room for 107 bytes of a path only.
fn try_connect(store: &Store, id: &str) -> Result<OwnedFd, SysError> {
    let all = file::open(&paths::monitors(store), OFlags::PATH | OFlags::DIRECTORY)?;
    let place = file::open_in(all.as_fd(), id, OFlags::PATH, 0)?;
    if file::kind(&file::status(place.as_fd())?) != FileType::Socket {
        return Err(SysError::new("connect", EBADMSG));
    }
    let address = named("connect", SocketAddrUnix::new(format!("/proc/self/fd/{}", place.as_raw_fd())))?;
    let socket = named("socket", socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None))?;
    named("connect", rustix::io::retry_on_intr(|| connect_to(&socket, &address)))?;
    Ok(socket)
}

/// Asks, and waits for the answer. None: the monitor ended before it answered.
pub fn ask(connection: BorrowedFd<'_>, request: &MonitorRequest) -> Result<Option<MonitorAnswer>, CoreError> {
    match send(connection, request, &[]) {
        Err(error) if error.errno == EPIPE => return Ok(None),
        sent => sent.map_err(talking)?,
    }
    hear(connection)
}

/// Waits for an answer. None: the monitor ended before it answered.
pub fn hear(connection: BorrowedFd<'_>) -> Result<Option<MonitorAnswer>, CoreError> {
    match receive(connection) {
        Ok(received) => Ok(received.map(|received| received.message)),
        // ECONNRESET, EPIPE: it was killed.
        Err(error) if error.errno != EBADMSG => Ok(None),
        Err(error) => Err(talking(error)),
    }
}

fn talking(error: SysError) -> CoreError {
    failed("Talk to the container's monitor", error)
}

/// Waits until a monitor of a container that does not run has ended, or until it runs after all: whoever started it may have been
/// killed before that.
pub(crate) fn outwait(shelf: &Shelf<'_>, id: &str, connection: BorrowedFd<'_>) -> Result<(), CoreError> {
    // That it cannot be sent shows below.
    let _ = send(connection, &MonitorRequest::Wait, &[]);
    while !Condition::of(shelf.entry(id)).alive {
        let mut polled = [PollFd::from_borrowed_fd(connection, PollFlags::IN)];
        let ready =
            named("poll", rustix::io::retry_on_intr(|| poll(&mut polled, Some(&LOOK_AGAIN)))).map_err(talking)?;
        if ready > 0 {
            break;
        }
    }
    Ok(())
}

/// Something that a monitor does not answer to this.
pub(crate) fn out_of_turn(answer: &MonitorAnswer) -> CoreError {
    CoreError::bug(format!("Hear the container's monitor: it answered out of turn: {answer:?}"))
}

/// A started container.
pub(crate) struct Started {
    pub(crate) pid: u32,
    /// The other end of the connection that the monitor was given.
    pub(crate) connection: Option<OwnedFd>,
}

/// How a monitor starts.
#[derive(Clone, Copy)]
pub(crate) struct Options {
    /// With a connection to it.
    pub(crate) attach: bool,
    /// The program gets this process's stdin, stdout and stderr.
    pub(crate) passthrough: bool,
}

/// Starts a monitor for a container that is locked by this process, and waits until its program runs.
///
/// Errors: why it does not run; nothing is left of the attempt then.
pub(crate) fn spawn(store: &Store, id: &str, init: BorrowedFd<'_>, options: Options) -> Result<Started, CoreError> {
    let executable = shared_init::open(store, init)?;
    let executable = executable.as_ref().map_or(init, AsFd::as_fd);
    let (connection, theirs) = match options.attach {
        true => stream_pair().map(|(ours, theirs)| (Some(ours), Some(theirs))).map_err(starting)?,
        false => (None, None),
    };
    let mut descriptors = vec![init];
    descriptors.extend(theirs.as_ref().map(AsFd::as_fd));
    if options.passthrough {
        descriptors.extend(masu_sys::process::stdio());
    }
    let order = MonitorOrder {
        store: store.clone(),
        id: id.to_owned(),
        attach: options.attach,
        passthrough: options.passthrough,
    };
    let Role { child, socket } =
        init_role::start(executable, c"monitor", &Start::default()).map_err(|error| of_process(starting(error)))?;
    let answer = match send(socket.as_fd(), &order, &descriptors) {
        // It ended before it heard; what it said last tells why.
        Ok(()) => hear(socket.as_fd()),
        Err(error) if error.errno == EPIPE => hear(socket.as_fd()),
        Err(error) => Err(starting(error)),
    };
    drop(socket);
    // The first process has gone on in another one, so that nobody has to wait for the monitor itself.
    let _ = reap(child.pid);
    match answer? {
        Some(MonitorAnswer::Started { pid, .. }) => Ok(Started { pid, connection }),
        Some(MonitorAnswer::Failed { error }) => Err(*error),
        Some(answer) => Err(out_of_turn(&answer)),
        None => {
            Err(CoreError::new(ErrorCode::Failed, format!("Start container {id:?}: its monitor ended before it ran")))
        }
    }
}

fn starting(error: SysError) -> CoreError {
    failed("Start the container's monitor", error)
}

/// Tells a monitor, where there is one, that the document is another one now. One that cannot hear it reads the document before each start anyway.
pub(crate) fn reload(store: &Store, id: &str) {
    if let Ok(Some(connection)) = connect(store, id) {
        let _ = ask(connection.as_fd(), &MonitorRequest::Reload);
    }
}
