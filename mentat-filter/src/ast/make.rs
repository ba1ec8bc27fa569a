//! Trees in normal form, made by hand.

use super::{Arithmetic, Call, Comparison, Expr, ExprKind, Link, Literal, Span, Variable};
use crate::net::IpSpan;
use crate::path::Path;

impl Expr {
    fn unplaced(kind: ExprKind) -> Self {
        Self {
            kind,
            span: Span::default(),
        }
    }

    /// A constant.
    #[must_use]
    pub fn literal(literal: Literal) -> Self {
        Self::unplaced(ExprKind::Literal(literal))
    }

    /// A text. One with both kinds of quotes, which no single constant can be, becomes an operation that joins parts.
    #[must_use]
    pub fn text(text: &str) -> Self {
        let constant = |text: &str| Self::literal(Literal::Str(text.into()));
        if !(text.contains('"') && text.contains('\'')) {
            return constant(text);
        }
        let mut parts = text.split('"').map(constant);
        let first = parts.next().unwrap_or_else(|| constant(""));
        parts.fold(first, |joined, part| {
            Self::chain(
                Self::chain(joined, Arithmetic::Concat, constant("\"")),
                Arithmetic::Concat,
                part,
            )
        })
    }

    /// An integer; a negative one becomes a minus before its amount.
    #[must_use]
    pub fn int(value: i64) -> Self {
        let amount = Self::literal(Literal::Int(i128::from(value).abs()));
        if value < 0 { Self::negate(amount) } else { amount }
    }

    /// `-operand`.
    #[must_use]
    pub fn negate(operand: Self) -> Self {
        let span = operand.span;
        Self {
            kind: ExprKind::Negate(Box::new(operand)),
            span,
        }
    }

    /// An address, network or address range.
    #[must_use]
    pub fn ip(span: IpSpan) -> Self {
        Self::literal(Literal::Ip(span))
    }

    /// A variable.
    #[must_use]
    pub fn variable(path: Path) -> Self {
        Self::unplaced(ExprKind::Variable(path))
    }

    /// `path ?? default`.
    #[must_use]
    pub fn default(path: Path, default: Self) -> Self {
        Self::unplaced(ExprKind::Default(
            Variable {
                path,
                span: Span::default(),
            },
            Box::new(default),
        ))
    }

    /// `path??`.
    #[must_use]
    pub fn exists(path: Path) -> Self {
        Self::unplaced(ExprKind::Exists(path))
    }

    /// A list.
    #[must_use]
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::unplaced(ExprKind::List(items.into_iter().collect()))
    }

    /// A function call.
    #[must_use]
    pub fn call(name: &str, arguments: impl IntoIterator<Item = Self>) -> Self {
        let arguments = arguments.into_iter().collect();
        Self::unplaced(ExprKind::Call(Call {
            name: name.into(),
            name_span: Span::default(),
            arguments,
        }))
    }

    /// `not operand`.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "the other operators are functions as well")]
    pub fn not(operand: Self) -> Self {
        let span = operand.span;
        Self {
            kind: ExprKind::Not(Box::new(operand)),
            span,
        }
    }

    /// `left and right`; operands that are themselves joined by `and` become part of one node.
    #[must_use]
    pub fn and(left: Self, right: Self) -> Self {
        let span = left.span.to(right.span);
        let mut operands = match left.kind {
            ExprKind::And(operands) => operands,
            kind => vec![Self { kind, span: left.span }],
        };
        match right.kind {
            ExprKind::And(more) => operands.extend(more),
            kind => operands.push(Self { kind, span: right.span }),
        }
        Self {
            kind: ExprKind::And(operands),
            span,
        }
    }

    /// `left or right`; operands that are themselves joined by `or` become part of one node.
    #[must_use]
    pub fn or(left: Self, right: Self) -> Self {
        let span = left.span.to(right.span);
        let mut operands = match left.kind {
            ExprKind::Or(operands) => operands,
            kind => vec![Self { kind, span: left.span }],
        };
        match right.kind {
            ExprKind::Or(more) => operands.extend(more),
            kind => operands.push(Self { kind, span: right.span }),
        }
        Self {
            kind: ExprKind::Or(operands),
            span,
        }
    }

    /// A comparison.
    #[must_use]
    pub fn compare(left: Self, op: Comparison, right: Self) -> Self {
        let span = left.span.to(right.span);
        Self {
            kind: ExprKind::Compare(op, Box::new(left), Box::new(right)),
            span,
        }
    }

    /// An operation; a left operand of the same precedence becomes part of one node.
    #[must_use]
    pub fn chain(left: Self, op: Arithmetic, right: Self) -> Self {
        let span = left.span.to(right.span);
        let link = Link { op, operand: right };
        let (first, links) = match left.kind {
            ExprKind::Chain(first, mut links) if links.first().is_none_or(|link| link.op.level() == op.level()) => {
                links.push(link);
                (first, links)
            }
            kind => (Box::new(Self { kind, span: left.span }), vec![link]),
        };
        Self {
            kind: ExprKind::Chain(first, links),
            span,
        }
    }

    /// `low .. high`.
    #[must_use]
    pub fn range(low: Self, high: Self) -> Self {
        let span = low.span.to(high.span);
        Self {
            kind: ExprKind::Range(Box::new(low), Box::new(high)),
            span,
        }
    }

    /// Every address, network and address range written in the tree, in the order of the text.
    ///
    /// The two ends of a `..` are given one by one.
    #[must_use]
    pub fn ip_literals(&self) -> Vec<IpSpan> {
        let mut found = Vec::new();
        self.walk(&mut |node| {
            if let ExprKind::Literal(Literal::Ip(span)) = &node.kind {
                found.push(*span);
            }
        });
        found
    }
}
