//! Checking filters before there is a record.

mod answers;
mod call;
mod compare;
mod kinds;
mod lint;
mod results;

use std::borrow::Cow;
use std::collections::HashSet;

pub(crate) use kinds::{Interval, Kind, Kinds};

use crate::ast::{Expr, ExprKind, Legacy, Link, Span};
use crate::context::Context;
use crate::dialect::Dialect;
use crate::eval;
use crate::filter::Filter;
use crate::path::Path;
use crate::report::{Diagnostic, MOST, Severity, closest};
use crate::schema::{Known, Schema};
use crate::value::Value;

impl Filter {
    /// Compares the filter with what records look like and says what cannot be meant, in the order of the text; at
    /// most twenty things, errors rather than warnings.
    ///
    /// Evaluation does not change. Errors are what keeps the filter from being compiled, and parts that fail for every
    /// record of the schema; the rest are warnings:
    ///
    /// | Code | Meaning |
    /// |---|---|
    /// | `F0501` | no such path |
    /// | `F0502` | the variable may be missing, and there is no default |
    /// | `F0503` | error: the operator or function is not defined for any type that the operands can have |
    /// | `F0504` | error: the same as soon as a list has an item; an empty one gives an answer |
    /// | `F0505` | never true |
    /// | `F0506` | always true, or always false |
    /// | `F0507` | not defined for some of the types that the operands can have |
    /// | `F0508` | the result is not a boolean, so [`Program::matches`](crate::Program::matches) may never answer true |
    /// | `F0509` | error: constants with which the operation always fails, such as a division by zero |
    /// | `F0510` | `==` between a list and a single value |
    /// | `F0511` | an ordering against a range, which asks about either of its ends |
    /// | `F0512` | a call after `??` that looks like an operator |
    /// | `F0513` | a word operator without a blank beside it |
    /// | `F0514` | a difference of numbers that looks like a date |
    ///
    /// For records that the schema describes, two things hold. A part reported as `F0503` never has a value, except
    /// that a lenient filter makes it false where a variable is missing. And a filter about which nothing at all is
    /// reported never fails for a missing variable or for the types of an operator's operands, unless what it looks
    /// at is [`FieldType::anything`](crate::FieldType::anything), in an open part of the schema, an item of a
    /// [`NamedSet`](crate::NamedSet) or the result of a function of the context, about which nothing is known.
    ///
    /// In filters of the legacy dialect only paths are checked.
    ///
    /// ```
    /// # #[cfg(feature = "parse")] {
    /// use mentat_filter::{Context, FieldType, Filter, Schema, Type};
    /// let schema = Schema::new()
    ///     .with("user", FieldType::of(Type::Text).always())
    ///     .with("port", FieldType::number(0..=65_535));
    /// let check = |text: &str| Filter::parse(text).unwrap().check(&schema, &Context::new());
    ///
    /// assert!(check("user = 'root' and port ?? 0 = 22").is_empty());
    /// assert_eq!(check("usr = 'root'")[0].hint.as_deref(), Some("did you mean `user`?"));
    /// assert_eq!(check("user > 10")[0].message, "`>` is not defined between text and number 10");
    /// assert_eq!(check("port ?? 0 = 100000")[0].code, "F0505");
    /// # }
    /// ```
    #[must_use]
    pub fn check(&self, schema: &Schema, context: &Context) -> Vec<Diagnostic> {
        let mut checker = Checker {
            schema: Some(schema),
            context,
            lenient: self.is_lenient(),
            steps: self.options().limits.steps,
            found: Vec::new(),
            present: HashSet::new(),
            missed: HashSet::new(),
        };
        if let Err(errors) = self.compile::<Value>(context) {
            checker.found = errors.diagnostics();
        }
        match self.dialect() {
            Dialect::Ransack => {
                checker.whole(self.ast());
                checker.found.extend(lint::lint(self.ast(), self.source()));
            }
            Dialect::Pynspect => checker.legacy(self.ast()),
        }
        let mut found = checker.found;
        // No error is left out for a warning.
        found.sort_by_key(|diagnostic| diagnostic.severity == Severity::Warning);
        found.truncate(MOST);
        found.sort_by_key(|diagnostic| diagnostic.span.start);
        found
    }
}

