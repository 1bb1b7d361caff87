//! System calls, one a function, with the call and errno in every error.

pub mod bpf;
pub mod capability;
pub mod clone;
pub mod descriptor;
pub mod errno;
pub mod error;
pub mod file;
pub mod memfd;
pub mod mount;
pub mod pidfd;
pub mod root;
pub mod resolve;
pub mod signal;
pub mod signalfd;
pub mod socket;
pub mod terminal;
pub mod wait;
