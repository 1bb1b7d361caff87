//! Ops `mount_overlay` and `unmount`: overlays without a container. Kernel, Documentation/filesystems/overlayfs.rst

use std::fs::{self, DirBuilder};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;

use masu_steps::failure::{failed, failed_because};
use masu_sys::errno::values::{EBUSY, EINVAL, ELOOP, ENODEV, ENOSYS, EPERM, EROFS, ESTALE};
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::mount::{self as mounts, Configured, ms};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::overlay::{MountOverlayReply, MountOverlayRequest, UnmountReply, UnmountRequest};

use crate::basis;

/// What mount(2) reads of its data, less the NUL at the end.
const MAX_DATA: usize = 4095;

/// Mounts it, and leaves nothing where that fails.
pub(crate) fn mount_overlay(request: MountOverlayRequest) -> Result<MountOverlayReply, CoreError> {
    basis::take();
    let made = make_work(&request)?;
    mount(&request).and_then(|()| refuse_read_only(&request)).inspect_err(|_| {
        if let Some(path) = made {
            // It is empty but for what the kernel made in it; what cannot be removed does no harm.
            let _ = fs::remove_dir_all(path);
        }
    })?;
    Ok(MountOverlayReply {})
}

/// umount2(2).
pub(crate) fn unmount(UnmountRequest { path, lazy }: UnmountRequest) -> Result<UnmountReply, CoreError> {
    basis::take();
    let done = if lazy { mounts::detach(&path) } else { mounts::unmount(&path) };
    done.map(|()| UnmountReply {}).map_err(|error| failed(format!("Unmount {path:?}"), error))
}

fn make_work(request: &MountOverlayRequest) -> Result<Option<&str>, CoreError> {
    let Some(work) = request.work.as_deref().filter(|_| request.make_work) else { return Ok(None) };
    match DirBuilder::new().mode(0o700).create(work) {
        Ok(()) => Ok(Some(work)),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(failed(format!("Make the work directory {work:?}"), SysError::from_io("mkdir", &error))),
    }
}

fn mount(request: &MountOverlayRequest) -> Result<(), CoreError> {
    let data = data(request);
    let flags = if request.read_only { ms::RDONLY } else { 0 };
    if data.len() <= MAX_DATA {
        let mounted = mounts::mount("overlay", &request.destination, "overlay", flags, &data);
        return mounted.map_err(|error| explain(request, error));
    }
    mount_configured(request).map_err(|error| match error {
        // lowerdir+ is of Linux 6.5, fsopen(2) of 5.2.
        SysError { call: "fsconfig", errno: EINVAL } if !knows_lower_options() => too_many(request, error),
        SysError { errno: ENOSYS, .. } => too_many(request, error),
        error => explain(request, error),
    })
}

/// Whether this kernel takes lower layers one by one.
fn knows_lower_options() -> bool {
    let tried = Configured::begin("overlay", "overlay").and_then(|context| context.option("lowerdir+", Some("/")));
    tried.is_ok()
}

fn too_many(request: &MountOverlayRequest, error: SysError) -> CoreError {
    let cause = "this kernel takes a page of options, and these layers have more";
    let error = failed_because(action(request), cause, error);
    CoreError { code: ErrorCode::KernelLacks, ..error }.with_hint("Linux 6.5, or shorter paths, or fewer layers")
}

/// Each layer on its own. Names of open directories stand for paths in which a letter could mean something.
fn mount_configured(request: &MountOverlayRequest) -> Result<(), SysError> {
    let mut held = Vec::new();
    let context = Configured::begin("overlay", "overlay")?;
    for path in &request.lower {
        context.option("lowerdir+", Some(&plain(path, &mut held)?))?;
    }
    for (name, path) in [("upperdir", &request.upper), ("workdir", &request.work)] {
        if let Some(path) = path {
            context.option(name, Some(&plain(path, &mut held)?))?;
        }
    }
    for option in &request.options {
        match option.split_once('=') {
            Some((name, value)) => context.option(name, Some(value))?,
            None => context.option(option, None)?,
        }
    }
    let mount = context.mount(request.read_only)?;
    let target = file::open(&request.destination, OFlags::PATH | OFlags::DIRECTORY)?;
    mounts::attach(mount.as_fd(), target.as_fd())
}

