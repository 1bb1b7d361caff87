//! The stage: what runs in the container's first process between the clone and the program.
//!
//! It executes the steps that it is told, in order, and reports the first that fails. It has a single thread and may allocate; nobody may
//! trace it; what it opens is close-on-exec. Paths of the container are resolved below its root, and mounted on by descriptor.

mod bind;
mod container;
mod device;
mod diagnosis;
mod entry;
mod filter;
mod identity;
mod kernel_object;
mod lookup;
mod mask;
mod mount;
mod overlay;
mod program;
mod reaper;
mod root;
mod setting;
mod sysctl;
mod terminal;

use std::convert::Infallible;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use masu_steps::failure::failed;
use masu_steps::stage_protocol::{self as protocol, Received, StageDocument, StageMessage, StageOrder};
use masu_sys::process::SingleThread;
use masu_sys::{credential, descriptor, process, signal};
use masu_wire::error::{CoreError, ErrorCode, Group};
use masu_wire::plan::StageStep;

use container::Container;

/// Executes what comes over the socket; the process becomes the container's program, or ends.
pub(crate) fn run(socket: OwnedFd) -> ! {
    let Err(error) = start(&socket);
    let status = match error.code {
        ErrorCode::ProgramNotFound => 127,
        ErrorCode::ProgramNotExecutable => 126,
        _ => 125,
    };
    // Where this fails, the core is gone, and nobody is left to be told.
    let _ = protocol::send(socket.as_fd(), &StageMessage::Failed { error: Box::new(error) }, &[]);
    process::exit(status)
}

fn start(socket: &OwnedFd) -> Result<Infallible, CoreError> {
    // It came through execve(2) once; the next time its end tells the core that the program runs.
    process::close_on_exec(socket.as_fd()).map_err(|error| failed("Keep the socket from the program", error))?;
    // Deno ignores it, and what is ignored stays so through execve(2).
    signal::reset(libc::SIGPIPE).map_err(|error| failed("Reset the signal \"SIGPIPE\"", error))?;
    let document = match receive(socket)? {
        Received { message: StageOrder::Start(document), descriptors } => Received { message: *document, descriptors },
        Received { message: StageOrder::Enter(order), .. } => {
            entry::enter(socket, &order).map_err(|error| error.at(Group::Clone, 0))?;
            match receive(socket)? {
                Received { message: StageOrder::Start(document), descriptors } => {
                    Received { message: *document, descriptors }
                }
                Received { message: StageOrder::Enter(_), .. } => {
                    return Err(CoreError::bug("The core told the stage twice to enter namespaces"));
                }
            }
        }
    };
    execute(socket, document)
}

fn receive(socket: &OwnedFd) -> Result<Received<StageOrder>, CoreError> {
    match protocol::receive(socket.as_fd()).map_err(|error| failed("Receive the steps from the core", error))? {
        Some(received) => Ok(received),
        // The core died before it was ready: so nothing shall happen.
        None => process::exit(125),
    }
}

fn execute(socket: &OwnedFd, received: Received<StageDocument>) -> Result<Infallible, CoreError> {
    let Received { message: document, descriptors } = received;
    // From here on the maps of a new user namespace are written, for which an ordinary user's core needed to be the owner in /proc.
    credential::set_dumpable(false).map_err(|error| failed("Forbid others to trace the stage", error))?;
    close_inherited(socket, &document, &descriptors)?;
    // To the host's cgroups the root of a user namespace is nobody: they are joined while this process is still who started masu.
    let in_cgroups = document.user_namespace;
    if in_cgroups {
        join_cgroups(&document.inside)?;
    }
    entry::settle(&document).map_err(|error| error.at(Group::Clone, 0))?;
    let mut container = Container::new(socket, &document, descriptors);
    container.in_cgroups = in_cgroups;
    if document.exec.iter().any(|step| matches!(step, StageStep::Execute { reaper: true, .. })) {
        let alone = SingleThread::prove().map_err(|error| failed("Find out whether the stage can fork", error))?;
        container.alone = Some(alone);
    }
    bind::prepare(&mut container, &document.inside).map_err(|(index, error)| error.at(Group::Inside, index))?;
    let StageDocument { network, inside, exec, .. } = &document;
    for (group, steps) in [(Group::Network, network), (Group::Inside, inside), (Group::Exec, exec)] {
        for (index, step) in steps.iter().enumerate() {
            container.step = index;
            // A filter may forbid what is left to be done, so that it comes last.
            container.before_program = matches!(steps.get(index + 1), Some(StageStep::Execute { .. }));
            perform(&mut container, step).map_err(|error| error.at(group, index))?;
        }
    }
    Err(CoreError::bug("The plan has no step that executes a program"))
}

