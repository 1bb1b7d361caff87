//! Namespaces that stay without a process: bound on files. namespaces(7)

use masu_steps::failure::failed;
use masu_sys::errno::values::{EEXIST, EINVAL};
use masu_sys::error::SysError;
use masu_sys::mount;
use masu_wire::error::CoreError;
use masu_wire::plan::KeepNamespace;
use std::fs::{OpenOptions, remove_file};
use std::os::unix::fs::OpenOptionsExt;

/// What was bound, in order.
#[derive(Debug, Default)]
pub(super) struct Kept {
    files: Vec<Bound>,
}

#[derive(Debug)]
struct Bound {
    path: String,
    /// It was made for this.
    made: bool,
    mounted: bool,
}

impl Kept {
    /// Binds each namespace of the process. What was done of it is noted for [`Kept::give_up`] also when it fails.
    pub(super) fn keep(&mut self, pid: u32, wanted: &[KeepNamespace]) -> Result<(), CoreError> {
        for KeepNamespace { namespace, path } in wanted {
            let file = namespace.file();
            let action = || format!("Keep the {file} namespace at {path:?}");
            let made = make(path).map_err(|error| failed(action(), error))?;
            self.files.push(Bound { path: path.clone(), made, mounted: false });
            mount::bind(&format!("/proc/{pid}/ns/{file}"), path, false).map_err(|error| {
                let failure = failed(action(), error);
                match error.errno {
                    // A mount namespace that its own copies would hold for ever. unshare(1), "EXAMPLES"
                    EINVAL if file == "mnt" => failure.with_hint(format!(
                        "a mount namespace can be kept only on a mount that is private: mount --bind DIR DIR; mount --make-private DIR, with {path:?} below DIR"
                    )),
                    _ => failure,
                }
            })?;
            if let Some(bound) = self.files.last_mut() {
                bound.mounted = true;
            }
        }
        Ok(())
    }

    /// Undoes all of it. What cannot be undone is seen in the mount table.
    pub(super) fn give_up(self) {
        for Bound { path, made, mounted } in self.files.into_iter().rev() {
            if mounted {
                let _ = mount::detach(&path);
            }
            if made {
                let _ = remove_file(path);
            }
        }
    }
}

/// Whether it had to be made.
fn make(path: &str) -> Result<bool, SysError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o444).open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.raw_os_error() == Some(EEXIST) => Ok(false),
        Err(error) => Err(SysError::from_io("open", &error)),
    }
}
