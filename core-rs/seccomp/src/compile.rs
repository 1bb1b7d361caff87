//! A profile's filter: one search a calling convention, by system call number.

use masu_wire::error::{CoreError, ErrorCode};

use crate::abi::{Abi, FIRST_PRIVATE, MULTIPLEXED, Machine, Row, X32_BIT};
use crate::arguments;
use crate::assemble::assemble;
use crate::graph::{Graph, Id, Node, Segments};
use crate::profile::{Comparison, Condition, Profile, Rule};
use crate::program::{MAXIMUM, Program, data, op, verdict};
use crate::rules::{Clause, Merged};

/// The filter that does what the profile says on this machine.
pub(crate) fn compile(profile: &Profile, machine: Machine) -> Result<Program, CoreError> {
    let mut graph = Graph::default();
    let entry = Compiler { profile, machine, graph: &mut graph }.entry()?;
    let instructions = assemble(&graph, entry).ok_or_else(|| {
        let limit =
            format!("Compile \"linux.seccomp\": the filter needs more than {MAXIMUM} instructions, the kernel's limit");
        CoreError::new(ErrorCode::InvalidConfig, limit).with_hint("use fewer argument conditions")
    })?;
    Ok(Program { flags: profile.flags, instructions, listener: profile.listener.clone() })
}

struct Compiler<'a> {
    profile: &'a Profile,
    machine: Machine,
    graph: &'a mut Graph,
}

/// What the profile says of one ABI's calls.
struct Calls {
    /// By number.
    decisions: Vec<(u32, Id)>,
    /// The largest number that the profile names, if what is beyond it does not exist for the program.
    newest: Option<u32>,
}

impl Compiler<'_> {
    /// Finds the architecture's search.
    fn entry(&mut self) -> Result<Id, CoreError> {
        // libseccomp, SCMP_FLTATR_ACT_BADARCH.
        let foreign = self.graph.verdict(verdict::KILL_THREAD);
        let mut otherwise = foreign;
        for abi in self.machine.abis().iter().rev() {
            let search = match abi {
                Abi::X32 => continue,
                Abi::X86_64 => self.x86_64(foreign)?,
                _ if self.is_listed(*abi) => self.numbers(*abi)?,
                _ => continue,
            };
            let search = self.graph.add(Node::Load(data::NUMBER, search));
            otherwise = self.graph.test(op::EQUAL, abi.audit(), search, otherwise);
        }
        Ok(self.graph.add(Node::Load(data::ARCHITECTURE, otherwise)))
    }

    /// The machine's own ABI is always filtered, as libseccomp and runc do.
    fn is_listed(&self, abi: Abi) -> bool {
        self.machine.abis().first() == Some(&abi) || self.profile.abis.contains(&abi)
    }

    /// The search of an ABI that has an architecture of its own.
    fn numbers(&mut self, abi: Abi) -> Result<Id, CoreError> {
        let calls = self.calls(abi)?;
        let (default, missing) = self.defaults();
        let mut segments = Segments::new(default);
        paint(&mut segments, &calls, 0, default, missing);
        Ok(self.graph.search(&segments))
    }

    /// x86-64 and x32 share an architecture; bit 30 tells them apart.
    ///
    /// Numbers with bit 31 set are nobody's. They get what runc's prefix and libseccomp's filter give them together.
    fn x86_64(&mut self, foreign: Id) -> Result<Id, CoreError> {
        let (default, missing) = self.defaults();
        let calls = self.calls(Abi::X86_64)?;
        let mut segments = Segments::new(default);
        paint(&mut segments, &calls, 0, default, missing);
        if self.is_listed(Abi::X32) {
            let x32 = self.calls(Abi::X32)?;
            segments.push(X32_BIT, default);
            paint(&mut segments, &x32, X32_BIT, default, missing);
            segments.push(1 << 31, if calls.newest.is_some() { missing } else { default });
            segments.push(1 << 31 | X32_BIT, if x32.newest.is_some() { missing } else { default });
        } else {
            segments.push(X32_BIT, foreign);
            segments.push(1 << 31, if calls.newest.is_some() { missing } else { foreign });
            segments.push(1 << 31 | X32_BIT, foreign);
            // seccomp(2): a tracer that skips a call sets its number to -1, which must not kill.
            segments.push(u32::MAX, default);
        }
        Ok(self.graph.search(&segments))
    }

    fn defaults(&mut self) -> (Id, Id) {
        (self.graph.verdict(self.profile.default), self.graph.verdict(verdict::NO_SUCH_CALL))
    }

    /// Merges the rules of each call.
    fn calls(&mut self, abi: Abi) -> Result<Calls, CoreError> {
        let Parts { parts, newest } = parts(self.profile, abi);
        let decisions = parts
            .chunk_by(|one, other| one.0 == other.0)
            .map(|parts| self.decision(abi, parts))
            .collect::<Result<_, _>>()?;
        Ok(Calls { decisions, newest })
    }

    fn decision(&mut self, abi: Abi, parts: &[Part<'_>]) -> Result<(u32, Id), CoreError> {
        let merged = merge(abi, parts)?;
        let number = parts.first().map_or(0, |part| part.0);
        if let Some(action) = merged.always() {
            return Ok((number, self.graph.verdict(action)));
        }
        let default = self.graph.verdict(self.profile.default);
        Ok((number, arguments::decide(self.graph, abi, &merged.clauses(), default)))
    }
}

