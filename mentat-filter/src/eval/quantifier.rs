//! Questions about the items of a list.

use std::ops::ControlFlow;

use super::compare::compare;
use super::error::{EvalError, EvalErrorKind};
use super::node::{Node, Scene, Verdict};
use crate::ast::{Comparison, Span};
use crate::path::Path;
use crate::subject::{Presence, Subject, walk};
use crate::value::{Value, ValueRef};

/// A question about the items of a list.
#[derive(Debug)]
pub(super) enum Quantifier<F> {
    /// Whether one element meets a condition of its own.
    Any(F, Node<Path>),
    /// About the items for which a comparison with the second operand holds.
    Items(Ask, Comparison, Node<F>, Node<F>, Span),
}

/// What is asked about the items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Whether it holds for every one.
    All,
    /// Whether it holds for none.
    None,
    /// For how many it holds.
    Count,
}

/// An element of a list as a record of its own.
pub(crate) struct Element<'a>(ValueRef<'a>);

impl<'a> Element<'a> {
    pub(crate) const fn new(element: ValueRef<'a>) -> Self {
        Self(element)
    }
}

impl Subject for Element<'_> {
    type Field = Path;

    fn bind(path: &Path) -> Path {
        path.clone()
    }

    fn visit(&self, field: &Path, see: &mut dyn FnMut(ValueRef<'_>) -> ControlFlow<()>) -> Presence {
        walk(self.0, field.segments(), see)
    }

    fn whole(&self) -> Option<ValueRef<'_>> {
        Some(self.0)
    }
}

impl<S: Subject> Scene<'_, S> {
    pub(super) fn quantify(&self, quantifier: &Quantifier<S::Field>) -> Result<Value, EvalError> {
        match quantifier {
            Quantifier::Any(field, condition) => self.any_element(field, condition).map(Value::Bool),
            Quantifier::Items(ask, op, list, other, span) => {
                let list = self.value(list)?;
                let other = self.value(other)?;
                // A single value is a list of one.
                let items = match &*list {
                    Value::List(items) => items.as_slice(),
                    single => std::slice::from_ref(single),
                };
                self.ask(*ask, items, |item| compare(*op, item.view(), other.view(), self.meter))
                    .map_err(|kind| EvalError::new(kind, *span))
            }
        }
    }

    fn ask(
        &self,
        ask: Ask,
        items: &[Value],
        mut holds: impl FnMut(&Value) -> Result<bool, EvalErrorKind>,
    ) -> Result<Value, EvalErrorKind> {
        let mut count = 0_i64;
        for item in items {
            self.meter.spend(1)?;
            match (ask, holds(item)?) {
                (Ask::All, false) | (Ask::None, true) => return Ok(Value::Bool(false)),
                (_, held) => count += i64::from(held),
            }
        }
        Ok(match ask {
            Ask::All | Ask::None => Value::Bool(true),
            Ask::Count => Value::from(count),
        })
    }

    fn any_element(&self, field: &S::Field, condition: &Node<Path>) -> Result<bool, EvalError> {
        let mut answer = Ok(false);
        self.subject.visit(field, &mut |element| {
            let scene = Scene {
                subject: &Element(element),
                clock: self.clock,
                meter: self.meter,
            };
            answer = scene.verdict(condition).map(|verdict| verdict != Verdict::False);
            if matches!(answer, Ok(false)) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        answer
    }
}
