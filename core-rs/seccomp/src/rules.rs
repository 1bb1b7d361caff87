//! The rules of one system call, merged as libseccomp merges them.
//!
//! A rule without conditions replaces those with conditions, and nothing is added to it any more. Rules with conditions are
//! tried in an order that does not depend on the profile's: libseccomp sorts the words that they compare. It matters only
//! where rules with different actions overlap. Source: libseccomp, `db_rule_add()`, `_db_tree_add()` and `_db_chain_lt()`.

use masu_wire::error::CoreError;

use crate::abi::Abi;
use crate::profile::{Comparison, Condition, mistake};

/// All conditions hold: the action is the verdict.
#[derive(Clone, Debug)]
pub(crate) struct Clause {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) action: u32,
    /// Its rule's place in the profile's list.
    pub(crate) rule: usize,
}

/// What the filter does with one system call.
#[derive(Default)]
pub(crate) struct Merged {
    tree: Vec<Branch>,
    always: Option<(u32, usize)>,
}

/// One compared word; the clauses that end here; those that go on to compare more.
struct Branch {
    word: Word,
    clause: Option<Clause>,
    next: Vec<Branch>,
}

/// Half of a comparison, with what libseccomp sorts by.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Word {
    /// Twice the argument, plus one for its high word.
    priority: u32,
    class: u8,
    test: Test,
    negated: bool,
    value: u32,
    mask: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Test {
    Equal,
    Masked,
    Greater,
    GreaterOrEqual,
}

impl Merged {
    /// Adds a rule of `abi`. Fails when one with the same conditions has another action, as libseccomp does (EEXIST).
    pub(crate) fn add(&mut self, abi: Abi, clause: Clause, key: &str) -> Result<(), CoreError> {
        if self.always.is_some() {
            return Ok(());
        }
        let words: Vec<Word> = clause.conditions.iter().flat_map(|condition| words(abi, condition)).collect();
        if words.is_empty() {
            self.always = Some((clause.action, clause.rule));
            return Ok(());
        }
        if insert(&mut self.tree, &words, clause) {
            return Ok(());
        }
        Err(mistake(key, "an earlier rule has the same conditions and another action"))
    }

    /// The action of every call, if it does not depend on arguments.
    pub(crate) fn always(&self) -> Option<u32> {
        self.always.map(|(action, _)| action)
    }

    /// The rule of that action.
    pub(crate) fn always_by(&self) -> Option<usize> {
        self.always.map(|(_, rule)| rule)
    }

    /// The clauses in the order in which they are tried.
    pub(crate) fn clauses(&self) -> Vec<&Clause> {
        let mut clauses = Vec::new();
        collect(&self.tree, &mut clauses);
        clauses
    }
}

fn collect<'a>(level: &'a [Branch], clauses: &mut Vec<&'a Clause>) {
    for branch in level {
        clauses.extend(&branch.clause);
        collect(&branch.next, clauses);
    }
}

/// Adds the clause that compares `words` to a level of the tree; false if it contradicts another.
fn insert(level: &mut Vec<Branch>, words: &[Word], clause: Clause) -> bool {
    let Some((word, rest)) = words.split_first() else { return true };
    let at =
        level.iter().position(|other| other.word == *word || sorts_before(&other.word, word)).unwrap_or(level.len());
    if level.get(at).is_none_or(|other| other.word != *word) {
        level.insert(at, Branch { word: *word, clause: None, next: Vec::new() });
    }
    let branch = &mut level[at];
    match (&branch.clause, rest.is_empty()) {
        (Some(existing), true) => existing.action == clause.action,
        // The existing clause holds whenever the new one would.
        (Some(_), false) => true,
        (None, false) => insert(&mut branch.next, rest, clause),
        (None, true) => {
            let mut longer = Vec::new();
            collect(&branch.next, &mut longer);
            let agree = longer.iter().all(|other| other.action == clause.action);
            branch.next.clear();
            branch.clause = Some(clause);
            agree
        }
    }
}

/// The new word goes in front of the existing one.
fn sorts_before(existing: &Word, new: &Word) -> bool {
    let rank = |word: &Word| (word.priority, word.class);
    match rank(existing).cmp(&rank(new)) {
        std::cmp::Ordering::Equal if new.class == CLASS_LESS => existing.value > new.value,
        std::cmp::Ordering::Equal => existing.value < new.value,
        order => order.is_lt(),
    }
}

const CLASS_EQUAL: u8 = 3;
const CLASS_LESS: u8 = 2;
const CLASS_GREATER: u8 = 1;

/// The words that a condition compares, high one first; none if it always holds.
fn words(abi: Abi, condition: &Condition) -> Vec<Word> {
    let (class, test, negated) = match condition.comparison {
        Comparison::Equal => (CLASS_EQUAL, Test::Equal, false),
        Comparison::NotEqual => (CLASS_EQUAL, Test::Equal, true),
        Comparison::Masked => (CLASS_EQUAL, Test::Masked, false),
        Comparison::Less => (CLASS_LESS, Test::GreaterOrEqual, true),
        Comparison::LessOrEqual => (CLASS_LESS, Test::Greater, true),
        Comparison::Greater => (CLASS_GREATER, Test::Greater, false),
        Comparison::GreaterOrEqual => (CLASS_GREATER, Test::GreaterOrEqual, false),
    };
    let (value, mask) = (Halves::of(condition.value), Halves::of(condition.mask));
    let low = Word { priority: condition.argument << 1, class, test, negated, value: value.low, mask: mask.low };
    if abi.is_wide() {
        let test = if test == Test::GreaterOrEqual { Test::Greater } else { test };
        let high = Word { priority: low.priority + 1, test, value: value.high, mask: mask.high, ..low };
        return if condition.mask == 0 { Vec::new() } else { vec![high, low] };
    }
    if mask.low == 0 { Vec::new() } else { vec![low] }
}

/// A 64-bit number as classic BPF sees it.
#[derive(Clone, Copy)]
pub(crate) struct Halves {
    pub(crate) high: u32,
    pub(crate) low: u32,
}

impl Halves {
    pub(crate) fn of(number: u64) -> Self {
        let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
        Self { high: u32::from_be_bytes([a, b, c, d]), low: u32::from_be_bytes([e, f, g, h]) }
    }
}
