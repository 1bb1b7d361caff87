//! The container's own terminal. pts(4)

use std::os::fd::{AsFd, OwnedFd};

use masu_steps::failure::{failed, failed_because};
use masu_steps::stage_protocol::{self as protocol, StageMessage};
use masu_sys::errno::values::{ELOOP, ENOENT, ENXIO};
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::resolve::Links;
use masu_sys::{mount as mounts, process, pty};
use masu_wire::error::CoreError;

use super::container::{Container, name};

pub(super) fn new_session(container: &mut Container) -> Result<(), CoreError> {
    if !container.session && container.late.is_none() {
        process::new_session().map_err(|error| failed("Make a session", error))?;
    }
    container.session = true;
    Ok(())
}

/// What the plan wants of the terminal.
pub(super) struct Wish {
    /// Rows and columns; 0: as the kernel has it.
    pub(super) size: (u16, u16),
    pub(super) console: bool,
    pub(super) uid: u32,
}

pub(super) fn open(container: &mut Container, wish: &Wish) -> Result<(), CoreError> {
    new_session(container)?;
    let explain = |error| failed("Open a terminal of \"/dev/pts\"", error);
    let master = open_master(container)?;
    let slave = pty::open_slave(master.as_fd()).map_err(explain)?;
    let (rows, columns) = wish.size;
    if rows > 0 && columns > 0 {
        pty::set_size(slave.as_fd(), rows, columns).map_err(explain)?;
    }
    if wish.uid != 0 {
        file::change_user(slave.as_fd(), wish.uid).map_err(explain)?;
    }
    if wish.console {
        show_as_console(container, &slave)?;
    }
    if container.late.is_none() {
        pty::make_controlling(slave.as_fd()).map_err(explain)?;
    }
    container.controlling = true;
    process::become_stdio([slave.as_fd(); 3]).map_err(explain)?;
    let sent = protocol::send(container.socket, &StageMessage::Terminal, &[master.as_fd()]);
    sent.map_err(|error| failed("Hand the terminal over to the core", error))
}

/// From the container's devpts and nothing that only looks like it.
fn open_master(container: &mut Container) -> Result<OwnedFd, CoreError> {
    let explain = |error: SysError| {
        let failure = failed("Open \"/dev/pts/ptmx\"", error);
        if error.errno == ENOENT {
            failure.with_hint("a terminal needs devpts mounted on the container's /dev/pts")
        } else {
            failure
        }
    };
    let directory =
        container.root()?.open("/dev/pts", OFlags::PATH | OFlags::DIRECTORY, Links::Follow).map_err(explain)?;
    if file::file_system(directory.as_fd()).map_err(explain)?.magic != file::DEVPTS_MAGIC {
        return Err(failed_because(
            "Open \"/dev/pts/ptmx\"",
            "\"/dev/pts\" is not a devpts",
            SysError::new("fstatfs", ENXIO),
        )
        .with_hint("a terminal needs devpts mounted on the container's /dev/pts"));
    }
    file::open_in(directory.as_fd(), "ptmx", OFlags::RDWR | OFlags::NOCTTY, 0).map_err(explain)
}

/// `/dev/console` itself must be an ordinary file or absent: a link there could lead anywhere.
fn show_as_console(container: &mut Container, slave: &OwnedFd) -> Result<(), CoreError> {
    let action = "Bind the terminal on \"/dev/console\"";
    container.work_by_descriptor()?;
    let (directory, last) = container.parent("/dev/console").map_err(|error| failed(action, error))?;
    let point = match file::open_in(directory, last, OFlags::PATH, 0) {
        Err(error) if error.errno == ENOENT => file::open_in(directory, last, OFlags::CREATE | OFlags::EXCL, 0o600),
        found => found,
    };
    let point = point.map_err(|error| failed(action, error))?;
    if file::kind(&file::status(point.as_fd()).map_err(|error| failed(action, error))?) == file::FileType::Symlink {
        return Err(failed_because(action, "it is a symbolic link", SysError::new("openat", ELOOP)));
    }
    mounts::bind(&name(slave), &name(&point), false).map_err(|error| failed(action, error))?;
    container.mounted();
    Ok(())
}
