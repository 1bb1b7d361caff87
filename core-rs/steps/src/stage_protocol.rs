//! What the core and `init stage FD` say to each other over one stream socket.
//!
//! Each message is its length (u32, little endian) and that many bytes of JSON; descriptors go with its first byte.
//!
//! ```text
//! core                                       stage
//! clone3 with plan.clone.namespaces   ->     starts, waits
//! write maps, record, idmapped clones
//! Start(document, descriptors)        ->     network, inside, exec steps
//!                                     <-     Terminal (with the master), when a step opens one
//!                                     <-     Executing, right before execve(2)
//!                                     <-     Failed(error) at any point, or the end of the stream at execve(2)
//! ```
//!
//! With `plan.clone.join` the core clones a plain process first, without new namespaces:
//!
//! ```text
//! Enter(join, namespaces, cgroup)     ->     setns(2), then clone3(2) with CLONE_PARENT and the new namespaces
//!                                     <-     Entered(pid) (with a pidfd, where there are any); the first process exits with status 0
//! ```
//!
//! and from there on the child, which is the core's child too, has the same socket and everything goes as above.
//!
//! With `plan.clone.enter` that first process stays out of the container's pid namespace, and does everything but be the program:
//!
//! ```text
//! Enter(process, cgroup)              ->     setns(2)
//! Start(document, descriptors)        ->     network, inside, exec steps
//!                                     <-     Terminal (with the master), when a step opens one
//!                                     <-     Executing
//!                                     <-     Entered(pid) of a child, the core's too, that is about to execute the program
//! Watched                             ->     the first process exits with status 0; without this message it kills the child
//!                                     <-     Failed(error) from the child, or the end of the stream, as above
//! ```
//!
//! The end of the stream before `Executing` means that the stage died or was killed.
//!
//! A plan with the step `await_runtime` has the core do something in between, and one with `await_start` ends for the core before the program:
//!
//! ```text
//!                                     <-     Assembled, in `await_runtime`
//! created steps; Proceed              ->     goes on
//!                                     <-     Waiting, in `await_start`: that is the core's success, and the stage closes its socket
//! ```
//!
//! What the stage has then is the listener that the core gave it. Whoever starts the container connects to it, and the connection takes the place of
//! the core's socket; one that closes without an order has only looked whether the stage still waits.
//!
//! ```text
//! start                                      stage
//! Proceed                             ->     the exec steps that are left
//!                                     <-     Executing
//!                                     <-     Failed(error) at any point, or the end of the stream, as above
//! ```

use masu_sys::error::SysError;
use masu_sys::socket;
use masu_wire::error::CoreError;
use masu_wire::plan::{
    EnterProcess, Filter, JoinNamespace, Namespace, PartStep, RootSource, StageStep, TimeOffset, UserMapping,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::os::fd::{BorrowedFd, OwnedFd};

/// No document is longer than this: a plan of the longest sensible size, ten times over.
const MAX_LENGTH: usize = 64 << 20;

/// From the core to the stage.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StageOrder {
    /// Join namespaces, then continue in a child with new ones.
    Enter(EnterOrder),
    /// Execute the steps.
    Start(Box<StageDocument>),
    /// The core, or its guard, ends the child from now on: the process that made it is not needed any more.
    /// After `Namespaces`: they are kept.
    Watched,
    /// After `Assembled`, and to a stage that waits for its start: go on.
    Proceed,
}

/// Existing namespaces to join and new ones to make.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnterOrder {
    /// Enter the namespaces of a process; `join` and `namespaces` are then empty.
    pub enter: Option<EnterProcess>,
    /// In this order, except that a user namespace is entered first.
    pub join: Vec<JoinNamespace>,
    /// New namespaces of the child; a time namespace is left to [`StageDocument::new_time_namespace`].
    pub namespaces: Vec<Namespace>,
    /// The v2 cgroup's directory in which the child starts.
    pub cgroup: Option<String>,
    /// With `enter`: what its step says, done before, while this process has the rights to it.
    pub oom_score_adj: Option<i32>,
    /// Of a program without a container: what to open before anything is joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Box<PartStep>>,
}

