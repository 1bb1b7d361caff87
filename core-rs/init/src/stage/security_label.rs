//! The label that a Linux security module gives the program. proc_pid_attr(5)
//!
//! What is written to `attr/exec` is for the next execve(2) of this thread, and a child inherits it. It must come before the program's user
//! and filter, who may be denied it, and before whatever is executed earlier than the program would get it.

use std::os::fd::{AsFd, OwnedFd};

use masu_steps::failure::{failed, failed_because};
use masu_sys::errno::values::{EINVAL, ENOENT, EPERM, EXDEV};
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::resolve::{Links, Root};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::plan::SecurityModule;

use super::container::Container;

/// AppArmor's word for no profile at all, which is so where there is no AppArmor.
const UNCONFINED: &str = "unconfined";

/// A module's words.
struct Words {
    module: &'static str,
    noun: &'static str,
    /// Below `/proc/self`; the first that is there is used.
    files: &'static [&'static str],
}

const APPARMOR: Words = Words {
    module: "AppArmor",
    noun: "AppArmor profile",
    // The second before Linux 5.8.
    files: &["attr/apparmor/exec", "attr/exec"],
};
const SELINUX: Words = Words { module: "SELinux", noun: "SELinux context", files: &["attr/exec"] };

pub(super) fn set(container: &mut Container, module: SecurityModule, label: &str) -> Result<(), CoreError> {
    let proc = container.proc()?;
    let (words, active, text) = match module {
        SecurityModule::Apparmor => (&APPARMOR, has_apparmor(proc), format!("exec {label}")),
        SecurityModule::Selinux => (&SELINUX, has_selinux(proc), label.to_owned()),
    };
    if !active {
        if label == UNCONFINED && module == SecurityModule::Apparmor {
            return Ok(());
        }
        let error = SysError::new("read", EINVAL);
        let failure =
            failed_because(action(words, label, "attr/exec"), &format!("this kernel runs no {}", words.module), error);
        return Err(CoreError { code: ErrorCode::KernelLacks, ..failure }
            .with_hint(format!("boot with lsm={} or leave the label out", words.module.to_lowercase())));
    }
    let mut failure = SysError::new("openat2", ENOENT);
    let mut at = "attr/exec";
    for file in words.files {
        at = file;
        match write(proc, file, &text) {
            Ok(()) => return Ok(()),
            Err(error) => failure = error,
        }
        if failure.call != "openat2" && failure.call != "openat" {
            break;
        }
    }
    Err(explain(words, failed(action(words, label, at), failure)))
}

/// Podman finds by the quoted path that it is a label which could not be set.
fn action(words: &Words, label: &str, file: &str) -> String {
    format!("Set the {} {label:?} in `/proc/self/{file}`", words.noun)
}

fn explain(words: &Words, failure: CoreError) -> CoreError {
    match failure.errno {
        Some(ENOENT) => failure.with_hint("load the profile first: apparmor_parser(8)"),
        Some(EINVAL) => failure.with_hint(format!("{} does not know it", words.module)),
        Some(EPERM) => failure.with_hint("the label of masu itself does not let it change to this one"),
        _ => failure,
    }
}

fn write(proc: &Root, file: &str, text: &str) -> Result<(), SysError> {
    let opened = open(proc, file, OFlags::WRONLY)?;
    file::write_control(opened.as_fd(), text)
}

/// Below `/proc/self`, and on procfs for certain: on anything else the label would be written nowhere.
fn open(proc: &Root, file: &str, flags: OFlags) -> Result<OwnedFd, SysError> {
    let opened = proc.open(&format!("self/{file}"), flags, Links::Follow)?;
    if file::file_system(opened.as_fd())?.magic == file::PROC_MAGIC {
        Ok(opened)
    } else {
        Err(SysError::new("fstatfs", EXDEV))
    }
}

/// Its own directory (since Linux 5.8), or the only module's file, can be read: EINVAL where it was built but does not run.
fn has_apparmor(proc: &Root) -> bool {
    let readable = |file| open(proc, file, OFlags::RDONLY).and_then(|file| file::read_start(file.as_fd(), 1)).is_ok();
    readable("attr/apparmor/current") || (!has_selinux(proc) && readable("attr/current"))
}

/// It registers its file system when it starts.
fn has_selinux(proc: &Root) -> bool {
    let list = proc.open("filesystems", OFlags::RDONLY, Links::Refuse);
    let text = list.and_then(|list| file::read_start(list.as_fd(), 1 << 16)).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().any(|line| line.ends_with("\tselinuxfs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn action_quotes_the_path_as_podman_looks_for_it() {
        let text = action(&APPARMOR, "crio-default", "attr/apparmor/exec");
        assert_eq!(text, "Set the AppArmor profile \"crio-default\" in `/proc/self/attr/apparmor/exec`");
    }

    #[test]
    fn open_takes_only_files_of_procfs() {
        let proc = Root::new(file::open("/proc", OFlags::PATH | OFlags::DIRECTORY).unwrap());
        assert!(open(&proc, "attr/exec", OFlags::RDONLY).is_ok());
        let top = std::env::temp_dir().join(format!("masu-label-{}", std::process::id()));
        std::fs::create_dir_all(top.join("self")).unwrap();
        std::fs::write(top.join("self/exec"), "").unwrap();
        let other = Root::new(file::open(top.to_str().unwrap(), OFlags::PATH | OFlags::DIRECTORY).unwrap());
        let opened = open(&other, "exec", OFlags::WRONLY);
        std::fs::remove_dir_all(&top).unwrap();
        assert_eq!(opened.unwrap_err().errno, EXDEV);
    }
}
