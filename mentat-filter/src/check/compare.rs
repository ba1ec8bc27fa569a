//! Comparisons.

use super::answers::{self, Answer};
use super::{Checker, Kind, Kinds, Part};
use crate::ast::{Comparison, Expr, Span};
use crate::eval::{self, Meter};
use crate::report::Diagnostic;
use crate::value::Value;

impl<'c> Checker<'c> {
    pub(super) fn compare(&mut self, op: Comparison, left: &'c Expr, right: &'c Expr, span: Span) -> Part<'c> {
        let (left, right) = (self.part(left), self.part(right));
        if left.kinds.is_none() || right.kinds.is_none() {
            return Part::default();
        }
        if op != Comparison::Matches
            && let (Some(one), Some(other)) = (&left.constant, &right.constant)
        {
            let meter = Meter::new(self.steps);
            return match eval::compare(op, one.view(), other.view(), &meter) {
                Ok(answer) => {
                    self.warn("F0506", format!("this is always {answer}"), span);
                    Value::Bool(answer).into()
                }
                Err(kind) => {
                    self.never(kind, span);
                    Part::default()
                }
            };
        }
        self.answered(
            op,
            answers::compare(op, &left.kinds, &right.kinds),
            &left.kinds,
            &right.kinds,
            span,
        )
        .into()
    }

    /// Reports what is odd about the answers to a comparison, and gives them as values.
    pub(super) fn answered(
        &mut self,
        op: Comparison,
        answer: Answer,
        left: &Kinds,
        right: &Kinds,
        span: Span,
    ) -> Kinds {
        let symbol = op.symbol();
        let Answer {
            truth,
            falsity,
            hollow,
            fails,
        } = answer;
        let undefined = format!("`{symbol}` is not defined between {left} and {right}");
        match (truth || falsity, hollow, fails) {
            (false, false, _) => {
                self.found.push(Diagnostic::error("F0503", undefined, span));
                return Kinds::default();
            }
            (false, true, true) => self.found.push(Diagnostic::error("F0504", undefined, span)),
            (true, _, true) => self.warn("F0507", format!("{undefined} for all of these types"), span),
            _ => {}
        }
        if matches!(
            op,
            Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual
        ) && left
            .each()
            .chain(right.each())
            .any(|kind| matches!(kind, Kind::Range(_)))
        {
            let message = format!("`{symbol}` with a range holds when it holds for either of its ends");
            self.found.push(
                Diagnostic::warning("F0511", message, span).with_hint("compare with one end, or use `in` or `=`"),
            );
        }
        let answer = if op == Comparison::NoneEqual {
            answer.inverse()
        } else {
            answer
        };
        let (truth, falsity) = match (self.lenient, op) {
            (false, _) => (answer.truth, answer.falsity || answer.hollow),
            // What is missing decides as well.
            (true, Comparison::NoneEqual) => (true, answer.falsity),
            (true, _) => (answer.truth, true),
        };
        if !fails {
            match (truth, falsity) {
                (false, true) if op == Comparison::Equals && left.is_list() != right.is_list() => {
                    let message = format!("`==` is never true between {left} and {right}");
                    self.found.push(
                        Diagnostic::warning("F0510", message, span)
                            .with_hint("`=` asks whether some item of the list is equal"),
                    );
                }
                (false, true) => self.warn(
                    "F0505",
                    format!("`{symbol}` is never true between {left} and {right}"),
                    span,
                ),
                (true, false) => {
                    self.warn(
                        "F0506",
                        format!("`{symbol}` is always true between {left} and {right}"),
                        span,
                    );
                }
                _ => {}
            }
        }
        Kinds::bool(truth, falsity)
    }
}
