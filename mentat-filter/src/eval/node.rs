//! The compiled tree and its evaluation.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::arith::{compute, negate, range};
use super::atom::Atom;
use super::compare::compare;
use super::error::{EvalClass, EvalError, EvalErrorKind};
use super::legacy::LegacyNode;
use super::meter::Meter;
use super::quantifier::Quantifier;
use super::test::TextTest;
use crate::ast::{Arithmetic, Comparison, Span};
use crate::clock::Clock;
use crate::function::Function;
use crate::net::IpSpan;
use crate::set::NamedSet;
use crate::subject::{Presence, Subject};
use crate::value::{Type, Value, ValueRef};

/// A node of a program: the tree of the filter with its fields bound, its constants folded and its common
/// comparisons fused.
#[derive(Debug)]
pub(super) enum Node<F> {
    Const(Value),
    Field(F, Span),
    Exists(F),
    Default(F, Box<Self>),
    Negate(Box<Self>, Span),
    Not(Box<Self>),
    All(Box<[Self]>),
    Any(Box<[Self]>),
    Compare(Comparison, Box<(Self, Self)>, Span),
    Chain(Box<Self>, Box<[(Arithmetic, Self, Span)]>),
    Range(Box<(Self, Self)>),
    List(Box<[Self]>),
    Length(Box<Self>, Span),
    Now,
    /// A set whose members are looked up at each evaluation.
    Set(NamedSet),
    /// Whether some text of the operand passes.
    Fits(Box<Fits<F>>),
    /// A question about the items of a list.
    Quantify(Box<Quantifier<F>>),
    /// A function of the context.
    Call(Function, Box<[Self]>, Span),
    /// This answer where the operand fails for a missing variable.
    Lenient(Box<Self>, bool),
    Atom(Box<Atom<F>>),
    Legacy(Box<LegacyNode<F>>),
}

/// A test of texts.
#[derive(Debug)]
pub(super) struct Fits<F> {
    pub(super) operand: Node<F>,
    pub(super) test: TextTest,
    /// Whether it was written as the operator `matches`.
    pub(super) operator: bool,
    pub(super) span: Span,
}

/// What an expression amounts to as a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A value that counts as false.
    False,
    /// A value that counts as true without being the boolean.
    Truthy,
    /// The boolean true.
    True,
}

impl From<bool> for Verdict {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl Verdict {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Bool(value) => Self::from(*value),
            other if other.is_truthy() => Self::Truthy,
            _ => Self::False,
        }
    }
}

/// What an evaluation is about.
pub(super) struct Scene<'a, S> {
    pub(super) subject: &'a S,
    pub(super) clock: &'a Clock,
    pub(super) meter: &'a Meter,
}

