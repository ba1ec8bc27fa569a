//! Why a filter answers what it answers about a record.

mod items;
mod render;

use std::cell::Cell;
use std::ops::ControlFlow;

use crate::ast::{Call, Expr, ExprKind, Legacy, LegacyOperator, Link, Span};
use crate::clock::Clock;
use crate::context::Context;
use crate::eval::{CompileErrors, Element, EvalError, Meter, Options, Program};
use crate::filter::Filter;
use crate::subject::Subject;
use crate::value::Value;

/// How many elements of a list are explained one by one.
const ELEMENTS: usize = 16;

/// How many parts inside each other are explained.
const DEPTH: usize = 64;

/// What a part of a filter amounts to for a record, and what its own parts do.
///
/// `Display` prints an indented tree, one part per line, constants left out.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// The canonical text of the part, cut after 160 characters.
    pub text: String,
    /// Where it stands in the filter text, in bytes.
    pub span: Span,
    /// What became of it.
    pub outcome: Outcome,
    /// For a comparison or test that some item decided: that item of the left operand.
    pub left: Option<Item>,
    /// For a comparison that some item of its right operand decided: that item.
    pub right: Option<Item>,
    /// For a condition of `any()`: which element it is about, counted from 1.
    pub element: Option<usize>,
    /// The operands in the order of the text; for `any()` the condition about each element that was looked at, of the
    /// first 16 and of the one that met it. None below what was not looked at, none for a list of constants, and none
    /// of a part inside 64 others.
    pub parts: Vec<Self>,
    /// Whether it is a constant of the text.
    constant: bool,
}

/// What became of a part of a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It has this value.
    Value(Value),
    /// It has none.
    Error(EvalError),
    /// It was not looked at, because what stands before it decided.
    Skipped,
}

/// An item of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its place, counted from 1.
    pub place: usize,
    /// The item.
    pub value: Value,
}

impl Filter {
    /// Explains what the filter answers about a record: the value of every part, what was not looked at, and which
    /// items decided.
    ///
    /// The value at the root is the one of [`Program::evaluate`]. Every part is evaluated for itself, all of them
    /// together within [`Limits::steps`](crate::Limits); a part for which no steps are left has that error. Much slower
    /// than an evaluation.
    ///
    /// ```
    /// # #[cfg(feature = "parse")] {
    /// use mentat_filter::{Clock, Context, Filter, Value};
    /// let record = Value::Map([("port".to_owned(), Value::from(vec![80, 22]))].into());
    /// let filter = Filter::parse("port in [22, 23] or user = 'root'").unwrap();
    /// let explanation = filter.explain(&Context::new(), &record, &Clock::system()).unwrap();
    /// assert_eq!(explanation.to_string(), "\
    /// port in [22, 23] or user = \"root\" => true
    ///   port in [22, 23] => true, by item 2 on the left: 22, by item 1 on the right: 22
    ///     port => [80, 22]
    ///   user = \"root\" => not looked at
    /// ");
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`CompileErrors`] as for [`Filter::compile`].
    pub fn explain<S: Subject>(
        &self,
        context: &Context,
        subject: &S,
        clock: &Clock,
    ) -> Result<Explanation, CompileErrors> {
        let value = self.compile::<S>(context)?.evaluate(subject, clock);
        let meter = Meter::new(self.options().limits.steps);
        let explainer = Explainer {
            context,
            options: self.options(),
            subject,
            clock,
            meter: &meter,
            depth: Cell::new(DEPTH),
        };
        Ok(explainer.with_outcome(self.ast(), Outcome::from(value)))
    }
}

impl From<Result<Value, EvalError>> for Outcome {
    fn from(result: Result<Value, EvalError>) -> Self {
        result.map_or_else(Self::Error, Self::Value)
    }
}

impl Outcome {
    /// The value, if there is one.
    #[must_use]
    pub const fn value(&self) -> Option<&Value> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    fn is_truthy(&self) -> Option<bool> {
        self.value().map(Value::is_truthy)
    }
}

/// What the parts of one filter are evaluated with.
struct Explainer<'a, S> {
    context: &'a Context,
    options: Options,
    subject: &'a S,
    clock: &'a Clock,
    meter: &'a Meter,
    /// How much further in parts are explained.
    depth: Cell<usize>,
}

