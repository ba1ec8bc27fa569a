//! Conditions: what counts as true, and what counts as false without being null.
//!
//! Every condition is converted to one whose value is a boolean.

use super::operand::Operand;
use super::{ConvertErrorKind, Converter, always, constant_of, empty};
use crate::ast::{Comparison, Expr, ExprKind, Legacy, LegacyLevel, LegacyLink, LegacyOperator};

impl Converter {
    /// When an expression counts as true.
    pub(super) fn truth(&mut self, expr: &Expr, depth: usize) -> Option<Expr> {
        let Some(depth) = depth.checked_sub(1) else {
            return self.refuse(expr, ConvertErrorKind::TooDeep);
        };
        if let Some(answer) = constant_truth(expr) {
            return Some(always(answer));
        }
        let ExprKind::Legacy(legacy) = &expr.kind else {
            return self.refuse(expr, ConvertErrorKind::Computation);
        };
        match legacy {
            Legacy::Variable(_) => Some(self.operand(expr, depth)?.has_values()),
            Legacy::Not(operand) => self.falsehood(operand, depth),
            Legacy::Exists(operand) => self.truth(operand, depth),
            Legacy::Chain(first, links) => match links.first().map(|link| link.op) {
                Some(LegacyOperator::Or | LegacyOperator::OrSymbol) => self.each(first, links, depth, Expr::or),
                Some(LegacyOperator::And | LegacyOperator::AndSymbol) => self.each(first, links, depth, Expr::and),
                Some(LegacyOperator::Xor | LegacyOperator::XorSymbol) => {
                    self.each(first, links, depth, |left, right| {
                        Expr::not(Expr::compare(left, Comparison::Equals, right))
                    })
                }
                Some(op) if op.level() == LegacyLevel::Compare => self.comparison(expr, first, links, depth),
                _ => self.refuse(expr, ConvertErrorKind::Computation),
            },
            Legacy::List(_) | Legacy::Call(_) | Legacy::Bare(_) => self.refuse(expr, ConvertErrorKind::Computation),
        }
    }

    /// When an expression counts as false, but is not null: when its `not` counts as true.
    fn falsehood(&mut self, expr: &Expr, depth: usize) -> Option<Expr> {
        let Some(depth) = depth.checked_sub(1) else {
            return self.refuse(expr, ConvertErrorKind::TooDeep);
        };
        match &expr.kind {
            ExprKind::Legacy(Legacy::Not(operand)) => self.truth(operand, depth),
            ExprKind::Legacy(Legacy::Exists(operand)) => self.falsehood(operand, depth),
            ExprKind::Legacy(Legacy::Chain(first, links)) => match links.first().map(|link| link.op.level()) {
                Some(LegacyLevel::Compare) => {
                    let (left, right) = self.operands(expr, first, links, depth)?;
                    let truth = self.comparison(expr, first, links, depth)?;
                    let conditions = left.conditions().chain(right.conditions()).chain([negated(truth)]);
                    conditions.reduce(Expr::and)
                }
                Some(level) if level < LegacyLevel::Compare => self.logic_falsehood(level, first, links, depth),
                _ => self.truth(expr, depth).map(negated),
            },
            _ => self.truth(expr, depth).map(negated),
        }
    }

    /// All operands of a logical operator, whose order of evaluation does not matter to the result.
    fn each(&mut self, first: &Expr, links: &[LegacyLink], depth: usize, join: fn(Expr, Expr) -> Expr) -> Option<Expr> {
        let mut joined = self.truth(first, depth);
        for (at, link) in links.iter().enumerate() {
            // What does not become one node becomes deeper.
            if at >= depth && matches!(link.op, LegacyOperator::Xor | LegacyOperator::XorSymbol) {
                return self.refuse(&link.operand, ConvertErrorKind::TooDeep);
            }
            let next = self.truth(&link.operand, depth);
            joined = joined.zip(next).map(|(joined, next)| join(joined, next));
            self.made(&link.operand, 1)?;
        }
        joined
    }

    /// The operand that decides is the one that must not be null.
    fn logic_falsehood(
        &mut self,
        level: LegacyLevel,
        first: &Expr,
        links: &[LegacyLink],
        depth: usize,
    ) -> Option<Expr> {
        let operands: Vec<&Expr> = std::iter::once(first)
            .chain(links.iter().map(|link| &link.operand))
            .collect();
        let (last, before) = operands.split_last()?;
        if before.len() > depth {
            return self.refuse(last, ConvertErrorKind::TooDeep);
        }
        let mut right_false = self.falsehood(last, depth)?;
        // When all that is right of an operand counts as true; only `xor` asks.
        let mut right = self.truth(last, depth)?;
        for operand in before.iter().rev() {
            let truth = self.truth(operand, depth)?;
            self.made(operand, 4)?;
            right_false = match level {
                LegacyLevel::Or | LegacyLevel::OrSymbol => Expr::and(negated(truth), right_false),
                LegacyLevel::And | LegacyLevel::AndSymbol => {
                    Expr::or(self.falsehood(operand, depth)?, Expr::and(truth, right_false))
                }
                _ => {
                    self.made(operand, 2 * count(&right))?;
                    let both = Expr::and(truth.clone(), right.clone());
                    let neither = Expr::and(negated(truth.clone()), right_false);
                    right = Expr::not(Expr::compare(truth, Comparison::Equals, right));
                    Expr::or(both, neither)
                }
            };
        }
        Some(right_false)
    }

    /// The two operands of a comparison that has no more.
    fn operands(
        &mut self,
        expr: &Expr,
        first: &Expr,
        links: &[LegacyLink],
        depth: usize,
    ) -> Option<(Operand, Operand)> {
        let [link] = links else {
            return self.refuse(expr, ConvertErrorKind::Answer);
        };
        let (left, right) = (self.operand(first, depth), self.operand(&link.operand, depth));
        left.zip(right)
    }

    fn comparison(&mut self, expr: &Expr, first: &Expr, links: &[LegacyLink], depth: usize) -> Option<Expr> {
        let (left, right) = self.operands(expr, first, links, depth)?;
        let op = links.first()?.op;
        self.compare(expr, op, &left, &right)
    }
}

/// Whether a constant counts as true; `None` for what is no constant.
fn constant_truth(expr: &Expr) -> Option<bool> {
    use crate::ast::Literal::{Duration, Float, Int, Str};
    if let ExprKind::Legacy(Legacy::Bare(_)) = expr.kind {
        return Some(true);
    }
    Some(match constant_of(expr)? {
        Int(value) => *value != 0,
        Float(value) => *value != 0.0,
        Str(text) => !text.is_empty(),
        Duration(duration) => !duration.is_zero(),
        _ => true,
    })
}

/// The opposite of a condition, without two `not` in a row.
fn negated(condition: Expr) -> Expr {
    match condition.kind {
        ExprKind::Not(inner) => *inner,
        kind => Expr::not(Expr {
            kind,
            span: condition.span,
        }),
    }
}

fn count(expr: &Expr) -> usize {
    let mut nodes = 0;
    expr.walk(&mut |_| nodes += 1);
    nodes
}

/// Whether a value is anything but an empty list, which is what a missing variable is made.
pub(super) fn has_values(value: Expr) -> Expr {
    Expr::not(Expr::compare(value, Comparison::Equals, empty()))
}
