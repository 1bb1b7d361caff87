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
//! The end of the stream before `Executing` means that the stage died or was killed.

use masu_sys::error::SysError;
use masu_sys::socket;
use masu_wire::error::CoreError;
use masu_wire::plan::{JoinNamespace, Namespace, RootSource, StageStep, TimeOffset};
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
}

/// Existing namespaces to join and new ones to make.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnterOrder {
    /// In this order, except that a user namespace is entered first.
    pub join: Vec<JoinNamespace>,
    /// New namespaces of the child; a time namespace is left to [`StageDocument::new_time_namespace`].
    pub namespaces: Vec<Namespace>,
    /// The v2 cgroup's directory in which the child starts.
    pub cgroup: Option<String>,
}

/// Everything that the container's first process has to do.
///
/// Its descriptors: for each step of `inside` in order, one for each layer that is to be idmapped (see [`idmapped_layers`]):
/// detached mounts (open_tree(2) OPEN_TREE_CLONE) that already have MOUNT_ATTR_IDMAP.
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
    /// Signals that are blocked in the program, as bits: signal n is bit n - 1.
    pub signal_mask: u64,
}

/// From the stage to the core.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StageMessage {
    /// The child that continues, as the core's pid namespace numbers it; with its pidfd, where there are any.
    Entered {
        /// Its pid.
        pid: u32,
    },
    /// A step opened the terminal; with the master.
    Terminal,
    /// Everything is done but execve(2): the end of the stream is now its success.
    Executing,
    /// A step failed; the stage ends.
    Failed {
        /// Why, with its place.
        error: Box<CoreError>,
    },
}

/// The paths that a step wants as idmapped detached mounts, in the order of their descriptors.
#[must_use]
pub fn idmapped_layers(step: &StageStep) -> Vec<&str> {
    match step {
        StageStep::MountRoot { root: RootSource::Bind { source, idmapped: true, .. }, .. } => vec![source],
        StageStep::MountRoot { root: RootSource::Overlay { layer }, .. } | StageStep::MountOverlay { layer, .. }
            if layer.idmapped =>
        {
            layer.lower.iter().map(String::as_str).collect()
        }
        _ => Vec::new(),
    }
}

/// Sends one message and its descriptors.
pub fn send(socket: BorrowedFd<'_>, message: &impl Serialize, descriptors: &[BorrowedFd<'_>]) -> Result<(), SysError> {
    // A wire type always has a JSON form: its keys are strings.
    let body = serde_json::to_vec(message).map_err(|_| malformed())?;
    let length = u32::try_from(body.len()).map_err(|_| malformed())?;
    socket::send_all(socket, &length.to_le_bytes(), &body, descriptors)
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
            signal_mask: u64::MAX,
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
    fn idmapped_layers_lists_the_lower_directories() {
        assert_eq!(document().inside.iter().flat_map(idmapped_layers).collect::<Vec<_>>(), ["/b", "/a"]);
    }
}
