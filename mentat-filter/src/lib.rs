#![doc = include_str!("../README.md")]

// The grammar's generated code names this crate.
#[cfg(feature = "parse")]
extern crate alloc;

mod ast;
mod check;
mod clock;
mod context;
mod convert;
mod cost;
mod dialect;
mod eval;
mod explain;
mod filter;
mod function;
#[cfg(feature = "json")]
mod json;
mod limits;
mod net;
mod path;
mod pattern;
pub mod reference;
mod report;
mod schema;
mod set;
mod subject;
#[cfg(feature = "parse")]
mod syntax;
mod time;
mod value;

pub use ast::{
    Arithmetic, Bare, BareKind, Call, Comparison, Expr, ExprKind, Legacy, LegacyIndex, LegacyLink, LegacyOperator,
    LegacyPath, LegacyStep, Link, Literal, Span, Variable, Visitor,
};
pub use clock::Clock;
pub use context::Context;
pub use convert::{ConvertError, ConvertErrorKind, ConvertErrors};
pub use cost::Cost;
pub use dialect::Dialect;
pub use eval::{
    CompileError, CompileErrorKind, CompileErrors, EvalClass, EvalError, EvalErrorKind, FilterSet, Matches, Program,
};
pub use explain::{Explanation, Item, Outcome};
pub use filter::Filter;
#[cfg(feature = "parse")]
pub use filter::LegacyTypes;
pub use function::{Function, FunctionError};
pub use limits::Limits;
pub use net::{Family, IpError, IpSpan, Shape, SpanTable, merge};
pub use path::{Chunk, Index, IndexedPath, Path, PathError};
pub use report::{Diagnostic, Label, Severity, Style};
pub use schema::{FieldType, Schema};
pub use set::NamedSet;
pub use subject::{Presence, Subject, walk};
#[cfg(feature = "parse")]
pub use syntax::{ParseError, ParseErrorKind, ParseErrors};
pub use time::{TimeError, format_duration, format_timestamp, parse_duration, parse_timestamp};
pub use value::{Mapping, Sequence, Type, Value, ValueRef};
