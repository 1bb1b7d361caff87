//! A filter as text: one line an instruction, each with what it means.

use crate::abi::{Abi, Machine};
use crate::examine::name_of;
use crate::interpret::action_text;
use crate::program::{Instruction, data, op};

/// What is known where an instruction is reached.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Known {
    /// AUDIT_ARCH_*; none: more than one.
    architecture: Option<u32>,
    /// The offset of the loaded word.
    word: Option<u32>,
}

/// One line for each instruction: exactly what the kernel executes.
#[must_use]
pub fn listing(instructions: &[Instruction], machine: Machine) -> Vec<String> {
    let known = flow(instructions);
    instructions
        .iter()
        .enumerate()
        .map(|(at, one)| format!("{at:04}: {}", line(at, *one, known.get(at).copied().flatten(), machine)))
        .collect()
}

/// Jumps lead forward only: one pass is enough.
fn flow(instructions: &[Instruction]) -> Vec<Option<Known>> {
    let mut known: Vec<Option<Known>> = vec![None; instructions.len()];
    if let Some(first) = known.first_mut() {
        *first = Some(Known { architecture: None, word: None });
    }
    for (at, one) in instructions.iter().enumerate() {
        let Some(here) = known.get(at).copied().flatten() else { continue };
        for (target, state) in successors(at, *one, here) {
            if let Some(slot) = known.get_mut(target) {
                *slot = Some(slot.map_or(state, |other| meet(other, state)));
            }
        }
    }
    known
}

fn meet(one: Known, other: Known) -> Known {
    Known {
        architecture: one.architecture.filter(|_| one.architecture == other.architecture),
        word: one.word.filter(|_| one.word == other.word),
    }
}

fn successors(at: usize, one: Instruction, here: Known) -> Vec<(usize, Known)> {
    match one.code {
        op::RETURN => Vec::new(),
        op::LOAD => vec![(at + 1, Known { word: Some(one.k), ..here })],
        op::AND => vec![(at + 1, here)],
        op::JUMP => vec![(target(at, one.k), here)],
        _ => {
            let is_architecture = here.word == Some(data::ARCHITECTURE) && one.code == op::EQUAL;
            let yes = if is_architecture { Known { architecture: Some(one.k), ..here } } else { here };
            vec![(target(at, one.jt.into()), yes), (target(at, one.jf.into()), here)]
        }
    }
}

fn target(at: usize, skip: u32) -> usize {
    at + 1 + usize::try_from(skip).unwrap_or(usize::MAX / 2)
}

fn line(at: usize, one: Instruction, known: Option<Known>, machine: Machine) -> String {
    match one.code {
        op::LOAD => format!("load {}", word(one.k)),
        op::AND => format!("and {:#x}", one.k),
        op::JUMP => format!("goto {:04}", target(at, one.k)),
        op::RETURN => format!("return {}", action_text(one.k)),
        _ => {
            let sign = match one.code {
                op::EQUAL => "==",
                op::GREATER => ">",
                op::GREATER_EQUAL => ">=",
                _ => "&",
            };
            let (yes, no) = (target(at, one.jt.into()), target(at, one.jf.into()));
            format!("if {sign} {} goto {yes:04} else {no:04}", operand(one.k, known, machine))
        }
    }
}

/// A word of `struct seccomp_data`.
fn word(offset: u32) -> String {
    match offset {
        data::NUMBER => "number".to_owned(),
        data::ARCHITECTURE => "architecture".to_owned(),
        8 => "instruction_pointer.low".to_owned(),
        12 => "instruction_pointer.high".to_owned(),
        _ => {
            let half = if offset % 8 == 0 { "low" } else { "high" };
            format!("argument{}.{half}", offset.saturating_sub(16) / 8)
        }
    }
}

/// What a word is compared with; a number with its call's name, where it is one call's only.
fn operand(value: u32, known: Option<Known>, machine: Machine) -> String {
    let abis = machine.abis();
    match known.and_then(|known| known.word.map(|word| (word, known.architecture))) {
        Some((data::ARCHITECTURE, _)) => {
            let names: Vec<&str> = abis.iter().filter(|abi| abi.audit() == value).map(|abi| abi.name()).collect();
            format!("{value:#x} ({})", names.join(", "))
        }
        Some((data::NUMBER, Some(architecture))) => {
            let of = |abi: &&Abi| abi.audit() == architecture;
            let name = abis.iter().filter(of).find_map(|abi| name_of(value, *abi));
            name.map_or_else(|| format!("{value:#x}"), |name| format!("{value} ({name})"))
        }
        _ => format!("{value:#x}"),
    }
}
