//! What this host and this process are: read, never changed. All that a plan depends on comes from here, so that it can be read again.

pub mod kept;
pub mod observe;
pub mod process;
pub mod working_directory;
