//! Op `tree`: reads and writes trees of files, of the caller and of containers. What comes out and goes in is a tar stream.

use serde::{Deserialize, Serialize};

use crate::error::CoreError;
use crate::lifecycle::Store;
use crate::plan::{OverlayLayer, StageStep, UserMapping};
use crate::request::FileStatus;
use crate::wire_type;

wire_type! {
    /// `tree`: each job is done by a process of its own, all at once.
    pub struct TreeRequest {
        /// One or two. Of two, the first packs what the second unpacks.
        pub jobs: Vec<TreeJob>,
        /// Where the stream of a single job comes from or goes to.
        pub stream: TreeStream,
    }
}

wire_type! {
    /// The other end of a single job's tar stream.
    #[serde(tag = "kind")]
    pub enum TreeStream {
        /// The job has none, or there are two.
        None,
        /// This process's stdin.
        Stdin,
        /// This process's stdout.
        Stdout,
        /// A file of the caller's. It is there when it is complete: until then it has another name beside it.
        File {
            /// Its path.
            path: String,
        },
    }
}

wire_type! {
    /// What to do with which files.
    pub struct TreeJob {
        /// Whose files.
        pub place: TreePlace,
        /// What to do.
        pub task: TreeTask,
    }
}

wire_type! {
    /// Whose files, and with which rights.
    #[serde(tag = "kind")]
    pub enum TreePlace {
        /// The caller's, with the caller's own rights; a path starts at `/`.
        Caller,
        /// Those of a running container, seen through its first process, with the rights of its root.
        Running {
            /// Its first process.
            pid: u32,
            /// Its start time, clock ticks since boot: it must still be the same process.
            #[cfg_attr(feature = "typescript", ts(type = "number"))]
            start: u64,
            /// Capabilities that its root has at most.
            capabilities: Vec<String>,
        },
        /// Those of a container that does not run, mounted for this one job where nobody else sees it, with the rights of its root.
        Stopped {
            /// Where it is.
            store: Store,
            /// Its ID. It is locked meanwhile, so that it is not started.
            container: String,
            /// Its user namespace.
            user: Option<UserMapping>,
            /// Steps of `plan.inside` that mount its root.
            steps: Vec<StageStep>,
            /// Capabilities that its root has at most.
            capabilities: Vec<String>,
        },
        /// The host's, with all rights of the caller, as root of a user namespace with this mapping.
        Layers {
            /// None: no user namespace.
            user: Option<UserMapping>,
        },
    }
}

wire_type! {
    /// What to do. Paths of a container are resolved below its root, whatever it changes meanwhile.
    #[serde(tag = "kind")]
    pub enum TreeTask {
        /// Tells what is there.
        Look {
            /// Paths.
            paths: Vec<String>,
        },
        /// Writes a tar stream.
        Pack {
            /// What.
            path: String,
            /// What its top is called in the stream; `.`: it stands for the directory that it is unpacked into; empty: only what is in it.
            name: String,
            /// Follow a last symbolic link of the path.
            follow: bool,
            /// Extended attributes too.
            attributes: bool,
            /// Mount points below the top that are gone through; none: all but those of the kernel's own file systems.
            cross: Option<Vec<String>>,
        },
        /// Reads a tar stream.
        Unpack {
            /// The directory to put it in.
            path: String,
            /// How.
            options: UnpackOptions,
        },
        /// Compares the upper directories of overlays with what is below them.
        Changes {
            /// The overlays.
            overlays: Vec<TreeOverlay>,
            /// Mount points, which masu made where they were missing.
            mount_points: Vec<String>,
        },
    }
}

wire_type! {
    /// What becomes of owners and modes.
    #[derive(Copy)]
    pub struct UnpackOptions {
        /// Owners, and extended attributes, as the stream has them. Otherwise all belongs to whoever unpacks: the container's root, or the caller.
        pub archive: bool,
        /// Files may have set-user-ID and set-group-ID bits.
        pub set_id: bool,
        /// Device files are made.
        pub devices: bool,
        /// Symbolic links on the way to an entry are followed, below the container's root. Otherwise they are in the way.
        pub links: bool,
    }
}

wire_type! {
    /// An overlay of a container.
    pub struct TreeOverlay {
        /// Where the container has it.
        pub destination: String,
        /// Its layers.
        pub layer: OverlayLayer,
    }
}

wire_type! {
    /// `tree`: one answer for each job.
    pub struct TreeReply {
        /// In their order.
        pub answers: Vec<TreeAnswer>,
    }
}

wire_type! {
    /// What a job found and did.
    #[derive(Default)]
    pub struct TreeAnswer {
        /// `look`: one for each path.
        pub seen: Vec<TreeSeen>,
        /// `changes`, sorted by path.
        pub changes: Vec<TreeChange>,
        /// Entries that were packed or unpacked.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub entries: u64,
        /// Bytes of files among them.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub bytes: u64,
        /// What was left out or is not as it was, the first hundred of it.
        pub failures: Vec<TreeFailure>,
        /// How much more of that there is.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub more_failures: u64,
    }
}

wire_type! {
    /// What is at a path.
    #[derive(Default)]
    pub struct TreeSeen {
        /// errno(3): why nothing was seen.
        pub errno: Option<i32>,
        /// Its own status.
        pub status: Option<FileStatus>,
        /// Of a symbolic link: what it points to.
        pub target: Option<String>,
        /// Of a symbolic link: the status of what it leads to; none: nothing is there.
        pub followed: Option<FileStatus>,
    }
}

wire_type! {
    /// What differs from the image.
    pub struct TreeChange {
        /// How.
        pub kind: TreeChangeKind,
        /// What, in the container.
        pub path: String,
    }
}

wire_type! {
    /// How something differs.
    #[derive(Copy, PartialEq, Eq)]
    pub enum TreeChangeKind {
        /// It is not in the image.
        Added,
        /// It, or something in it, is different.
        Changed,
        /// It is only in the image.
        Deleted,
    }
}

wire_type! {
    /// Something of a tree that could not be had as it is.
    pub struct TreeFailure {
        /// What, as it is called in the stream.
        pub path: String,
        /// Why.
        pub error: CoreError,
    }
}
