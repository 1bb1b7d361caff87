//! What mounts are made of: the root, layers, mount points, propagation.

use serde::{Deserialize, Serialize};

use crate::wire_type;

wire_type! {
    /// What to make at a mount's destination where nothing is there.
    #[derive(Copy, PartialEq, Eq)]
    pub enum MountPoint {
        /// A directory.
        Directory,
        /// An empty file.
        File,
        /// Nothing: the mount is skipped when its destination is missing.
        Optional,
    }
}

wire_type! {
    /// How the root directory comes to be. pivot_root(2) needs it to be a mount.
    #[serde(tag = "kind")]
    pub enum RootSource {
        /// The directory itself, with what is mounted below it.
        Bind {
            /// The directory.
            source: String,
            /// With what is mounted below it (MS_REC).
            recursive: bool,
            /// Map its owners through the container's user namespace: mount_setattr(2) MOUNT_ATTR_IDMAP.
            idmapped: bool,
        },
        /// Copy on write.
        Overlay {
            /// The layers.
            layer: OverlayLayer,
        },
        /// An empty tmpfs, to be filled by later steps.
        Tmpfs {
            /// Mount data, for example `mode=755`.
            data: String,
        },
    }
}

wire_type! {
    /// One overlay. Kernel, Documentation/filesystems/overlayfs.rst.
    pub struct OverlayLayer {
        /// Lower directories, topmost first.
        pub lower: Vec<String>,
        /// The upper directory.
        pub upper: String,
        /// The work directory, on the upper one's file system.
        pub work: String,
        /// Further mount options, for example `userxattr`.
        pub options: Vec<String>,
        /// Map the lower layers' owners through the container's user namespace (MOUNT_ATTR_IDMAP on a clone of each).
        pub idmapped: bool,
    }
}

wire_type! {
    /// mount_namespaces(7), "Shared subtrees".
    #[derive(Copy, PartialEq, Eq)]
    pub enum Propagation {
        /// MS_PRIVATE
        Private,
        /// MS_PRIVATE with MS_REC
        Rprivate,
        /// MS_SLAVE
        Slave,
        /// MS_SLAVE with MS_REC
        Rslave,
        /// MS_SHARED
        Shared,
        /// MS_SHARED with MS_REC
        Rshared,
        /// MS_UNBINDABLE
        Unbindable,
        /// MS_UNBINDABLE with MS_REC
        Runbindable,
    }
}

wire_type! {
    /// What a mount and all below it get: mount_setattr(2) with AT_RECURSIVE. OCI mount options `rro`, `rnosuid` and so on.
    #[derive(Copy, PartialEq, Eq)]
    pub struct MountAttributes {
        /// MOUNT_ATTR_* bits to set.
        pub set: u32,
        /// MOUNT_ATTR_* bits to clear.
        pub clear: u32,
    }
}

wire_type! {
    /// Owners seen through another user namespace: mount_setattr(2) MOUNT_ATTR_IDMAP. OCI `mounts[].uidMappings`, options `idmap` and `ridmap`.
    #[derive(PartialEq)]
    pub struct MountMapping {
        /// The mapping; none: the container's own.
        pub mapping: Option<super::clone::UserMapping>,
        /// With what is mounted below it.
        pub recursive: bool,
    }
}
