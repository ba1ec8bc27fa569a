//! Nodes that only the legacy dialect has.
//!
//! Its operators work on lists of values and know a third answer, null, so they are operators of their own.

mod path;
mod print;

pub use path::{LegacyIndex, LegacyPath, LegacyStep};
pub(crate) use print::{LegacyText, is_tighter};

use super::{Call, Expr, ExprKind};

/// A node of the legacy dialect (pynspect). Its numbers and texts are shared [`Literal`](super::Literal)s.
#[derive(Clone, Debug, PartialEq)]
pub enum Legacy {
    /// A variable: the values that a path leads to, possibly none.
    Variable(LegacyPath),
    /// A constant that stays a text until the rules for IDEA events give it a type.
    Bare(Bare),
    /// `not operand`
    Not(Box<Expr>),
    /// `exists operand`: the operand itself, which counts as true when it has a value.
    Exists(Box<Expr>),
    /// Operations of one precedence level, at least one, taken from right to left.
    Chain(Box<Expr>, Vec<LegacyLink>),
    /// A list of constants and variables; the values of a variable become items of the list.
    List(Vec<Expr>),
    /// A function call.
    Call(Call),
}

/// An operator of a [`Legacy::Chain`] and the operand right of it.
#[derive(Clone, Debug, PartialEq)]
pub struct LegacyLink {
    /// The operator.
    pub op: LegacyOperator,
    /// The operand on its right.
    pub operand: Expr,
}

/// An address, time or duration as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Bare {
    /// What it was written as.
    pub kind: BareKind,
    /// The text.
    pub text: Box<str>,
}

/// What a [`Bare`] constant was written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BareKind {
    /// An address, network or range of either family.
    Ip,
    /// A date and time with its offset.
    Time,
    /// A duration.
    Duration,
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegacyOperator {
    /// `or`
    Or,
    /// `xor`
    Xor,
    /// `and`
    And,
    /// `||`, which binds more tightly than any of the words.
    OrSymbol,
    /// `^^`
    XorSymbol,
    /// `&&`
    AndSymbol,
    /// `like`: a regular expression.
    Like,
    /// `in`
    In,
    /// `is`: equality of whole lists.
    Is,
    /// `==`
    Equal,
    /// `!=`: some pair differs.
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

impl LegacyOperator {
    /// The operator as the canonical text has it.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::Xor => "xor",
            Self::And => "and",
            Self::OrSymbol => "||",
            Self::XorSymbol => "^^",
            Self::AndSymbol => "&&",
            Self::Like => "like",
            Self::In => "in",
            Self::Is => "is",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }

    /// The operator of a symbol or of a word in lower case.
    #[cfg(feature = "parse")]
    pub(crate) fn read(text: &str) -> Option<Self> {
        Some(match text {
            "or" => Self::Or,
            "xor" => Self::Xor,
            "and" => Self::And,
            "||" => Self::OrSymbol,
            "^^" => Self::XorSymbol,
            "&&" => Self::AndSymbol,
            "like" | "=~" => Self::Like,
            "in" | "~~" => Self::In,
            "is" => Self::Is,
            "==" | "eq" => Self::Equal,
            "!=" | "<>" | "ne" => Self::NotEqual,
            ">" | "gt" => Self::Greater,
            ">=" | "ge" => Self::GreaterOrEqual,
            "<" | "lt" => Self::Less,
            "<=" | "le" => Self::LessOrEqual,
            "+" => Self::Add,
            "-" => Self::Subtract,
            "*" => Self::Multiply,
            "/" => Self::Divide,
            "%" => Self::Remainder,
            _ => return None,
        })
    }

    /// How tightly the operator binds; operators of one level form a chain.
    pub(crate) const fn level(self) -> LegacyLevel {
        match self {
            Self::Or => LegacyLevel::Or,
            Self::Xor => LegacyLevel::Xor,
            Self::And => LegacyLevel::And,
            Self::OrSymbol => LegacyLevel::OrSymbol,
            Self::XorSymbol => LegacyLevel::XorSymbol,
            Self::AndSymbol => LegacyLevel::AndSymbol,
            Self::Like
            | Self::In
            | Self::Is
            | Self::Equal
            | Self::NotEqual
            | Self::Greater
            | Self::GreaterOrEqual
            | Self::Less
            | Self::LessOrEqual => LegacyLevel::Compare,
            Self::Add | Self::Subtract | Self::Multiply | Self::Divide | Self::Remainder => LegacyLevel::Compute,
        }
    }
}

/// Precedence, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LegacyLevel {
    Or,
    Xor,
    And,
    OrSymbol,
    XorSymbol,
    AndSymbol,
    Not,
    Exists,
    Compare,
    Compute,
    Atom,
}

impl Legacy {
    /// Puts operands of one level together.
    pub(crate) fn chain(first: Expr, mut links: Vec<LegacyLink>) -> Expr {
        let span = links.last().map_or(first.span, |last| first.span.to(last.operand.span));
        Self::flatten(&mut links);
        Expr {
            kind: ExprKind::Legacy(Self::Chain(Box::new(first), links)),
            span,
        }
    }

    /// Makes a last operand of the same level part of the chain.
    pub(crate) fn flatten(links: &mut Vec<LegacyLink>) {
        let Some(LegacyLink { op, operand }) = links.pop() else {
            return;
        };
        let span = operand.span;
        match operand.kind {
            ExprKind::Legacy(Self::Chain(next, more))
                if more.first().is_some_and(|link| link.op.level() == op.level()) =>
            {
                links.push(LegacyLink { op, operand: *next });
                links.extend(more);
            }
            kind => links.push(LegacyLink {
                op,
                operand: Expr { kind, span },
            }),
        }
    }
}

impl Expr {
    /// An operation of the legacy dialect; a right operand of the same precedence becomes part of one node.
    #[must_use]
    pub fn legacy(left: Self, op: LegacyOperator, right: Self) -> Self {
        Legacy::chain(left, vec![LegacyLink { op, operand: right }])
    }
}
