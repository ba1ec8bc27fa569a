//! Conditions that several programs begin with, evaluated once for each record.

use std::collections::HashMap;

use super::segments;
use crate::eval::Program;
use crate::eval::atom::{Asks, Atom};
use crate::eval::node::Node;
use crate::eval::test::{Test, TextTest};
use crate::subject::Subject;

/// A condition in fewer programs is evaluated with them.
const FEWEST: usize = 4;

/// What a condition said about the present record.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    NotAsked,
    /// The general evaluator must be asked.
    Unclear,
    Decided(bool),
}

/// One of the first conjuncts of a program.
#[derive(Debug)]
struct Check {
    condition: usize,
    wanted: bool,
}

/// The conditions, and which programs begin with which of them.
#[derive(Debug)]
pub(super) struct Shared {
    /// Where each is found: a program and its conjunct.
    conditions: Vec<(usize, usize)>,
    checks: Vec<Box<[Check]>>,
}

impl Shared {
    pub(super) fn of<S: Subject>(programs: &[Program<S>]) -> Self {
        let mut found: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        for (rule, program) in programs.iter().enumerate() {
            for (place, conjunct) in conjuncts(&program.root).iter().enumerate() {
                let Some(text) = atom(conjunct).and_then(|(atom, _)| text(atom)) else {
                    break;
                };
                found.entry(text).or_default().push((rule, place));
            }
        }
        let mut places: Vec<_> = found.into_values().filter(|places| places.len() >= FEWEST).collect();
        // The order of a hash table differs from run to run.
        places.sort_unstable();
        let known: HashMap<(usize, usize), usize> = (0..)
            .zip(&places)
            .flat_map(|(condition, places)| places.iter().map(move |place| (*place, condition)))
            .collect();
        let checks = programs.iter().enumerate().map(|(rule, program)| {
            let conjuncts = conjuncts(&program.root).iter().enumerate();
            let checks = conjuncts.map_while(|(place, conjunct)| {
                let (_, wanted) = atom(conjunct)?;
                let condition = *known.get(&(rule, place))?;
                Some(Check { condition, wanted })
            });
            checks.collect()
        });
        Self {
            checks: checks.collect(),
            conditions: places.iter().filter_map(|places| places.first().copied()).collect(),
        }
    }

    /// Forgets the record before.
    pub(super) fn begin(&self, answers: &mut Vec<Answer>) {
        answers.clear();
        answers.resize(self.conditions.len(), Answer::NotAsked);
    }

    /// Whether a program is false because one of the conditions it begins with is, and all before that are true.
    pub(super) fn rule_out<S: Subject>(
        &self,
        rule: usize,
        subject: &S,
        programs: &[Program<S>],
        answers: &mut [Answer],
    ) -> bool {
        for check in self.checks.get(rule).into_iter().flatten() {
            let Some(answer) = answers.get_mut(check.condition) else {
                return false;
            };
            if matches!(answer, Answer::NotAsked) {
                *answer = self
                    .ask(check.condition, subject, programs)
                    .map_or(Answer::Unclear, Answer::Decided);
            }
            match answer {
                Answer::Decided(answer) if *answer == check.wanted => {}
                Answer::Decided(_) => return true,
                _ => return false,
            }
        }
        false
    }

    fn ask<S: Subject>(&self, condition: usize, subject: &S, programs: &[Program<S>]) -> Option<bool> {
        let (rule, place) = *self.conditions.get(condition)?;
        let (atom, _) = atom(conjuncts(&programs.get(rule)?.root).get(place)?)?;
        atom.decide(subject)
    }
}

fn conjuncts<F>(root: &Node<F>) -> &[Node<F>] {
    match root {
        Node::All(operands) => operands,
        _ => &[],
    }
}

/// The atom that a conjunct consists of, and what it must say.
fn atom<F>(conjunct: &Node<F>) -> Option<(&Atom<F>, bool)> {
    match conjunct {
        Node::Atom(atom) => Some((atom, true)),
        Node::Not(operand) => atom(operand).map(|(atom, wanted)| (atom, !wanted)),
        _ => None,
    }
}

/// A text that is the same for two atoms only if they always say the same.
fn text<F>(atom: &Atom<F>) -> Option<String> {
    match &atom.asks {
        // Members change, and patterns do not show all they are.
        Asks::Member(_) | Asks::Test(Test::Fits(TextTest::Patterns(_))) => return None,
        Asks::Test(_) | Asks::Count(_) => {}
    }
    let flags = (atom.negated, atom.when_missing, atom.exhaustive, atom.lists_only);
    atom.path.as_ref()?;
    Some(format!("{:?} {:?} {flags:?}", segments(atom), atom.asks))
}
