//! Classic BPF as seccomp(2) runs it, strict about what the kernel would refuse.

#![allow(dead_code, reason = "each test program uses a part")]

use masu_seccomp::{Instruction, op};

/// linux/seccomp.h, `struct seccomp_data`, without the instruction pointer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Call {
    pub number: u32,
    pub architecture: u32,
    pub arguments: [u64; 6],
}

impl Call {
    fn word(&self, offset: u32) -> u32 {
        assert!(offset % 4 == 0 && offset < 64, "load of offset {offset}");
        match offset {
            0 => self.number,
            4 => self.architecture,
            8 | 12 => panic!("load of the instruction pointer"),
            _ => (self.arguments[(offset as usize - 16) / 8] >> (if offset % 8 == 0 { 0 } else { 32 })) as u32,
        }
    }
}

/// The verdict of a program.
pub fn verdict(program: &[Instruction], call: &Call) -> u32 {
    run(program, call).0
}

/// The verdict of a program and the number of instructions that it took.
pub fn run(program: &[Instruction], call: &Call) -> (u32, usize) {
    let (mut at, mut word, mut steps) = (0, 0, 0);
    loop {
        let Instruction { code, jt, jf, k } = *program.get(at).expect("a jump leads out of the program");
        let branch = |taken: bool| usize::from(if taken { jt } else { jf });
        steps += 1;
        at += 1;
        match code {
            op::LOAD => word = call.word(k),
            op::AND => word &= k,
            op::JUMP => at += k as usize,
            op::EQUAL => at += branch(word == k),
            op::GREATER => at += branch(word > k),
            op::GREATER_EQUAL => at += branch(word >= k),
            op::ANY_BIT => at += branch(word & k != 0),
            op::RETURN => return (k, steps),
            _ => panic!("unknown operation {code:#x}"),
        }
    }
}
