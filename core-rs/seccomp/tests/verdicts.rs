//! What a filter decides, by a plain reading of the profile, and what the compiler refuses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::cast_possible_truncation
)]
#![allow(missing_docs, unreachable_pub, reason = "a test")]

mod interpreter;

use interpreter::{Call, run, verdict};
use masu_seccomp::{
    Abi, MAXIMUM, Machine, Program, X32_BIT, compile, compile_for, default_program, number, verdict as ret,
};
use masu_wire::error::ErrorCode;
use serde_json::{Value, json};

const ENOSYS: u32 = ret::NO_SUCH_CALL;
const EPERM: u32 = ret::ERRNO | 1;
const OPERATORS: [&str; 7] = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"];

fn call(abi: Abi, name: &str, arguments: [u64; 6]) -> Call {
    Call { number: number(name, abi).unwrap(), architecture: abi.audit(), arguments }
}

fn compiled(profile: &Value) -> Program {
    compile_for(profile, Machine::X86_64).unwrap()
}

fn decide(program: &Program, abi: Abi, name: &str, arguments: [u64; 6]) -> u32 {
    verdict(&program.instructions, &call(abi, name, arguments))
}

fn condition(index: u64, operator: &str, value: u64, second: u64) -> Value {
    json!({"index": index, "op": format!("SCMP_CMP_{operator}"), "value": value, "valueTwo": second})
}

fn allow(names: &[&str], conditions: &[Value]) -> Value {
    json!({"names": names, "action": "SCMP_ACT_ALLOW", "args": conditions})
}

fn denying(syscalls: &[Value]) -> Value {
    json!({"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"], "syscalls": syscalls})
}

#[test]
fn default_program_does_what_its_table_says() {
    let built_in: Value = serde_json::from_str(include_str!("../default_profile.json")).unwrap();
    let program = compiled(&built_in["x86_64"]);
    let namespaces = 0x1000_0000;
    let cases: [(&str, [u64; 6], u32); 19] = [
        ("getpid", [0; 6], ret::ALLOW),
        ("openat", [0; 6], ret::ALLOW),
        ("chroot", [0; 6], ret::ALLOW),
        ("mseal", [0; 6], ret::ALLOW),
        ("unshare", [namespaces, 0, 0, 0, 0, 0], EPERM),
        ("io_uring_setup", [0; 6], EPERM),
        ("keyctl", [0; 6], EPERM),
        ("pivot_root", [0; 6], EPERM),
        ("mount", [0; 6], EPERM),
        ("bpf", [0; 6], EPERM),
        ("userfaultfd", [0; 6], EPERM),
        ("clone", [17, 0, 0, 0, 0, 0], ret::ALLOW),
        ("clone", [namespaces | 17, 0, 0, 0, 0, 0], EPERM),
        ("clone3", [0; 6], ENOSYS),
        ("file_getattr", [0; 6], ENOSYS),
        ("socket", [2, 1, 0, 0, 0, 0], ret::ALLOW),
        ("socket", [38, 5, 0, 0, 0, 0], EPERM),
        ("socket", [40, 1, 0, 0, 0, 0], EPERM),
        ("personality", [0xffff_ffff, 0, 0, 0, 0, 0], ret::ALLOW),
    ];
    for abi in [Abi::X86_64, Abi::X32, Abi::X86] {
        for (name, arguments, expected) in cases {
            // x32 has calls of its own up to 547: what is below is not newer.
            let expected = if abi == Abi::X32 && name == "file_getattr" { EPERM } else { expected };
            assert_eq!(decide(&program, abi, name, arguments), expected, "{name}{arguments:x?} on {abi:?}");
        }
    }
    let unknown = Call { number: 9999, architecture: Abi::X86_64.audit(), arguments: [0; 6] };
    assert_eq!(verdict(&program.instructions, &unknown), ENOSYS);
    let foreign = Call { architecture: Abi::Aarch64.audit(), ..unknown };
    assert_eq!(verdict(&program.instructions, &foreign), ret::KILL_THREAD);
    assert_eq!(decide(&program, Abi::X86_64, "socket", [2 | 1 << 32, 0, 0, 0, 0, 0]), EPERM, "all 64 bits count");
}

#[test]
fn default_program_is_built_in() {
    let built_in: Value = serde_json::from_str(include_str!("../default_profile.json")).unwrap();
    let name = if Machine::HOST == Machine::X86_64 { "x86_64" } else { "aarch64" };
    assert_eq!(default_program(), compile(&built_in[name]).unwrap());
}

