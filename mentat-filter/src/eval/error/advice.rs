//! How to mend what made an evaluation fail.

use std::borrow::Cow;

use super::EvalErrorKind;
use crate::value::Type;

/// Advice on a failure of a part of the filter text, which is empty for a filter without text.
pub(super) fn hint(kind: EvalErrorKind, part: &str) -> Cow<'static, str> {
    Cow::Borrowed(match kind {
        EvalErrorKind::Missing => return missing(part),
        EvalErrorKind::Undefined { operator, left, right } => return undefined(operator, left, right),
        EvalErrorKind::Negation { .. } => {
            "minus takes a number or a duration; write `not` for the opposite of a condition"
        }
        EvalErrorKind::DivisionByZero => "make sure that the divisor is not zero: `n != 0 and a / n > 1`",
        EvalErrorKind::OutOfRange => {
            "integers have 127 bits, times the years 1 to 9999, durations 999999999 days; write `1.0` to compute with fractions"
        }
        EvalErrorKind::RangeEnds => "give both ends of `..` the same type: two numbers, two times or two addresses",
        EvalErrorKind::NotText { .. } => "use `in` or `=` to look for anything but a text",
        EvalErrorKind::Argument { .. } => "give the function a value that it takes, or test for another one before",
        EvalErrorKind::Function { .. } => "see the description of the function for what it needs",
        EvalErrorKind::Pattern => "write the regular expression as a text in the filter, where it is checked",
        EvalErrorKind::TooManySteps => {
            "compare lists with constants in the filter or with a named set; lists of the record multiply"
        }
    })
}

fn missing(name: &str) -> Cow<'static, str> {
    Cow::Borrowed(match name.to_ascii_lowercase().as_str() {
        "null" | "none" | "nil" => {
            "there is no null; write `name??` to ask whether a variable exists, `not name??` whether not"
        }
        "true" => "there is no `true`; a condition stands for itself, and `1 = 1` is always true",
        "false" => "there is no `false`; write `not` before the condition, and `1 = 2` is always false",
        _ => match name.split_once('-') {
            Some((left, right)) if !left.is_empty() && !right.is_empty() && name.len() <= 60 => {
                return Cow::Owned(format!("`{name}` is one name; to subtract, write `{left} - {right}`"));
            }
            _ if name.is_empty() || name.len() > 60 => "write `name ?? []` where the value may be absent",
            _ => {
                return Cow::Owned(format!(
                    "write `{name} ?? []` where the value may be absent; texts need quotes: \"{name}\""
                ));
            }
        },
    })
}

fn undefined(operator: &str, left: Type, right: Type) -> Cow<'static, str> {
    Cow::Borrowed(match (operator, left, right) {
        ("-", Type::Ip, Type::Ip) => "write a range of addresses without blanks: 10.0.0.1-10.0.0.9",
        (".", ..) | ("+", Type::Text, _) | ("+", _, Type::Text) => {
            "`.` joins two texts or two lists, `+` adds numbers and times"
        }
        ("<" | "<=" | ">" | ">=", Type::Text, _) => "texts have no order; use `=`, `in` or `contains`",
        ("in", Type::Text, Type::Text) => "write `b contains a` to look for a part of a text",
        ("in", _, Type::Text | Type::Number) => "the right side of `in` is a list, a range or an address",
        ("contains", ..) => "`contains` looks for a text in a text or a list; write `b in a` for anything else",
        ("matches", ..) => "only texts have patterns; compare numbers with `=` and addresses with `in`",
        ("=" | "!=" | "in", Type::Text, Type::Ip) | ("=" | "!=", Type::Ip, Type::Text) => {
            "texts and addresses never compare; write addresses without quotes"
        }
        ("=" | "!=" | "in", Type::Text, _) | ("=" | "!=", _, Type::Text) => {
            "types do not convert into each other; write numbers, times and addresses without quotes"
        }
        ("=" | "!=", ..) => {
            "give both sides the same type; `==` compares any two values and is false for different types"
        }
        _ => "give the operator operands of types that it takes; types do not convert into each other",
    })
}