/// What is known about the value of a part.
#[derive(Default)]
struct Part<'c> {
    /// What it may be; nothing when it never has a value.
    kinds: Kinds,
    /// The value, if it is the same for all records.
    constant: Option<Cow<'c, Value>>,
}

impl<'c> Part<'c> {
    fn constant(value: impl Into<Cow<'c, Value>>) -> Self {
        let value = value.into();
        Self {
            kinds: Kinds::of(&value),
            constant: Some(value),
        }
    }
}

impl From<Kinds> for Part<'_> {
    fn from(kinds: Kinds) -> Self {
        Self { kinds, constant: None }
    }
}

impl<'c> From<Value> for Part<'c> {
    fn from(value: Value) -> Self {
        Self::constant(Cow::Owned(value))
    }
}

struct Checker<'c> {
    /// What the record looks like, unless nothing is known about it.
    schema: Option<&'c Schema>,
    context: &'c Context,
    /// Whether a missing variable makes a comparison false.
    lenient: bool,
    /// How many steps a comparison of constants may take.
    steps: u64,
    found: Vec<Diagnostic>,
    /// Variables that are there, because the part would not be looked at otherwise.
    present: HashSet<&'c [Box<str>]>,
    /// Variables reported as missing; the first mention fails, later ones are not reached.
    missed: HashSet<&'c Path>,
}

impl<'c> Checker<'c> {
    fn warn(&mut self, code: &'static str, message: impl Into<String>, span: Span) {
        self.found.push(Diagnostic::warning(code, message, span));
    }

    fn whole(&mut self, expr: &'c Expr) {
        let kinds = self.condition(expr);
        if !kinds.is_unknown() && !kinds.is_bool() {
            self.warn(
                "F0508",
                format!("the result is not only true or false, but {kinds}"),
                expr.span,
            );
        }
    }

    /// A part whose truth matters.
    fn condition(&mut self, expr: &'c Expr) -> Kinds {
        let before = self.found.len();
        let Part { mut kinds, .. } = self.part(expr);
        if self.lenient && !kinds.is_none() {
            kinds = kinds.or(Kinds::bool(false, true));
        }
        if self.found.len() == before {
            match kinds.truth() {
                (true, false) => self.warn("F0506", "this is always true", expr.span),
                (false, true) => self.warn("F0506", "this is always false", expr.span),
                _ => {}
            }
        }
        kinds
    }

