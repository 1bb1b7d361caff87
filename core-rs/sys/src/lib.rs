//! System calls, one a function, with the call and errno in every error.

pub mod bpf;
pub mod capability;
pub mod clone;
pub mod credential;
pub mod descriptor;
pub mod errno;
pub mod error;
pub mod file;
pub mod hold;
pub mod memfd;
pub mod memory_keeper;
pub mod mount;
pub mod namespace;
pub mod pidfd;
pub mod probe;
pub mod process;
pub mod pty;
pub mod resolve;
pub mod rlimit;
pub mod seccomp;
pub mod signal;
pub mod signalfd;
pub mod socket;
pub mod terminal;
pub mod wait;
