//! Clauses over a system call's arguments, as nodes of a filter.

use crate::abi::Abi;
use crate::graph::{Graph, Id, Node, Segments};
use crate::profile::{Comparison, Condition};
use crate::program::{data, op};
use crate::rules::{Clause, Halves};

/// The first clause that holds decides, else `default`.
pub(crate) fn decide(graph: &mut Graph, abi: Abi, clauses: &[&Clause], default: Id) -> Id {
    if let Some(argument) = only_ordered_argument(clauses) {
        return ranges(graph, abi, argument, clauses, default);
    }
    clauses.iter().rev().fold(default, |otherwise, clause| {
        let action = graph.verdict(clause.action);
        clause.conditions.iter().rev().fold(action, |then, condition| compare(graph, abi, condition, then, otherwise))
    })
}

/// The one argument that every clause compares once, without a mask: then the clauses are ranges of its values.
fn only_ordered_argument(clauses: &[&Clause]) -> Option<u32> {
    let ordered = |clause: &&Clause| match *clause.conditions {
        [Condition { argument, comparison, .. }] if comparison != Comparison::Masked => Some(argument),
        _ => None,
    };
    let first = clauses.first().and_then(ordered)?;
    clauses.iter().all(|clause| ordered(clause) == Some(first)).then_some(first)
}

/// A search over the argument's values: its high word first, then the low word where that matters.
fn ranges(graph: &mut Graph, abi: Abi, argument: u32, clauses: &[&Clause], default: Id) -> Id {
    let mut starts: Vec<u64> =
        clauses.iter().flat_map(|clause| &clause.conditions).flat_map(|condition| boundaries(abi, condition)).collect();
    starts.push(0);
    starts.sort_unstable();
    starts.dedup();
    let verdicts: Vec<(u64, Id)> =
        starts.into_iter().map(|start| (start, first_match(graph, abi, clauses, start).unwrap_or(default))).collect();

    let mut high = Segments::new(default);
    let mut rest = &verdicts[..];
    let mut before = default;
    while let Some((start, _)) = rest.first() {
        let word = Halves::of(*start).high;
        let (inside, after) =
            rest.split_at(rest.iter().take_while(|(start, _)| Halves::of(*start).high == word).count());
        let mut low = Segments::new(before);
        inside.iter().for_each(|(start, node)| low.push(Halves::of(*start).low, *node));
        let searched = graph.search(&low);
        let loaded = graph.add(Node::Load(data::low(argument), searched));
        if !abi.is_wide() {
            return loaded;
        }
        high.push(word, loaded);
        before = inside.last().map_or(before, |last| last.1);
        if let Some(next) = word.checked_add(1) {
            high.push(next, before);
        }
        rest = after;
    }
    let searched = graph.search(&high);
    graph.add(Node::Load(data::high(argument), searched))
}

/// Where the condition's answer may change, besides at 0.
fn boundaries(abi: Abi, condition: &Condition) -> Vec<u64> {
    let (value, last) =
        if abi.is_wide() { (condition.value, u64::MAX) } else { (low_word(condition.value), u64::from(u32::MAX)) };
    let after = (value < last).then(|| value + 1);
    match condition.comparison {
        Comparison::Less | Comparison::GreaterOrEqual => vec![value],
        Comparison::LessOrEqual | Comparison::Greater => after.into_iter().collect(),
        _ => std::iter::once(value).chain(after).collect(),
    }
}

fn first_match(graph: &mut Graph, abi: Abi, clauses: &[&Clause], argument: u64) -> Option<Id> {
    let clause =
        clauses.iter().find(|clause| clause.conditions.iter().all(|condition| holds(abi, condition, argument)))?;
    Some(graph.verdict(clause.action))
}

/// The condition holds for this argument.
pub(crate) fn holds(abi: Abi, condition: &Condition, argument: u64) -> bool {
    let word = |word: u64| if abi.is_wide() { word } else { low_word(word) };
    let (argument, value) = (word(argument), word(condition.value));
    match condition.comparison {
        Comparison::NotEqual => argument != value,
        Comparison::Less => argument < value,
        Comparison::LessOrEqual => argument <= value,
        Comparison::Equal => argument == value,
        Comparison::GreaterOrEqual => argument >= value,
        Comparison::Greater => argument > value,
        Comparison::Masked => argument & condition.mask == value,
    }
}

fn low_word(value: u64) -> u64 {
    u64::from(Halves::of(value).low)
}

/// One comparison of an argument's two words, or of the low one alone.
fn compare(graph: &mut Graph, abi: Abi, condition: &Condition, yes: Id, no: Id) -> Id {
    let (value, mask) = (Halves::of(condition.value), Halves::of(condition.mask));
    let (high, low) = (data::high(condition.argument), data::low(condition.argument));
    let (code, yes, no) = match condition.comparison {
        Comparison::Equal => (op::EQUAL, yes, no),
        Comparison::NotEqual => (op::EQUAL, no, yes),
        Comparison::Greater => (op::GREATER, yes, no),
        Comparison::LessOrEqual => (op::GREATER, no, yes),
        Comparison::GreaterOrEqual => (op::GREATER_EQUAL, yes, no),
        Comparison::Less => (op::GREATER_EQUAL, no, yes),
        Comparison::Masked => {
            let masked = masked(graph, low, mask.low, value.low, yes, no);
            return if abi.is_wide() { self::masked(graph, high, mask.high, value.high, masked, no) } else { masked };
        }
    };
    let test = graph.test(code, value.low, yes, no);
    let low = graph.add(Node::Load(low, test));
    if !abi.is_wide() {
        return low;
    }
    let equal = graph.test(op::EQUAL, value.high, low, no);
    let test = if code == op::EQUAL { equal } else { graph.test(op::GREATER, value.high, yes, equal) };
    graph.add(Node::Load(high, test))
}

/// The word at `offset` has `value` in the bits of `mask`.
fn masked(graph: &mut Graph, offset: u32, mask: u32, value: u32, yes: Id, no: Id) -> Id {
    let test = match (mask, value) {
        (0, _) => return yes,
        (u32::MAX, _) => graph.test(op::EQUAL, value, yes, no),
        (_, 0) => graph.test(op::ANY_BIT, mask, no, yes),
        _ => {
            let equal = graph.test(op::EQUAL, value, yes, no);
            graph.add(Node::And(mask, equal))
        }
    };
    graph.add(Node::Load(offset, test))
}