    fn part(&mut self, expr: &'c Expr) -> Part<'c> {
        match &expr.kind {
            ExprKind::Literal(literal) => eval::constant(literal).into(),
            ExprKind::Variable(path) => self.variable(path, expr.span),
            ExprKind::Exists(path) => self.exists(path, expr.span),
            ExprKind::Default(variable, default) => self.default(&variable.path, variable.span, default),
            ExprKind::Negate(operand) => self.negate(operand, expr.span),
            ExprKind::Not(operand) => {
                let (truth, falsity) = self.condition(operand).truth();
                Kinds::bool(falsity, truth).into()
            }
            ExprKind::And(operands) => self.logic(operands, true).into(),
            ExprKind::Or(operands) => self.logic(operands, false).into(),
            ExprKind::Compare(op, left, right) => self.compare(*op, left, right, expr.span),
            ExprKind::Chain(first, links) => self.chain(first, links),
            ExprKind::Range(low, high) => self.range(low, high),
            ExprKind::Call(call) => self.call(call).into(),
            ExprKind::List(items) => self.list(items),
            ExprKind::Legacy(_) => Kinds::UNKNOWN.into(),
        }
    }

    /// `and` goes on after what counts as true, `or` after what counts as false.
    fn logic(&mut self, operands: &'c [Expr], conjunction: bool) -> Kinds {
        let mut assumed = Vec::new();
        let mut all = Kinds::default();
        for (at, operand) in operands.iter().enumerate() {
            let kinds = self.condition(operand);
            let is_last = at + 1 == operands.len();
            all = all.or(if is_last { kinds } else { kinds.that_are(!conjunction) });
            match &operand.kind {
                ExprKind::Exists(path) if conjunction => assumed.extend(self.assume(path)),
                ExprKind::Not(inner) if !conjunction => {
                    if let ExprKind::Exists(path) = &inner.kind {
                        assumed.extend(self.assume(path));
                    }
                }
                _ => {}
            }
        }
        for path in assumed {
            self.present.remove(path);
        }
        all
    }

    /// What is looked at next is only looked at when the record has this. Answers what was not known before.
    fn assume(&mut self, path: &'c Path) -> Option<&'c [Box<str>]> {
        let is_new = self.named(path).is_none() && self.present.insert(path.segments());
        is_new.then(|| path.segments())
    }

    /// The value or set of the context that a path names.
    fn named(&self, path: &Path) -> Option<Part<'c>> {
        if path.is_data_only() {
            return None;
        }
        let name = path.to_string();
        let value = self
            .context
            .get(&name)
            .map(|value| Part::constant(Cow::Borrowed(value)));
        let set = || self.context.set_named(&name);
        value.or_else(|| set().map(|_| Kinds::list(Kinds::UNKNOWN, true).into()))
    }

    /// What a path of the record may hold, whether it is always there, and what records in it look like.
    fn find(&mut self, path: &Path, span: Span) -> (Kinds, bool, Option<&'c Schema>) {
        let names = path.segments().iter().map(|name| &**name);
        let present = self.present.contains(path.segments());
        match self.schema.map_or(Known::Open, |schema| schema.find(names)) {
            Known::Field { kinds, always, record } => (kinds, always || present, record),
            Known::Open => (Kinds::UNKNOWN, present, None),
            Known::Unknown => {
                let text = path.segments().join(".");
                self.unknown(&text, span);
                // Nothing more is said about it.
                (Kinds::UNKNOWN, true, None)
            }
        }
    }

    fn unknown(&mut self, path: &str, span: Span) {
        let mut diagnostic = Diagnostic::warning("F0501", format!("records have no `{path}`"), span);
        // Looking for names that are near takes long.
        if self.found.len() < MOST {
            let paths: Vec<String> = self.schema.map(|schema| schema.paths().collect()).unwrap_or_default();
            let names = paths.iter().map(String::as_str).chain(self.context.names());
            diagnostic.hint = closest(path, names).map(|close| format!("did you mean `{close}`?"));
        }
        self.found.push(diagnostic);
    }

    fn variable(&mut self, path: &'c Path, span: Span) -> Part<'c> {
        if let Some(named) = self.named(path) {
            return named;
        }
        let (kinds, always, _) = self.find(path, span);
        if !always && !self.lenient && self.missed.insert(path) {
            let default = match kinds.each().next() {
                Some(Kind::Text) => "\"\"",
                Some(Kind::Number(_)) => "0",
                _ => "[]",
            };
            let message = format!("`{path}` may be missing, which is an error without a default");
            let hint = format!("write `{path} ?? {default}`");
            self.found
                .push(Diagnostic::warning("F0502", message, span).with_hint(hint));
        }
        kinds.into()
    }

    fn exists(&mut self, path: &Path, span: Span) -> Part<'c> {
        if self.named(path).is_some() {
            return Kinds::bool(true, false).into();
        }
        let before = self.found.len();
        let (_, always, _) = self.find(path, span);
        Kinds::bool(true, !always || self.found.len() > before).into()
    }

    fn default(&mut self, path: &'c Path, span: Span, default: &'c Expr) -> Part<'c> {
        if let Some(named) = self.named(path) {
            self.part(default);
            return named;
        }
        let (kinds, always, _) = self.find(path, span);
        let default = self.part(default).kinds;
        (if always { kinds } else { kinds.or(default) }).into()
    }