#[test]
fn default_program_is_short() {
    let program = default_program();
    assert!(program.instructions.len() <= 256, "{} instructions", program.instructions.len());
    if Machine::HOST == Machine::X86_64 {
        for name in ["read", "write", "openat", "futex", "epoll_pwait", "clock_gettime"] {
            let (verdict, steps) = run(&program.instructions, &call(Abi::X86_64, name, [0; 6]));
            assert!(verdict == ret::ALLOW && steps <= 14, "{name}: {verdict:#x} after {steps} instructions");
        }
    }
}

/// A rule, read plainly: every condition holds. Of 32-bit ABIs the low words count.
fn holds(rule: &Value, abi: Abi, arguments: &[u64; 6]) -> bool {
    let mask = if matches!(abi, Abi::X86_64 | Abi::Aarch64) { u64::MAX } else { 0xffff_ffff };
    rule["args"].as_array().unwrap().iter().all(|condition| {
        let field = |name: &str| condition[name].as_u64().unwrap() & mask;
        let argument = arguments[condition["index"].as_u64().unwrap() as usize] & mask;
        let value = field("value");
        match condition["op"].as_str().unwrap() {
            "SCMP_CMP_NE" => argument != value,
            "SCMP_CMP_LT" => argument < value,
            "SCMP_CMP_LE" => argument <= value,
            "SCMP_CMP_EQ" => argument == value,
            "SCMP_CMP_GE" => argument >= value,
            "SCMP_CMP_GT" => argument > value,
            _ => argument & value == field("valueTwo") & value,
        }
    })
}

/// xorshift64*: the same profiles in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

/// Libseccomp's bugs leave no other oracle for many rules of many conditions.
#[test]
fn random_rules_of_one_action_are_a_union() {
    let values = [
        0,
        1,
        2,
        5,
        7,
        8,
        9,
        0xff,
        0xffff_fffe,
        0xffff_ffff,
        0x1_0000_0000,
        0x1_0000_0001,
        0x1_0000_0005,
        0x5_0000_0001,
        u64::MAX - 1,
        u64::MAX,
    ];
    let mut random = Random(0x6d61_7375);
    let mut allowed = 0;
    for _ in 0..600 {
        let rules: Vec<Value> = (0..1 + random.below(6))
            .map(|_| {
                let mut free = vec![0, 1, 2, 5];
                let conditions: Vec<Value> = (0..1 + random.below(3))
                    .map(|_| {
                        condition(
                            free.remove(random.below(free.len())),
                            random.of(&OPERATORS),
                            random.of(&values),
                            random.of(&values),
                        )
                    })
                    .collect();
                allow(&["mmap"], &conditions)
            })
            .collect();
        let program = compiled(&denying(&rules));
        let arm = compile_for(
            &json!({"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_ARM"], "syscalls": rules}),
            Machine::Aarch64,
        )
        .unwrap();
        for _ in 0..300 {
            let arguments = [0; 6].map(|_: u64| random.of(&values));
            for (program, abi) in
                [(&program, Abi::X86_64), (&program, Abi::X32), (&program, Abi::X86), (&arm, Abi::Aarch64)]
            {
                let expected = if rules.iter().any(|rule| holds(rule, abi, &arguments)) { ret::ALLOW } else { EPERM };
                assert_eq!(decide(program, abi, "mmap", arguments), expected, "{abi:?} {arguments:x?} of {rules:?}");
                allowed += usize::from(expected == ret::ALLOW);
            }
        }
    }
    assert!((100_000..700_000).contains(&allowed), "{allowed} of 720000");
}

#[test]
fn overlapping_rules_are_tried_by_what_they_compare() {
    let with = |action: &str, condition: Value| json!({"names": ["dup"], "action": format!("SCMP_ACT_{action}"), "args": [condition]});
    let trap = with("TRAP", condition(0, "EQ", 7, 0));
    let log = with("LOG", condition(0, "GE", 5, 0));
    for rules in [[trap.clone(), log.clone()], [log, trap]] {
        let program = compiled(&denying(&rules));
        let decided = [4, 5, 7, 8].map(|value| decide(&program, Abi::X86_64, "dup", [value, 0, 0, 0, 0, 0]));
        assert_eq!(decided, [EPERM, ret::LOG, ret::TRAP, ret::LOG], "equality goes before ranges");
    }
    let always = json!({"names": ["dup"], "action": "SCMP_ACT_LOG"});
    let trap = with("TRAP", condition(0, "EQ", 7, 0));
    for rules in [[always.clone(), trap.clone()], [trap, always]] {
        assert_eq!(
            decide(&compiled(&denying(&rules)), Abi::X86_64, "dup", [7, 0, 0, 0, 0, 0]),
            ret::LOG,
            "a rule without conditions is all there is"
        );
    }
}

