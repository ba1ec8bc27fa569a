//! Calls.

use super::answers::{self, Answer};
use super::{Checker, Interval, Kind, Kinds, Part, results};
use crate::ast::{Call, Comparison, Expr, ExprKind, Span};
use crate::value::Type;

impl<'c> Checker<'c> {
    pub(super) fn call(&mut self, call: &'c Call) -> Kinds {
        match (&*call.name, call.arguments.as_slice()) {
            ("now", []) => Kinds::of_type(Type::Time),
            ("length" | "len", [argument]) => self.length(argument, call),
            ("lower" | "upper", [argument]) => {
                let operand = self.part(argument);
                let (kinds, fails) = results::change_case(&operand.kinds);
                self.judge(kinds, fails, takes_not(call, &operand), argument.span)
            }
            ("startswith" | "endswith" | "glob", [argument, constant]) => {
                let operand = self.part(argument);
                self.part(constant);
                self.test(&operand, call, argument.span)
            }
            ("any", [list, condition]) => self.any_element(list, condition),
            ("all_in", [list, set]) => {
                self.items(Comparison::In, list, set);
                Kinds::bool(true, true)
            }
            ("none_of" | "count", [list, set]) => {
                self.items(Comparison::In, list, set);
                about_items(call)
            }
            (
                "none_of" | "count",
                [
                    Expr {
                        kind: ExprKind::Compare(op, list, other),
                        ..
                    },
                ],
            ) if *op != Comparison::Matches => {
                self.items(*op, list, other);
                about_items(call)
            }
            (_, arguments) => {
                for argument in arguments {
                    self.part(argument);
                }
                Kinds::UNKNOWN
            }
        }
    }

    fn length(&mut self, argument: &'c Expr, call: &Call) -> Kinds {
        let operand = self.part(argument);
        let (some, all) = results::length(&operand.kinds);
        let number = Kinds::from(Kind::Number(Interval {
            low: 0,
            high: i128::MAX,
        }));
        let kinds = if all { Kinds::default() } else { number };
        self.judge(kinds, some, takes_not(call, &operand), argument.span)
    }

    fn test(&mut self, operand: &Part<'c>, call: &Call, span: Span) -> Kinds {
        let answers = operand.kinds.each().map(answers::texts);
        let answer = answers.reduce(Answer::or).unwrap_or_default();
        let kinds = if answer.truth || !answer.fails {
            Kinds::bool(answer.truth, answer.falsity || answer.hollow)
        } else if answer.hollow {
            // An empty list has an answer, but it is the only one.
            Kinds::items([])
        } else {
            Kinds::default()
        };
        self.judge(kinds, answer.fails, takes_not(call, operand), span)
    }

    /// `any(path, condition)`: the condition is about a record in the list.
    fn any_element(&mut self, list: &'c Expr, condition: &'c Expr) -> Kinds {
        let (path, span) = match &list.kind {
            ExprKind::Variable(path) => (path, list.span),
            ExprKind::Default(variable, _) => (&variable.path, variable.span),
            _ => return Kinds::UNKNOWN,
        };
        let (kinds, _, record) = self.find(path, span);
        if record.is_none() && !kinds.is_unknown() && !items_are_unknown(&kinds) {
            self.warn(
                "F0505",
                format!("`{path}` has no records that a condition could be about"),
                span,
            );
            return Kinds::bool(false, true);
        }
        let outside = (self.schema, self.lenient);
        let (present, missed) = (std::mem::take(&mut self.present), std::mem::take(&mut self.missed));
        self.schema = record;
        self.lenient = true;
        self.condition(condition);
        (self.schema, self.lenient) = outside;
        self.present = present;
        self.missed = missed;
        Kinds::bool(true, true)
    }

    fn items(&mut self, op: Comparison, list: &'c Expr, other: &'c Expr) {
        let span = list.span.to(other.span);
        let (list, other) = (self.part(list), self.part(other));
        if list.kinds.is_none() || other.kinds.is_none() {
            return;
        }
        let answer = answers::items(op, &list.kinds, &other.kinds);
        self.answered(op, answer, &list.kinds, &other.kinds, span);
    }
}

fn items_are_unknown(kinds: &Kinds) -> bool {
    kinds
        .each()
        .any(|kind| matches!(kind, Kind::List(items) if items.kinds.is_unknown()))
}

fn about_items(call: &Call) -> Kinds {
    if &*call.name == "count" {
        Kinds::from(Kind::Number(Interval {
            low: 0,
            high: i128::MAX,
        }))
    } else {
        Kinds::bool(true, true)
    }
}

fn takes_not(call: &Call, operand: &Part<'_>) -> String {
    format!("{}() does not take {}", call.name, operand.kinds)
}