fn plain(path: &str, held: &mut Vec<OwnedFd>) -> Result<String, SysError> {
    use std::os::fd::AsRawFd;
    if !path.contains([',', ':', '\\']) {
        return Ok(path.to_owned());
    }
    let opened = file::open(path, OFlags::PATH | OFlags::DIRECTORY)?;
    let name = format!("/proc/self/fd/{}", opened.as_raw_fd());
    held.push(opened);
    Ok(name)
}

/// Mount data, in which a colon divides layers, a comma options, and a backslash takes their meaning away.
fn data(request: &MountOverlayRequest) -> String {
    let lower: Vec<String> = request.lower.iter().map(|path| escaped(path)).collect();
    let mut words = vec![format!("lowerdir={}", lower.join(":"))];
    words.extend(request.upper.iter().map(|path| format!("upperdir={}", escaped(path))));
    words.extend(request.work.iter().map(|path| format!("workdir={}", escaped(path))));
    words.extend(request.options.iter().cloned());
    words.join(",")
}

fn escaped(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for letter in path.chars() {
        if matches!(letter, '\\' | ':' | ',') {
            text.push('\\');
        }
        text.push(letter);
    }
    text
}

/// overlayfs.rst does not say it: where the kernel cannot write to the work directory, it mounts the overlay read-only and succeeds.
fn refuse_read_only(request: &MountOverlayRequest) -> Result<(), CoreError> {
    let Some(work) = request.work.as_ref().filter(|_| !request.read_only) else { return Ok(()) };
    let root = file::open(&request.destination, OFlags::PATH).and_then(|root| file::file_system(root.as_fd()));
    if root.map_err(|error| failed(action(request), error))?.mount_flags & ms::RDONLY == 0 {
        return Ok(());
    }
    // It is of no use, and whoever asked for it is told so.
    let _ = mounts::detach(&request.destination);
    let cause = "the kernel cannot write to its work directory";
    let error = failed_because(action(request), cause, SysError::new("mount", EROFS));
    Err(error.with_hint(format!("the file system of {work:?} is read-only, or full (df, df -i); dmesg has more")))
}

fn action(request: &MountOverlayRequest) -> String {
    format!("Mount \"overlay\" on {:?}", request.destination)
}

fn explain(request: &MountOverlayRequest, error: SysError) -> CoreError {
    let failure = failed(action(request), error);
    let upper = request.upper.as_deref().unwrap_or("none");
    match error.errno {
        ENODEV => CoreError { code: ErrorCode::KernelLacks, ..failure }
            .with_hint("this kernel has no overlay file system: modprobe overlay"),
        EPERM => failure.with_hint("it needs CAP_SYS_ADMIN in the user namespace of this mount namespace, and there Linux 5.11"),
        ELOOP => failure.with_hint("one of the layers contains another, or is an overlay of too many overlays"),
        EBUSY => failure.with_hint("the upper or the work directory is used by another overlay"),
        ESTALE => failure.with_hint("index=on: this upper directory was made with another lower one"),
        EINVAL => failure.with_hint(format!(
            "the file system of {upper:?} may not do as an upper layer, an option may be unknown or not go with another; dmesg says which"
        )),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_takes_the_meaning_of_letters_away() {
        let request = MountOverlayRequest {
            destination: "/m".to_owned(),
            lower: vec!["/a:b".to_owned(), r"/c,\d".to_owned()],
            upper: Some("/u,1".to_owned()),
            work: Some("/w".to_owned()),
            make_work: false,
            options: vec!["userxattr".to_owned(), "index=off".to_owned()],
            read_only: false,
        };
        assert_eq!(data(&request), r"lowerdir=/a\:b:/c\,\\d,upperdir=/u\,1,workdir=/w,userxattr,index=off");
    }
}
