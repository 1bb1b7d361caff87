//! Mounts in the runtime namespace.

use masu_sys::mount as mounts;
use masu_wire::error::CoreError;

use crate::failure::failed;

/// What is mounted, besides source and place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options<'a> {
    /// File system type.
    pub(crate) kind: &'a str,
    /// MS_* bits.
    pub(crate) flags: u32,
    /// File system options.
    pub(crate) data: &'a str,
}

/// `HostStep::Mount`
pub(crate) fn mount(source: &str, destination: &str, options: &Options<'_>) -> Result<(), CoreError> {
    mounts::mount(source, destination, options.kind, options.flags, options.data)
        .map_err(|error| failed(format!("Mount {source:?} on {destination:?}"), error))
}

/// `HostStep::Unmount`
pub(crate) fn unmount(path: &str, lazy: bool) -> Result<(), CoreError> {
    let done = if lazy { mounts::detach(path) } else { mounts::unmount(path) };
    done.map_err(|error| failed(format!("Unmount {path:?}"), error))
}
