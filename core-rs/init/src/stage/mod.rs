//! The stage: what runs in the container's first process between the clone and the program.
//!
//! It executes the steps that it is told, in order, and reports the first that fails. It has a single thread and may allocate; nobody may
//! trace it; what it opens is close-on-exec. Paths of the container are resolved below its root, and mounted on by descriptor.

mod assemble;
mod await_runtime;
mod await_start;
mod become_program;
mod bind;
mod birth;
mod container;
mod copy;
mod copy_up;
mod device;
mod diagnosis;
mod entry;
mod filter;
mod home;
mod hook;
mod identity;
mod kernel_object;
mod lookup;
mod mask;
mod mount;
mod overlay;
mod program;
mod reaper;
mod root;
mod running;
mod scheduling;
mod seccomp_agent;
mod security_label;
mod setting;
mod sysctl;
mod terminal;

use std::borrow::Cow;
use std::convert::Infallible;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use masu_steps::failure::failed;
use masu_steps::stage_protocol::{self as protocol, EnterOrder, Received, StageDocument, StageMessage, StageOrder};
use masu_sys::process::SingleThread;
use masu_sys::scheduling::Attributes;
use masu_sys::{credential, descriptor, process, signal};
use masu_wire::error::{CoreError, ErrorCode, Group};
use masu_wire::plan::StageStep;

pub(crate) use assemble::assemble;
pub(crate) use become_program::run as r#become;
use container::{Container, Procfs};

/// Executes what comes over the socket; the process becomes the container's program, or ends.
pub(crate) fn run(socket: OwnedFd) -> ! {
    let Err(error) = start(&socket);
    let status = status(&error);
    // Where this fails, the core is gone, and nobody is left to be told.
    let _ = protocol::send(socket.as_fd(), &StageMessage::Failed { error: Box::new(error) }, &[]);
    process::exit(status)
}

/// What a program's absence ends with, and masu's own failure.
const fn status(error: &CoreError) -> i32 {
    match error.code {
        ErrorCode::ProgramNotFound => 127,
        ErrorCode::ProgramNotExecutable => 126,
        _ => 125,
    }
}

fn start(socket: &OwnedFd) -> Result<Infallible, CoreError> {
    // It came through execve(2) once; the next time its end tells the core that the program runs.
    process::close_on_exec(socket.as_fd()).map_err(|error| failed("Keep the socket from the program", error))?;
    // Deno ignores it, and what is ignored stays so through execve(2).
    signal::reset(libc::SIGPIPE).map_err(|error| failed("Reset the signal \"SIGPIPE\"", error))?;
    let mut entered = None;
    let mut order = receive(socket)?;
    if let StageOrder::Enter(enter) = &order.message {
        entered = self::enter(socket, enter).map_err(|error| error.at(Group::Clone, 0))?;
        order = receive(socket)?;
    }
    let Received { message: StageOrder::Start(document), descriptors } = order else {
        return Err(CoreError::bug("The core gave the stage its orders out of turn"));
    };
    execute(socket, Received { message: *document, descriptors }, entered)
}

/// Returns the runtime namespace's procfs where all but the pid namespace of a running container was entered.
fn enter(socket: &OwnedFd, order: &EnterOrder) -> Result<Option<Procfs>, CoreError> {
    match &order.enter {
        Some(process) => running::enter(process, order).map(Some),
        None => entry::enter(socket, order).map(|()| None),
    }
}

fn receive(socket: &OwnedFd) -> Result<Received<StageOrder>, CoreError> {
    match protocol::receive(socket.as_fd()).map_err(|error| failed("Receive the steps from the core", error))? {
        Some(received) => Ok(received),
        // The core died before it was ready: so nothing shall happen.
        None => process::exit(125),
    }
}

