//! Ops of overlays and of what files are marked with: `mount_overlay`, `unmount`, `layer`, `attributes`, `securebits`.

use serde::{Deserialize, Serialize};

use crate::request::FileKind;
use crate::wire_type;

wire_type! {
    /// `mount_overlay`: one overlay, on a directory that is there. Errors: those of mount(2), explained.
    pub struct MountOverlayRequest {
        /// Where.
        pub destination: String,
        /// Lower layers, the topmost first, as they are called.
        pub lower: Vec<String>,
        /// The upper layer; none: nothing can be changed.
        pub upper: Option<String>,
        /// Its work directory.
        pub work: Option<String>,
        /// The work directory is made, and removed again where the mount fails.
        pub make_work: bool,
        /// `userxattr`, `index=on`.
        pub options: Vec<String>,
        /// Mounted read-only.
        pub read_only: bool,
    }
}

wire_type! {
    /// `mount_overlay`: it is mounted.
    pub struct MountOverlayReply {}
}

wire_type! {
    /// `unmount`: the topmost mount on a path, which is no symbolic link.
    pub struct UnmountRequest {
        /// Where.
        pub path: String,
        /// Even while it is used: it goes when nobody uses it any more.
        pub lazy: bool,
    }
}

wire_type! {
    /// `unmount`: it is gone.
    pub struct UnmountReply {}
}

wire_type! {
    /// `layer`: all that is in an upper directory, as it is there.
    pub struct LayerRequest {
        /// The directory.
        pub path: String,
    }
}

wire_type! {
    /// `layer`.
    pub struct LayerReply {
        /// Sorted by path.
        pub entries: Vec<LayerEntry>,
    }
}

wire_type! {
    /// A file of a layer with overlayfs's marks. Kernel, Documentation/filesystems/overlayfs.rst
    pub struct LayerEntry {
        /// Below the layer, from `/` on.
        pub path: String,
        /// What it is.
        pub kind: FileKind,
        /// It stands for nothing: what the lower layers have there is gone.
        pub whiteout: Option<Whiteout>,
        /// A directory through which nothing of the lower layers shows.
        pub opaque: bool,
        /// What of the lower layers it stands for: a path of the layers, or a name in the same directory.
        pub redirect: Option<String>,
        /// Only owner, mode and so on are of this layer; the content is a lower one's.
        pub metacopy: bool,
    }
}

wire_type! {
    /// How a whiteout is made.
    #[derive(Copy, PartialEq, Eq)]
    pub enum Whiteout {
        /// A character device 0:0.
        Device,
        /// An empty file with the attribute `overlay.whiteout`.
        Attribute,
    }
}

wire_type! {
    /// `attributes`: one extended attribute of many files, symbolic links followed. getxattr(2)
    pub struct AttributesRequest {
        /// Of which files.
        pub paths: Vec<String>,
        /// `security.capability`.
        pub name: String,
    }
}

wire_type! {
    /// `attributes`: one for each path.
    pub struct AttributesReply {
        /// In their order.
        pub found: Vec<AttributeFound>,
    }
}

wire_type! {
    /// The attribute of one file.
    pub struct AttributeFound {
        /// errno(3) of what failed.
        pub errno: Option<i32>,
        /// Its value in hexadecimal; none: the file has no such attribute.
        pub value: Option<String>,
    }
}

wire_type! {
    /// `securebits`: asks for masu's own.
    pub struct SecurebitsRequest {}
}

wire_type! {
    /// `securebits`: SECBIT_* of linux/securebits.h.
    pub struct SecurebitsReply {
        /// The bits.
        pub bits: u32,
    }
}
