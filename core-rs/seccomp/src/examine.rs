//! What a filter does with a call, and which rule of its profile says so.

use masu_wire::error::CoreError;
use serde_json::Value;

use crate::abi::{Abi, Machine, X32_BIT};
use crate::arguments::holds;
use crate::compile::{Parts, compile, merge, parts};
use crate::interpret::{Data, action, action_text, interpret};
use crate::profile::{Profile, read};
use crate::program::{Program, verdict};
use crate::rules::Merged;
use crate::syscalls::SYSCALLS;

/// A profile and its filter.
pub struct Examination {
    profile: Profile,
    machine: Machine,
    /// What the kernel executes.
    pub program: Program,
}

/// A call as a program would make it.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// By which convention.
    pub abi: Abi,
    /// As the filter sees it: with the bit of x32.
    pub number: u32,
    /// Those that are not given are 0.
    pub arguments: [u64; 6],
}

/// What happens to a call.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// As in profiles, without `SCMP_ACT_`, in small letters.
    pub action: &'static str,
    /// The errno, or what a tracer is told.
    pub data: Option<u32>,
    /// Why.
    pub reason: Reason,
    /// How many instructions the kernel executes for it.
    pub executed: usize,
}

/// Why a call is treated so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The rule at this place of `syscalls`.
    Rule(usize),
    /// No rule matches: the profile's default.
    Default,
    /// Newer than every call that the profile names: it does not exist.
    Newer,
    /// The profile has no such architecture.
    Architecture,
}

/// Of an architecture's known calls: how many are treated in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Which architecture.
    pub abi: Abi,
    /// By action with its errno, whatever the arguments; most calls first.
    pub always: Vec<(String, usize)>,
    /// So many depend on their arguments.
    pub by_arguments: usize,
}

/// The name of a number that a filter sees.
pub(crate) fn name_of(number: u32, abi: Abi) -> Option<&'static str> {
    SYSCALLS.iter().find(|row| row.number(abi) == Some(number)).map(|row| row.name)
}

impl Examination {
    /// Errors: as of [`crate::compile`].
    pub fn new(document: &Value, machine: Machine) -> Result<Self, CoreError> {
        let profile = read(document)?;
        let program = compile(&profile, machine)?;
        Ok(Self { profile, machine, program })
    }

    /// The conventions that it filters; calls of all others are killed.
    #[must_use]
    pub fn abis(&self) -> Vec<Abi> {
        let all = self.machine.abis().iter().copied();
        all.filter(|abi| self.is_listed(*abi)).collect()
    }

    fn is_listed(&self, abi: Abi) -> bool {
        self.machine.abis().first() == Some(&abi) || self.profile.abis.contains(&abi)
    }

    /// `allow`, `errno 1` and so on.
    #[must_use]
    pub fn default_action(&self) -> String {
        action_text(self.profile.default)
    }

    /// Executes the filter for a call. Errors: `bug` the filter does not do what its profile says.
    pub fn judge(&self, call: Call) -> Result<Verdict, CoreError> {
        let Call { abi, number, arguments } = call;
        let data = Data { number, architecture: abi.audit(), arguments, instruction_pointer: 0 };
        let (value, executed) = interpret(&self.program.instructions, &data)
            .ok_or_else(|| CoreError::bug("Execute a seccomp filter: it does not end"))?;
        let (action, data) = action(value);
        Ok(Verdict { action, data, reason: self.reason(call, value)?, executed })
    }

    fn reason(&self, Call { abi, number, arguments }: Call, value: u32) -> Result<Reason, CoreError> {
        if !self.is_listed(abi) {
            return Ok(Reason::Architecture);
        }
        let Parts { parts, newest } = parts(&self.profile, abi);
        let merged = merged(abi, number, &parts)?;
        if let Some(rule) = merged.always_by() {
            return Ok(Reason::Rule(rule));
        }
        let argument = |index: u32| usize::try_from(index).ok().and_then(|at| arguments.get(at)).copied().unwrap_or(0);
        let clauses = merged.clauses();
        let decisive =
            clauses.iter().find(|clause| clause.conditions.iter().all(|one| holds(abi, one, argument(one.argument))));
        let is_beyond = newest.is_some_and(|newest| number > newest);
        Ok(match decisive {
            Some(clause) => Reason::Rule(clause.rule),
            None if is_beyond && value == verdict::NO_SUCH_CALL && clauses.is_empty() => Reason::Newer,
            None => Reason::Default,
        })
    }

    /// Counts what it does with the calls that are known.
    pub fn counts(&self) -> Result<Vec<Counts>, CoreError> {
        self.abis().into_iter().map(|abi| self.counts_of(abi)).collect()
    }

