//! Op `tree`: `init tree FD` reads and writes files, each job in a process of its own.

use std::fs::{self, File, OpenOptions};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use masu_containers::lock::{Lock, lock_found};
use masu_containers::status::Condition;
use masu_containers::store::Shelf;
use masu_launch::id_mapped::mapped_clones;
use masu_steps::failure::{failed, failed_because};
use masu_steps::hint::of_process;
use masu_steps::id_map;
use masu_steps::init_role::{self, Role};
use masu_steps::stage_protocol::{receive, send};
use masu_steps::tree_protocol::{TreeOrder, TreeWord};
use masu_sys::clone::Start;
use masu_sys::errno::values::{EINVAL, EPIPE};
use masu_sys::error::SysError;
use masu_sys::wait::reap;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::lifecycle::{Status, Store};
use masu_wire::plan::UserMapping;
use masu_wire::tree::{TreeAnswer, TreeJob, TreePlace, TreeReply, TreeRequest, TreeStream};

use crate::init_image;

/// Does all jobs at once and waits for them.
pub(crate) fn tree(request: TreeRequest) -> Result<TreeReply, CoreError> {
    let TreeRequest { jobs, stream } = request;
    let locks = lock_all(&jobs)?;
    let (ends, output) = connect(jobs.len(), &stream)?;
    let begun = jobs.iter().zip(ends).map(|(job, end)| begin(job, end)).collect::<Result<Vec<_>, _>>()?;
    let answers: Vec<_> = begun.into_iter().map(Working::finish).collect();
    drop(locks);
    let answers = first_cause(answers)?;
    output.map_or(Ok(()), Output::complete)?;
    Ok(TreeReply { answers })
}

/// Containers that do not run stay so while their files are mounted. In the order of their IDs: two commands with the same two never wait for each other.
fn lock_all(jobs: &[TreeJob]) -> Result<Vec<Lock>, CoreError> {
    let mut stopped: Vec<_> = jobs
        .iter()
        .filter_map(|job| match &job.place {
            TreePlace::Stopped { store, container, .. } => Some((container, store)),
            _ => None,
        })
        .collect();
    stopped.sort_by_key(|(container, _)| *container);
    if let [(one, _), (other, _)] = stopped.as_slice()
        && one == other
    {
        // Two overlays may not share one upper directory.
        let message = format!("Copy in container {one:?}: it does not run, and its files cannot be mounted twice");
        return Err(CoreError::new(ErrorCode::Failed, message)
            .with_hint(format!("masu start {one}, or copy by way of the host")));
    }
    stopped.into_iter().map(|(container, store)| lock(container, store)).collect()
}

fn lock(container: &str, store: &Store) -> Result<Lock, CoreError> {
    let locked = lock_found(&Shelf::open(store)?, "Open the files of container", container)?;
    refuse_running(Condition::of(locked.entry), store, container)?;
    Ok(locked.lock)
}

fn refuse_running(condition: Condition, store: &Store, container: &str) -> Result<(), CoreError> {
    let cause = match condition.view(store).status {
        Status::Created | Status::Stopped => return Ok(()),
        Status::Restarting => "it is about to be started again",
        _ => "it was started meanwhile",
    };
    let message = format!("Open the files of container {container:?}: {cause}");
    Err(CoreError::new(ErrorCode::Failed, message).with_hint("once more"))
}

/// The descriptors of the jobs' streams, and the file that is to be there in the end.
fn connect(jobs: usize, stream: &TreeStream) -> Result<(Vec<Option<OwnedFd>>, Option<Output>), CoreError> {
    let of_this_process = |descriptor: BorrowedFd<'_>| {
        masu_sys::file::duplicate(descriptor).map_err(|error| failed("Keep the tar stream's descriptor", error))
    };
    match (jobs, stream) {
        (2, TreeStream::None) => {
            let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
                .map_err(|errno| failed("Make a pipe", SysError::new("pipe2", errno.raw_os_error())))?;
            Ok((vec![Some(writer), Some(reader)], None))
        }
        (1, TreeStream::None) => Ok((vec![None], None)),
        (1, TreeStream::Stdin) => Ok((vec![Some(of_this_process(rustix::stdio::stdin())?)], None)),
        (1, TreeStream::Stdout) => Ok((vec![Some(of_this_process(rustix::stdio::stdout())?)], None)),
        (1, TreeStream::File { path }) => {
            let (file, output) = Output::begin(Path::new(path))?;
            Ok((vec![Some(file.into())], Some(output)))
        }
        _ => Err(CoreError::bug(format!("Work on trees: {jobs} jobs cannot have this stream"))),
    }
}

/// A file that gets its name when it is complete, and is removed when it is not.
struct Output {
    /// None: what has the name is no file, and is written directly.
    beside: Option<PathBuf>,
    path: PathBuf,
}

impl Output {
    fn begin(path: &Path) -> Result<(File, Self), CoreError> {
        let explain = |error: &std::io::Error| failed(format!("Write {path:?}"), SysError::from_io("open", error));
        let direct = fs::metadata(path).is_ok_and(|there| !there.is_file());
        if direct {
            let file = OpenOptions::new().write(true).open(path).map_err(|error| explain(&error))?;
            return Ok((file, Self { beside: None, path: path.to_owned() }));
        }
        // What a symbolic link leads to is replaced, not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let name = path.file_name().ok_or_else(|| failed(format!("Write {path:?}"), SysError::new("open", EINVAL)))?;
        let beside = path.with_file_name(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
        let file = OpenOptions::new().write(true).create_new(true).open(&beside).map_err(|error| explain(&error))?;
        Ok((file, Self { beside: Some(beside), path }))
    }

    fn complete(mut self) -> Result<(), CoreError> {
        let Some(beside) = self.beside.take() else { return Ok(()) };
        fs::rename(&beside, &self.path).map_err(|error| {
            self.beside = Some(beside);
            failed(format!("Write {:?}", self.path), SysError::from_io("rename", &error))
        })
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            // It was never complete; where it cannot be removed, its directory cannot be written any more.
            let _ = fs::remove_file(beside);
        }
    }
}

