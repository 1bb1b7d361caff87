//! Ops on containers that live on, each named by its ID, its name, or the start of its ID that only it has.

use serde::{Deserialize, Serialize};

use crate::bundle::Handover;
use crate::container::{ContainerDocument, ContainerEnd, ContainerRecord, HealthRecord, RestartPolicy};
use crate::error::CoreError;
use crate::plan::{HostStep, StageStep};
use crate::request::KeepPlan;
use crate::wire_type;

wire_type! {
    /// Where this user's containers are.
    #[derive(PartialEq, Eq)]
    pub struct Store {
        /// Runtime state, gone after a boot: `/run/masu`.
        pub runtime: String,
        /// What lasts: `/var/lib/masu`.
        pub data: String,
    }
}

wire_type! {
    /// `create`: carries out the plan's `create` and writes `container.json`. It is there then, or nothing of it is.
    pub struct CreateRequest {
        /// Where.
        pub store: Store,
        /// What was decided. Its plan's blanks stay in it.
        pub document: ContainerDocument,
        /// Keep it for the same command, which also starts it; none: it depends on something that no look shows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub keep: Option<KeepPlan>,
    }
}

wire_type! {
    /// `run_kept`: makes and starts a container that lives on by a kept plan.
    pub struct RunKeptRequest {
        /// Where.
        pub store: Store,
        /// Where plans are kept.
        pub directory: String,
        /// All words after `masu`, or whatever else it was kept for.
        pub command: Vec<String>,
    }
}

wire_type! {
    /// `run_kept`: its ID; none: no plan was kept, or it does not hold any more, and nothing was done.
    pub struct RunKeptReply {
        /// Its ID.
        pub id: Option<String>,
    }
}

wire_type! {
    /// `create`: nothing to say.
    pub struct CreateReply {}
}

wire_type! {
    /// `start`: starts a monitor, which starts the container; answers when its program runs.
    pub struct StartRequest {
        /// Where.
        pub store: Store,
        /// Which.
        pub container: String,
        /// Connect to it before its program runs, so that nothing of its output is missed: [`StartReply::connection`].
        pub attach: bool,
        /// `NOTIFY_SOCKET` of the caller, for a container of a bundle that was created with one: `start` then waits for its program's
        /// word that it is ready, and passes it on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub notify_socket: Option<String>,
    }
}

wire_type! {
    /// `start`: it runs.
    pub struct StartReply {
        /// Its ID.
        pub id: String,
        /// Its first process.
        pub pid: u32,
        /// False: it ran already.
        pub started: bool,
        /// A connection to its monitor, close-on-exec, when it was asked for and the container did not run already.
        pub connection: Option<i32>,
    }
}

wire_type! {
    /// `containers`: what is true of containers now.
    pub struct ContainersRequest {
        /// Where.
        pub store: Store,
        /// Which; none: all, in the order of their creation.
        pub words: Vec<String>,
    }
}

wire_type! {
    /// `containers`: one view for each. Errors: `not_found` for a word that names none, `invalid_config` for one that several begin with.
    pub struct ContainersReply {
        /// In the order asked for.
        pub containers: Vec<ContainerView>,
    }
}

wire_type! {
    /// What is true now.
    #[derive(Copy, PartialEq, Eq)]
    pub enum Status {
        /// Never started.
        Created,
        /// Its program runs.
        Running,
        /// Its processes are frozen.
        Paused,
        /// It has ended, and will be started again.
        Restarting,
        /// It has ended.
        Stopped,
        /// What was written down of it cannot be read: `delete --force` or `system prune` remove it.
        Broken,
    }
}

wire_type! {
    /// A container as `list` shows it.
    pub struct ContainerView {
        /// Its ID.
        pub id: String,
        /// What is true now.
        pub status: Status,
        /// The name that leads to it.
        pub name: Option<String>,
        /// When it was made; empty of a broken one.
        pub created: String,
        /// IMAGE as it was written.
        pub image: String,
        /// The program and its arguments.
        pub command: Vec<String>,
        /// Labels.
        pub labels: std::collections::BTreeMap<String, String>,
        /// It lives on when it has ended; false: it runs in the foreground of its masu.
        pub lasting: bool,
        /// Its monitor, or the masu that runs it in the foreground, is alive.
        pub watched: bool,
        /// `state.json`, while it runs.
        pub record: Option<ContainerRecord>,
        /// `end.json`, once it has ended.
        pub end: Option<ContainerEnd>,
        /// How many of its processes the kernel killed for lack of memory, in this run or, once it has ended, in its last one.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub oom_kills: u64,
        /// `health.json`, while it runs and has checks.
        pub health: Option<HealthRecord>,
        /// How it is started again.
        pub restart: Option<RestartPolicy>,
        /// Why it is broken.
        pub error: Option<CoreError>,
    }
}

