//! Executes a filter as the kernel would. linux/net/core/filter.c; seccomp(2)

use crate::program::{Instruction, op, verdict};

/// linux/seccomp.h, `struct seccomp_data`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// The call's number.
    pub number: u32,
    /// AUDIT_ARCH_*
    pub architecture: u32,
    /// Where it was made.
    pub instruction_pointer: u64,
    /// What it was made with.
    pub arguments: [u64; 6],
}

impl Data {
    /// The word at an offset; every supported machine is little-endian.
    fn word(&self, offset: u32) -> Option<u32> {
        let half = |value: u64| {
            let halves = crate::rules::Halves::of(value);
            if offset % 8 == 0 { halves.low } else { halves.high }
        };
        match offset {
            0 => Some(self.number),
            4 => Some(self.architecture),
            8 | 12 => Some(half(self.instruction_pointer)),
            _ if offset % 4 == 0 => {
                let at = usize::try_from(offset.checked_sub(16)? / 8).ok()?;
                self.arguments.get(at).copied().map(half)
            }
            _ => None,
        }
    }
}

/// The verdict and how many instructions it takes. None: the kernel does not load such a program.
#[must_use]
pub fn interpret(instructions: &[Instruction], data: &Data) -> Option<(u32, usize)> {
    let mut word = 0;
    let mut at = 0;
    for count in 1..=instructions.len() {
        let Instruction { code, jt, jf, k } = *instructions.get(at)?;
        let test = |holds: bool| usize::from(if holds { jt } else { jf });
        at += 1;
        match code {
            op::LOAD => word = data.word(k)?,
            op::AND => word &= k,
            op::JUMP => at += usize::try_from(k).ok()?,
            op::EQUAL => at += test(word == k),
            op::GREATER => at += test(word > k),
            op::GREATER_EQUAL => at += test(word >= k),
            op::ANY_BIT => at += test(word & k != 0),
            op::RETURN => return Some((k, count)),
            _ => return None,
        }
    }
    None
}

/// What a verdict is called in profiles, and what comes with it.
pub(crate) fn action(value: u32) -> (&'static str, Option<u32>) {
    let data = value & 0xffff;
    match value & 0xffff_0000 {
        verdict::KILL_PROCESS => ("kill_process", None),
        verdict::KILL_THREAD => ("kill_thread", None),
        verdict::TRAP => ("trap", None),
        verdict::ERRNO => ("errno", Some(data)),
        verdict::TRACE => ("trace", Some(data)),
        verdict::NOTIFY => ("notify", None),
        verdict::LOG => ("log", None),
        verdict::ALLOW => ("allow", None),
        _ => ("kill_process", None),
    }
}

/// A verdict as it is read: `errno 1`.
pub(crate) fn action_text(value: u32) -> String {
    match action(value) {
        (name, Some(data)) => format!("{name} {data}"),
        (name, None) => name.to_owned(),
    }
}
