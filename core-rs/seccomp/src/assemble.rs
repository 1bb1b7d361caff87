//! A graph, laid out as instructions.

use crate::graph::{Graph, Id, Node};
use crate::program::{Instruction, MAXIMUM, op};

/// Instructions from the last to the first, as jumps lead forward only and so their targets are known.
struct Assembler<'a> {
    graph: &'a Graph,
    reversed: Vec<Instruction>,
    /// Where each node's nearest copy, or a jump to it, is in `reversed`.
    places: Vec<Option<usize>>,
}

/// How far a test can jump.
const REACH: usize = u8::MAX as usize;

/// Lays out everything that can be reached from `entry`; none if that takes more than [`MAXIMUM`] instructions.
pub(crate) fn assemble(graph: &Graph, entry: Id) -> Option<Vec<Instruction>> {
    // Every reachable node takes an instruction. This also bounds the depth of `place()`.
    if reachable(graph, entry) > MAXIMUM {
        return None;
    }
    let mut assembler = Assembler { graph, reversed: Vec::new(), places: vec![None; graph.len()] };
    assembler.place(entry);
    assembler.reversed.reverse();
    Some(assembler.reversed).filter(|instructions| instructions.len() <= MAXIMUM)
}

fn reachable(graph: &Graph, entry: Id) -> usize {
    let mut seen = vec![false; graph.len()];
    let mut waiting = vec![entry];
    let mut count = 0;
    while let Some(id) = waiting.pop() {
        if std::mem::replace(&mut seen[id.0], true) {
            continue;
        }
        count += 1;
        match graph.node(id) {
            Node::Return(_) => {}
            Node::Load(_, next) | Node::And(_, next) => waiting.push(next),
            Node::Test { yes, no, .. } => waiting.extend([yes, no]),
        }
    }
    count
}

impl Assembler<'_> {
    /// Lays out a node and what it leads to, unless it is there.
    fn place(&mut self, id: Id) {
        if self.places[id.0].is_some() {
            return;
        }
        match self.graph.node(id) {
            Node::Return(value) => self.emit(id, instruction(op::RETURN, value)),
            Node::Load(offset, next) => {
                self.place_adjacent(next);
                self.emit(id, instruction(op::LOAD, offset));
            }
            Node::And(mask, next) => {
                self.place_adjacent(next);
                self.emit(id, instruction(op::AND, mask));
            }
            Node::Test { code, k, yes, no } => {
                // What is laid out last is nearest: the branch that equality leads to, the lower half of a search.
                let (far, near) = if code == op::EQUAL { (no, yes) } else { (yes, no) };
                self.place(far);
                self.place(near);
                let (mut jt, mut jf) = (self.reach(yes), self.reach(no));
                while jt.is_none() || jf.is_none() {
                    let missing = if jt.is_none() { yes } else { no };
                    self.place_again(missing);
                    (jt, jf) = (self.reach(yes), self.reach(no));
                }
                let (jt, jf) = (jt.unwrap_or_default(), jf.unwrap_or_default());
                self.emit(id, Instruction { code, jt, jf, k });
            }
        }
    }

    /// Lays out a node right after the instruction that comes next.
    fn place_adjacent(&mut self, id: Id) {
        self.place(id);
        if self.distance(id) != Some(0) {
            self.place_again(id);
        }
    }

    /// A copy of a node that is far away, or a jump to it.
    fn place_again(&mut self, id: Id) {
        match (self.graph.node(id), self.distance(id).and_then(|distance| u32::try_from(distance).ok())) {
            (Node::Return(value), _) => self.emit(id, instruction(op::RETURN, value)),
            (_, Some(distance)) => self.emit(id, instruction(op::JUMP, distance)),
            (_, None) => self.place(id),
        }
    }

    fn emit(&mut self, id: Id, instruction: Instruction) {
        self.places[id.0] = Some(self.reversed.len());
        self.reversed.push(instruction);
    }

    /// Instructions between the one that comes next and the node.
    fn distance(&self, id: Id) -> Option<usize> {
        self.places[id.0].map(|place| self.reversed.len() - 1 - place)
    }

    fn reach(&self, id: Id) -> Option<u8> {
        self.distance(id).filter(|distance| *distance <= REACH).and_then(|distance| u8::try_from(distance).ok())
    }
}

fn instruction(code: u16, k: u32) -> Instruction {
    Instruction { code, jt: 0, jf: 0, k }
}