wire_type! {
    /// `inspect`: all that is known of one container.
    pub struct InspectRequest {
        /// Where.
        pub store: Store,
        /// Which.
        pub container: String,
    }
}

wire_type! {
    /// `inspect`.
    pub struct InspectReply {
        /// What is true now.
        pub view: ContainerView,
        /// `container.json`; none: it runs in the foreground.
        pub document: Option<ContainerDocument>,
    }
}

wire_type! {
    /// `state`: OCI's state of one container.
    pub struct StateRequest {
        /// Where.
        pub store: Store,
        /// Which.
        pub container: String,
    }
}

wire_type! {
    /// `state`.
    pub struct StateReply {
        /// The JSON document as it is printed.
        pub text: String,
    }
}

wire_type! {
    /// `kill`: sends a signal to the first process of each.
    pub struct KillRequest {
        /// Where.
        pub store: Store,
        /// Which.
        pub words: Vec<String>,
        /// Which signal, by number.
        pub signal: i32,
        /// To every process in it, not only the first.
        pub all: bool,
    }
}

wire_type! {
    /// `stop` and `restart`: asks all to end at once, waits, kills those that take too long.
    pub struct StopRequest {
        /// Where.
        pub store: Store,
        /// Which.
        pub words: Vec<String>,
        /// The signal; none: each one's own.
        pub signal: Option<i32>,
        /// How long to wait before SIGKILL, -1: for ever; none: each one's own.
        #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
        pub timeout_ms: Option<i64>,
        /// The end of a pipe that is read: when nobody holds the other end any more, this does not wait any longer; what was asked for goes on. Stays the caller's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub cancel: Option<i32>,
    }
}

wire_type! {
    /// `await_end`: waits until each has ended and will not be started again.
    pub struct AwaitEndRequest {
        /// Where.
        pub store: Store,
        /// Which.
        pub words: Vec<String>,
        /// The end of a pipe that is read: when nobody holds the other end any more, this does not wait any longer. Stays the caller's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub cancel: Option<i32>,
    }
}

wire_type! {
    /// `delete`: removes containers and all they left.
    pub struct DeleteRequest {
        /// Where.
        pub store: Store,
        /// Which.
        pub words: Vec<String>,
        /// Kill those that run.
        pub force: bool,
        /// One that is not there is fine.
        pub ignore: bool,
    }
}

wire_type! {
    /// `freeze`: stops and resumes all processes of containers.
    pub struct FreezeRequest {
        /// Where.
        pub store: Store,
        /// Which.
        pub words: Vec<String>,
        /// Frozen, or going on.
        pub frozen: bool,
    }
}

wire_type! {
    /// `kill`, `stop`, `restart`, `await_end`, `delete`, `freeze`: what became of each, in the order asked for. One's failure does not keep the others from it.
    pub struct OutcomesReply {
        /// One for each word.
        pub outcomes: Vec<Outcome>,
    }
}

wire_type! {
    /// What became of one container.
    pub struct Outcome {
        /// The word it was named by.
        pub word: String,
        /// Its ID; none: there is none.
        pub id: Option<String>,
        /// How it ended, where that was waited for.
        pub end: Option<ContainerEnd>,
        /// Why it could not be done.
        pub error: Option<CoreError>,
    }
}

wire_type! {
    /// `rename`.
    pub struct RenameRequest {
        /// Where.
        pub store: Store,
        /// Which.
        pub container: String,
        /// Its new name.
        pub name: String,
    }
}

wire_type! {
    /// `rename`.
    pub struct RenameReply {
        /// Its ID.
        pub id: String,
    }
}

wire_type! {
    /// `lock`: keeps all others from changing a container, for a change that takes several calls. Waits for whoever has it.
    pub struct LockRequest {
        /// Where.
        pub store: Store,
        /// Which.
        pub container: String,
    }
}