impl<S: Subject> Explainer<'_, S> {
    /// A part whose truth matters.
    fn condition(&self, expr: &Expr) -> Explanation {
        self.with_outcome(expr, self.outcome(expr, true))
    }

    fn operand(&self, expr: &Expr) -> Explanation {
        self.with_outcome(expr, self.outcome(expr, false))
    }

    fn outcome(&self, expr: &Expr, is_condition: bool) -> Outcome {
        match Program::<S>::compile_part(expr, self.context, self.options, is_condition) {
            Ok(program) => program.evaluate_within(self.subject, self.clock, self.meter).into(),
            // The filter as a whole was compiled, so this does not happen.
            Err(_) => Outcome::Skipped,
        }
    }

    fn with_outcome(&self, expr: &Expr, outcome: Outcome) -> Explanation {
        let mut explanation = Explanation {
            outcome,
            ..skipped(expr)
        };
        if let Some(depth) = self.depth.get().checked_sub(1) {
            self.depth.set(depth);
            explanation.parts = self.parts(expr);
            self.depth.set(depth + 1);
        }
        if let ExprKind::Compare(op, _, right) = &expr.kind {
            self.find_items(&mut explanation, *op, right);
        } else if let ExprKind::Call(call) = &expr.kind {
            self.find_text(&mut explanation, call);
        }
        explanation
    }

    fn parts(&self, expr: &Expr) -> Vec<Explanation> {
        match &expr.kind {
            ExprKind::And(operands) => self.in_order(operands, Some(false), true),
            ExprKind::Or(operands) => self.in_order(operands, Some(true), true),
            ExprKind::Not(operand) => vec![self.condition(operand)],
            ExprKind::Default(variable, default) => {
                let found = self.outcome(&Expr::exists(variable.path.clone()), false);
                vec![if found.is_truthy() == Some(true) {
                    skipped(default)
                } else {
                    self.operand(default)
                }]
            }
            ExprKind::Call(call) => self.arguments(call),
            ExprKind::List(items) if items.iter().all(is_constant) => Vec::new(),
            ExprKind::Legacy(Legacy::Chain(first, links)) => {
                let decides = match links.first().map(|link| link.op) {
                    Some(LegacyOperator::And | LegacyOperator::AndSymbol) => Some(false),
                    Some(LegacyOperator::Or | LegacyOperator::OrSymbol) => Some(true),
                    _ => None,
                };
                let operands = std::iter::once(&**first).chain(links.iter().map(|link| &link.operand));
                self.in_order(operands, decides, false)
            }
            ExprKind::Chain(first, links) => self.chain(first, links),
            _ => {
                let mut operands = Vec::new();
                expr.operands(|operand| operands.push(operand));
                self.in_order(operands, None, false)
            }
        }
    }

    /// Operands up to the one that fails or decides.
    fn in_order<'e>(
        &self,
        operands: impl IntoIterator<Item = &'e Expr>,
        decides: Option<bool>,
        are_conditions: bool,
    ) -> Vec<Explanation> {
        let mut open = true;
        let explained = operands.into_iter().map(|operand| {
            if !open {
                return skipped(operand);
            }
            let part = if are_conditions {
                self.condition(operand)
            } else {
                self.operand(operand)
            };
            open = match part.outcome.is_truthy() {
                None => false,
                truth => decides.is_none() || truth != decides,
            };
            part
        });
        explained.collect()
    }

    /// The operands of operations from left to right: what follows one that fails is not looked at.
    fn chain(&self, first: &Expr, links: &[Link]) -> Vec<Explanation> {
        let mut left = first.clone();
        let mut open = true;
        let mut parts = vec![self.operand(first)];
        for link in links {
            open = open && parts.last().is_some_and(|part| part.outcome.value().is_some());
            if !open {
                parts.push(skipped(&link.operand));
                continue;
            }
            parts.push(self.operand(&link.operand));
            if links.len() > 1 && links.len() <= ELEMENTS {
                left = Expr::chain(left, link.op, link.operand.clone());
                open = self.outcome(&left, false).value().is_some();
            }
        }
        parts
    }

    fn arguments(&self, call: &Call) -> Vec<Explanation> {
        match (&*call.name, call.arguments.as_slice()) {
            ("any", [list, condition]) => self.elements(list, condition),
            (
                "none_of" | "count",
                [
                    Expr {
                        kind: ExprKind::Compare(_, list, other),
                        ..
                    },
                ],
            ) => self.in_order([&**list, &**other], None, false),
            (_, arguments) => self.in_order(arguments, None, false),
        }
    }

    /// The condition of `any()` about each element.
    fn elements(&self, list: &Expr, condition: &Expr) -> Vec<Explanation> {
        let path = match &list.kind {
            ExprKind::Variable(path) => path,
            ExprKind::Default(variable, _) => &variable.path,
            _ => return Vec::new(),
        };
        let mut parts = Vec::new();
        let mut place = 0;
        self.subject.visit(&S::bind(path), &mut |element| {
            place += 1;
            let explainer = Explainer {
                context: self.context,
                options: Options {
                    lenient: true,
                    ..self.options
                },
                subject: &Element::new(element),
                clock: self.clock,
                meter: self.meter,
                depth: self.depth.clone(),
            };
            let outcome = explainer.outcome(condition, true);
            let goes_on = outcome.is_truthy() == Some(false);
            if parts.len() < ELEMENTS || !goes_on {
                parts.push(Explanation {
                    element: Some(place),
                    ..explainer.with_outcome(condition, outcome)
                });
            }
            if goes_on {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        parts
    }
}

fn is_constant(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Literal(_) | ExprKind::Legacy(Legacy::Bare(_)))
}

/// A part that is not looked at.
fn skipped(expr: &Expr) -> Explanation {
    Explanation {
        text: render::cut(expr),
        span: expr.span,
        outcome: Outcome::Skipped,
        left: None,
        right: None,
        element: None,
        parts: Vec::new(),
        constant: match &expr.kind {
            ExprKind::List(items) | ExprKind::Legacy(Legacy::List(items)) => items.iter().all(is_constant),
            _ => is_constant(expr),
        },
    }
}
