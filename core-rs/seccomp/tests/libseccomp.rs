//! The same verdicts as runc with libseccomp, for profiles of all kinds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::cast_possible_truncation
)]
#![allow(missing_docs, unreachable_pub, reason = "a test")]

mod interpreter;
mod peer;

use interpreter::{Call, verdict};
use masu_seccomp::{Abi, Machine, compile_for, number};
use peer::{Libseccomp, Runc, TOKENS};
use serde_json::{Value, json};

const ABIS: [(Abi, &str); 5] = [
    (Abi::X86_64, "SCMP_ARCH_X86_64"),
    (Abi::X32, "SCMP_ARCH_X32"),
    (Abi::X86, "SCMP_ARCH_X86"),
    (Abi::Aarch64, "SCMP_ARCH_AARCH64"),
    (Abi::Arm, "SCMP_ARCH_ARM"),
];

/// The library, or a line that says why there is no comparison; `MASU_TESTS_MUST_RUN=libseccomp` makes that a failure.
fn library() -> Option<Libseccomp> {
    let library = Libseccomp::load().filter(|_| cfg!(target_arch = "x86_64"));
    if library.is_none() {
        let must_run = std::env::var("MASU_TESTS_MUST_RUN").unwrap_or_default();
        assert!(
            !must_run.split(',').any(|name| name == "libseccomp"),
            "MASU_TESTS_MUST_RUN demands libseccomp, this host lacks it"
        );
        eprintln!("skipped: no libseccomp.so.2 for x86-64");
    }
    library
}

fn defaults() -> Value {
    serde_json::from_str(include_str!("../default_profile.json")).unwrap()
}

/// The profile without the names that libseccomp does not know, or knows by another number or on fewer architectures.
fn common(library: &Libseccomp, mut profile: Value) -> Value {
    let agreed = |name: &str| {
        library.knows(name)
            && ABIS.iter().all(|(abi, architecture)| {
                let (ours, theirs) = (number(name, *abi), library.number(architecture, name));
                ours == theirs || (ours.is_none() && *abi == Abi::X86 && [Some(102), Some(117)].contains(&theirs))
            })
    };
    for rule in profile["syscalls"].as_array_mut().unwrap() {
        rule["names"].as_array_mut().unwrap().retain(|name| agreed(name.as_str().unwrap()));
    }
    profile["syscalls"].as_array_mut().unwrap().retain(|rule| !rule["names"].as_array().unwrap().is_empty());
    profile
}

/// What a profile is compared with: every number that could matter, and every argument that its rules compare, from all sides.
fn calls(profile: &Value, machine: Machine) -> Vec<Call> {
    let edges = [
        0x3fff_ffff,
        0x7fff_ffff,
        0x8000_0000,
        0x8000_0001,
        0xbfff_ffff,
        0xc000_0000,
        0xc000_0027,
        0xffff_fffe,
        u32::MAX,
    ];
    let numbers = (0..1100).chain(0x4000_0000..0x4000_044c).chain(0xf_0000..0xf_0010).chain(edges);
    let architectures = || TOKENS.iter().map(|(.., audit)| *audit).chain([0xc000_00f3, 0, u32::MAX]);
    let mut calls: Vec<Call> = numbers
        .flat_map(|number| architectures().map(move |architecture| Call { number, architecture, arguments: [0; 6] }))
        .collect();
    for rule in profile["syscalls"].as_array().unwrap() {
        let arguments = argument_sets(rule["args"].as_array().map_or(&[], Vec::as_slice));
        let names: Vec<&str> = rule["names"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let names = if arguments.len() > 1 { [names, vec!["socketcall", "ipc"]].concat() } else { names };
        for abi in machine.abis() {
            for number in names.iter().filter_map(|name| number(name, *abi)) {
                calls.extend(arguments.iter().map(|arguments| Call {
                    number,
                    architecture: abi.audit(),
                    arguments: *arguments,
                }));
            }
        }
    }
    calls
}

/// Values around what the conditions compare, in every combination of up to three arguments.
fn argument_sets(conditions: &[Value]) -> Vec<[u64; 6]> {
    let mut sets = vec![[0; 6]];
    for condition in conditions {
        let index = condition["index"].as_u64().unwrap() as usize;
        let (value, second) = (condition["value"].as_u64().unwrap(), condition["valueTwo"].as_u64().unwrap_or(0));
        let masked = condition["op"] == "SCMP_CMP_MASKED_EQ";
        let mut values = vec![
            0,
            1,
            u64::MAX,
            value,
            value.wrapping_add(1),
            value.wrapping_sub(1),
            value ^ 1 << 32,
            value ^ 1 << 63,
            value & 0xffff_ffff,
        ];
        values.extend([value << 32, value | 0xffff_ffff_0000_0000, 1, 2, 7, 8, 9, 17, 38, 0x1_0000_0001]);
        if masked {
            values.extend([second, second | !value, second ^ (value & value.wrapping_neg()), !value, second | 1 << 40]);
            values.extend((0..64).filter(|bit| value >> bit & 1 == 1).map(|bit| second ^ 1 << bit));
        }
        sets = sets
            .iter()
            .flat_map(|set| {
                values.iter().map(move |value| {
                    let mut set = *set;
                    set[index] = *value;
                    set
                })
            })
            .collect();
        sets.truncate(20_000);
    }
    sets
}

fn architectures(machine: Machine, profile: &Value) -> Vec<&'static str> {
    let own = if machine == Machine::X86_64 { "SCMP_ARCH_X86_64" } else { "SCMP_ARCH_AARCH64" };
    let listed =
        |name: &&str| profile["architectures"].as_array().is_some_and(|list| list.iter().any(|other| other == name));
    let others = machine.abis().iter().skip(1).map(|abi| ABIS.iter().find(|(other, _)| other == abi).unwrap().1);
    std::iter::once(own).chain(others.filter(listed)).collect()
}