/// A rule for a number; with what the first argument must be, where the call is made through another.
pub(crate) type Part<'a> = (u32, &'a Rule, Option<u32>);

/// The rules of an ABI's calls.
pub(crate) struct Parts<'a> {
    /// By number; those of one number in the profile's order.
    pub(crate) parts: Vec<Part<'a>>,
    /// [`Calls::newest`].
    pub(crate) newest: Option<u32>,
}

/// What of a profile is about an ABI, by number.
pub(crate) fn parts(profile: &Profile, abi: Abi) -> Parts<'_> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut newest = None;
    for rule in &profile.rules {
        for row in &rule.calls {
            let through = multiplexed(abi, row).map(|(number, call)| (number, rule, Some(call)));
            let direct = row.number(abi).map(|number| (number, rule, None));
            for part in through.into_iter().chain(direct) {
                let counts = abi == Abi::X32 || part.0 < FIRST_PRIVATE;
                newest = newest.max(Some(part.0).filter(|_| counts));
                parts.push(part);
            }
        }
    }
    // A rule that does what happens anyway takes nothing away from others: runc leaves it out.
    parts.retain(|(_, rule, _)| rule.action != profile.default);
    // Stable: the rules of one number stay in order.
    parts.sort_by_key(|part| part.0);
    Parts { parts, newest: newest.filter(|newest| *newest != 0 && hides_newer(profile)) }
}

/// The rules of one number, as they are tried.
pub(crate) fn merge(abi: Abi, parts: &[Part<'_>]) -> Result<Merged, CoreError> {
    let mut merged = Merged::default();
    for (_, rule, call) in parts {
        for alternative in &rule.alternatives {
            let conditions = call.map_or_else(|| alternative.clone(), |call| through_multiplexer(alternative, call));
            merged.add(abi, Clause { conditions, action: rule.action, rule: rule.at }, &rule.key)?;
        }
    }
    Ok(merged)
}

/// Programs probe for new calls and fall back on ENOSYS only. So, as in runc, a call that is newer than every one that
/// the profile names does not exist, unless the profile lets unnamed calls happen.
fn hides_newer(profile: &Profile) -> bool {
    !matches!(profile.default & 0xffff_0000, verdict::ALLOW | verdict::LOG | verdict::TRACE)
}

/// Puts an ABI's decisions, which start at `first`, on the number line.
fn paint(segments: &mut Segments, calls: &Calls, first: u32, default: Id, missing: Id) {
    let gap = |number: u32| if calls.newest.is_some_and(|newest| number > newest) { missing } else { default };
    let mut beyond = calls.newest;
    segments.push(first, default);
    for (number, node) in &calls.decisions {
        if let Some(newest) = beyond.take_if(|newest| *newest < *number) {
            segments.push(newest + 1, missing);
        }
        segments.push(*number, *node);
        segments.push(number + 1, gap(number + 1));
    }
    if let Some(newest) = beyond {
        segments.push(newest + 1, missing);
    }
}

/// The number of the call that 32-bit x86 also makes this one through, and its first argument then.
fn multiplexed(abi: Abi, row: &Row) -> Option<(u32, u32)> {
    if abi != Abi::X86 {
        return None;
    }
    let at = MULTIPLEXED.binary_search_by(|known| known.0.cmp(row.name)).ok()?;
    Some((MULTIPLEXED[at].1, MULTIPLEXED[at].2))
}

/// libseccomp, `abi_rule_add()`: the first argument is the call; the others stay as they are, though the kernel reads the call's own behind a pointer.
fn through_multiplexer(conditions: &[Condition], call: u32) -> Vec<Condition> {
    let first = Condition { argument: 0, comparison: Comparison::Equal, mask: u64::MAX, value: u64::from(call) };
    std::iter::once(first).chain(conditions.iter().filter(|condition| condition.argument != 0).copied()).collect()
}
