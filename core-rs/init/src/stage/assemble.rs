//! A container's root for whoever only looks at its files: mounted as for a start, and nothing is entered.

use std::os::fd::OwnedFd;

use masu_steps::failure::failed;
use masu_steps::stage_protocol::StageDocument;
use masu_sys::file;
use masu_wire::error::{CoreError, Group};
use masu_wire::plan::StageStep;

use super::container::Container;
use super::{bind, perform};

/// Does the steps, which are some of `plan.inside`, in this process's mount namespace. Returns the root.
pub(crate) fn assemble(socket: &OwnedFd, layers: Vec<OwnedFd>, steps: &[StageStep]) -> Result<OwnedFd, CoreError> {
    let document = StageDocument {
        user_namespace: false,
        new_time_namespace: false,
        time_offsets: Vec::new(),
        cgroup: None,
        network: Vec::new(),
        inside: Vec::new(),
        exec: Vec::new(),
        stdio: false,
        listener: false,
        signal_mask: 0,
        part: None,
    };
    let mut container = Container::new(socket, &document, layers);
    bind::prepare(&mut container, steps).map_err(|(index, error)| error.at(Group::Inside, index))?;
    for (index, step) in steps.iter().enumerate() {
        container.step = index;
        perform(&mut container, step).map_err(|error| error.at(Group::Inside, index))?;
    }
    file::duplicate(container.root()?.directory()).map_err(|error| failed("Keep the container's root", error))
}