#[test]
fn an_argument_named_twice_is_two_rules() {
    let program = compiled(&denying(&[allow(&["dup"], &[condition(0, "EQ", 1, 0), condition(0, "EQ", 2, 0)])]));
    let decided = [0, 1, 2, 3].map(|value| decide(&program, Abi::X86_64, "dup", [value, 0, 0, 0, 0, 0]));
    assert_eq!(decided, [EPERM, ret::ALLOW, ret::ALLOW, EPERM]);
}

#[test]
fn newer_calls_do_not_exist_unless_unnamed_ones_happen() {
    for (default, expected) in [
        ("ERRNO", ENOSYS),
        ("KILL_PROCESS", ENOSYS),
        ("TRAP", ENOSYS),
        ("ALLOW", ret::ALLOW),
        ("LOG", ret::LOG),
        ("TRACE", ret::TRACE | 1),
    ] {
        let profile = json!({"defaultAction": format!("SCMP_ACT_{default}"), "syscalls": [{"names": ["dup"], "action": "SCMP_ACT_KILL_THREAD"}]});
        assert_eq!(decide(&compiled(&profile), Abi::X86_64, "openat2", [0; 6]), expected, "{default}");
    }
}

#[test]
fn numbers_that_no_listed_abi_has_are_killed() {
    let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []});
    let program = compiled(&profile);
    let decided = [0, X32_BIT, X32_BIT + 5, 0xc000_0000, u32::MAX].map(|number| {
        verdict(&program.instructions, &Call { number, architecture: Abi::X86_64.audit(), arguments: [0; 6] })
    });
    assert_eq!(
        decided,
        [ret::ALLOW, ret::KILL_THREAD, ret::KILL_THREAD, ret::KILL_THREAD, ret::ALLOW],
        "-1 is a tracer's"
    );
}

