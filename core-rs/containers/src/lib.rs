//! Containers that live on: found, started, stopped, deleted. The same functions for the core and the front.
//!
//! Every change is made under the container's lock ([`lock`]), so that two commands on one container at once give one order; and in an
//! order in which a kill -9 at any point leaves something that the next command understands.

mod bundle;
mod bundle_delete;
mod bundle_directory;
mod bundle_start;
mod cgroup_parents;
mod create;
mod delete;
mod direct;
pub mod directories;
pub mod document;
mod ending;
mod event;
mod exec;
mod exec_affinity;
mod exec_cgroups;
mod exec_document;
mod exec_document_steps;
mod exec_plan;
pub mod freeze;
mod handover;
mod inspect;
pub mod kept;
pub mod kept_bundle;
mod kill;
mod kind;
pub mod lock;
pub mod memory;
pub mod monitor;
mod outcome;
pub mod paths;
pub mod process;
mod processes;
mod prune;
pub mod removal;
mod rename;
mod shared_init;
pub mod small_file;
mod start;
mod state;
pub mod status;
mod stop;
pub mod store;
mod teardown;
#[cfg(test)]
mod tests;
mod update;
pub mod word;

pub use bundle::{CreateBundleText, create_bundle};
pub use bundle_directory::bundle_directory;
pub use create::{CreateText, create};
pub use delete::delete;
pub use exec::{exec, exec_run, exec_start};
pub use exec_plan::exec_plan;
pub use freeze::freeze;
pub use inspect::{containers, inspect};
pub use kill::kill;
pub use kind::is_bundle;
pub use lock::lock_for_caller;
pub use processes::processes;
pub use prune::{prune, prune_below};
pub use rename::rename;
pub use start::start;
pub use state::state;
pub use stop::{await_end, restart, stop};
pub use update::{UpdateText, update};
