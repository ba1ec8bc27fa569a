#![doc = include_str!("../README.md")]

// The grammar's generated code names this crate.
#[cfg(feature = "parse")]
extern crate alloc;

mod ast;
mod clock;
mod context;
mod eval;
mod filter;
mod net;
mod path;
mod report;
mod subject;
#[cfg(feature = "parse")]
mod syntax;
mod time;
mod value;

pub use ast::{Arithmetic, Call, Comparison, Expr, ExprKind, Link, Literal, Span, Variable};
pub use clock::Clock;
pub use context::Context;
pub use eval::{CompileError, CompileErrorKind, CompileErrors, EvalClass, EvalError, EvalErrorKind, Program};
pub use filter::Filter;
pub use net::{Family, IpError, IpSpan, Shape, SpanTable, merge};
pub use path::{Chunk, Index, IndexedPath, Path, PathError};
pub use subject::{Presence, Subject, walk};
#[cfg(feature = "parse")]
pub use syntax::{Limits, ParseError, ParseErrorKind, ParseErrors};
pub use time::{TimeError, format_duration, format_timestamp, parse_duration, parse_timestamp};
pub use value::{Mapping, Sequence, Type, Value, ValueRef};
