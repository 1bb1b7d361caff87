//! What this host and this process are: read, never changed. All that a plan depends on comes from here, so that it can be read again.

pub mod bundle_document;
pub mod bundle_form;
pub mod kept;
pub mod kept_bundle;
mod kept_file;
pub mod observe;
pub mod process;
pub mod working_directory;