fn execute(
    socket: &OwnedFd,
    received: Received<StageDocument>,
    entered: Option<Procfs>,
) -> Result<Infallible, CoreError> {
    let Received { message: document, mut descriptors } = received;
    if document.stdio {
        become_stdio(&mut descriptors)?;
    }
    // From here on the maps of a new user namespace are written, for which an ordinary user's core needed to be the owner in /proc.
    credential::set_dumpable(false).map_err(|error| failed("Forbid others to trace the stage", error))?;
    let own = descriptors.iter().chain([socket]).chain(entered.iter().flat_map(Procfs::descriptors));
    close_inherited(&document, &own.map(|own| own.as_raw_fd().unsigned_abs()).collect::<Vec<_>>())?;
    // To the host's cgroups the root of a user namespace is nobody: they are joined while this process is still who started masu.
    let in_cgroups = document.user_namespace;
    let mut trees = Vec::new();
    if in_cgroups {
        join_cgroups(&document.inside)?;
        trees = bind::prepare_as_caller(&document.inside);
    }
    entry::settle(&document).map_err(|error| error.at(Group::Clone, 0))?;
    let listener = if document.listener { descriptors.pop() } else { None };
    let agent = if protocol::asks_agent(&document.exec) { descriptors.pop() } else { None };
    let mut container = Container::new(socket, &document, descriptors);
    (container.in_cgroups, container.listener, container.agent) = (in_cgroups, listener, agent);
    container.trees.extend(trees);
    container.program = document.exec.iter().find_map(|step| match step {
        StageStep::Execute { arguments, environment, .. } => Some((&**arguments, &**environment)),
        _ => None,
    });
    if let Some(procfs) = entered {
        container.entered(procfs, prove_alone()?);
    }
    if document.exec.iter().any(|step| matches!(step, StageStep::Execute { reaper: true, .. })) {
        container.alone = Some(prove_alone()?);
    }
    bind::prepare(&mut container, &document.inside).map_err(|(index, error)| error.at(Group::Inside, index))?;
    let StageDocument { network, inside, exec, .. } = &document;
    for (group, steps) in [(Group::Network, network), (Group::Inside, inside), (Group::Exec, exec)] {
        if group == Group::Exec {
            keep_namespaces(socket, &document)?;
        }
        for (index, step) in steps.iter().enumerate() {
            container.step = index;
            // A filter may forbid what is left to be done, so that it comes last.
            container.before_program = matches!(steps.get(index + 1), Some(StageStep::Execute { .. }));
            perform(&mut container, step).map_err(|error| error.at(group, index))?;
        }
    }
    Err(CoreError::bug("The plan has no step that executes a program"))
}

/// The core binds them, which this process could not do from inside.
fn keep_namespaces(socket: &OwnedFd, document: &StageDocument) -> Result<(), CoreError> {
    if document.part.as_ref().is_none_or(|part| part.keep.is_empty()) {
        return Ok(());
    }
    protocol::send(socket.as_fd(), &StageMessage::Namespaces, &[])
        .map_err(|error| failed("Tell the core of the namespaces", error))?;
    receive(socket).map(drop)
}

fn prove_alone() -> Result<SingleThread, CoreError> {
    SingleThread::prove().map_err(|error| failed("Find out whether the stage can fork", error))
}

/// The first three descriptors that came are the program's standard streams.
fn become_stdio(descriptors: &mut Vec<OwnedFd>) -> Result<(), CoreError> {
    let [stdin, stdout, stderr, ..] = descriptors.as_slice() else {
        return Err(CoreError::bug("The core sent no descriptors for stdin, stdout and stderr"));
    };
    process::become_stdio([stdin.as_fd(), stdout.as_fd(), stderr.as_fd()])
        .map_err(|error| failed("Connect stdin, stdout and stderr", error))?;
    descriptors.drain(..3);
    Ok(())
}

