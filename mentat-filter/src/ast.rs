//! The tree of a parsed filter.

mod build;
mod fold;
mod legacy;
mod make;
mod pretty;
mod print;
mod visit;

pub use legacy::{Bare, BareKind, Legacy, LegacyIndex, LegacyLink, LegacyOperator, LegacyPath, LegacyStep};
pub(crate) use legacy::{LegacyLevel, LegacyText};
pub(crate) use pretty::pretty;
pub use visit::Visitor;

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::net::IpSpan;
use crate::path::Path;

/// A part of the filter text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

impl Span {
    /// The part between two byte offsets.
    #[must_use]
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The smallest part that holds both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// A node of the tree. Equality ignores where the node stands in the text.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What the node is.
    pub kind: ExprKind,
    /// Where it stands in the text; zero when the tree was not parsed.
    pub span: Span,
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

/// What a node is.
///
/// Trees made by the parser and by the functions of [`Expr`] are in normal form: chains of one precedence level are one
/// node, so depth comes from parentheses and lists only.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A constant.
    Literal(Literal),
    /// A variable of the context or the record.
    Variable(Path),
    /// `path??`: whether the variable is there.
    Exists(Path),
    /// `path ?? default`; the default is only looked at when the variable is missing.
    Default(Variable, Box<Expr>),
    /// `-operand`.
    Negate(Box<Expr>),
    /// `not operand`.
    Not(Box<Expr>),
    /// Operands joined by `and`, two or more.
    And(Vec<Expr>),
    /// Operands joined by `or`, two or more.
    Or(Vec<Expr>),
    /// A comparison.
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// Operations of one precedence level, taken from left to right.
    Chain(Box<Expr>, Vec<Link>),
    /// `low .. high`.
    Range(Box<Expr>, Box<Expr>),
    /// A function call.
    Call(Call),
    /// A list.
    List(Vec<Expr>),
    /// What only the legacy dialect has.
    Legacy(Legacy),
}

/// A constant as written; every one is non-negative, a minus before it is a [`ExprKind::Negate`].
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// An integer.
    Int(i128),
    /// A number with fraction or exponent.
    Float(f64),
    /// A text.
    Str(Box<str>),
    /// An address, network or address range.
    Ip(IpSpan),
    /// An instant.
    Time(Timestamp),
    /// A length of time.
    Duration(SignedDuration),
}

/// A variable with its own place in the text.
#[derive(Clone, Debug)]
pub struct Variable {
    /// The path.
    pub path: Path,
    /// Where it stands.
    pub span: Span,
}

impl PartialEq for Variable {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

/// An operator of a [`ExprKind::Chain`] and the operand right of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The operator.
    pub op: Arithmetic,
    /// The operand on its right.
    pub operand: Expr,
}

/// A function call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The name of the function.
    pub name: Box<str>,
    /// Where the name stands.
    pub name_span: Span,
    /// The arguments.
    pub arguments: Vec<Expr>,
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.arguments == other.arguments
    }
}

/// An operator that compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `=`: typed, true for a list when true for some item.
    AnyEqual,
    /// `!=`: exactly when `=` is not.
    NoneEqual,
    /// `==`: equality of whole values.
    Equals,
    /// `in`
    In,
    /// `contains`
    Contains,
    /// `matches`: a regular expression fits some part of the text, or of some text in the list.
    Matches,
}

impl Comparison {
    /// The operator as written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::AnyEqual => "=",
            Self::NoneEqual => "!=",
            Self::Equals => "==",
            Self::In => "in",
            Self::Contains => "contains",
            Self::Matches => "matches",
        }
    }
}

/// An operator that computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`, always a fraction.
    Divide,
    /// `%`, with the sign of the divisor.
    Remainder,
    /// `.`, of texts or lists.
    Concat,
}

impl Arithmetic {
    /// The operator as written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Concat => ".",
        }
    }

    /// How tightly the operator binds; operators of one level form a chain.
    pub(crate) const fn level(self) -> Level {
        match self {
            Self::Add | Self::Subtract => Level::Sum,
            Self::Multiply | Self::Divide | Self::Remainder => Level::Product,
            Self::Concat => Level::Join,
        }
    }
}

/// Precedence, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Or,
    And,
    Not,
    Compare,
    Sum,
    Product,
    /// `.` and `..`, which do not mix.
    Join,
    /// `path??` and `path ?? default`.
    Exists,
    Atom,
}
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}