    fn negate(&mut self, operand: &'c Expr, span: Span) -> Part<'c> {
        let operand = self.part(operand);
        if let Some(value) = operand.constant.as_deref().and_then(|value| eval::negate(value).ok()) {
            return value.into();
        }
        let (kinds, fails) = results::negate(&operand.kinds);
        self.judge(
            kinds,
            fails,
            format!("minus is not defined for {}", operand.kinds),
            span,
        )
        .into()
    }

    fn range(&mut self, low: &'c Expr, high: &'c Expr) -> Part<'c> {
        let (low, high) = (self.part(low), self.part(high));
        match (low.constant, high.constant) {
            (Some(low), Some(high)) => eval::range(low.into_owned(), high.into_owned()).into(),
            _ => results::range(&low.kinds, &high.kinds).into(),
        }
    }

    fn list(&mut self, items: &'c [Expr]) -> Part<'c> {
        let parts: Vec<Part<'c>> = items.iter().map(|item| self.part(item)).collect();
        if parts.iter().any(|part| part.kinds.is_none()) {
            return Part::default();
        }
        if parts.iter().all(|part| part.constant.is_some()) {
            let values = parts.into_iter().filter_map(|part| part.constant).map(Cow::into_owned);
            return Value::List(values.collect()).into();
        }
        Kinds::items(parts.into_iter().map(|part| part.kinds)).into()
    }

    fn chain(&mut self, first: &'c Expr, links: &'c [Link]) -> Part<'c> {
        let mut left = self.part(first);
        for link in links {
            let right = self.part(&link.operand);
            if left.kinds.is_none() || right.kinds.is_none() {
                // Reported already; the other operands are still checked for themselves.
                left = Part::default();
                continue;
            }
            let span = first.span.to(link.operand.span);
            let message = || {
                format!(
                    "`{}` is not defined between {} and {}",
                    link.op.symbol(),
                    left.kinds,
                    right.kinds
                )
            };
            left = match (&left.constant, &right.constant) {
                (Some(one), Some(other)) => match eval::compute(link.op, one, other) {
                    Ok(value) => value.into(),
                    Err(kind) => {
                        self.never(kind, span);
                        Part::default()
                    }
                },
                _ => {
                    let (kinds, fails) = results::compute(link.op, &left.kinds, &right.kinds);
                    self.judge(kinds, fails, message(), span).into()
                }
            };
        }
        left
    }

    /// Constants with which an operation always fails.
    fn never(&mut self, kind: eval::EvalErrorKind, span: Span) {
        let code = match kind {
            eval::EvalErrorKind::Undefined { .. } => "F0503",
            _ => "F0509",
        };
        self.found.push(Diagnostic::error(code, kind.to_string(), span));
    }

    /// Reports a result that does not exist for all or for some operands, and gives what is left of it.
    fn judge(&mut self, result: Kinds, fails: bool, message: String, span: Span) -> Kinds {
        if !fails {
            return result;
        }
        let code = if result.is_none() {
            "F0503"
        } else if result == Kinds::items([]) {
            "F0504"
        } else {
            self.warn("F0507", format!("{message} for all of these types"), span);
            return result;
        };
        self.found.push(Diagnostic::error(code, message, span));
        Kinds::default()
    }

    /// The paths of a filter of the legacy dialect.
    fn legacy(&mut self, expr: &Expr) {
        expr.walk(&mut |node| {
            if let ExprKind::Legacy(Legacy::Variable(path)) = &node.kind {
                let names: Vec<&str> = path.steps().iter().map(|step| &*step.name).collect();
                let known = self.schema.map(|schema| schema.find(names.iter().copied()));
                if matches!(known, Some(Known::Unknown)) {
                    self.unknown(&names.join("."), node.span);
                }
            }
        });
    }
}