/// Closes what masu inherited from its caller and does not hand on.
fn close_inherited(document: &StageDocument, own: &[u32]) -> Result<(), CoreError> {
    let kept = document.exec.iter().find_map(|step| match step {
        StageStep::CloseDescriptors { keep } => Some(*keep),
        _ => None,
    });
    // A program without a container inherits what its caller has open.
    let Some(kept) = kept else { return Ok(()) };
    descriptor::close_from(3 + kept, own).map_err(|error| failed("Close inherited descriptors", error))
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
        // Done before the container was entered.
        StageStep::SetOomScoreAdj { .. } if container.late.is_some() => Ok(()),
        StageStep::SetOomScoreAdj { value } => setting::set_oom_score_adj(container.proc()?, *value),
        StageStep::SetPropagation { propagation } => root::set_propagation(*propagation),
        StageStep::MountRoot { path, root } => root::mount_root(container, path, root),
        StageStep::AwaitRuntime => await_runtime::wait(container),
        StageStep::AwaitStart { .. } => await_start::wait(container),
        StageStep::RunHook { hook, state } => hook::run_hook(container, hook, state),
        StageStep::SetSecurityLabel { module, label } => security_label::set(container, *module, label),
        StageStep::SetPersonality { persona } => scheduling::set_personality(*persona),
        &StageStep::SetScheduler { policy, nice, priority, flags, runtime, deadline, period } => {
            let attributes = Attributes { size: 0, policy, flags, nice, priority, runtime, deadline, period };
            scheduling::set_scheduler(container, &attributes)
        }
        StageStep::SetIoPriority { class, priority } => scheduling::set_io_priority(*class, *priority),
        StageStep::SetAffinity { cpus } => scheduling::set_affinity(cpus),
        StageStep::SetMemoryPolicy { mode, flags, nodes } => scheduling::set_memory_policy(*mode, *flags, nodes),
        StageStep::Mount { source, destination, fstype, flags, data, create, copy_up, attributes } => {
            let (copy_up, attributes) = (*copy_up == Some(true), *attributes);
            let what = mount::FileSystem { source, fstype, flags: *flags, data, copy_up, attributes };
            mount::mount(container, &what, destination, *create)
        }
        StageStep::MountOverlay { destination, layer } => overlay::mount_inside(container, destination, layer),
        StageStep::Bind {
            source,
            destination,
            recursive,
            flags,
            clear,
            attributes,
            mapping,
            recursive_read_only,
            propagation,
            create,
        } => {
            let what = bind::Bind {
                source,
                recursive: *recursive,
                flags: *flags,
                clear: clear.unwrap_or(0),
                attributes: *attributes,
                recursive_read_only: *recursive_read_only,
                propagation: *propagation,
                mapped: mapping.is_some(),
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
        StageStep::SetIds { real_uid, effective_uid, real_gid, effective_gid, groups, keep_capabilities } => {
            identity::set_ids(&identity::Ids {
                users: [*real_uid, *effective_uid],
                groups: [*real_gid, *effective_gid],
                supplementary: groups.as_deref(),
                keep_capabilities: *keep_capabilities,
            })
        }
        StageStep::SetParentDeathSignal { signal } => identity::set_parent_death_signal(*signal),
        StageStep::SetCapabilities { effective, permitted, inheritable, ambient } => {
            identity::set_capabilities([effective, permitted, inheritable], ambient)
        }
        StageStep::SetSecurebits { bits } => identity::set_securebits(*bits),
        StageStep::NoNewPrivileges => identity::no_new_privileges(),
        StageStep::LoadFilter { filter } => filter::load_in_time(container, filter),
        StageStep::ChangeDirectory { path, create } => program::change_directory(container, path, *create),
        StageStep::CloseDescriptors { keep } => program::close_descriptors(*keep),
        StageStep::Execute { arguments, environment, home, .. } => {
            let environment = match home {
                Some(true) => home::with_home(container, environment)?,
                _ => Cow::Borrowed(environment.as_slice()),
            };
            let Err(error) = program::execute(container, arguments, &environment);
            Err(error)
        }
    }
}
