//! What must be so before a program can be anything but false.

use crate::eval::atom::{Asks, Atom};
use crate::eval::node::{Node, Verdict};

/// Conjuncts beyond this many are not looked at: one of the first will do.
const MOST_WATCHED: usize = 64;

/// When a program may be skipped because its result is false, certainly and without an error.
pub(super) struct Guard<'p, F> {
    /// It may when the value of each of these is false.
    pub(super) keys: Vec<&'p Atom<F>>,
    /// These are evaluated before, and must all have a value.
    pub(super) watched: Vec<&'p Atom<F>>,
    /// Whether one true key is all it takes for the program to be true.
    pub(super) is_sure: bool,
    /// A guess of how often it may not.
    share: f64,
}

impl<'p, F> Guard<'p, F> {
    /// The best guard of a program. `share` guesses how often an atom is true.
    pub(super) fn of(node: &'p Node<F>, share: &impl Fn(&Atom<F>) -> f64) -> Option<Self> {
        match node {
            Node::Const(value) if Verdict::of(value) == Verdict::False => Some(Self {
                keys: Vec::new(),
                watched: Vec::new(),
                is_sure: true,
                share: 0.0,
            }),
            Node::Atom(atom) if atom.path.is_some() && !atom.negated => Some(Self {
                share: share(atom),
                keys: vec![atom],
                watched: Vec::new(),
                is_sure: true,
            }),
            Node::Any(operands) => Self::of_any(operands, share),
            Node::All(operands) => Self::of_all(operands, share),
            _ => None,
        }
    }

    fn of_any(operands: &'p [Node<F>], share: &impl Fn(&Atom<F>) -> f64) -> Option<Self> {
        let guards = operands.iter().map(|operand| Self::of(operand, share));
        guards.reduce(|one, other| {
            let (mut one, other) = (one?, other?);
            one.keys.extend(other.keys);
            one.watched.extend(other.watched);
            one.is_sure &= other.is_sure;
            one.share += other.share;
            Some(one)
        })?
    }

    /// One false conjunct is enough, if those before it cannot fail.
    fn of_all(operands: &'p [Node<F>], share: &impl Fn(&Atom<F>) -> f64) -> Option<Self> {
        let mut best: Option<Self> = None;
        let mut before = Vec::new();
        for operand in operands {
            if let Some(mut guard) = Self::of(operand, share)
                && best.as_ref().is_none_or(|best| guard.share < best.share)
            {
                guard.watched.extend(&before);
                guard.is_sure = false;
                best = Some(guard);
            }
            if !watch(operand, &mut before) || before.len() > MOST_WATCHED {
                break;
            }
        }
        best
    }
}

/// Collects the atoms that a node consists of; false if it may fail even when all of them have a value.
fn watch<'p, F>(node: &'p Node<F>, atoms: &mut Vec<&'p Atom<F>>) -> bool {
    match node {
        Node::Const(_) | Node::Exists(_) => true,
        // The members of a named set change, and with them the types it knows.
        Node::Atom(atom) if atom.path.is_some() && !matches!(atom.asks, Asks::Member(_)) => {
            atoms.push(atom);
            true
        }
        Node::Not(operand) => watch(operand, atoms),
        Node::All(operands) | Node::Any(operands) => operands.iter().all(|operand| watch(operand, atoms)),
        _ => false,
    }
}

/// Shows every atom of a program that could be in its guard.
pub(super) fn each<'p, F>(node: &'p Node<F>, see: &mut impl FnMut(&'p Atom<F>)) {
    match node {
        Node::Atom(atom) => see(atom),
        Node::All(operands) | Node::Any(operands) => operands.iter().for_each(|operand| each(operand, see)),
        _ => {}
    }
}
