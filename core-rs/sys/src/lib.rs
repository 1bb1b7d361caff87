//! System calls, one a function, with the call and errno in every error.

pub mod errno;
pub mod error;
pub mod socket;