/// Compares all calls; the number of them.
fn compare(library: &Libseccomp, profile: &Value, machine: Machine) -> Result<usize, String> {
    let architectures = architectures(machine, profile);
    let runc = Runc::new(library, profile, &architectures)?;
    let program = compile_for(profile, machine).map_err(|error| error.to_string())?;
    let calls = calls(profile, machine);
    for call in &calls {
        let (ours, theirs) = (verdict(&program.instructions, call), runc.verdict(call));
        assert_eq!(ours, theirs, "ours {ours:#x}, libseccomp's {theirs:#x} of {call:x?} in {profile}");
    }
    Ok(calls.len())
}

#[test]
fn numbers_are_libseccomps() {
    let Some(library) = library() else { return };
    let source = include_str!("../src/syscalls.rs");
    let names: Vec<&str> =
        source.lines().filter_map(|line| line.trim().strip_prefix("Row { name: \"")?.split('"').next()).collect();
    assert!(names.len() > 450);
    let mut checked = 0;
    for name in names {
        for (abi, architecture) in ABIS {
            let (Some(ours), Some(theirs)) = (number(name, abi), library.number(architecture, name)) else { continue };
            assert_eq!(ours, theirs, "{name} on {architecture}");
            checked += 1;
        }
    }
    assert!(checked > 1700, "{checked}");
}

#[test]
fn default_profile_does_what_runc_does() {
    let Some(library) = library() else { return };
    for (name, machine) in [("x86_64", Machine::X86_64), ("aarch64", Machine::Aarch64)] {
        let whole = defaults()[name].clone();
        let profile = common(&library, whole.clone());
        let count = |profile: &Value| -> usize {
            profile["syscalls"].as_array().unwrap().iter().map(|rule| rule["names"].as_array().unwrap().len()).sum()
        };
        assert!(count(&whole) - count(&profile) < 20, "{} of {} names are compared", count(&profile), count(&whole));
        compare(&library, &profile, machine).unwrap();
    }
}

/// One `syscalls` entry; conditions are `[index, op, value, valueTwo]`.
fn rule(names: &[&str], action: &str, errno: Option<u64>, conditions: &[(u64, &str, u64, u64)]) -> Value {
    let condition = |(index, op, value, second): &(u64, &str, u64, u64)| json!({"index": index, "op": format!("SCMP_CMP_{op}"), "value": value, "valueTwo": second});
    let mut rule = json!({"names": names, "action": format!("SCMP_ACT_{action}"), "args": conditions.iter().map(condition).collect::<Vec<_>>()});
    if let Some(errno) = errno {
        rule["errnoRet"] = json!(errno);
    }
    rule
}

fn profile(default: &str, architectures: &[&str], syscalls: &[Value]) -> Value {
    let architectures: Vec<String> = architectures.iter().map(|name| format!("SCMP_ARCH_{name}")).collect();
    json!({"defaultAction": format!("SCMP_ACT_{default}"), "architectures": architectures, "syscalls": syscalls})
}

const X86: [&str; 3] = ["X86_64", "X86", "X32"];
const OPERATORS: [&str; 7] = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"];