/// Four comparisons of different arguments, so that nothing becomes a range.
fn many(count: u64) -> Value {
    let rules: Vec<Value> =
        (0..count).map(|n| allow(&["mmap"], &[condition(0, "EQ", n, 0), condition(1, "NE", n * 7, 0)])).collect();
    json!({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": rules})
}

#[test]
fn long_filters_jump_as_far_as_they_must() {
    let program = compiled(&many(400));
    assert!(program.instructions.len() > 1500);
    for n in [0, 1, 200, 399, 400] {
        let expected = if n < 400 { ret::ALLOW } else { EPERM };
        assert_eq!(decide(&program, Abi::X86_64, "mmap", [n, n * 7 + 1, 0, 0, 0, 0]), expected, "{n}");
        assert_eq!(decide(&program, Abi::X86_64, "mmap", [n, n * 7, 0, 0, 0, 0]), EPERM, "{n}");
        assert_eq!(decide(&program, Abi::X86_64, "read", [n, 0, 0, 0, 0, 0]), EPERM);
    }
}

#[test]
fn compile_refuses_a_filter_that_the_kernel_would_refuse() {
    let error = compile_for(&many(2000), Machine::X86_64).unwrap_err();
    assert_eq!(
        error.message,
        format!("Compile \"linux.seccomp\": the filter needs more than {MAXIMUM} instructions, the kernel's limit")
    );
}

#[test]
fn flags_become_the_kernels_bits() {
    let flags = |names: &[&str]| compiled(&json!({"defaultAction": "SCMP_ACT_ALLOW", "flags": names})).flags;
    assert_eq!(flags(&[]), 0);
    assert_eq!(flags(&["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]), 7);
    assert_eq!(flags(&["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]), 0, "nothing without a listener");
}

#[test]
fn foreign_architectures_and_unknown_calls_change_nothing() {
    let plain = compiled(
        &json!({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [allow(&["read"], &[]), allow(&["write"], &[])]}),
    );
    let more = compiled(&json!({
        "defaultAction": "SCMP_ACT_ERRNO",
        "architectures": ["SCMP_ARCH_S390X", "SCMP_ARCH_RISCV64", "SCMP_ARCH_AARCH64"],
        "syscalls": [allow(&["read", "s390_runtime_instr"], &[]), allow(&["no_such_call"], &[]), allow(&["write"], &[])],
        "comment": "unknown keys are ignored",
    }));
    assert_eq!(plain, more);
}

#[test]
fn compile_asks_a_listener_only_where_a_rule_does() {
    let profile = |action: &str, flags: &[&str]| {
        json!({"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/agent", "listenerMetadata": "m", "flags": flags,
            "syscalls": [{"names": ["mknod"], "action": action}]})
    };
    let all = ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"];
    let asking = masu_seccomp::compile(&profile("SCMP_ACT_NOTIFY", &all)).unwrap();
    let listener = masu_seccomp::Listener { path: "/run/agent".to_owned(), metadata: "m".to_owned() };
    assert_eq!((asking.flags, asking.listener), (1 << 1 | 1 << 3 | 1 << 5, Some(listener)));
    assert!(asking.instructions.iter().any(|one| one.code == masu_seccomp::op::RETURN && one.k == ret::NOTIFY));
    let silent = masu_seccomp::compile(&profile("SCMP_ACT_ERRNO", &all)).unwrap();
    assert_eq!((silent.flags, silent.listener), (1 << 0 | 1 << 1, None));
}

#[test]
fn compile_names_the_key_of_a_mistake() {
    let rule = |rule: Value| json!({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}, rule]});
    let argument = |argument: Value| rule(json!({"names": ["read"], "action": "SCMP_ACT_LOG", "args": [argument]}));
    let cases = [
        (json!(7), "linux.seccomp\": an object is required"),
        (json!({}), "linux.seccomp.defaultAction\": a string is required"),
        (json!({"defaultAction": "ALLOW"}), "linux.seccomp.defaultAction\": unknown action \"ALLOW\""),
        (
            json!({"defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 1}),
            "linux.seccomp.defaultErrnoRet\": \"SCMP_ACT_ALLOW\" returns no errno",
        ),
        (
            json!({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 4096}),
            "linux.seccomp.defaultErrnoRet\": 4096 is more than 4095",
        ),
        (
            json!({"defaultAction": "SCMP_ACT_NOTIFY"}),
            "linux.seccomp.defaultAction\": a listener can be asked about named calls only",
        ),
        (
            rule(json!({"names": ["mknod"], "action": "SCMP_ACT_NOTIFY"})),
            "linux.seccomp.syscalls[1].action\": SCMP_ACT_NOTIFY asks a listener, and there is no listenerPath",
        ),
        (
            json!({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["x86_64"]}),
            "linux.seccomp.architectures\": unknown architecture \"x86_64\"",
        ),
        (
            json!({"defaultAction": "SCMP_ACT_ALLOW", "architectures": "x"}),
            "linux.seccomp.architectures\": a list is required",
        ),
        (
            json!({"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_X"]}),
            "linux.seccomp.flags\": unknown flag \"SECCOMP_FILTER_FLAG_X\"",
        ),
        (
            rule(json!({"names": [], "action": "SCMP_ACT_LOG"})),
            "linux.seccomp.syscalls[1].names\": at least one system call is required",
        ),
        (rule(json!({"names": [3], "action": "SCMP_ACT_LOG"})), "linux.seccomp.syscalls[1].names\": 3 is no string"),
        (rule(json!({"names": ["read"]})), "linux.seccomp.syscalls[1].action\": a string is required"),
        (
            rule(json!({"names": ["read"], "action": "SCMP_ACT_TRACE", "errnoRet": 65536})),
            "linux.seccomp.syscalls[1].errnoRet\": 65536 is more than 65535",
        ),
        (
            argument(json!({"index": 6, "value": 1, "op": "SCMP_CMP_EQ"})),
            "linux.seccomp.syscalls[1].args[0].index\": an argument's number, 0 to 5, is required",
        ),
        (
            argument(json!({"index": 0, "value": 1, "op": "=="})),
            "linux.seccomp.syscalls[1].args[0].op\": unknown comparison \"==\"",
        ),
        (
            argument(json!({"index": 0, "op": "SCMP_CMP_EQ"})),
            "linux.seccomp.syscalls[1].args[0].value\": a number is required",
        ),
        (
            argument(json!({"index": 0, "value": -1, "op": "SCMP_CMP_EQ"})),
            "linux.seccomp.syscalls[1].args[0].value\": -1 is not an unsigned 64-bit integer",
        ),
    ];
    for (document, expected) in cases {
        let error = compile(&document).unwrap_err();
        assert_eq!(error.message, format!("Compile \"{expected}"), "{document}");
        assert_eq!(error.code, ErrorCode::InvalidConfig);
    }
}

#[test]
fn compile_refuses_rules_that_contradict_each_other() {
    let with = |action: &str| json!({"names": ["dup"], "action": action, "args": [condition(0, "EQ", 1, 0)]});
    let error = compile(&denying(&[with("SCMP_ACT_LOG"), with("SCMP_ACT_TRAP")])).unwrap_err();
    assert_eq!(
        error.message,
        "Compile \"linux.seccomp.syscalls[1]\": an earlier rule has the same conditions and another action"
    );
}
