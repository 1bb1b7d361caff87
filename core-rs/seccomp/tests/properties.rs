//! Profiles that nobody wrote: each is refused with a reason, or compiled to a program that the kernel takes and that decides every call.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_possible_truncation)]
#![allow(missing_docs, unreachable_pub, reason = "a test")]

mod interpreter;

use masu_seccomp::{Data, MAXIMUM, Machine, Program, compile_for, interpret, op};
use masu_wire::error::ErrorCode;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

const NAMES: [&str; 10] =
    ["read", "mmap", "socket", "clone", "clone3", "ipc", "semtimedop", "personality", "no_such_call", "set_tls"];
const ACTIONS: [&str; 8] = ["KILL", "KILL_PROCESS", "KILL_THREAD", "TRAP", "ERRNO", "TRACE", "ALLOW", "LOG"];
const OPERATORS: [&str; 7] = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"];
const ARCHITECTURES: [&str; 6] = ["X86", "X86_64", "X32", "ARM", "AARCH64", "S390X"];

/// Numbers at whose edges comparisons of halves go wrong.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), 0..10u64, select(vec![u64::MAX, 1 << 32, (1 << 32) - 1, 1 << 63, 0xffff_ffff_0000_0000])]
}

fn condition() -> impl Strategy<Value = Value> {
    (0..6u64, select(&OPERATORS[..]), number(), number()).prop_map(|(index, operator, value, second)| {
        json!({"index": index, "op": format!("SCMP_CMP_{operator}"), "value": value, "valueTwo": second})
    })
}

fn rule() -> impl Strategy<Value = Value> {
    (vec(select(&NAMES[..]), 1..5), select(&ACTIONS[..]), vec(condition(), 0..4))
        .prop_map(|(names, action, args)| json!({"names": names, "action": format!("SCMP_ACT_{action}"), "args": args}))
}

fn profile() -> impl Strategy<Value = Value> {
    (select(&ACTIONS[..]), vec(select(&ARCHITECTURES[..]), 0..4), vec(rule(), 0..8)).prop_map(
        |(default, architectures, syscalls)| {
            let architectures: Vec<String> = architectures.iter().map(|name| format!("SCMP_ARCH_{name}")).collect();
            json!({"defaultAction": format!("SCMP_ACT_{default}"), "architectures": architectures, "syscalls": syscalls})
        },
    )
}

/// Any JSON, in which the keys of a profile are frequent.
fn junk() -> impl Strategy<Value = Value> {
    let word = select(vec![
        "defaultAction",
        "SCMP_ACT_ERRNO",
        "SCMP_ACT_NOTIFY",
        "syscalls",
        "names",
        "action",
        "args",
        "index",
        "op",
        "SCMP_CMP_EQ",
        "value",
        "errnoRet",
        "flags",
        "architectures",
        "listenerPath",
        "read",
    ]);
    let text = prop_oneof![3 => word.prop_map(str::to_owned), 1 => any::<String>()];
    let leaf = prop_oneof![
        text.clone().prop_map(Value::from),
        number().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::Array),
            btree_map(text.clone(), inner, 0..8).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn data() -> impl Strategy<Value = Data> {
    let architecture = select(vec![0xc000_003e_u32, 0x4000_0003, 0xc000_00b7, 0x4000_0028, 0]);
    let known = prop_oneof![0..600u32, any::<u32>(), (0..600u32).prop_map(|number| number | 0x4000_0000)];
    (known, architecture, any::<u64>(), proptest::array::uniform6(number())).prop_map(
        |(number, architecture, instruction_pointer, arguments)| Data {
            number,
            architecture,
            instruction_pointer,
            arguments,
        },
    )
}

/// What the kernel's checker demands: no jump leads out of the program, and the last instruction returns. linux/net/core/filter.c
fn would_be_loaded(program: &Program) -> bool {
    let code = &program.instructions;
    let inside = |at: usize, skip: u32| at + 1 + (skip as usize) < code.len();
    !code.is_empty()
        && code.len() <= MAXIMUM
        && code.last().is_some_and(|last| last.code == op::RETURN)
        && code.iter().enumerate().all(|(at, one)| match one.code {
            op::JUMP => inside(at, one.k),
            op::EQUAL | op::GREATER | op::GREATER_EQUAL | op::ANY_BIT => {
                inside(at, one.jt.into()) && inside(at, one.jf.into())
            }
            _ => true,
        })
}

fn decides_all(document: &Value, calls: &[Data]) -> Result<(), TestCaseError> {
    for machine in [Machine::X86_64, Machine::Aarch64] {
        match compile_for(document, machine) {
            Err(error) => prop_assert!(
                error.code == ErrorCode::InvalidConfig && error.message.starts_with("Compile \"linux.seccomp")
            ),
            Ok(program) => {
                prop_assert!(would_be_loaded(&program));
                for data in calls {
                    let Data { number, architecture, arguments, .. } = *data;
                    let plain =
                        interpreter::run(&program.instructions, &interpreter::Call { number, architecture, arguments });
                    prop_assert_eq!(interpret(&program.instructions, data), Some(plain));
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn compile_makes_a_loadable_program_of_any_profile(document in profile(), calls in vec(data(), 16)) {
        decides_all(&document, &calls)?;
    }

    #[test]
    fn compile_refuses_or_takes_any_document(document in junk(), calls in vec(data(), 2)) {
        decides_all(&document, &calls)?;
    }

    /// What is read of a filter (`masu seccomp explain`) may be of somebody else.
    #[test]
    fn interpret_ends_whatever_the_program(words in vec(any::<(u8, u8, u8, u32)>(), 0..64), data in data()) {
        let codes = [op::LOAD, op::AND, op::JUMP, op::EQUAL, op::GREATER, op::GREATER_EQUAL, op::ANY_BIT, op::RETURN, 0];
        let program: Vec<_> = words
            .into_iter()
            .map(|(code, jt, jf, k)| masu_seccomp::Instruction { code: codes[usize::from(code) % codes.len()], jt, jf, k })
            .collect();
        let _ = interpret(&program, &data);
    }
}