#[test]
fn odd_profiles_do_what_runc_does() {
    let Some(library) = library() else { return };
    let several = vec![
        rule(&["read", "write"], "ALLOW", None, &[]),
        rule(&["open"], "ERRNO", Some(2), &[(1, "EQ", 0, 0)]),
        rule(&["open"], "TRAP", None, &[(1, "EQ", 2, 0)]),
        rule(&["open"], "TRACE", Some(7), &[(1, "GT", 0x1_0000_0000, 0)]),
        rule(&["ioctl"], "ALLOW", None, &[(0, "EQ", 1, 0), (1, "MASKED_EQ", 0xff00, 0x5400), (2, "LE", 9, 0)]),
        rule(&["ioctl"], "LOG", None, &[(0, "EQ", 2, 0), (1, "NE", 0x5412, 0)]),
        rule(&["mmap", "mmap2"], "KILL_PROCESS", None, &[(2, "MASKED_EQ", 4, 4)]),
        rule(&["fcntl"], "ALLOW", None, &[(1, "EQ", 1, 0), (1, "EQ", 2, 0), (1, "GE", u64::MAX, 0)]),
        rule(&["prctl"], "ALLOW", None, &[(0, "MASKED_EQ", 0, 0)]),
        rule(&["kill"], "ALLOW", None, &[(5, "MASKED_EQ", 0xffff_ffff_0000_0000, 0x7_0000_0000)]),
        rule(&["socket", "accept"], "ALLOW", None, &[(0, "EQ", 2, 0), (1, "NE", 3, 0)]),
        rule(&["semop", "shmat"], "ERRNO", Some(4094), &[(2, "LT", 3, 0)]),
    ];
    for default in ["KILL", "KILL_PROCESS", "KILL_THREAD", "TRAP", "ERRNO", "TRACE", "LOG", "ALLOW"] {
        for architectures in [&X86[..], &["X86_64"], &["X32"], &["X86"], &[]] {
            compare(&library, &profile(default, architectures, &several), Machine::X86_64).unwrap();
        }
    }
    for values in [[0, 1, 5], [u64::from(u32::MAX), 1 << 32, (1 << 32) + 1], [u64::MAX, u64::MAX - 1, 1 << 63]] {
        for operator in OPERATORS {
            for value in values {
                let rules = [rule(&["dup3", "socket"], "ALLOW", None, &[(1, operator, value, 1)])];
                compare(&library, &profile("ERRNO", &X86, &rules), Machine::X86_64).unwrap();
                compare(&library, &profile("ERRNO", &["ARM"], &rules), Machine::Aarch64).unwrap();
            }
        }
    }
    compare(&library, &profile("KILL", &X86, &[]), Machine::X86_64).unwrap();
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

    fn condition(&mut self, arguments: &mut Vec<u64>, operators: &[&'static str]) -> (u64, &'static str, u64, u64) {
        let values = [0, 1, 2, 5, 7, 8, 0xff, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0005, 0x5_0000_0001, u64::MAX];
        (arguments.remove(self.below(arguments.len())), self.of(operators), self.of(&values), self.of(&values))
    }

    /// The rules of one call. libseccomp 2.5 misses matches where several rules of a call have several conditions or 64-bit ranges
    /// (2.6 corrects some of that), so there is one such rule, or several that compare one argument with single numbers.
    fn rules(&mut self, name: &str, action: &str) -> Vec<Value> {
        match self.below(3) {
            0 => vec![rule(&[name], action, None, &[])],
            1 => {
                let mut arguments = vec![0, 1, 2, 5];
                let operators = if self.below(2) == 0 { &OPERATORS[..] } else { &["EQ", "MASKED_EQ"][..] };
                let count = if operators.len() == 7 { 1 } else { 1 + self.below(3) };
                let conditions: Vec<_> = (0..count).map(|_| self.condition(&mut arguments, operators)).collect();
                vec![rule(&[name], action, None, &conditions)]
            }
            _ => {
                let argument = self.of(&[0, 1, 5]);
                (0..1 + self.below(6))
                    .map(|_| rule(&[name], action, None, &[self.condition(&mut vec![argument], &["EQ"])]))
                    .collect()
            }
        }
    }
}

/// Random profiles, a call's rules with one action.
#[test]
fn random_profiles_do_what_runc_does() {
    let Some(library) = library() else { return };
    let names = [
        "read",
        "openat",
        "mmap",
        "clone",
        "cachestat",
        "waitpid",
        "chown32",
        "socketcall",
        "ipc",
        "getxattr",
        "fcntl64",
    ];
    let actions = ["ALLOW", "ERRNO", "TRAP", "LOG", "KILL_PROCESS", "TRACE"];
    let (mut random, mut compared) = (Random(0x6d61_7375), 0);
    for _ in 0..300 {
        let default = random.of(&["ERRNO", "KILL", "ALLOW", "TRAP"]);
        let chosen: Vec<&str> = names.iter().copied().filter(|_| random.below(2) == 0).collect();
        let rules: Vec<Value> = chosen
            .into_iter()
            .flat_map(|name| {
                let action = random.of(&actions);
                random.rules(name, action)
            })
            .collect();
        let architectures = random.of(&[&X86[..], &["X86"], &["X32"], &[]]);
        compared += compare(&library, &profile(default, architectures, &rules), Machine::X86_64).unwrap();
    }
    assert!(compared > 1_000_000, "{compared}");
}
