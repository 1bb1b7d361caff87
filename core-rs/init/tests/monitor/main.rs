//! The resident monitor against the kernel: each test starts the built `init` as the monitor of a container of a busybox root.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation
)]

mod asked;
mod container;
mod health;
mod life;