/// A job that is being done.
struct Working {
    pid: u32,
    /// Until it is dropped.
    socket: Option<OwnedFd>,
}

/// Starts a job's process and tells it what to do.
fn begin(job: &TreeJob, stream: Option<OwnedFd>) -> Result<Working, CoreError> {
    let explain = |error| of_process(failed("Work on a tree of files", error));
    let Role { child, socket } = init_role::start(init_image::init()?, c"tree", &Start::default()).map_err(explain)?;
    let working = Working { pid: child.pid, socket: Some(socket) };
    let mapping = mapping(&job.place);
    let layers = match mapping {
        Some(mapping) => working.map(mapping, job)?,
        None => Vec::new(),
    };
    let deny_setgroups = mapping.is_some_and(|mapping| mapping.deny_setgroups);
    let order = TreeOrder::Work { job: Box::new(job.clone()), deny_setgroups };
    let descriptors: Vec<BorrowedFd<'_>> = stream.iter().chain(&layers).map(AsFd::as_fd).collect();
    working.tell(&order, &descriptors)?;
    Ok(working)
}

/// The user namespace that a job has to itself.
fn mapping(place: &TreePlace) -> Option<&UserMapping> {
    match place {
        TreePlace::Stopped { user, .. } | TreePlace::Layers { user } => user.as_ref(),
        TreePlace::Caller | TreePlace::Running { .. } => None,
    }
}

impl Working {
    /// Gives the process its user namespace; returns the layers that are to be mapped for it.
    fn map(&self, mapping: &UserMapping, job: &TreeJob) -> Result<Vec<OwnedFd>, CoreError> {
        self.tell(&TreeOrder::Unshare, &[])?;
        match self.hear()? {
            TreeWord::Ready => {}
            TreeWord::Failed { error } => return Err(*error),
            TreeWord::Done { .. } => return Err(CoreError::bug("The tree role was done before it began")),
        }
        id_map::write(self.pid, mapping).map_err(|(_, error)| error)?;
        match &job.place {
            TreePlace::Stopped { steps, .. } => mapped_clones(steps, self.pid, init_image::init()?),
            _ => Ok(Vec::new()),
        }
    }

    fn tell(&self, order: &TreeOrder, descriptors: &[BorrowedFd<'_>]) -> Result<(), CoreError> {
        let told = self.socket.as_ref().map(|socket| send(socket.as_fd(), order, descriptors));
        told.unwrap_or(Ok(())).map_err(|error| failed("Work on a tree of files", error))
    }

    fn hear(&self) -> Result<TreeWord, CoreError> {
        let heard = self.socket.as_ref().map_or(Ok(None), |socket| receive::<TreeWord>(socket.as_fd()));
        let heard = heard.map_err(|error| failed("Work on a tree of files", error))?;
        heard.map(|heard| heard.message).ok_or_else(|| {
            failed_because("Work on a tree of files", "its process was ended", SysError::new("recvmsg", EPIPE))
        })
    }

    fn finish(self) -> Result<TreeAnswer, CoreError> {
        match self.hear()? {
            TreeWord::Done { answer } => Ok(answer),
            TreeWord::Failed { error } => Err(*error),
            TreeWord::Ready => Err(CoreError::bug("The tree role answered out of turn")),
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        // The end of the socket ends a process that still waits for its job; one that works ends with its stream.
        drop(self.socket.take());
        // It is a child of this process and of nobody else.
        let _ = reap(self.pid);
    }
}

/// Of two failures the one that led to the other: who packs finds nobody reading when unpacking fails, and who unpacks finds the stream cut
/// off when packing does.
fn first_cause(answers: Vec<Result<TreeAnswer, CoreError>>) -> Result<Vec<TreeAnswer>, CoreError> {
    let mut failures: Vec<CoreError> = answers.iter().filter_map(|answer| answer.as_ref().err().cloned()).collect();
    if failures.len() > 1 && failures.first().is_some_and(|first| first.errno == Some(EPIPE)) {
        failures.remove(0);
    }
    match failures.into_iter().next() {
        Some(failure) => Err(failure),
        None => answers.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_cause_tells_a_cause_from_its_consequence() {
        let error = |message: &str, errno| CoreError { errno, ..CoreError::new(ErrorCode::Failed, message) };
        let pack = |errno| Err(error("pack", errno));
        let unpack = || Err(error("unpack", None));
        let done = || Ok(TreeAnswer::default());
        for (answers, expected) in [
            (vec![done(), done()], None),
            (vec![pack(Some(EPIPE)), unpack()], Some("unpack")),
            (vec![pack(Some(5)), unpack()], Some("pack")),
            (vec![pack(Some(EPIPE))], Some("pack")),
            (vec![done(), unpack()], Some("unpack")),
        ] {
            assert_eq!(first_cause(answers).err().map(|error| error.message).as_deref(), expected);
        }
    }
}
