//! Calls, and the operator `matches`, whose right operand is a pattern.

use super::{CompileError, CompileErrorKind, Compiler, fold, placed};
use crate::ast::{Call, Comparison, Expr, ExprKind, Span};
use crate::eval::atom::Atom;
use crate::eval::node::{Fits, Node, length_of};
use crate::eval::quantifier::{Ask, Element, Quantifier};
use crate::eval::test::TextTest;
use crate::function::{Function, change_case};
use crate::pattern::{Pattern, PatternError};
use crate::report::closest;
use crate::subject::Subject;
use crate::value::Value;

/// The functions of the language, in alphabetical order.
pub(crate) const FUNCTIONS: &[&str] = &[
    "all_in",
    "any",
    "count",
    "endswith",
    "glob",
    "len",
    "length",
    "lower",
    "none_of",
    "now",
    "startswith",
    "upper",
];

/// Makes a test of texts from its constants; the number bounds the bytes of a pattern.
type TestOf = fn(&[&str], usize) -> Result<TextTest, PatternError>;

impl Compiler<'_> {
    pub(super) fn call<S: Subject>(&mut self, call: &Call) -> Node<S::Field> {
        match (&*call.name, call.arguments.as_slice()) {
            ("now", []) => Node::Now,
            ("length" | "len", [argument]) => self.length::<S>(argument),
            ("lower", [_]) => self.apply::<S>(&case(str::to_lowercase), call),
            ("upper", [_]) => self.apply::<S>(&case(str::to_uppercase), call),
            ("startswith", [operand, part]) => self.texts::<S>(operand, part, "the prefix", |texts, _| {
                Ok(TextTest::Prefixes(boxed(texts)))
            }),
            ("endswith", [operand, part]) => self.texts::<S>(operand, part, "the suffix", |texts, _| {
                Ok(TextTest::Suffixes(boxed(texts)))
            }),
            ("glob", [operand, part]) => self.texts::<S>(operand, part, "the pattern", |texts, bytes| {
                patterns(texts, |text| Pattern::glob(text, bytes))
            }),
            ("any", [list, condition]) => self.any_element::<S>(list, condition),
            ("all_in", [list, set]) => self.items::<S>(Ask::All, Comparison::In, list, set),
            ("none_of", arguments @ ([_] | [_, _])) => self.asked::<S>(Ask::None, call, arguments),
            ("count", arguments @ ([_] | [_, _])) => self.asked::<S>(Ask::Count, call, arguments),
            (name, _) if FUNCTIONS.contains(&name) => self.wrong_arguments(call, takes(name).into()),
            (name, arguments) => match self.context.function(name) {
                Some(function) if function.takes(arguments.len()) => self.apply::<S>(&function.clone(), call),
                Some(function) => self.wrong_arguments(call, function.arity()),
                None => self.unknown(call),
            },
        }
    }

    fn fail<F>(&mut self, kind: CompileErrorKind, span: Span) -> Node<F> {
        self.errors.push(CompileError::new(kind, span));
        Node::Const(Value::Null)
    }

    fn unknown<F>(&mut self, call: &Call) -> Node<F> {
        let names = FUNCTIONS.iter().copied().chain(self.context.function_names());
        let close = closest(&call.name, names).map(Into::into);
        self.errors.push(CompileError {
            kind: CompileErrorKind::UnknownFunction {
                name: call.name.clone(),
            },
            span: call.name_span,
            close,
        });
        Node::Const(Value::Null)
    }

    fn wrong_arguments<F>(&mut self, call: &Call, takes: Box<str>) -> Node<F> {
        let kind = CompileErrorKind::Arguments {
            function: call.name.clone(),
            takes,
            found: call.arguments.len(),
        };
        self.fail(kind, argument_span(call))
    }

    fn length<S: Subject>(&mut self, argument: &Expr) -> Node<S::Field> {
        let span = argument.span;
        let argument = self.node::<S>(argument);
        match fold(&argument).and_then(|value| length_of(value.view()).ok()) {
            Some(value) => Node::Const(value),
            None => Node::Length(Box::new(argument), span),
        }
    }

    fn apply<S: Subject>(&mut self, function: &Function, call: &Call) -> Node<S::Field> {
        let arguments = self.nodes::<S>(&call.arguments);
        let constants: Option<Vec<Value>> = arguments.iter().map(|argument| fold(argument).cloned()).collect();
        match constants.and_then(|constants| function.call(&constants).ok()) {
            Some(value) => Node::Const(value),
            None => Node::Call(function.clone(), arguments, argument_span(call)),
        }
    }

    /// `any(path, condition)`: the condition looks at one element, and what an element lacks is simply not so.
    fn any_element<S: Subject>(&mut self, list: &Expr, condition: &Expr) -> Node<S::Field> {
        let path = match &list.kind {
            ExprKind::Variable(path) => Some(path),
            ExprKind::Default(variable, default) if default.kind == ExprKind::List(Vec::new()) => Some(&variable.path),
            _ => None,
        };
        let Some(path) = path.filter(|path| self.named::<S>(path).is_none()) else {
            return self.fail(CompileErrorKind::NotVariable, list.span);
        };
        let lenient = std::mem::replace(&mut self.lenient, true);
        let condition = self.condition::<Element<'_>>(condition);
        self.lenient = lenient;
        Node::Quantify(Box::new(Quantifier::Any(S::bind(path), condition)))
    }

    /// `none_of(list, set)` and `none_of(list op other)`, and the same with `count`.
    fn asked<S: Subject>(&mut self, ask: Ask, call: &Call, arguments: &[Expr]) -> Node<S::Field> {
        match arguments {
            [list, set] => self.items::<S>(ask, Comparison::In, list, set),
            [
                Expr {
                    kind: ExprKind::Compare(op, list, other),
                    ..
                },
            ] if *op != Comparison::Matches => self.items::<S>(ask, *op, list, other),
            _ => self.wrong_arguments(call, takes(&call.name).into()),
        }
    }

    fn items<S: Subject>(&mut self, ask: Ask, op: Comparison, list: &Expr, other: &Expr) -> Node<S::Field> {
        let span = list.span.to(other.span);
        let (list, other) = (self.node::<S>(list), self.node::<S>(other));
        Node::Quantify(Box::new(Quantifier::Items(ask, op, list, other, span)))
    }

    fn texts<S: Subject>(&mut self, operand: &Expr, part: &Expr, what: &'static str, test: TestOf) -> Node<S::Field> {
        let (node, constant) = (self.node::<S>(operand), self.node::<S>(part));
        let node = self.fits(node, &constant, part.span, what, test, (operand.span, false));
        placed(node, operand)
    }

    /// `operand matches pattern`.
    pub(super) fn matching<F: Clone>(&mut self, operand: Node<F>, pattern: &Node<F>, at: Span, span: Span) -> Node<F> {
        let test: TestOf = |texts, bytes| patterns(texts, |text| Pattern::regex(text, bytes));
        self.fits(operand, pattern, at, "the pattern", test, (span, true))
    }

    fn fits<F: Clone>(
        &mut self,
        operand: Node<F>,
        constant: &Node<F>,
        at: Span,
        what: &'static str,
        test: TestOf,
        (span, operator): (Span, bool),
    ) -> Node<F> {
        let Some(texts) = fold(constant).and_then(texts) else {
            return self.fail(CompileErrorKind::NotConstant { what }, at);
        };
        match test(&texts, self.limits.pattern_bytes) {
            Ok(test) => {
                let node = Atom::fuse_text(Fits {
                    operand,
                    test,
                    operator,
                    span,
                });
                self.soften(node)
            }
            Err(error) => self.fail(CompileErrorKind::Pattern { reason: error.0 }, at),
        }
    }
}

