//! The front: what a typed command meets first when a compiled program follows this executable in the same file.
//!
//! `dist/masu` is this executable, padded to a page, and then the whole output of `deno compile`; [`marker`] tells whether and
//! where. What was decided before is answered here ([`answer`]); for everything else the front becomes the program that
//! follows, as execve(2) would have started it: [`elf`] decides what to map, [`load`] and [`map`] map it, [`enter`] corrects
//! the auxiliary vector on the kernel's own stack and jumps to the loader. Descriptors, signal masks and dispositions,
//! environment, argv and working directory stay as they were, because nothing here touches them; only in place of a working
//! directory that was removed another one is entered ([`STAND_IN`]).

mod answer;
mod context;
mod create;
mod elf;
mod enter;
mod exec;
mod failure;
mod grammar;
mod hand_over;
mod kept;
mod lifecycle;
mod load;
mod map;
mod marker;
mod parse;
mod report;
mod signal;
mod stack;
mod telling;

use std::ffi::{c_char, c_int};

use failure::Failure;
use marker::Marker;
use masu_host::working_directory::STAND_IN;
use stack::Stack;

/// The exit status that says that masu itself failed, as for `docker run`.
const MASU_FAILED: c_int = 125;

/// Answers a decided command or becomes the program that follows. Returns only when no program follows.
///
/// `MASU_FRONT=0` in the environment leaves every command to the program.
///
/// # Safety
/// `argc` and `argv` are those of a C `main` in a statically linked program, where `argv` points into the stack as the kernel
/// made it, and no other thread exists yet.
#[expect(unsafe_code, reason = "argv is a C pointer")]
pub(crate) unsafe fn enter_if_joined(argc: c_int, argv: *mut *mut c_char) {
    let marker = marker::read();
    if marker.program_at == 0 {
        return;
    }
    // SAFETY: passed on from this function's own contract.
    let stack = unsafe { Stack::from_main(argc, argv) };
    let status = match stack.and_then(|stack| serve(&marker, stack)) {
        Ok(status) => status,
        Err(failure) => {
            failure.report();
            MASU_FAILED
        }
    };
    std::process::exit(status);
}

/// The exit status of an answered command. Does not return when the program was entered.
fn serve(marker: &Marker, stack: Stack) -> Result<c_int, Failure> {
    let all_to_program = stack.environment().any(|entry| entry == c"MASU_FRONT=0");
    if !all_to_program && let Some(status) = answer::answer(&stack, marker) {
        return Ok(status);
    }
    // Without one Deno's runtime panics before the program can say anything.
    enter_some_directory().map_err(|error| {
        Failure::from_io("Find working directory", ".", &error, "getcwd").hint("cd to one that is there")
    })?;
    let target = load::load(marker, stack.page_size()?)?;
    enter::enter(stack, &target)
}

/// Errors: those of getcwd(3), where there is no /proc either.
fn enter_some_directory() -> std::io::Result<()> {
    std::env::current_dir().map(drop).or_else(|error| std::env::set_current_dir(STAND_IN).map_err(|_| error))
}