impl<S: Subject> Scene<'_, S> {
    /// The node as a condition; the operators of logic and comparison never build a value for it.
    pub(super) fn verdict(&self, node: &Node<S::Field>) -> Result<Verdict, EvalError> {
        match node {
            Node::Atom(atom) => match atom.decide(self.subject) {
                Some(answer) => Ok(answer.into()),
                None => self.verdict(&atom.general),
            },
            Node::All(operands) => {
                let mut verdict = Verdict::True;
                for operand in operands {
                    verdict = self.verdict(operand)?;
                    if verdict == Verdict::False {
                        break;
                    }
                }
                Ok(verdict)
            }
            Node::Any(operands) => {
                let mut verdict = Verdict::False;
                for operand in operands {
                    verdict = self.verdict(operand)?;
                    if verdict != Verdict::False {
                        break;
                    }
                }
                Ok(verdict)
            }
            Node::Not(operand) => Ok((self.verdict(operand)? == Verdict::False).into()),
            Node::Exists(field) => Ok(self.exists(field).into()),
            Node::Compare(op, operands, span) => self.compare(*op, operands, *span).map(Verdict::from),
            Node::Fits(fits) => self.fits(fits).map(Verdict::from),
            Node::Lenient(operand, missing) => lenient(self.verdict(operand), (*missing).into()),
            other => self.value(other).map(|value| Verdict::of(&value)),
        }
    }

    /// The node as a value.
    pub(super) fn value<'p>(&self, node: &'p Node<S::Field>) -> Result<Cow<'p, Value>, EvalError> {
        Ok(Cow::Owned(match node {
            Node::Const(value) => return Ok(Cow::Borrowed(value)),
            Node::Field(field, span) => return self.present(field, *span),
            Node::Default(field, default) => return self.with_default(field, default),
            Node::Exists(field) => Value::Bool(self.exists(field)),
            Node::Now => Value::Time(self.clock.now()),
            Node::Not(operand) => Value::Bool(self.verdict(operand)? == Verdict::False),
            Node::All(operands) => return self.first(operands, false),
            Node::Any(operands) => return self.first(operands, true),
            Node::Compare(op, operands, span) => Value::Bool(self.compare(*op, operands, *span)?),
            Node::Atom(atom) => match atom.decide(self.subject) {
                Some(answer) => Value::Bool(answer),
                None => return self.value(&atom.general),
            },
            Node::Chain(first, links) => return self.chain(first, links),
            Node::Negate(operand, span) => return self.negate(operand, *span),
            Node::Legacy(node) => return self.legacy(node),
            Node::Range(ends) => return self.range(ends),
            Node::List(items) => return self.list(items),
            Node::Length(argument, span) => return self.length(argument, *span).and_then(owned),
            Node::Set(set) => return owned(Value::List(set.load().values().to_vec())),
            Node::Fits(fits) => Value::Bool(self.fits(fits)?),
            Node::Quantify(quantifier) => return self.quantify(quantifier).and_then(owned),
            Node::Call(function, arguments, span) => return self.call(function, arguments, *span),
            Node::Lenient(operand, missing) => {
                return lenient(self.value(operand), Cow::Owned(Value::Bool(*missing)));
            }
        }))
    }

    // The branches below are functions of their own so that the recursive one above stays small on the stack.

    fn present<'p>(&self, field: &S::Field, span: Span) -> Result<Cow<'p, Value>, EvalError> {
        let missing = || Err(EvalError::new(EvalErrorKind::Missing, span));
        self.field(field).map_or_else(missing, owned)
    }

    fn with_default<'p>(&self, field: &S::Field, default: &'p Node<S::Field>) -> Result<Cow<'p, Value>, EvalError> {
        match self.field(field) {
            Some(value) => owned(value),
            None => self.value(default),
        }
    }

    /// The value that decides an `and` (the first that counts as false) or an `or` (as true), else the last.
    pub(super) fn first<'p>(&self, operands: &'p [Node<S::Field>], wanted: bool) -> Result<Cow<'p, Value>, EvalError> {
        let mut value = Cow::Owned(Value::Null);
        for operand in operands {
            value = self.value(operand)?;
            if value.is_truthy() == wanted {
                break;
            }
        }
        Ok(value)
    }

    fn chain<'p>(
        &self,
        first: &'p Node<S::Field>,
        links: &'p [(Arithmetic, Node<S::Field>, Span)],
    ) -> Result<Cow<'p, Value>, EvalError> {
        let mut left = self.value(first)?;
        for (op, operand, span) in links {
            let right = self.value(operand)?;
            left = self
                .link(*op, left, &right)
                .map_err(|kind| EvalError::new(kind, *span))?;
        }
        Ok(left)
    }

    fn link<'p>(&self, op: Arithmetic, left: Cow<'p, Value>, right: &Value) -> Result<Cow<'p, Value>, EvalErrorKind> {
        // Joining grows the text or list in place; copying it at every link would take quadratic time.
        let value = match (op, left, right) {
            (Arithmetic::Concat, Cow::Owned(Value::Str(mut text)), Value::Str(more)) => {
                text.push_str(more);
                Value::Str(text)
            }
            (Arithmetic::Concat, Cow::Owned(Value::List(mut items)), Value::List(more)) => {
                items.extend_from_slice(more);
                Value::List(items)
            }
            (op, left, right) => compute(op, &left, right)?,
        };
        // A long chain may join the same large list or text again and again.
        let size = match &value {
            Value::Str(text) => text.len() / 64,
            Value::List(items) => items.len(),
            _ => 0,
        };
        self.meter.spend(size)?;
        Ok(Cow::Owned(value))
    }

    fn list<'p>(&self, items: &[Node<S::Field>]) -> Result<Cow<'p, Value>, EvalError> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            values.push(self.value(item)?.into_owned());
        }
        owned(Value::List(values))
    }

    fn negate<'p>(&self, operand: &Node<S::Field>, span: Span) -> Result<Cow<'p, Value>, EvalError> {
        negate(&*self.value(operand)?)
            .map_err(|kind| EvalError::new(kind, span))
            .and_then(owned)
    }

    fn range<'p>(&self, ends: &(Node<S::Field>, Node<S::Field>)) -> Result<Cow<'p, Value>, EvalError> {
        let low = self.value(&ends.0)?.into_owned();
        owned(range(low, self.value(&ends.1)?.into_owned()))
    }

    fn compare(
        &self,
        op: Comparison,
        operands: &(Node<S::Field>, Node<S::Field>),
        span: Span,
    ) -> Result<bool, EvalError> {
        let left = self.value(&operands.0)?;
        let answer = if let Node::Set(set) = &operands.1 {
            compare(op, left.view(), set.load().view(), self.meter)
        } else {
            let right = self.value(&operands.1)?;
            compare(op, left.view(), right.view(), self.meter)
        };
        answer.map_err(|kind| EvalError::new(kind, span))
    }

    fn fits(&self, fits: &Fits<S::Field>) -> Result<bool, EvalError> {
        let odd = |value: ValueRef<'_>| {
            let found = value.kind();
            if fits.operator {
                EvalErrorKind::Undefined {
                    operator: Comparison::Matches.symbol(),
                    left: found,
                    right: Type::Text,
                }
            } else {
                EvalErrorKind::Argument { found }
            }
        };
        let value = self.value(&fits.operand)?;
        let answer = fits.test.any(value.view(), self.meter, &odd);
        answer.map_err(|kind| EvalError::new(kind, fits.span))
    }

    fn call<'p>(
        &self,
        function: &Function,
        arguments: &[Node<S::Field>],
        span: Span,
    ) -> Result<Cow<'p, Value>, EvalError> {
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.value(argument)?.into_owned());
        }
        function
            .call(&values)
            .map_err(|error| EvalError::new(error.into(), span))
            .and_then(owned)
    }

    fn length(&self, argument: &Node<S::Field>, span: Span) -> Result<Value, EvalError> {
        // A list in the record is counted without building it.
        if let Node::Field(field, _) | Node::Default(field, _) = argument {
            let mut items = 0;
            let mut only = None;
            let presence = self.subject.visit(field, &mut |value| {
                items += 1;
                only = Some(length_of(value));
                ControlFlow::Continue(())
            });
            match (presence, only) {
                (Presence::Many, _) => return Ok(Value::Int(items)),
                (Presence::One, Some(length)) => return length.map_err(|kind| EvalError::new(kind, span)),
                _ => {}
            }
        }
        let value = self.value(argument)?;
        length_of(value.view()).map_err(|kind| EvalError::new(kind, span))
    }

    fn exists(&self, field: &S::Field) -> bool {
        self.subject.visit(field, &mut |_| ControlFlow::Break(())) != Presence::Missing
    }

    /// A copy of what a field holds.
    fn field(&self, field: &S::Field) -> Option<Value> {
        let mut only = None;
        let mut items = Vec::new();
        let presence = self.subject.visit(field, &mut |value| {
            // The single value of a scalar field needs no list.
            if let Some(before) = only.replace(value.to_value()) {
                items.push(before);
            }
            ControlFlow::Continue(())
        });
        match presence {
            Presence::Missing => None,
            Presence::One => Some(only.unwrap_or_default()),
            Presence::Many => {
                items.extend(only);
                Some(Value::List(items))
            }
        }
    }
}