/// Everything that the container's first process has to do.
///
/// Its descriptors: for each step of `inside` in order, one for each of its [`mapped_trees`]:
/// detached mounts (open_tree(2) OPEN_TREE_CLONE) that already have MOUNT_ATTR_IDMAP. Then, where a filter of `exec` asks a seccomp agent, the
/// connection to it (see [`asks_agent`]).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StageDocument {
    /// The process is in a user namespace other than the core's, new (its maps are written) or joined: become its uid and gid 0.
    pub user_namespace: bool,
    /// unshare(2) CLONE_NEWTIME, write the offsets, enter it.
    pub new_time_namespace: bool,
    /// Offsets of that time namespace.
    pub time_offsets: Vec<TimeOffset>,
    /// The v2 cgroup's directory to join, where the clone could not start the process in it (no clone3(2)).
    pub cgroup: Option<String>,
    /// `plan.network`
    pub network: Vec<StageStep>,
    /// `plan.inside`
    pub inside: Vec<StageStep>,
    /// `plan.exec`
    pub exec: Vec<StageStep>,
    /// The first three descriptors are to be stdin, stdout and stderr.
    pub stdio: bool,
    /// The last descriptor is the listener of the step `await_start`.
    pub listener: bool,
    /// Signals that are blocked in the program, as bits: signal n is bit n - 1.
    pub signal_mask: u64,
    /// Of a program without a container: how it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<PartStep>,
}

/// `init become FD`: what masu's own process does before it is the program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BecomeDocument {
    /// A child of this process that has to be reaped, if there is one.
    pub keeper_pid: Option<u32>,
    /// New namespaces, none of which needs another process: unshare(2).
    pub namespaces: Vec<Namespace>,
    /// All else.
    pub document: StageDocument,
}

/// From the stage to the core.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StageMessage {
    /// The child that continues, as the core's pid namespace numbers it; after joining with its pidfd, where there are any.
    Entered {
        /// Its pid.
        pid: u32,
    },
    /// A step opened the terminal; with the master.
    Terminal,
    /// All namespaces are there, to be kept: waits for `Watched` before it goes on.
    Namespaces,
    /// Everything is mounted: waits for `Proceed` before it goes on.
    Assembled,
    /// The container is made, and the core not needed any more: its program waits for `Proceed` over the listener.
    Waiting,
    /// Everything is done but execve(2): the end of the stream is now its success.
    Executing,
    /// A step failed; the stage ends.
    Failed {
        /// Why, with its place.
        error: Box<CoreError>,
    },
}

/// A detached mount that a step wants from the core, its owners mapped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MappedTree<'a> {
    /// What to clone, in the runtime namespace.
    pub path: &'a str,
    /// With what is mounted below it.
    pub recursive: bool,
    /// That is mapped, too.
    pub mapped_below: bool,
    /// The mapping; none: the container's own.
    pub mapping: Option<&'a UserMapping>,
}

/// The mapped trees that a step wants, in the order of their descriptors.
#[must_use]
pub fn mapped_trees(step: &StageStep) -> Vec<MappedTree<'_>> {
    let own = |path, recursive| MappedTree { path, recursive, mapped_below: recursive, mapping: None };
    match step {
        StageStep::MountRoot { root: RootSource::Bind { source, idmapped: true, recursive }, .. } => {
            vec![own(source, *recursive)]
        }
        StageStep::MountRoot { root: RootSource::Overlay { layer }, .. } | StageStep::MountOverlay { layer, .. }
            if layer.idmapped =>
        {
            layer.lower.iter().map(|path| own(path, false)).collect()
        }
        StageStep::Bind { source, recursive, mapping: Some(mapping), .. } => {
            let (mapped_below, mapping) = (mapping.recursive && *recursive, mapping.mapping.as_ref());
            vec![MappedTree { path: source, recursive: *recursive, mapped_below, mapping }]
        }
        _ => Vec::new(),
    }
}

/// A filter of these steps asks a seccomp agent.
#[must_use]
pub fn asks_agent(exec: &[StageStep]) -> bool {
    exec.iter().any(|step| matches!(step, StageStep::LoadFilter { filter: Filter::Program { listener: Some(_), .. } }))
}

/// Puts a process's number into what an agent is told of it: an OCI `ContainerProcessState`, and the state in it.
pub fn set_pid(process_state: &mut serde_json::Value, pid: u32) {
    let Some(fields) = process_state.as_object_mut() else { return };
    fields.insert("pid".to_owned(), pid.into());
    if let Some(state) = fields.get_mut("state").and_then(serde_json::Value::as_object_mut) {
        state.insert("pid".to_owned(), pid.into());
    }
}

/// Sends one message and its descriptors.
pub fn send(socket: BorrowedFd<'_>, message: &impl Serialize, descriptors: &[BorrowedFd<'_>]) -> Result<(), SysError> {
    let (length, body) = encoded(message)?;
    socket::send_all(socket, &length, &body, descriptors)
}

/// A message's bytes, for who cannot send it itself.
pub fn framed(message: &impl Serialize) -> Result<Vec<u8>, SysError> {
    let (length, body) = encoded(message)?;
    Ok([&length[..], &body].concat())
}

