//! Mounts whose owners are seen through a user namespace: the container's, or one of their own. mount_setattr(2), "ID-mapped mounts"

use masu_steps::failure::failed;
use masu_steps::hint::unless_hinted;
use masu_steps::stage_protocol::{MappedTree, mapped_trees};
use masu_steps::{id_map, init_role};
use masu_sys::clone::Start;
use masu_sys::errno::values::{EINVAL, ENOSYS, EPERM};
use masu_sys::error::SysError;
use masu_sys::mount::{clone_tree, map_owners};
use masu_sys::namespace::flag;
use masu_sys::wait::reap;
use masu_wire::error::{CoreError, Group};
use masu_wire::plan::{StageStep, UserMapping};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A detached, mapped clone for each tree that the steps want mapped, in their order. `init`: what holds a mapping of their own.
pub fn mapped_clones(steps: &[StageStep], pid: u32, init: BorrowedFd<'_>) -> Result<Vec<OwnedFd>, CoreError> {
    let mut clones = Vec::new();
    let mut namespaces = Namespaces { pid, init, known: Vec::new() };
    for (index, step) in steps.iter().enumerate() {
        for tree in mapped_trees(step) {
            let clone = namespaces.of(tree.mapping).and_then(|namespace| mapped_clone(&tree, namespace));
            clones.push(clone.map_err(|error| error.at(Group::Inside, index))?);
        }
    }
    Ok(clones)
}

/// User namespaces that were opened so far.
struct Namespaces<'a> {
    pid: u32,
    init: BorrowedFd<'a>,
    known: Vec<(Option<&'a UserMapping>, OwnedFd)>,
}

impl<'a> Namespaces<'a> {
    fn of(&mut self, mapping: Option<&'a UserMapping>) -> Result<BorrowedFd<'_>, CoreError> {
        let at = match self.known.iter().position(|(known, _)| *known == mapping) {
            Some(at) => at,
            None => {
                let opened = match mapping {
                    None => open_user_namespace(self.pid)?,
                    Some(mapping) => make_user_namespace(mapping, self.init)?,
                };
                self.known.push((mapping, opened));
                self.known.len() - 1
            }
        };
        self.known
            .get(at)
            .map(|(_, namespace)| namespace.as_fd())
            .ok_or_else(|| CoreError::bug("Find a user namespace"))
    }
}

fn open_user_namespace(pid: u32) -> Result<OwnedFd, CoreError> {
    let opened = File::open(format!("/proc/{pid}/ns/user"));
    let opened =
        opened.map_err(|error| failed("Open the container's user namespace", SysError::from_io("open", &error)))?;
    Ok(opened.into())
}

/// It needs a process for as long as its maps are written; then the descriptor holds it. A stage that gets no orders does nothing else.
fn make_user_namespace(mapping: &UserMapping, init: BorrowedFd<'_>) -> Result<OwnedFd, CoreError> {
    let action = "Make a user namespace to map a mount's owners";
    let options = Start { namespaces: flag::USER.into(), cgroup: None };
    let role = init_role::start(init, c"stage", &options).map_err(|error| failed(action, error))?;
    let pid = role.child.pid;
    let opened = id_map::write(pid, mapping).map_err(|(_, error)| error).and_then(|()| open_user_namespace(pid));
    // The end of the socket ends it.
    drop(role);
    reap(pid).map_err(|error| failed(action, error))?;
    opened
}

fn mapped_clone(tree: &MappedTree<'_>, user_namespace: BorrowedFd<'_>) -> Result<OwnedFd, CoreError> {
    let MappedTree { path, recursive, mapped_below, .. } = *tree;
    let clone = clone_tree(path, recursive).map_err(|error| failed(format!("Clone the mount of {path:?}"), error))?;
    match map_owners(clone.as_fd(), user_namespace, mapped_below) {
        Ok(()) => Ok(clone),
        Err(error) => {
            let failure = failed(format!("Map the owners of {path:?}"), error);
            Err(match error.errno {
                EINVAL | ENOSYS => unless_hinted(
                    failure,
                    "its file system, or this kernel (5.12 or newer), cannot map owners: choose a copy, or no user namespace",
                ),
                EPERM => unless_hinted(failure, "mapping owners needs CAP_SYS_ADMIN where the file system was mounted"),
                _ => failure,
            })
        }
    }
}
