//! The common case made fast: a field of the record compared with a constant.
//!
//! An atom only answers where the general evaluator would give the very same answer. Whenever it meets a value that it
//! was not made for, it says so, and the general evaluator takes over. So there is one meaning of every operator, in
//! `compare`, and atoms need no error handling.

use std::ops::ControlFlow;

use super::compare::{compare, holds};
use super::meter::Meter;
use super::node::{Fits, Node, length_of};
use super::test::{Scalar, Test};
use crate::ast::{Comparison, Span};
use crate::path::Path;
use crate::set::NamedSet;
use crate::subject::{Presence, Subject};
use crate::value::{Value, ValueRef};

/// A comparison of a field with a constant.
#[derive(Debug)]
pub(super) struct Atom<F> {
    pub(super) field: F,
    /// The path that the field is bound to.
    pub(super) path: Option<Path>,
    pub(super) asks: Asks,
    /// Whether the answer is the opposite of what the values say: `!=`.
    pub(super) negated: bool,
    /// What the values would say when the field is missing; `None` when that is an error.
    pub(super) when_missing: Option<bool>,
    /// Whether every item must be looked at, because the general evaluator would reach a misfit before the hit.
    pub(super) exhaustive: bool,
    /// Whether a field that is no list is left to the general evaluator.
    pub(super) lists_only: bool,
    /// The same comparison for everything that the atom does not know.
    pub(super) general: Node<F>,
}

/// What an atom asks.
#[derive(Debug)]
pub(super) enum Asks {
    /// Of each value.
    Test(Test),
    /// Of each value, whether it is in the set.
    Member(NamedSet),
    /// Of the number of values.
    Count(Test),
}

impl<F> Atom<F> {
    /// The answer, or `None` when the general evaluator must give it.
    #[inline]
    pub(super) fn decide<S: Subject<Field = F>>(&self, subject: &S) -> Option<bool> {
        let hit = match &self.asks {
            Asks::Test(test) => self.test(subject, test),
            Asks::Member(set) => {
                let members = set.load();
                self.search(subject, |value| members.contain(value))
            }
            Asks::Count(test) => self.count(subject, test),
        };
        hit.map(|hit| hit != self.negated)
    }

    /// The test is looked at once, not again for each value.
    #[inline]
    fn test<S: Subject<Field = F>>(&self, subject: &S, test: &Test) -> Option<bool> {
        match test {
            Test::Text(set) => self.search(subject, |value| match value {
                ValueRef::Str(text) => Some(set.contains(text)),
                _ => None,
            }),
            Test::Integer(set) => self.search(subject, |value| match value {
                ValueRef::Int(integer) => Some(set.contains(integer)),
                _ => None,
            }),
            Test::Within(set) => self.search(subject, |value| match value {
                ValueRef::Ip(span) => Some(set.contain(&span)),
                _ => None,
            }),
            Test::Order(op, Scalar::Int(constant)) => self.search(subject, |value| match value {
                ValueRef::Int(integer) => Some(holds(*op, integer.cmp(constant))),
                other => test.passes(other),
            }),
            Test::Order(op, Scalar::Time(constant)) => self.search(subject, |value| match value {
                ValueRef::Time(time) => Some(holds(*op, time.cmp(constant))),
                _ => None,
            }),
            _ => self.search(subject, |value| test.passes(value)),
        }
    }

    #[inline]
    fn search<S: Subject<Field = F>>(
        &self,
        subject: &S,
        passes: impl Fn(ValueRef<'_>) -> Option<bool>,
    ) -> Option<bool> {
        let (mut hit, mut misfit) = (false, false);
        let presence = subject.visit(&self.field, &mut |value| match passes(value) {
            Some(false) => ControlFlow::Continue(()),
            Some(true) => {
                hit = true;
                if self.exhaustive {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            }
            None => {
                misfit = true;
                ControlFlow::Break(())
            }
        });
        match presence {
            Presence::Missing => self.when_missing,
            _ if misfit => None,
            Presence::One if self.lists_only => None,
            _ => Some(hit),
        }
    }
}

impl<F> Atom<F> {
    fn count<S: Subject<Field = F>>(&self, subject: &S, test: &Test) -> Option<bool> {
        let mut count = 0;
        let presence = subject.visit(&self.field, &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        });
        match presence {
            Presence::Missing => self.when_missing,
            Presence::One => None,
            Presence::Many => test.passes(ValueRef::Int(count)),
        }
    }
}

impl<F: Clone> Atom<F> {
    /// Makes a node of a comparison: an atom if it is one that can be fused.
    pub(super) fn fuse(op: Comparison, operands: Box<(Node<F>, Node<F>)>, span: Span) -> Node<F> {
        let asked = if op == Comparison::NoneEqual {
            Comparison::AnyEqual
        } else {
            op
        };
        let parts = Self::parts(asked, &operands);
        let general = Node::Compare(op, operands, span);
        match parts {
            Some(parts) => parts.atom(asked != op, general),
            None => general,
        }
    }