fn encoded(message: &impl Serialize) -> Result<([u8; 4], Vec<u8>), SysError> {
    // A wire type always has a JSON form: its keys are strings.
    let body = serde_json::to_vec(message).map_err(|_| malformed())?;
    let length = u32::try_from(body.len()).map_err(|_| malformed())?;
    Ok((length.to_le_bytes(), body))
}

/// A message with the descriptors that came with it.
#[derive(Debug)]
pub struct Received<T> {
    /// The message.
    pub message: T,
    /// Its descriptors, close-on-exec.
    pub descriptors: Vec<OwnedFd>,
}

/// Waits for one message; none: the other end was closed. EBADMSG: it is not one.
pub fn receive<T: DeserializeOwned>(socket: BorrowedFd<'_>) -> Result<Option<Received<T>>, SysError> {
    let (mut header, mut descriptors) = ([0; 4], Vec::new());
    if !socket::receive_exact(socket, &mut header, &mut descriptors)? {
        return Ok(None);
    }
    let length = usize::try_from(u32::from_le_bytes(header)).unwrap_or(usize::MAX);
    if length > MAX_LENGTH {
        return Err(malformed());
    }
    let mut body = vec![0; length];
    if length > 0 && !socket::receive_exact(socket, &mut body, &mut descriptors)? {
        return Err(malformed());
    }
    let message = serde_json::from_slice(&body).map_err(|_| malformed())?;
    Ok(Some(Received { message, descriptors }))
}

fn malformed() -> SysError {
    SysError::new("recvmsg", masu_sys::errno::values::EBADMSG)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    fn document() -> StageDocument {
        let step = |json: &str| serde_json::from_str(json).unwrap();
        StageDocument {
            user_namespace: true,
            new_time_namespace: true,
            time_offsets: vec![TimeOffset { clock: "boottime".to_owned(), seconds: -5, nanoseconds: 7 }],
            cgroup: None,
            network: vec![StageStep::LoopbackUp],
            inside: vec![step(
                r#"{"kind":"mount_root","path":"/r","root":{"kind":"overlay","layer":
                   {"lower":["/b","/a"],"upper":"/u","work":"/w","options":[],"idmapped":true}}}"#,
            )],
            exec: vec![StageStep::NoNewPrivileges],
            stdio: false,
            listener: false,
            signal_mask: u64::MAX,
            part: None,
        }
    }

    #[test]
    fn receive_returns_what_send_sent_and_then_none() {
        let (core, stage) = socket::stream_pair().unwrap();
        send(core.as_fd(), &StageOrder::Start(Box::new(document())), &[core.as_fd(), stage.as_fd()]).unwrap();
        let received = receive::<StageOrder>(stage.as_fd()).unwrap().unwrap();
        let StageOrder::Start(start) = received.message else { panic!("{:?}", received.message) };
        assert_eq!(serde_json::to_value(start).unwrap(), serde_json::to_value(document()).unwrap());
        assert_eq!(received.descriptors.len(), 2);
        drop((core, received.descriptors));
        assert!(receive::<StageOrder>(stage.as_fd()).unwrap().is_none());
    }

    #[test]
    fn receive_refuses_what_is_no_message() {
        let (core, stage) = socket::stream_pair().unwrap();
        socket::send_all(core.as_fd(), &3u32.to_le_bytes(), b"no!", &[]).unwrap();
        assert_eq!(receive::<StageOrder>(stage.as_fd()).unwrap_err().errno, masu_sys::errno::values::EBADMSG);
        socket::send_all(core.as_fd(), &u32::MAX.to_le_bytes(), b"", &[]).unwrap();
        assert_eq!(receive::<StageOrder>(stage.as_fd()).unwrap_err().errno, masu_sys::errno::values::EBADMSG);
    }

    #[test]
    fn mapped_trees_lists_lower_directories_and_mapped_binds() {
        let mut document = document();
        let bind = r#"{"kind":"bind","source":"/s","destination":"/d","recursive":true,"flags":0,"recursiveReadOnly":false,
            "propagation":null,"create":"directory","mapping":{"mapping":null,"recursive":false}}"#;
        document.inside.push(serde_json::from_str(bind).unwrap());
        let trees: Vec<_> = document.inside.iter().flat_map(mapped_trees).collect();
        let shown: Vec<_> = trees.iter().map(|tree| (tree.path, tree.recursive, tree.mapped_below)).collect();
        assert_eq!(shown, [("/b", false, false), ("/a", false, false), ("/s", true, false)]);
    }
}
