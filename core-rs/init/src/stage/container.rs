//! What the stage knows while it works: the container's root, its own procfs, what is kept for later steps.

use std::collections::{HashMap, VecDeque};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use masu_steps::failure::{failed, failed_because};
use masu_steps::stage_protocol::StageDocument;
use masu_sys::errno::values::ENXIO;
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::handover::SharedNumber;
use masu_sys::process::{self, SingleThread};
use masu_sys::resolve::{Links, Root};
use masu_wire::error::CoreError;

use super::filter::Instructions;

/// The work in progress.
pub(super) struct Container<'a> {
    /// To the core.
    pub(super) socket: BorrowedFd<'a>,
    /// The step that is performed now, in its group.
    pub(super) step: usize,
    /// The next step executes the program.
    pub(super) before_program: bool,
    /// The program's umask. The stage itself has none, so that modes are what the plan says.
    pub(super) umask: u32,
    /// Signals that are blocked in the program.
    pub(super) signal_mask: u64,
    /// The cgroups were joined ahead of their step.
    pub(super) in_cgroups: bool,
    /// It has a single thread: asked before any filter, which may forbid the question, where the program needs an init of its own.
    pub(super) alone: Option<SingleThread>,
    /// The filter to load right before execve(2).
    pub(super) filter: Option<Instructions>,
    /// Idmapped layers in the order of the steps.
    pub(super) layers: VecDeque<OwnedFd>,
    /// Trees that were cloned before their step in `inside`.
    pub(super) trees: HashMap<usize, OwnedFd>,
    /// `/dev/null` to mask files with.
    pub(super) null: Option<OwnedFd>,
    /// An empty directory to mask directories with.
    pub(super) empty: Option<OwnedFd>,
    /// The working directory is `/proc/self/fd`.
    pub(super) by_descriptor: bool,
    /// The old root is gone.
    pub(super) pivoted: bool,
    /// This process leads a session; the child will, where one is made last.
    pub(super) session: bool,
    /// stdin becomes the controlling terminal of the child that is made last.
    pub(super) controlling: bool,
    /// The container runs already: the program's process is a child that is made last.
    pub(super) late: Option<SingleThread>,
    /// The program's argv and environment.
    pub(super) program: Option<(&'a [String], &'a [String])>,
    /// Where the program's start is waited for.
    pub(super) listener: Option<OwnedFd>,
    /// The connection to the seccomp agent that the filter asks.
    pub(super) agent: Option<OwnedFd>,
    /// The number of the filter's listener, told by the child that is made last to the process that makes it.
    pub(super) handover: Option<SharedNumber>,
    /// This process works where the program will.
    pub(super) settled: bool,
    /// The program's working directory.
    pub(super) directory: Option<OwnedFd>,
    /// The directory in which this process started, for a program without a container.
    pub(super) start: Option<OwnedFd>,
    root: Option<Root>,
    procfs: Option<Procfs>,
    parent: Option<(String, OwnedFd)>,
}

/// The procfs of the runtime namespace, opened before the container's root covers it.
pub(super) struct Procfs {
    root: Root,
    own_descriptors: OwnedFd,
}

impl Procfs {
    /// Below it is what the runtime namespace says.
    pub(super) fn root(&self) -> &Root {
        &self.root
    }

    /// All that it holds open.
    pub(super) fn descriptors(&self) -> [&OwnedFd; 2] {
        [self.root.descriptor(), &self.own_descriptors]
    }
}

impl<'a> Container<'a> {
    /// Nothing done yet.
    pub(super) fn new(socket: &'a OwnedFd, document: &StageDocument, layers: Vec<OwnedFd>) -> Self {
        Self {
            socket: socket.as_fd(),
            step: 0,
            before_program: false,
            umask: process::set_umask(0),
            signal_mask: document.signal_mask,
            in_cgroups: false,
            alone: None,
            filter: None,
            layers: layers.into(),
            trees: HashMap::new(),
            null: None,
            empty: None,
            by_descriptor: false,
            pivoted: false,
            session: false,
            controlling: false,
            late: None,
            program: None,
            listener: None,
            agent: None,
            handover: None,
            settled: false,
            directory: None,
            start: document.part.as_ref().and_then(|_| file::open(".", OFlags::PATH | OFlags::DIRECTORY).ok()),
            root: None,
            procfs: None,
            parent: None,
        }
    }

