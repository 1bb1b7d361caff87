//! `init tree FD`: reads and writes trees of files, as tar streams, with no more rights than it takes.
//!
//! Nothing of a container is executed or loaded, and no path of it is resolved but below its root: what it changes meanwhile leads nowhere
//! else. A container can neither trace this process nor send it signals: it is not in its PID namespace, and not dumpable.

pub(crate) mod attributes;
mod changes;
mod findings;
mod header;
mod look;
mod metadata;
mod mounts;
mod pack;
mod patient;
mod place;
mod stream;
mod target;
mod unpack;

use masu_steps::failure::failed;
use masu_steps::stage_protocol::{Received, receive, send};
use masu_steps::tree_protocol::{TreeOrder, TreeWord};
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::namespace::{flag, unshare};
use masu_sys::{credential, descriptor, process, signal};
use masu_wire::error::CoreError;
use masu_wire::tree::{TreeAnswer, TreeJob, TreeTask};
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use place::Way;

/// Directories that are held open at once, one in another. What is nested deeper is refused.
const MAX_DEPTH: usize = 400;

/// Does one job.
pub(crate) fn run(socket: &OwnedFd) -> i32 {
    // The one who waits can end this by signals, as any other command.
    let _ = signal::set_mask(0);
    let word = match serve(socket) {
        Ok(answer) => TreeWord::Done { answer },
        Err(error) => TreeWord::Failed { error: Box::new(error) },
    };
    i32::from(send(socket.as_fd(), &word, &[]).is_err())
}

fn serve(socket: &OwnedFd) -> Result<TreeAnswer, CoreError> {
    let mut received = hear(socket)?;
    let mut unshared = false;
    if matches!(received.message, TreeOrder::Unshare) {
        unshare(flag::USER).map_err(|error| failed("Enter a user namespace", error))?;
        send(socket.as_fd(), &TreeWord::Ready, &[])
            .map_err(|error| failed("Say that the user namespace is there", error))?;
        received = hear(socket)?;
        unshared = true;
    }
    let Received { message: TreeOrder::Work { job, deny_setgroups }, descriptors } = received else {
        return Err(CoreError::bug("The core told the tree role twice to enter a user namespace"));
    };
    withdraw(socket, &descriptors)?;
    if unshared {
        place::become_root(!deny_setgroups).map_err(|error| failed("Become root in the user namespace", error))?;
    }
    work(socket, &job, descriptors)
}

fn hear(socket: &OwnedFd) -> Result<Received<TreeOrder>, CoreError> {
    let heard = receive::<TreeOrder>(socket.as_fd()).map_err(|error| failed("Hear what to do", error))?;
    // The core died before it was ready: so nothing shall happen.
    Ok(heard.unwrap_or_else(|| process::exit(1)))
}

/// Out of reach of a container that could trace this process, and without what masu inherited from its caller.
fn withdraw(socket: &OwnedFd, received: &[OwnedFd]) -> Result<(), CoreError> {
    credential::set_dumpable(false).map_err(|error| failed("Forbid others to trace this process", error))?;
    let own: Vec<u32> =
        received.iter().chain([socket]).map(|descriptor| descriptor.as_raw_fd().unsigned_abs()).collect();
    descriptor::close_from(3, &own).map_err(|error| failed("Close inherited descriptors", error))?;
    process::set_umask(0);
    Ok(())
}

fn work(socket: &OwnedFd, job: &TreeJob, mut descriptors: Vec<OwnedFd>) -> Result<TreeAnswer, CoreError> {
    let mut stream = || {
        let first = if descriptors.is_empty() { None } else { Some(descriptors.remove(0)) };
        first.map(File::from).ok_or_else(|| CoreError::bug("The core sent no descriptor for the tar stream"))
    };
    let stream = match &job.task {
        TreeTask::Pack { .. } | TreeTask::Unpack { .. } => Some(stream()?),
        TreeTask::Look { .. } | TreeTask::Changes { .. } => None,
    };
    let Way { root, caller } = place::enter(&job.place, socket, descriptors)?;
    match (&job.task, stream) {
        (TreeTask::Look { paths }, _) => Ok(look::look(&root, paths)),
        (TreeTask::Pack { path, name, follow, attributes, cross }, Some(stream)) => {
            let wish = pack::Wish { path, name, follow: *follow, attributes: *attributes, cross: cross.as_deref() };
            pack::pack(&root, &wish, stream)
        }
        (TreeTask::Unpack { path, options }, Some(stream)) => unpack::unpack(root, path, *options, caller, stream),
        (TreeTask::Changes { overlays, mount_points }, _) => changes::changes(&root, overlays, mount_points),
        _ => Err(CoreError::bug("There is no tar stream")),
    }
}

/// Names the call of a rustix result.
fn named<T>(call: &'static str, result: rustix::io::Result<T>) -> Result<T, SysError> {
    result.map_err(|errno| SysError::new(call, errno.raw_os_error()))
}

/// Opens the very file that an O_PATH descriptor is of. By its name another one might be opened, and that alone can do something to a device.
fn reopen(found: &OwnedFd, flags: OFlags) -> Result<OwnedFd, SysError> {
    file::open(&format!("/proc/self/fd/{}", found.as_raw_fd()), flags)
}

/// A name as it is shown: file names are bytes.
fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
