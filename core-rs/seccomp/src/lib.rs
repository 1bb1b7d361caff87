//! OCI seccomp profiles compiled to a balanced search over system call numbers.
//!
//! A filter does what runc and libseccomp do with the same profile, in an order of its own: the architecture, then a search over
//! ranges of numbers with the same verdict, then the arguments. As in runc, a call that is newer than every call that the
//! profile names fails with ENOSYS, unless the profile lets unnamed calls happen. Deliberate differences:
//! - Arm's private calls (`set_tls` and others, from 0xf0000 on) do not count as the newest one that a profile names;
//! - calls that 32-bit x86 also makes through socketcall(2) and ipc(2) count there with the number that the kernel has for them;
//! - where several rules of one call compare several arguments or 64-bit ranges, libseccomp 2.5 misses matches; none is missed here.

mod abi;
mod arguments;
mod assemble;
mod compile;
mod examine;
mod graph;
mod interpret;
mod listing;
mod profile;
mod program;
mod rules;
mod syscalls;

use masu_wire::error::CoreError;
use masu_wire::plan::Filter;
use serde_json::Value;

pub use abi::{Abi, Machine, X32_BIT};
pub use examine::{Call, Counts, Examination, Reason, Verdict};
pub use interpret::{Data, interpret};
pub use listing::listing;
pub use program::{Instruction, Listener, MAXIMUM, Program, flag, op, verdict};

include!(concat!(env!("OUT_DIR"), "/default_program.rs"));

/// The default profile's filter for the default capabilities, compiled when masu was built.
pub fn default_program() -> Program {
    Program { flags: DEFAULT_FLAGS, instructions: DEFAULT_INSTRUCTIONS.to_vec(), listener: None }
}

/// Compiles an OCI document (`linux.seccomp`) for this machine.
///
/// A name that no supported ABI knows is skipped: there is no such call to filter.
/// Errors: `invalid_config` with the key, for an unknown action, architecture, comparison or flag, for SCMP_ACT_NOTIFY
/// without a `listenerPath`, for rules that contradict each other and for filters of more than [`MAXIMUM`] instructions.
/// Source: OCI runtime-spec, config-linux.md, "Seccomp".
pub fn compile(document: &Value) -> Result<Program, CoreError> {
    compile_for(document, Machine::HOST)
}

/// Compiles an OCI document for a machine.
pub fn compile_for(document: &Value, machine: Machine) -> Result<Program, CoreError> {
    compile::compile(&profile::read(document)?, machine)
}

/// A system call's number on an ABI, as a filter sees it.
pub fn number(name: &str, abi: Abi) -> Option<u32> {
    profile::find(name)?.number(abi)
}

impl From<Program> for Filter {
    fn from(program: Program) -> Self {
        let words = |one: Instruction| [one.code.into(), one.jt.into(), one.jf.into(), one.k];
        let instructions = program.instructions.into_iter().map(words).collect();
        Self::Program { flags: program.flags, instructions, listener: None }
    }
}
