//! Overlays: one directory made of several. Kernel, Documentation/filesystems/overlayfs.rst

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use masu_steps::failure::{failed, failed_because};
use masu_sys::errno::values::{E2BIG, EINVAL, ELOOP, ENODEV, ENOSPC, EOPNOTSUPP, EPERM, EROFS};
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::mount::{self as mounts, ms};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::plan::{MountPoint, OverlayLayer};

use super::container::{Container, name};
use super::mount::{at_point, explain, guard, mount_point};

/// What mount(2) reads of its data, less the NUL at the end.
const MAX_DATA: usize = 4095;

pub(super) fn mount_inside(
    container: &mut Container,
    destination: &str,
    layer: &OverlayLayer,
) -> Result<(), CoreError> {
    let action = format!("Mount \"overlay\" on {destination:?}");
    let point = mount_point(container, destination, MountPoint::Directory, false)
        .map_err(|error| at_point(&action, error, false))?;
    let Some(point) = point else { return Ok(()) };
    guard(&action, point.as_fd(), destination, || false)?;
    mount_at(container, layer, &name(&point), destination)
}

/// Mounts on `target`, a path of the runtime namespace or a descriptor's name; `shown` is what a person calls it.
pub(super) fn mount_at(
    container: &mut Container,
    layer: &OverlayLayer,
    target: &str,
    shown: &str,
) -> Result<(), CoreError> {
    let action = || format!("Mount \"overlay\" on {shown:?}");
    container.work_by_descriptor()?;
    // Held until the overlay holds its directories itself.
    let opened;
    let data = match by_path(layer) {
        Some(data) if !layer.idmapped => data,
        _ => {
            opened = Opened::of(container, layer)?;
            opened.data(&layer.options)
        }
    };
    if data.len() > MAX_DATA {
        return Err(explain_overlay(failed(action(), SysError::new("mount", E2BIG)), layer));
    }
    mounts::mount("overlay", target, "overlay", 0, &data)
        .map_err(|error| explain_overlay(failed(action(), error), layer))?;
    container.mounted();
    // A descriptor's name leads below what was mounted on it; the root, which is mounted first by its path, has the same work file system.
    if target.starts_with('/') { refuse_read_only(&action(), target, layer) } else { Ok(()) }
}

/// overlayfs.rst does not say it: where the kernel cannot write to the work directory, it mounts the overlay read-only and succeeds.
fn refuse_read_only(action: &str, target: &str, layer: &OverlayLayer) -> Result<(), CoreError> {
    let mounted = file::open(target, OFlags::PATH).and_then(|root| file::file_system(root.as_fd()));
    if mounted.map_err(|error| failed(action, error))?.mount_flags & ms::RDONLY == 0 {
        return Ok(());
    }
    let error = failed_because(action, "the kernel cannot write to its work directory", SysError::new("mount", EROFS));
    Err(error.with_hint(format!(
        "free space or inodes on the file system of {:?} (see df and df -i; dmesg has more)",
        layer.work
    )))
}

/// Mount data with the paths themselves; none: too long, or a path has a letter that means something there.
fn by_path(layer: &OverlayLayer) -> Option<String> {
    let paths = layer.lower.iter().chain([&layer.upper, &layer.work]);
    if paths.into_iter().any(|path| path.contains([',', ':', '\\', '"'])) {
        return None;
    }
    let data = data(&layer.lower.join(":"), &layer.upper, &layer.work, &layer.options);
    (data.len() <= MAX_DATA).then_some(data)
}

/// An overlay's directories, each of whose descriptor numbers is a name in the working directory `/proc/self/fd`.
struct Opened {
    lower: Vec<OwnedFd>,
    upper: OwnedFd,
    work: OwnedFd,
}

impl Opened {
    fn of(container: &mut Container, layer: &OverlayLayer) -> Result<Self, CoreError> {
        // First these two: an idmapped layer's place covers one of them.
        let (upper, work) = (open(&layer.upper)?, open(&layer.work)?);
        let lower = if layer.idmapped {
            attach_layers(container, layer)?
        } else {
            layer.lower.iter().map(|path| open(path)).collect::<Result<_, _>>()?
        };
        Ok(Self { lower, upper, work })
    }

    fn data(&self, options: &[String]) -> String {
        let lower: Vec<String> = self.lower.iter().map(name).collect();
        data(&lower.join(":"), &name(&self.upper), &name(&self.work), options)
    }
}

