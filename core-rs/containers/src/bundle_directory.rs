//! Which directory a bundle's path leads to, as getcwd(2) would say in it.

use masu_steps::failure::failed;
use masu_sys::file::{self, OFlags};
use masu_wire::error::CoreError;
use std::os::fd::{AsFd, AsRawFd};

/// The directory at an absolute path, without symbolic links and `..`: what a bundle is called in its state.
///
/// Errors: those of open(2): ENOENT there is none; ENOTDIR it is no directory.
pub fn bundle_directory(path: &str) -> Result<String, CoreError> {
    let explain = |error| failed(format!("Open bundle {path:?}"), error);
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    let opened = file::open(path, flags).map_err(explain)?;
    let status = file::status(opened.as_fd()).map_err(explain)?;
    let leads_here = |real: &String| {
        let found = file::open(real, flags).and_then(|found| file::status(found.as_fd()));
        found.is_ok_and(|found| file::same_file(&found, &status))
    };
    let real = std::fs::read_link(format!("/proc/self/fd/{}", opened.as_raw_fd())).ok();
    let real = real.and_then(|real| real.into_os_string().into_string().ok()).filter(leads_here);
    // A directory below another process's root has no other path, and one whose name is no UTF-8 none that can be written.
    Ok(real.unwrap_or_else(|| path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use masu_sys::errno::values::{ENOENT, ENOTDIR};
    use masu_wire::error::ErrorCode;
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::fs::symlink;
    use std::path::{Path, PathBuf};

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("masu-bundle-directory-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path.canonicalize().unwrap())
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn found(path: &Path) -> Result<String, CoreError> {
        bundle_directory(path.to_str().unwrap())
    }

    #[test]
    fn bundle_directory_resolves_links_and_what_is_above_them() {
        let Scratch(top) = &Scratch::new("links");
        std::fs::create_dir_all(top.join("real/bundle")).unwrap();
        std::fs::create_dir(top.join("real/other")).unwrap();
        symlink("real/bundle", top.join("link")).unwrap();
        for (written, real) in [
            ("real/bundle", "real/bundle"),
            ("link", "real/bundle"),
            ("real/../real/bundle", "real/bundle"),
            // What is above a symbolic link is above its target.
            ("link/../other", "real/other"),
        ] {
            assert_eq!(found(&top.join(written)).unwrap(), top.join(real).to_str().unwrap(), "{written}");
        }
        assert_eq!(found(Path::new("/")).unwrap(), "/");
    }

    #[test]
    fn bundle_directory_keeps_a_path_that_has_no_other() {
        let Scratch(top) = &Scratch::new("odd");
        let odd = top.join(std::ffi::OsString::from_vec(b"\xff".to_vec()));
        std::fs::create_dir(&odd).unwrap();
        symlink(&odd, top.join("link")).unwrap();
        assert_eq!(found(&top.join("link")).unwrap(), top.join("link").to_str().unwrap());
    }

    #[test]
    fn bundle_directory_names_a_bundle_that_is_missing() {
        let Scratch(top) = &Scratch::new("missing");
        std::fs::write(top.join("file"), "").unwrap();
        let missing = found(&top.join("absent")).unwrap_err();
        assert_eq!((missing.code, missing.errno), (ErrorCode::NotFound, Some(ENOENT)));
        assert!(missing.message.starts_with(&format!("Open bundle {:?}: ", top.join("absent"))), "{missing:?}");
        assert_eq!(found(&top.join("file")).unwrap_err().errno, Some(ENOTDIR));
    }
}