/// Every text of a constant; `None` when it is something else.
fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::Str(text) => Some(vec![text]),
        Value::List(items) => items
            .iter()
            .map(|item| match item {
                Value::Str(text) => Some(text.as_str()),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

fn boxed(texts: &[&str]) -> Box<[Box<str>]> {
    texts.iter().map(|text| Box::from(*text)).collect()
}

fn patterns(texts: &[&str], make: impl Fn(&str) -> Result<Pattern, PatternError>) -> Result<TextTest, PatternError> {
    texts
        .iter()
        .map(|text| make(text))
        .collect::<Result<_, _>>()
        .map(TextTest::Patterns)
}

fn case(change: fn(&str) -> String) -> Function {
    Function::new(1..=1, move |arguments| match arguments {
        [value] => change_case(value, change),
        _ => Ok(Value::Null),
    })
}

/// The arguments as a part of the text, or the name when there are none.
fn argument_span(call: &Call) -> Span {
    match (call.arguments.first(), call.arguments.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => call.name_span,
    }
}

/// What a function of the language takes.
fn takes(name: &str) -> &'static str {
    match name {
        "now" => "no arguments",
        "length" | "len" | "lower" | "upper" => "one argument",
        "startswith" | "endswith" => "a text or list and a constant text",
        "glob" => "a text or list and a constant pattern",
        "any" => "a variable and a condition on its elements",
        "all_in" => "a list and a set",
        _ => "a list and a set, or one comparison of a list",
    }
}