fn data(lower: &str, upper: &str, work: &str, options: &[String]) -> String {
    let options: String = options.iter().flat_map(|option| [",", option]).collect();
    format!("lowerdir={lower},upperdir={upper},workdir={work}{options}")
}

fn open(path: &str) -> Result<OwnedFd, CoreError> {
    file::open(path, OFlags::PATH | OFlags::DIRECTORY)
        .map_err(|error| failed(format!("Open the layer {path:?}"), error))
}

/// Puts the idmapped layers where an overlay accepts them: before Linux 6.15 they must be attached somewhere in this mount namespace.
///
/// A tmpfs over the upper directory is the place, in a directory of masu's own that nobody else looks into; it goes with the old root.
fn attach_layers(container: &mut Container, layer: &OverlayLayer) -> Result<Vec<OwnedFd>, CoreError> {
    let explain_place = |error| failed(format!("Mount \"tmpfs\" on {:?}", layer.upper), error);
    mounts::mount("tmpfs", &layer.upper, "tmpfs", 0, "mode=700").map_err(explain_place)?;
    let place = open(&layer.upper)?;
    let mut attached = Vec::with_capacity(layer.lower.len());
    for (index, path) in layer.lower.iter().enumerate() {
        let tree =
            container.layers.pop_front().ok_or_else(|| CoreError::bug("The core sent too few idmapped mounts"))?;
        let opened = attach_layer(place.as_fd(), &index.to_string(), &tree);
        attached.push(opened.map_err(|error| explain(failed(format!("Attach the idmapped layer {path:?}"), error)))?);
    }
    Ok(attached)
}

fn attach_layer(place: BorrowedFd<'_>, name: &str, tree: &OwnedFd) -> Result<OwnedFd, SysError> {
    file::make_directory(place, name, 0o700)?;
    let point = file::open_in(place, name, OFlags::PATH | OFlags::DIRECTORY, 0)?;
    mounts::attach(tree.as_fd(), point.as_fd())?;
    file::open_in(place, name, OFlags::PATH | OFlags::DIRECTORY, 0)
}

fn explain_overlay(error: CoreError, layer: &OverlayLayer) -> CoreError {
    match error.errno {
        Some(E2BIG) => CoreError { code: ErrorCode::InvalidConfig, ..error }.with_hint("there are too many layers for one overlay"),
        Some(ENODEV) => CoreError { code: ErrorCode::KernelLacks, ..error }.with_hint("this kernel has no overlay file system: modprobe overlay"),
        Some(EPERM) => error.with_hint("overlays in a user namespace need Linux 5.11"),
        Some(ENOSPC) => error.with_hint(format!(
            "free space or inodes on the file system of {:?} (see df and df -i); or there are too many mounts (/proc/sys/fs/mount-max)",
            layer.work
        )),
        Some(ELOOP) => error.with_hint("one of the layers contains another, or the upper directory"),
        Some(EINVAL | EOPNOTSUPP) => error.with_hint(format!(
            "the file system of {:?} may not do as an upper layer (no extended attributes, or an overlay itself), or a layer's not as a lower one; dmesg says which",
            layer.upper
        )),
        _ => explain(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(lower: &[&str], options: &[&str]) -> OverlayLayer {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        OverlayLayer {
            lower: owned(lower),
            upper: "/u".to_owned(),
            work: "/w".to_owned(),
            options: owned(options),
            idmapped: false,
        }
    }

    #[test]
    fn by_path_does_what_its_table_says() {
        let long = "/x".repeat(2040);
        for (name, lower, options, expected) in [
            ("one layer", vec!["/a"], vec![], Some("lowerdir=/a,upperdir=/u,workdir=/w")),
            (
                "two layers and options",
                vec!["/b", "/a"],
                vec!["userxattr", "index=off"],
                Some("lowerdir=/b:/a,upperdir=/u,workdir=/w,userxattr,index=off"),
            ),
            ("a colon in a path", vec!["/a:b"], vec![], None),
            ("a comma in a path", vec!["/a,b"], vec![], None),
            ("more than a page", vec![long.as_str(), "/a"], vec![], None),
        ] {
            assert_eq!(by_path(&layer(&lower, &options)).as_deref(), expected, "{name}");
        }
    }
}