    /// Makes an atom of a test of texts if it is about a field.
    pub(super) fn fuse_text(fits: Fits<F>) -> Node<F> {
        let parts = field_of(&fits.operand).map(|(field, default)| Parts {
            field,
            asks: Asks::Test(Test::Fits(fits.test.clone())),
            // An empty list has no text that passes; any other default is left to the general evaluator.
            when_missing: default.and_then(|default| match default {
                Value::List(items) if items.is_empty() => Some(false),
                Value::Str(text) => Some(fits.test.passes(text)),
                _ => None,
            }),
            exhaustive: false,
            lists_only: false,
        });
        let general = Node::Fits(Box::new(fits));
        match parts {
            Some(parts) => parts.atom(false, general),
            None => general,
        }
    }

    /// The same atom that finds nothing where the field is missing. What has a default is never missing.
    pub(super) fn lenient(mut self) -> Self {
        let has_default = match &self.general {
            Node::Compare(_, operands, _) => has_default(&operands.0) || has_default(&operands.1),
            Node::Fits(fits) => has_default(&fits.operand),
            _ => false,
        };
        if !has_default {
            self.when_missing = Some(false);
        }
        self
    }

    fn parts(op: Comparison, operands: &(Node<F>, Node<F>)) -> Option<Parts<F>> {
        if let (node, Node::Set(set)) = operands
            && op == Comparison::In
        {
            let (field, default) = field_of(node)?;
            return Some(Parts {
                field,
                asks: Asks::Member(set.clone()),
                when_missing: default.and_then(|default| match default {
                    Value::List(items) if items.is_empty() => Some(false),
                    _ => None,
                }),
                exhaustive: false,
                lists_only: false,
            });
        }
        let (node, constant, mirrored) = match operands {
            (field, Node::Const(constant)) => (field, constant, false),
            (Node::Const(constant), field) => (field, constant, true),
            _ => return None,
        };
        if let Node::Length(argument, _) = node {
            return Self::counted(op, argument, constant, mirrored);
        }
        let (field, default) = field_of(node)?;
        let test = if mirrored {
            Test::mirrored(op, constant)?
        } else {
            Test::direct(op, constant)?
        };
        let when_missing = default.and_then(|default| {
            let (left, right) = if mirrored {
                (constant, default)
            } else {
                (default, constant)
            };
            compare(op, left.view(), right.view(), &Meter::new(u64::MAX)).ok()
        });
        Some(Parts {
            field,
            when_missing,
            exhaustive: mirrored && matches!(constant, Value::List(items) if items.len() > 1),
            lists_only: mirrored && op == Comparison::In && !matches!(test, Test::Around(_)),
            asks: Asks::Test(test),
        })
    }

    /// The parts of `length(argument) op constant`.
    fn counted(op: Comparison, argument: &Node<F>, constant: &Value, mirrored: bool) -> Option<Parts<F>> {
        let (field, default) = field_of(argument)?;
        // Of two numbers `in` is an error.
        if op == Comparison::In || !matches!(constant, Value::Int(_) | Value::Float(_)) {
            return None;
        }
        let test = if mirrored {
            Test::mirrored(op, constant)?
        } else {
            Test::direct(op, constant)?
        };
        let when_missing = default.and_then(|default| test.passes(length_of(default.view()).ok()?.view()));
        Some(Parts {
            field,
            asks: Asks::Count(test),
            when_missing,
            exhaustive: false,
            lists_only: true,
        })
    }
}

/// An atom without its general form.
struct Parts<F> {
    field: F,
    asks: Asks,
    when_missing: Option<bool>,
    exhaustive: bool,
    lists_only: bool,
}

impl<F> Parts<F> {
    fn atom(self, negated: bool, general: Node<F>) -> Node<F> {
        Node::Atom(Box::new(Atom {
            field: self.field,
            path: None,
            asks: self.asks,
            negated,
            when_missing: self.when_missing,
            exhaustive: self.exhaustive,
            lists_only: self.lists_only,
            general,
        }))
    }
}

fn has_default<F>(node: &Node<F>) -> bool {
    match node {
        Node::Default(..) => true,
        Node::Length(argument, _) => has_default(argument),
        _ => false,
    }
}

/// The field that a node reads, with its constant default if it has one.
fn field_of<F: Clone>(node: &Node<F>) -> Option<(F, Option<&Value>)> {
    match node {
        Node::Field(field, _) => Some((field.clone(), None)),
        Node::Default(field, default) => match &**default {
            Node::Const(default) => Some((field.clone(), Some(default))),
            _ => None,
        },
        _ => None,
    }
}
