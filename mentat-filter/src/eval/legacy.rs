//! Evaluation of the legacy dialect.
//!
//! Every operand is a list of values; a value that is no list is a list of one. Beside true and false there is null:
//! what an operator answers when an operand has no values.

mod compare;
mod compute;
mod path;

pub(crate) use compute::compute;

use std::borrow::Cow;

use super::error::{EvalError, EvalErrorKind};
use super::node::{Node, Scene};
use crate::ast::{LegacyLevel, LegacyOperator, LegacyPath, Span};
use crate::pattern::Pattern;
use crate::subject::Subject;
use crate::value::{Type, Value, ValueRef};

/// A node of a program that only the legacy dialect has.
#[derive(Debug)]
pub(super) enum LegacyNode<F> {
    Variable(LegacyPath),
    Not(Node<F>),
    /// Operands of one logical operator.
    Logic(LegacyOperator, Box<[Node<F>]>),
    /// Comparisons or computations of one level, taken from right to left.
    Chain(Node<F>, Box<[Link<F>]>),
    List(Box<[Node<F>]>),
    Size(Node<F>, Span),
    TextLength(Node<F>, Span),
    /// Seconds since 1970.
    Time,
}

/// An operator and what is right of it.
#[derive(Debug)]
pub(super) struct Link<F> {
    pub(super) op: LegacyOperator,
    pub(super) operand: Node<F>,
    /// The regular expressions of a `like` with constants on its right.
    pub(super) patterns: Option<Box<[Pattern]>>,
    /// The most bytes that a regular expression from the record may take.
    pub(super) pattern_bytes: usize,
    /// Both operands.
    pub(super) span: Span,
}

impl<S: Subject> Scene<'_, S> {
    pub(super) fn legacy<'p>(&self, node: &'p LegacyNode<S::Field>) -> Result<Cow<'p, Value>, EvalError> {
        let value = match node {
            LegacyNode::Variable(path) => self.variable(path),
            LegacyNode::Not(operand) => not(&*self.value(operand)?),
            LegacyNode::Logic(LegacyOperator::Xor | LegacyOperator::XorSymbol, operands) => return self.xor(operands),
            LegacyNode::Logic(LegacyOperator::Or | LegacyOperator::OrSymbol, operands) => {
                return self.first(operands, true);
            }
            LegacyNode::Logic(_, operands) => return self.first(operands, false),
            LegacyNode::Chain(first, links) => return self.right_chain(first, links),
            LegacyNode::List(items) => self.spliced(items)?,
            LegacyNode::Size(argument, span) => {
                size(&*self.value(argument)?).map_err(|kind| EvalError::new(kind, *span))?
            }
            LegacyNode::TextLength(argument, span) => {
                text_length(&*self.value(argument)?).map_err(|kind| EvalError::new(kind, *span))?
            }
            LegacyNode::Time => Value::Float(self.clock.now().as_duration().as_secs_f64()),
        };
        Ok(Cow::Owned(value))
    }

    // The branches are functions of their own so that the recursive one above stays small on the stack.

    fn variable(&self, path: &LegacyPath) -> Value {
        let mut values = Vec::new();
        if let Some(whole) = self.subject.whole() {
            path::look_up(whole, path.steps(), &mut |value| values.push(value.to_value()));
        }
        Value::List(values)
    }

    /// `a xor b` is true when only `a` is true, false when both are, and else `b`.
    fn xor<'p>(&self, operands: &'p [Node<S::Field>]) -> Result<Cow<'p, Value>, EvalError> {
        let mut values = Vec::with_capacity(operands.len());
        for operand in operands {
            values.push(self.value(operand)?);
        }
        let mut result = values.pop().unwrap_or_default();
        while let Some(left) = values.pop() {
            if left.is_truthy() {
                result = Cow::Owned(Value::Bool(!result.is_truthy()));
            }
        }
        Ok(result)
    }

    fn right_chain<'p>(
        &self,
        first: &'p Node<S::Field>,
        links: &'p [Link<S::Field>],
    ) -> Result<Cow<'p, Value>, EvalError> {
        let mut values = vec![self.value(first)?];
        for link in links {
            values.push(self.value(&link.operand)?);
        }
        let mut right = values.pop().unwrap_or_default();
        for link in links.iter().rev() {
            let left = values.pop().unwrap_or_default();
            let result = self.apply(link, &left, &right);
            right = Cow::Owned(result.map_err(|kind| EvalError::new(kind, link.span))?);
        }
        Ok(right)
    }

    fn apply(&self, link: &Link<S::Field>, left: &Value, right: &Value) -> Result<Value, EvalErrorKind> {
        let (left, right) = (items(left), items(right));
        if left.is_empty() || right.is_empty() {
            return Ok(Value::Null);
        }
        if link.op.level() == LegacyLevel::Compute {
            self.meter.spend(left.len().max(right.len()))?;
            return Ok(compute(link.op, left, right));
        }
        let pairs = left.len().saturating_mul(right.len());
        let answer = match (link.op, &link.patterns) {
            (LegacyOperator::Like, Some(patterns)) => {
                self.meter.spend(pairs)?;
                compare::like(left, patterns)
            }
            (LegacyOperator::Like, None) => {
                // Reading a regular expression takes far longer than comparing two values.
                self.meter.spend(pairs.saturating_mul(1000))?;
                compare::like_values(left, right, link.pattern_bytes)
            }
            (op, _) => {
                self.meter.spend(pairs)?;
                compare::compare(op, left, right)
            }
        };
        answer.map(Value::Bool)
    }

    /// A list in which the values of variables are items.
    fn spliced(&self, nodes: &[Node<S::Field>]) -> Result<Value, EvalError> {
        let mut list = Vec::with_capacity(nodes.len());
        for node in nodes {
            match self.value(node)?.into_owned() {
                Value::List(values) => list.extend(values),
                value => list.push(value),
            }
        }
        Ok(Value::List(list))
    }
}

/// The values of an operand.
fn items(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::List(items) => items,
        single => std::slice::from_ref(single),
    }
}

fn not(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        value => Value::Bool(!value.is_truthy()),
    }
}

/// `size`: the number of values, or of characters of a text.
fn size(value: &Value) -> Result<Value, EvalErrorKind> {
    match value {
        Value::List(items) => Ok(count(items.len())),
        Value::Str(text) => Ok(count(text.chars().count())),
        other => Err(argument(other)),
    }
}

/// `strlen`: the number of characters of a text, or of each text of a list.
fn text_length(value: &Value) -> Result<Value, EvalErrorKind> {
    let length = |value: &Value| match value {
        Value::Str(text) => Ok(count(text.chars().count())),
        other => Err(argument(other)),
    };
    match value {
        Value::Null => Ok(Value::Null),
        Value::List(items) if items.is_empty() => Ok(Value::Null),
        Value::List(items) => items.iter().map(length).collect::<Result<_, _>>().map(Value::List),
        single => length(single),
    }
}

fn count(count: usize) -> Value {
    Value::Int(i128::try_from(count).unwrap_or(i128::MAX))
}

fn argument(value: &Value) -> EvalErrorKind {
    EvalErrorKind::Argument {
        found: value.view().kind(),
    }
}

fn undefined(op: LegacyOperator, left: &Value, right: &Value) -> EvalErrorKind {
    let kind = |value: &Value| -> Type { ValueRef::kind(&value.view()) };
    EvalErrorKind::Undefined {
        operator: op.symbol(),
        left: kind(left),
        right: kind(right),
    }
}