/// This answer instead of the error that a variable is missing.
fn lenient<T>(answer: Result<T, EvalError>, missing: T) -> Result<T, EvalError> {
    match answer {
        Err(error) if error.class() == EvalClass::Missing => Ok(missing),
        answer => answer,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it ends the branches of an evaluation")]
pub(super) fn owned<'p>(value: Value) -> Result<Cow<'p, Value>, EvalError> {
    Ok(Cow::Owned(value))
}

/// What `length` answers.
pub(super) fn length_of(value: ValueRef<'_>) -> Result<Value, EvalErrorKind> {
    let count = |count: usize| i128::try_from(count).unwrap_or(i128::MAX);
    match value {
        ValueRef::Str(text) => Ok(Value::Int(count(text.chars().count()))),
        ValueRef::List(items) => Ok(Value::Int(count(items.len()))),
        ValueRef::Ip(span) => Ok(addresses(&span)),
        other => Err(EvalErrorKind::Argument { found: other.kind() }),
    }
}

/// The number of addresses: an integer, or beyond 127 bits a fraction, which is exact for networks.
fn addresses(span: &IpSpan) -> Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "only IPv6 spans of half the address space and more"
    )]
    match i128::try_from(span.high() - span.low())
        .ok()
        .and_then(|distance| distance.checked_add(1))
    {
        Some(count) => Value::Int(count),
        None => Value::Float((span.high() - span.low()) as f64 + 1.0),
    }
}
