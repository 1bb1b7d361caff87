//! Device rules as a program for a v2 cgroup. Kernel, Documentation/admin-guide/cgroup-v2.rst, "Device controller"
//!
//! The program walks the rules from the last to the first. It keeps the accesses that are asked for and not yet granted: an allowing rule
//! that matches the device takes its accesses away, and when none is left the answer is yes; a denying rule that matches and has one of them
//! makes it no; so does the end.

use masu_sys::bpf::{Instruction, attach_device_program, load_device_program};
use masu_sys::errno::values::{EACCES, EPERM};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::plan::DeviceRule;
use rustix::fs::{Mode, OFlags};
use std::os::fd::AsFd;

use crate::failure::failed;
use crate::hint::unless_hinted;
use crate::named;

// Registers: r0 the answer, r1 the context, r2 the type, r3 the open accesses, r4 major, r5 minor, r6 scratch.
const ANSWER: u8 = 0;
const CONTEXT: u8 = 1;
const TYPE: u8 = 2;
const OPEN: u8 = 3;
const MAJOR: u8 = 4;
const MINOR: u8 = 5;
const SCRATCH: u8 = 6;

// linux/bpf_common.h and linux/bpf.h: class, size or operation, source.
const LOAD_WORD: u8 = 0x61;
const MOVE_NUMBER: u8 = 0xb7;
const MOVE_REGISTER: u8 = 0xbf;
const AND_NUMBER: u8 = 0x57;
const SHIFT_RIGHT: u8 = 0x77;
const JUMP_IF_DIFFERENT: u8 = 0x55;
const JUMP_IF_EQUAL: u8 = 0x15;
const EXIT: u8 = 0x95;

