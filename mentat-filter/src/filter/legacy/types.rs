//! Types for the constants of the legacy dialect.

use jiff::{SignedDuration, Timestamp};

use crate::ast::{
    Arithmetic, Bare, BareKind, Expr, ExprKind, Legacy, LegacyLevel, LegacyLink, LegacyOperator, LegacyPath, Literal,
};
use crate::eval::{compute, legacy_compute};
use crate::net::{IpError, IpSpan};
use crate::syntax::{ParseError, ParseErrorKind};
use crate::time::{TimeError, in_years, parse_duration, parse_timestamp};
use crate::value::Value;

/// Which variables of a record hold addresses and times, for [`Filter::with_types`](crate::Filter::with_types).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyTypes {
    /// Dotted paths of addresses, networks and ranges. Indexes in a filter do not matter.
    pub addresses: Vec<Box<str>>,
    /// Dotted paths of instants.
    pub times: Vec<Box<str>>,
}

impl LegacyTypes {
    /// The variables of an event in the IDEA format that the legacy dialect converts constants for.
    #[must_use]
    pub fn idea() -> Self {
        let boxed = |paths: &[&str]| paths.iter().map(|path| Box::from(*path)).collect();
        Self {
            addresses: boxed(&["Source.IP4", "Target.IP4", "Source.IP6", "Target.IP6"]),
            times: boxed(&[
                "CreateTime",
                "DetectTime",
                "EventTime",
                "CeaseTime",
                "WinStartTime",
                "WinEndTime",
            ]),
        }
    }

    /// What the constant opposite to an operand should be.
    fn wanted(&self, operand: &Expr) -> Option<Wanted> {
        match &operand.kind {
            ExprKind::Legacy(Legacy::Variable(path)) if holds(&self.addresses, path) => Some(Wanted::Address),
            ExprKind::Legacy(Legacy::Variable(path)) if holds(&self.times, path) => Some(Wanted::Time),
            ExprKind::Legacy(Legacy::Call(call)) if &*call.name == "utcnow" => Some(Wanted::Time),
            _ => None,
        }
    }
}

fn holds(paths: &[Box<str>], path: &LegacyPath) -> bool {
    let names = path.steps().iter().map(|step| &*step.name);
    paths.iter().any(|dotted| dotted.split('.').eq(names.clone()))
}

#[derive(Clone, Copy)]
enum Wanted {
    Address,
    Time,
}

/// How many mistakes are reported.
const MISTAKES: usize = 20;

/// Gives the constants of a tree their types; each that cannot be converted is an error.
pub(super) fn apply(tree: &mut Expr, types: &LegacyTypes) -> Result<(), Vec<ParseError>> {
    let mut rules = Rules {
        types,
        errors: Vec::new(),
    };
    // A stack of our own: trees are deeper than the recursion of a small thread may be.
    let mut waiting = vec![tree];
    while let Some(expr) = waiting.pop() {
        if let ExprKind::Legacy(Legacy::Bare(bare)) = &expr.kind {
            let literal = bare_literal(bare);
            rules.set(expr, literal);
        }
        let ExprKind::Legacy(legacy) = &mut expr.kind else {
            continue;
        };
        match legacy {
            // What a function is given stays as it is written.
            Legacy::Variable(_) | Legacy::Call(_) | Legacy::Bare(_) => {}
            Legacy::Not(operand) | Legacy::Exists(operand) => waiting.push(operand),
            Legacy::List(items) => waiting.extend(items),
            Legacy::Chain(first, links) => {
                rules.chain(first, links);
                waiting.push(first);
                waiting.extend(links.iter_mut().map(|link| &mut link.operand));
            }
        }
    }
    if rules.errors.is_empty() {
        Ok(())
    } else {
        rules.errors.sort_by_key(|error| error.span().start);
        rules.errors.truncate(MISTAKES);
        Err(rules.errors)
    }
}

struct Rules<'t> {
    types: &'t LegacyTypes,
    errors: Vec<ParseError>,
}