    fn counts_of(&self, abi: Abi) -> Result<Counts, CoreError> {
        let Parts { parts, newest } = parts(&self.profile, abi);
        let mut always: Vec<(String, usize)> = Vec::new();
        let mut by_arguments = 0;
        for number in SYSCALLS.iter().filter_map(|row| row.number(abi)) {
            let merged = merged(abi, number, &parts)?;
            let otherwise =
                if newest.is_some_and(|newest| number > newest) { verdict::NO_SUCH_CALL } else { self.profile.default };
            let action = merged.always().or_else(|| merged.clauses().is_empty().then_some(otherwise));
            let Some(action) = action.map(action_text) else {
                by_arguments += 1;
                continue;
            };
            match always.iter_mut().find(|(known, _)| *known == action) {
                Some((_, count)) => *count += 1,
                None => always.push((action, 1)),
            }
        }
        always.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Ok(Counts { abi, always, by_arguments })
    }
}

fn merged(abi: Abi, number: u32, parts: &[crate::compile::Part<'_>]) -> Result<Merged, CoreError> {
    let first = parts.partition_point(|part| part.0 < number);
    let after = parts.partition_point(|part| part.0 <= number);
    merge(abi, parts.get(first..after).unwrap_or_default())
}

impl Call {
    /// A call by its name or number (decimal, or with 0x); none: the convention has no such call.
    #[must_use]
    pub fn number_of(text: &str, abi: Abi) -> Option<u32> {
        let hexadecimal = text.strip_prefix("0x").map(|digits| u32::from_str_radix(digits, 16).ok());
        let number = hexadecimal.unwrap_or_else(|| text.parse().ok());
        match number {
            Some(number) if abi == Abi::X32 => Some(number | X32_BIT),
            Some(number) => Some(number),
            None => crate::number(text, abi),
        }
    }

    /// Its name; none: there is no such call.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        name_of(self.number, self.abi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn examination() -> Examination {
        let profile = json!({
            "defaultAction": "SCMP_ACT_ERRNO",
            "architectures": ["SCMP_ARCH_X86"],
            "syscalls": [
                { "names": ["read", "write", "socketcall"], "action": "SCMP_ACT_ALLOW" },
                { "names": ["umask"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 7, "op": "SCMP_CMP_EQ" }] },
                { "names": ["umask"], "action": "SCMP_ACT_LOG", "args": [{ "index": 0, "value": 8, "op": "SCMP_CMP_GE" }] },
                { "names": ["mount"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95 },
                { "names": ["read"], "action": "SCMP_ACT_KILL_PROCESS" },
            ],
        });
        Examination::new(&profile, Machine::X86_64).unwrap()
    }

    #[test]
    fn judge_names_the_rule_that_decides() {
        for (abi, call, argument, action, data, reason) in [
            (Abi::X86_64, "read", 0, "allow", None, Reason::Rule(0)),
            (Abi::X86_64, "umask", 7, "allow", None, Reason::Rule(1)),
            (Abi::X86_64, "umask", 9, "log", None, Reason::Rule(2)),
            (Abi::X86_64, "umask", 1, "errno", Some(1), Reason::Default),
            (Abi::X86_64, "umask", 7 | 1 << 32, "log", None, Reason::Rule(2)),
            (Abi::X86, "umask", 7 | 1 << 32, "allow", None, Reason::Rule(1)),
            (Abi::X86, "socketcall", 1, "allow", None, Reason::Rule(0)),
            (Abi::X86_64, "mount", 0, "errno", Some(95), Reason::Rule(3)),
            (Abi::X86_64, "getpid", 0, "errno", Some(1), Reason::Default),
            (Abi::X86_64, "0xffff", 0, "errno", Some(38), Reason::Newer),
            (Abi::X32, "read", 0, "kill_thread", None, Reason::Architecture),
        ] {
            let number = Call::number_of(call, abi).unwrap();
            let verdict = examination().judge(Call { abi, number, arguments: [argument, 0, 0, 0, 0, 0] }).unwrap();
            assert_eq!(
                (verdict.action, verdict.data, verdict.reason),
                (action, data, reason),
                "{abi:?} {call} {argument:#x}"
            );
        }
    }

    #[test]
    fn counts_have_every_known_call_once() {
        let examination = examination();
        assert_eq!(examination.abis(), [Abi::X86_64, Abi::X86]);
        for Counts { abi, always, by_arguments } in examination.counts().unwrap() {
            let known = SYSCALLS.iter().filter(|row| row.number(abi).is_some()).count();
            assert_eq!(always.iter().map(|(_, count)| count).sum::<usize>() + by_arguments, known);
            assert_eq!(by_arguments, 1);
        }
    }

    #[test]
    fn listing_says_what_the_instructions_are() {
        let examination = examination();
        let lines = crate::listing(&examination.program.instructions, Machine::X86_64);
        assert_eq!(lines.len(), examination.program.instructions.len());
        assert_eq!(lines[0], "0000: load architecture");
        assert!(lines[1].starts_with("0001: if == 0xc000003e (x86_64, x32) goto "), "{}", lines[1]);
        for wanted in ["(umask)", "load argument0.low", "return errno 95", "return log", "return kill_thread"] {
            assert!(lines.iter().any(|line| line.contains(wanted)), "{wanted}: {lines:#?}");
        }
    }
}
