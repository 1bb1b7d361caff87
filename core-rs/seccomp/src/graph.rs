//! A filter as a graph of tests that share whatever is equal.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::program::op;

/// A node's number in its [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Id(pub(crate) usize);

/// One instruction and where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    /// The verdict, a `SECCOMP_RET_*` value.
    Return(u32),
    /// Loads the word at this offset of `struct seccomp_data`.
    Load(u32, Id),
    /// Masks the loaded word.
    And(u32, Id),
    /// Compares the loaded word.
    Test {
        /// One of the jumps in [`op`].
        code: u16,
        k: u32,
        yes: Id,
        no: Id,
    },
}

/// A quick hash: the keys are few and a profile that makes them collide only slows itself down.
#[derive(Default)]
struct Multiply(u64);

impl Hasher for Multiply {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u16(&mut self, value: u16) {
        self.write_u64(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn finish(&self) -> u64 {
        // hashbrown takes the upper bits too.
        self.0 ^ self.0 >> 32
    }
}

/// Nodes, each of them once. A node's successors are always older than the node.
#[derive(Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    known: HashMap<Node, Id, BuildHasherDefault<Multiply>>,
}

impl Graph {
    /// The node, new or known; its successor where it decides nothing.
    pub(crate) fn add(&mut self, node: Node) -> Id {
        match node {
            Node::Test { yes, no, .. } if yes == no => return yes,
            Node::Load(_, next) | Node::And(_, next) if matches!(self.node(next), Node::Return(_) | Node::Load(..)) => {
                return next;
            }
            _ => {}
        }
        *self.known.entry(node).or_insert_with(|| {
            self.nodes.push(node);
            Id(self.nodes.len() - 1)
        })
    }

    pub(crate) fn verdict(&mut self, value: u32) -> Id {
        self.add(Node::Return(value))
    }

    pub(crate) fn test(&mut self, code: u16, k: u32, yes: Id, no: Id) -> Id {
        self.add(Node::Test { code, k, yes, no })
    }

    pub(crate) fn node(&self, id: Id) -> Node {
        self.nodes[id.0]
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// A balanced search for the segment that the loaded word is in.
    pub(crate) fn search(&mut self, segments: &Segments) -> Id {
        let mut groups = Vec::new();
        let mut rest = &segments.0[..];
        while let Some((start, _)) = rest.first() {
            let group = group(rest);
            groups.push((
                *start,
                group
                    .exceptions
                    .into_iter()
                    .fold(group.background, |otherwise, (number, node)| self.test(op::EQUAL, number, node, otherwise)),
            ));
            rest = &rest[group.length..];
        }
        self.halve(&groups)
    }

    fn halve(&mut self, groups: &[(u32, Id)]) -> Id {
        if let [(_, only)] = groups {
            return *only;
        }
        let (below, above) = groups.split_at(groups.len() / 2);
        let (no, yes) = (self.halve(below), self.halve(above));
        self.test(op::GREATER_EQUAL, above[0].0, yes, no)
    }
}

/// Consecutive segments that are one node but for a few single numbers: comparing each of these is shorter than finding its range.
struct Group {
    length: usize,
    background: Id,
    exceptions: Vec<(u32, Id)>,
}

/// Comparisons in a row at the end of a search.
const MOST_EXCEPTIONS: usize = 3;

/// The longest group at the start of some segments, of which there is at least one.
fn group(segments: &[(u32, Id)]) -> Group {
    let single =
        |at: usize| segments.get(at + 1).map_or(segments[at].0 == u32::MAX, |next| next.0 - segments[at].0 == 1);
    let start_with = |background: Id| {
        let mut exceptions = Vec::new();
        let mut length = 0;
        while let Some((number, node)) = segments.get(length) {
            if *node != background {
                if exceptions.len() == MOST_EXCEPTIONS || !single(length) {
                    break;
                }
                exceptions.push((*number, *node));
            }
            length += 1;
        }
        Group { length, background, exceptions }
    };
    let first = start_with(segments[0].1);
    match segments.get(1).map(|second| start_with(second.1)) {
        Some(second) if second.length > first.length => second,
        _ => first,
    }
}

/// Consecutive ranges of 32-bit numbers from 0 on, each with its node; neighbours differ.
pub(crate) struct Segments(Vec<(u32, Id)>);

impl Segments {
    /// Everything leads to this node.
    pub(crate) fn new(everything: Id) -> Self {
        Self(vec![(0, everything)])
    }

    /// From this number on, which is not below an earlier one, another node.
    pub(crate) fn push(&mut self, start: u32, node: Id) {
        if self.0.last().is_some_and(|last| last.0 == start) {
            self.0.pop();
        }
        if self.0.last().is_none_or(|last| last.1 != node) {
            self.0.push((start, node));
        }
    }
}
