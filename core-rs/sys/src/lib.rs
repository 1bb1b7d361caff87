//! System calls, one a function, with the call and errno in every error.

pub mod clone;
pub mod errno;
pub mod error;
pub mod memfd;
pub mod pidfd;
pub mod signal;
pub mod socket;
pub mod wait;