impl Rules<'_> {
    /// Converts the constants that are operands of a chain.
    ///
    /// Right of an operator stands all the rest of the chain, so only the last operator has a single operand on either
    /// side.
    fn chain(&mut self, first: &mut Expr, links: &mut Vec<LegacyLink>) {
        self.join_numbers(first, links);
        let Some((last, before)) = links.split_last_mut() else {
            return;
        };
        let left = before.last_mut().map_or(first, |link| &mut link.operand);
        let (for_left, for_right) = (self.wanted(&last.operand, last.op), self.wanted(left, last.op));
        self.operand(left, for_left);
        self.operand(&mut last.operand, for_right);
        // There are no negative constants: less than none is nothing minus some.
        for operand in [left, &mut last.operand] {
            if let ExprKind::Literal(Literal::Duration(duration)) = operand.kind
                && duration.is_negative()
            {
                let constant = |duration| Expr {
                    kind: ExprKind::Literal(Literal::Duration(duration)),
                    span: operand.span,
                };
                let (nothing, amount) = (constant(SignedDuration::ZERO), constant(duration.abs()));
                *operand = Expr::legacy(nothing, LegacyOperator::Subtract, amount);
            }
        }
        Legacy::flatten(links);
    }

    /// What a constant should be that an operator puts opposite to an operand.
    fn wanted(&self, opposite: &Expr, op: LegacyOperator) -> Option<Wanted> {
        match (self.types.wanted(opposite), op.level()) {
            // Neither addresses nor times can be searched for a pattern.
            _ if op == LegacyOperator::Like => None,
            (wanted, LegacyLevel::Compare) | (wanted @ Some(Wanted::Time), LegacyLevel::Compute) => wanted,
            _ => None,
        }
    }

    /// Makes one number of the operands right of a time when all of them are numbers.
    fn join_numbers(&self, first: &Expr, links: &mut Vec<LegacyLink>) {
        if links.iter().any(|link| link.op.level() != LegacyLevel::Compute) {
            return;
        }
        let mut number: Option<Value> = None;
        let mut from = links.len();
        while let Some(link) = from.checked_sub(1).and_then(|at| links.get(at))
            && let Some(left) = fold(&link.operand)
        {
            number = Some(match (number, links.get(from)) {
                (Some(right), Some(next)) => legacy_compute(next.op, &[left], &[right]),
                _ => left,
            });
            from -= 1;
        }
        let before = from.checked_sub(1).and_then(|at| links.get(at));
        let time = before.map_or(first, |link| &link.operand);
        if from + 1 >= links.len() || !matches!(self.types.wanted(time), Some(Wanted::Time)) {
            return;
        }
        let literal = match number {
            Some(Value::Int(number)) => Literal::Int(number),
            Some(Value::Float(number)) => Literal::Float(number),
            _ => return,
        };
        let end = links.last().map(|link| link.operand.span);
        links.truncate(from + 1);
        if let (Some(link), Some(end)) = (links.last_mut(), end) {
            link.operand = Expr {
                kind: ExprKind::Literal(literal),
                span: link.operand.span.to(end),
            };
        }
    }

    /// Converts an operand that should be a constant of some type if it is one at all.
    fn operand(&mut self, expr: &mut Expr, wanted: Option<Wanted>) {
        let Some(wanted) = wanted else { return };
        if let ExprKind::Legacy(Legacy::List(items)) = &mut expr.kind {
            for item in items {
                self.constant(item, wanted);
            }
        } else {
            self.constant(expr, wanted);
        }
    }

    fn constant(&mut self, expr: &mut Expr, wanted: Wanted) {
        let literal = match (wanted, &expr.kind) {
            (Wanted::Address, ExprKind::Literal(Literal::Str(text))) => address(text),
            (Wanted::Address, ExprKind::Legacy(Legacy::Bare(bare))) => address(&bare.text),
            (Wanted::Address, ExprKind::Literal(_)) => Err(ParseErrorKind::Ip(IpError::Malformed)),
            (Wanted::Time, ExprKind::Literal(Literal::Str(text))) => time_or_duration(text),
            (Wanted::Time, ExprKind::Legacy(Legacy::Bare(bare))) => match bare.kind {
                BareKind::Ip => Err(ParseErrorKind::Time(TimeError::Timestamp)),
                _ => bare_literal(bare),
            },
            (Wanted::Time, _) => match fold(expr) {
                Some(number) => seconds(&number),
                None => return,
            },
            _ => return,
        };
        self.set(expr, literal);
    }

    fn set(&mut self, expr: &mut Expr, literal: Result<Literal, ParseErrorKind>) {
        let literal = literal.unwrap_or_else(|kind| {
            self.errors.push(ParseError::new(kind, expr.span));
            // Converting goes on so that the other constants are checked as well.
            Literal::Int(0)
        });
        expr.kind = ExprKind::Literal(literal);
    }
}

/// So many seconds.
fn seconds(number: &Value) -> Result<Literal, ParseErrorKind> {
    let second = Value::Duration(SignedDuration::from_secs(1));
    match compute(Arithmetic::Multiply, &second, number) {
        Ok(Value::Duration(duration)) => Ok(Literal::Duration(duration)),
        _ => Err(ParseErrorKind::Duration(TimeError::Range)),
    }
}

/// The number that an operand amounts to if it consists of numbers only.
fn fold(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Literal(Literal::Int(value)) => Some(Value::Int(*value)),
        ExprKind::Literal(Literal::Float(value)) => Some(Value::Float(*value)),
        ExprKind::Legacy(Legacy::Chain(first, links)) => {
            let mut operands = vec![fold(first)?];
            for link in links {
                operands.push(fold(&link.operand).filter(|_| link.op.level() == LegacyLevel::Compute)?);
            }
            let mut right = operands.pop()?;
            for (link, left) in links.iter().zip(operands).rev() {
                right = legacy_compute(link.op, &[left], &[right]);
            }
            matches!(right, Value::Int(_) | Value::Float(_)).then_some(right)
        }
        _ => None,
    }
}

fn bare_literal(bare: &Bare) -> Result<Literal, ParseErrorKind> {
    match bare.kind {
        BareKind::Ip => address(&bare.text),
        BareKind::Time => parse_timestamp(&bare.text)
            .map(Literal::Time)
            .map_err(ParseErrorKind::Time),
        BareKind::Duration => parse_duration(&bare.text)
            .map(Literal::Duration)
            .map_err(ParseErrorKind::Duration),
    }
}

/// An address, network or range, whose ends may also stand around two dots.
fn address(text: &str) -> Result<Literal, ParseErrorKind> {
    IpSpan::parse(&text.replacen("..", "-", 1))
        .map(Literal::Ip)
        .map_err(ParseErrorKind::Ip)
}

/// A text opposite to a time: seconds since 1970, an instant or a duration.
fn time_or_duration(text: &str) -> Result<Literal, ParseErrorKind> {
    if let Ok(seconds) = text.trim().parse::<f64>()
        && seconds.is_finite()
    {
        return SignedDuration::try_from_secs_f64(seconds)
            .ok()
            .and_then(|since| Timestamp::from_duration(since).ok())
            .and_then(|time| in_years(time).ok())
            .map(Literal::Time)
            .ok_or(ParseErrorKind::Time(TimeError::Range));
    }
    if let Ok(duration) = parse_duration(text) {
        return Ok(Literal::Duration(duration));
    }
    parse_timestamp(text).map(Literal::Time).map_err(ParseErrorKind::Time)
}
