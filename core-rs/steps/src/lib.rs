//! Executes the plan steps of the runtime namespace.

pub mod failure;
pub mod stage_protocol;
