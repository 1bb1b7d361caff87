//! The static executable: front, stage, monitor, guard.
//!
//! A C `main`, because the front needs the kernel's own stack, and because Rust's would change SIGPIPE's disposition and open
//! what is closed of the standard descriptors, which a program started from here must find as they were.
#![cfg_attr(not(test), no_main)]
#![cfg_attr(test, allow(dead_code, clippy::unwrap_used, clippy::cast_possible_truncation, clippy::panic))]

mod attach;
mod front;
mod guard;
mod monitor;
mod probe;
mod remove;
mod report;
mod role;
mod stage;
mod standard_stream;
mod terminal;
mod terminal_state;
mod tree;

/// Called by libc with the kernel's own stack.
#[cfg(not(test))]
#[expect(unsafe_code, reason = "the C entry point")]
#[unsafe(no_mangle)]
extern "C" fn main(argc: std::ffi::c_int, argv: *mut *mut std::ffi::c_char) -> std::ffi::c_int {
    // SAFETY: a statically linked libc calls main with the kernel's stack, before any other thread exists.
    unsafe { front::enter_if_joined(argc, argv) };
    role::play(std::env::args_os())
}