    /// The container runs already, and this process is in its namespaces: the only procfs to use is the one that was opened before.
    pub(super) fn entered(&mut self, procfs: Procfs, alone: SingleThread) {
        (self.procfs, self.late) = (Some(procfs), Some(alone));
    }

    /// Closes what is not the program's: a child that the container can see must not have it.
    pub(super) fn forget_host(&mut self) {
        (self.root, self.procfs, self.parent, self.directory) = (None, None, None, None);
        (self.null, self.empty) = (None, None);
        self.layers.clear();
        self.trees.clear();
    }

    /// The container's root directory; the process's own, until the plan mounts another.
    pub(super) fn root(&mut self) -> Result<&Root, CoreError> {
        let root = match self.root.take() {
            Some(root) => root,
            None => Root::new(
                file::open("/", OFlags::PATH | OFlags::DIRECTORY).map_err(|error| failed("Open \"/\"", error))?,
            ),
        };
        Ok(self.root.insert(root))
    }

    /// The new root is mounted here.
    pub(super) fn set_root(&mut self, root: OwnedFd) {
        self.root = Some(Root::new(root));
        self.mounted();
    }

    /// Something was mounted: a directory that is held open may be covered.
    pub(super) fn mounted(&mut self) {
        self.parent = None;
    }

    /// The directory that holds a path of the container, and the path's last name. Held for the next path beside it.
    pub(super) fn parent<'p>(&mut self, path: &'p str) -> Result<(BorrowedFd<'_>, &'p str), SysError> {
        let (above, name) = path.trim_end_matches('/').rsplit_once('/').unwrap_or(("", path));
        if matches!(name, "" | "." | "..") {
            return Err(SysError::new("openat2", masu_sys::errno::values::EINVAL));
        }
        let held = match self.parent.take() {
            Some((held, directory)) if held == above => directory,
            _ => {
                let root = self.root().map_err(|_| SysError::new("open", masu_sys::errno::values::ENOENT))?;
                let above = if above.is_empty() { "/" } else { above };
                // What is made in `/dev` must not land in a directory of the image's choice.
                let links = if above == "/dev" { Links::NotLast } else { Links::Follow };
                root.open(above, OFlags::PATH | OFlags::DIRECTORY, links)?
            }
        };
        let (_, directory) = &*self.parent.insert((above.to_owned(), held));
        Ok((directory.as_fd(), name))
    }

    /// A file below the runtime namespace's `/proc`, by way of no symbolic link and no mount.
    pub(super) fn proc(&mut self) -> Result<&Root, CoreError> {
        Ok(&self.procfs()?.root)
    }

    /// Makes `/proc/self/fd` the working directory, where every descriptor has its number as a name: see [`name`].
    pub(super) fn work_by_descriptor(&mut self) -> Result<(), CoreError> {
        if !self.by_descriptor {
            let own = self.procfs()?.own_descriptors.as_fd();
            process::change_directory(own).map_err(|error| failed("Change directory to \"/proc/self/fd\"", error))?;
            (self.by_descriptor, self.settled) = (true, false);
        }
        Ok(())
    }

    /// Opened once, and while the runtime namespace's own `/proc` is still to be seen.
    fn procfs(&mut self) -> Result<&Procfs, CoreError> {
        let procfs = match self.procfs.take() {
            Some(procfs) => procfs,
            None => open_procfs()?,
        };
        Ok(self.procfs.insert(procfs))
    }
}

/// Errors: `/proc` is not what it should be.
pub(super) fn open_procfs() -> Result<Procfs, CoreError> {
    let open =
        |error| failed("Open \"/proc\"", error).with_hint("masu needs the proc file system: mount -t proc proc /proc");
    let proc = file::open("/proc", OFlags::PATH | OFlags::DIRECTORY).map_err(open)?;
    if file::file_system(proc.as_fd()).map_err(open)?.magic != file::PROC_MAGIC {
        return Err(failed_because(
            "Open \"/proc\"",
            "it is not the proc file system",
            SysError::new("fstatfs", ENXIO),
        )
        .with_hint("mount it: mount -t proc proc /proc"));
    }
    let root = Root::new(proc);
    let own_descriptors = root
        .open("self/fd", OFlags::PATH | OFlags::DIRECTORY, Links::Follow)
        .map_err(|error| failed("Open \"/proc/self/fd\"", error))?;
    Ok(Procfs { root, own_descriptors })
}

/// A descriptor's name in `/proc/self/fd`, the stage's working directory.
pub(super) fn name(descriptor: impl AsFd) -> String {
    descriptor.as_fd().as_raw_fd().to_string()
}