wire_type! {
    /// `lock`. What was read of the container before may be so no longer.
    pub struct LockReply {
        /// Its ID.
        pub id: String,
        /// Close-on-exec; closing it unlocks. Ops that lock by themselves would wait for it for ever.
        pub descriptor: i32,
    }
}

wire_type! {
    /// `update`: changes what was decided, now where it runs, and for its next starts.
    pub struct UpdateRequest {
        /// Where.
        pub store: Store,
        /// Which, by its ID.
        pub container: String,
        /// From `lock`, since before the document was read. Stays the caller's.
        pub lock: i32,
        /// Writes to its cgroups, done when it runs; blanks filled in. When one fails, nothing is written down.
        pub writes: Vec<HostStep>,
        /// The whole document as it shall be.
        pub document: ContainerDocument,
    }
}

wire_type! {
    /// `update`: nothing to say.
    pub struct UpdateReply {}
}

wire_type! {
    /// `prune`: removes what no container has any more, and containers that have ended when asked to.
    pub struct PruneRequest {
        /// Where.
        pub store: Store,
        /// Delete stopped and created containers too.
        pub containers: bool,
        /// Only say what would be removed.
        pub dry: bool,
    }
}

wire_type! {
    /// `prune`.
    pub struct PruneReply {
        /// IDs of deleted containers.
        pub containers: Vec<String>,
        /// Files, directories and cgroups that were nobody's.
        pub leftovers: Vec<String>,
        /// What could not be removed.
        pub failures: Vec<CoreError>,
    }
}

wire_type! {
    /// `attach`: this process becomes one that connects its terminal or streams to a container; only an error comes back.
    pub struct AttachRequest {
        /// Where.
        pub store: Store,
        /// Which.
        pub container: String,
        /// A connection from `start`; none: to the running container.
        pub connection: Option<i32>,
        /// Pass stdin on.
        pub stdin: bool,
        /// Bytes that detach, in this order; empty: none.
        pub detach_keys: Vec<u8>,
        /// Pass signals on to the container's first process.
        pub forward_signals: bool,
    }
}

wire_type! {
    /// `exec` and `exec_run`: runs another program in a running container. `exec_run` becomes that program's monitor, as `run` does.
    pub struct ExecRequest {
        /// Where.
        pub store: Store,
        /// Which.
        pub container: String,
        /// How it differs from the container's own program.
        pub options: ExecOptions,
        /// `exec` only: descriptors that become its stdin, stdout and stderr, -1 for `/dev/null`; none: those of this process.
        pub stdio: Option<[i32; 3]>,
    }
}

wire_type! {
    /// How a second program differs from the container's own.
    pub struct ExecOptions {
        /// The program and its arguments.
        pub arguments: Vec<String>,
        /// `NAME=value` each, over the container's own environment.
        pub environment: Vec<String>,
        /// Its working directory; none: the container's.
        pub directory: Option<String>,
        /// A terminal of its own, with rows and columns; 0: as the kernel has it.
        pub terminal: Option<[u16; 2]>,
        /// How many descriptors from 3 on are passed on.
        pub preserve_fds: u32,
        /// A file to write its pid to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub pid_file: Option<String>,
        /// Steps in place of the template's, for everything else (another user, other capabilities).
        pub steps: Option<Vec<StageStep>>,
        /// An OCI process document, which says everything: arguments, environment, user and so on. runc's `exec --process`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional, type = "unknown"))]
        pub process: Option<serde_json::Value>,
        /// Who else is told of it, where it is detached.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub handover: Option<Handover>,
        /// A cgroup below the container's own in each hierarchy (`PATH`), or in some (`controller,controller:PATH`). runc's `exec --cgroup`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<String>>"))]
        pub cgroups: Vec<String>,
        /// Run it though the container is paused: it then waits until that is resumed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub ignore_paused: Option<bool>,
    }
}

wire_type! {
    /// `perform`: executes steps in order, and stops at the first that fails; nothing is undone.
    pub struct PerformRequest {
        /// The steps.
        pub steps: Vec<HostStep>,
        /// Values of the text blanks.
        pub blanks: std::collections::BTreeMap<String, String>,
    }
}

wire_type! {
    /// `perform`: nothing to say.
    pub struct PerformReply {}
}