/// `HostStep::AttachDeviceProgram`
pub(crate) fn attach(cgroup: &str, rules: &[DeviceRule]) -> Result<(), CoreError> {
    let action = || format!("Attach a device program to cgroup {cgroup:?}");
    let program = compile(rules)?;
    let directory = rustix::fs::open(cgroup, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    let directory = named("open", directory).map_err(|error| failed(action(), error))?;
    let attached = load_device_program(&program).and_then(|program| attach_device_program(directory.as_fd(), &program));
    attached.map_err(|error| match error.errno {
        EPERM | EACCES => unless_hinted(
            failed(action(), error),
            "device rules on a v2 cgroup need CAP_BPF or CAP_SYS_ADMIN on the host",
        ),
        _ => failed(action(), error),
    })
}

/// The instructions for these rules. Errors: `invalid_config` for a type or an access that there is not.
fn compile(rules: &[DeviceRule]) -> Result<Vec<Instruction>, CoreError> {
    // struct bpf_cgroup_dev_ctx: u32 access_type (access << 16 | type), major, minor
    let mut program = vec![
        load(TYPE, 0),
        instruction(MOVE_REGISTER, OPEN, TYPE, 0, 0),
        instruction(AND_NUMBER, TYPE, 0, 0, 0xffff),
        instruction(SHIFT_RIGHT, OPEN, 0, 0, 16),
        load(MAJOR, 4),
        load(MINOR, 8),
    ];
    for rule in rules.iter().rev() {
        let tail = verdict(rule)?;
        let mut tests = Vec::new();
        if let Some(kind) = device_type(rule.kind)? {
            tests.push((TYPE, kind));
        }
        tests.extend(rule.major.map(|major| (MAJOR, number(major))));
        tests.extend(rule.minor.map(|minor| (MINOR, number(minor))));
        for (at, (register, value)) in tests.iter().enumerate() {
            program.push(instruction(
                JUMP_IF_DIFFERENT,
                *register,
                0,
                distance(tests.len() - at - 1 + tail.len()),
                *value,
            ));
        }
        program.extend(tail);
    }
    program.extend(answer(0));
    Ok(program)
}

/// What a matching rule does with its accesses.
fn verdict(rule: &DeviceRule) -> Result<Vec<Instruction>, CoreError> {
    let accesses = accesses(&rule.access)?;
    let (test, then) = if rule.allow {
        (vec![instruction(AND_NUMBER, OPEN, 0, 0, !accesses), instruction(JUMP_IF_DIFFERENT, OPEN, 0, 2, 0)], answer(1))
    } else {
        let test = vec![
            instruction(MOVE_REGISTER, SCRATCH, OPEN, 0, 0),
            instruction(AND_NUMBER, SCRATCH, 0, 0, accesses),
            instruction(JUMP_IF_EQUAL, SCRATCH, 0, 2, 0),
        ];
        (test, answer(0))
    };
    Ok(test.into_iter().chain(then).collect())
}

fn answer(value: i32) -> [Instruction; 2] {
    [instruction(MOVE_NUMBER, ANSWER, 0, 0, value), instruction(EXIT, 0, 0, 0, 0)]
}

fn load(register: u8, offset: i16) -> Instruction {
    instruction(LOAD_WORD, register, CONTEXT, offset, 0)
}

fn instruction(code: u8, destination: u8, source: u8, offset: i16, immediate: i32) -> Instruction {
    Instruction { code, registers: destination | source << 4, offset, immediate }
}

fn distance(instructions: usize) -> i16 {
    i16::try_from(instructions).unwrap_or(i16::MAX)
}

/// Device numbers have 12 and 20 bits; a greater one matches no device.
fn number(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(-1)
}

/// BPF_DEVCG_DEV_BLOCK and BPF_DEVCG_DEV_CHAR; none: both.
fn device_type(kind: char) -> Result<Option<i32>, CoreError> {
    match kind {
        'a' => Ok(None),
        'b' => Ok(Some(1)),
        'c' | 'u' => Ok(Some(2)),
        _ => Err(CoreError::new(
            ErrorCode::InvalidConfig,
            format!("Read a device rule: \"{kind}\" is no device type (a, b, c)"),
        )),
    }
}

/// BPF_DEVCG_ACC_MKNOD, READ and WRITE.
fn accesses(text: &str) -> Result<i32, CoreError> {
    text.chars().try_fold(0, |bits, access| match access {
        'm' => Ok(bits | 1),
        'r' => Ok(bits | 2),
        'w' => Ok(bits | 4),
        _ => Err(CoreError::new(
            ErrorCode::InvalidConfig,
            format!("Read a device rule: \"{access}\" is no access (r, w, m)"),
        )),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: u32 = 1;
    const CHARACTER: u32 = 2;
    const MKNOD: u32 = 1;
    const READ: u32 = 2;
    const WRITE: u32 = 4;

    fn rule(allow: bool, kind: char, major: Option<u32>, minor: Option<u32>, access: &str) -> DeviceRule {
        DeviceRule { allow, kind, major, minor, access: access.to_owned() }
    }

    /// Interprets the instructions that `compile` uses.
    fn run(program: &[Instruction], context: [u32; 3]) -> u64 {
        let mut registers = [0u64; 11];
        let mut at = 0;
        loop {
            let Instruction { code, registers: both, offset, immediate } = program[at];
            let (to, from) = (usize::from(both & 15), usize::from(both >> 4));
            let value = i64::from(immediate) as u64;
            let mut jump = 0;
            match code {
                LOAD_WORD => registers[to] = context[usize::try_from(offset).unwrap() / 4].into(),
                MOVE_NUMBER => registers[to] = value,
                MOVE_REGISTER => registers[to] = registers[from],
                AND_NUMBER => registers[to] &= value,
                SHIFT_RIGHT => registers[to] >>= value,
                JUMP_IF_DIFFERENT if registers[to] != value => jump = usize::try_from(offset).unwrap(),
                JUMP_IF_EQUAL if registers[to] == value => jump = usize::try_from(offset).unwrap(),
                JUMP_IF_DIFFERENT | JUMP_IF_EQUAL => {}
                EXIT => return registers[0],
                other => panic!("{other:#x}"),
            }
            at += 1 + jump;
        }
    }

    #[test]
    fn compile_lets_later_rules_win_and_denies_the_rest() {
        let rules = [
            rule(false, 'a', None, None, "rwm"),
            rule(true, 'c', Some(1), Some(3), "r"),
            rule(true, 'c', Some(1), Some(3), "w"),
            rule(true, 'c', Some(136), None, "rwm"),
            rule(true, 'b', None, None, "m"),
            rule(true, 'a', Some(7), None, "rw"),
            rule(false, 'a', Some(7), Some(9), "w"),
        ];
        let program = compile(&rules).unwrap();
        for (kind, major, minor, access, allowed) in [
            (CHARACTER, 1, 3, READ, 1),
            (CHARACTER, 1, 3, READ | WRITE, 1),
            (CHARACTER, 1, 3, READ | MKNOD, 0),
            (BLOCK, 1, 3, READ, 0),
            (CHARACTER, 1, 4, READ, 0),
            (CHARACTER, 136, 77, READ | WRITE | MKNOD, 1),
            (BLOCK, 8, 0, MKNOD, 1),
            (BLOCK, 8, 0, MKNOD | READ, 0),
            (BLOCK, 7, 1, READ | WRITE, 1),
            (BLOCK, 7, 1, READ | WRITE | MKNOD, 1),
            (CHARACTER, 7, 9, READ, 1),
            (CHARACTER, 7, 9, READ | WRITE, 0),
        ] {
            assert_eq!(run(&program, [access << 16 | kind, major, minor]), allowed, "{kind} {major}:{minor} {access}");
        }
    }

    #[test]
    fn compile_without_rules_denies_everything() {
        assert_eq!(run(&compile(&[]).unwrap(), [READ << 16 | CHARACTER, 1, 3]), 0);
    }

    #[test]
    fn the_kernel_verifies_the_program() {
        let program =
            compile(&[rule(true, 'c', Some(1), Some(3), "rw"), rule(false, 'a', None, Some(1), "m")]).unwrap();
        match load_device_program(&program) {
            Ok(_) => {}
            Err(error) if error.errno == EPERM => println!("skipped: no CAP_BPF here: {error}"),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn compile_names_what_it_does_not_know() {
        assert_eq!(compile(&[rule(true, 'x', None, None, "r")]).unwrap_err().code, ErrorCode::InvalidConfig);
        assert!(compile(&[rule(true, 'c', None, None, "rx")]).unwrap_err().message.contains("\"x\""));
    }
}