/// Closes what masu inherited from its caller and does not hand on.
fn close_inherited(socket: &OwnedFd, document: &StageDocument, received: &[OwnedFd]) -> Result<(), CoreError> {
    let kept = document.exec.iter().find_map(|step| match step {
        StageStep::CloseDescriptors { keep } => Some(*keep),
        _ => None,
    });
    let first = 3 + kept.unwrap_or(0);
    let own: Vec<u32> = received.iter().chain([socket]).map(|own| own.as_raw_fd().unsigned_abs()).collect();
    descriptor::close_from(first, &own).map_err(|error| failed("Close inherited descriptors", error))
}

/// The steps that join cgroups, ahead of their turn.
fn join_cgroups(inside: &[StageStep]) -> Result<(), CoreError> {
    for (index, step) in inside.iter().enumerate() {
        if let StageStep::JoinCgroups { paths } = step {
            setting::join_cgroups(paths).map_err(|error| error.at(Group::Inside, index))?;
        }
    }
    Ok(())
}

/// One step.
fn perform(container: &mut Container, step: &StageStep) -> Result<(), CoreError> {
    match step {
        StageStep::LoopbackUp => setting::bring_loopback_up(),
        StageStep::JoinCgroups { .. } if container.in_cgroups => Ok(()),
        StageStep::JoinCgroups { paths } => setting::join_cgroups(paths),
        StageStep::UnshareCgroup => setting::unshare_cgroup(),
        StageStep::SetHostname { name } => setting::set_host_name(name),
        StageStep::SetDomainname { name } => setting::set_domain_name(name),
        StageStep::SetSysctl { name, value } => sysctl::set(container, name, value),
        StageStep::SetOomScoreAdj { value } => setting::set_oom_score_adj(container, *value),
        StageStep::SetPropagation { propagation } => root::set_propagation(*propagation),
        StageStep::MountRoot { path, root } => root::mount_root(container, path, root),
        StageStep::Mount { source, destination, fstype, flags, data, create } => {
            let what = mount::FileSystem { source, fstype, flags: *flags, data };
            mount::mount(container, &what, destination, *create)
        }
        StageStep::MountOverlay { destination, layer } => overlay::mount_inside(container, destination, layer),
        StageStep::Bind { source, destination, recursive, flags, recursive_read_only, propagation, create } => {
            let (flags, propagation) = (*flags, *propagation);
            let what = bind::Bind {
                source,
                recursive: *recursive,
                flags,
                recursive_read_only: *recursive_read_only,
                propagation,
            };
            bind::bind(container, &what, destination, *create)
        }
        StageStep::Remount { destination, flags, propagation } => {
            mount::remount(container, destination, *flags, *propagation)
        }
        StageStep::MakeDevice { path, kind, major, minor, mode, uid, gid } => {
            let device = device::Device { kind: *kind, numbers: (*major, *minor), mode: *mode, owner: (*uid, *gid) };
            device::make_device(container, path, &device)
        }
        StageStep::MakeSymlink { path, target } => device::make_symlink(container, path, target),
        StageStep::MakeDirectory { path, mode } => device::make_directory(container, path, *mode),
        StageStep::Mask { path } => mask::mask(container, path),
        StageStep::ReadOnlyPath { path } => mask::read_only_path(container, path),
        StageStep::PivotRoot => root::pivot(container),
        StageStep::ReadOnlyRoot => root::read_only(container),
        StageStep::NewSession => terminal::new_session(container),
        StageStep::OpenTerminal { rows, columns, console, uid } => {
            let wish = terminal::Wish { size: (*rows, *columns), console: *console, uid: *uid };
            terminal::open(container, &wish)
        }
        StageStep::NewKeyring { name } => identity::new_keyring(name),
        StageStep::SetRlimit { resource, soft, hard } => identity::set_rlimit(resource, *soft, *hard),
        StageStep::SetUmask { mask } => {
            container.umask = *mask;
            Ok(())
        }
        StageStep::SetBoundingSet { keep } => identity::set_bounding_set(keep),
        StageStep::SetUser { uid, gid, groups } => identity::set_user(*uid, *gid, groups.as_deref()),
        StageStep::SetCapabilities { effective, permitted, inheritable, ambient } => {
            identity::set_capabilities([effective, permitted, inheritable], ambient)
        }
        StageStep::NoNewPrivileges => identity::no_new_privileges(),
        StageStep::LoadFilter { filter } => filter::load_in_time(container, filter),
        StageStep::ChangeDirectory { path, create } => program::change_directory(container, path, *create),
        StageStep::CloseDescriptors { keep } => program::close_descriptors(*keep),
        StageStep::Execute { arguments, environment, .. } => {
            let Err(error) = program::execute(container, arguments, environment);
            Err(error)
        }
    }
}
