//! The stage against the kernel: each test runs the built `init` with a plan of its own on a busybox root.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation
)]

mod attack;
mod attribute;
mod bind;
mod container;
mod device;
mod mount;
mod namespace;
mod program;
mod run;
