//! A filter as its users have it: text that was understood.

use std::fmt;

use crate::ast::Expr;
use crate::context::Context;
use crate::eval::{CompileErrors, Program};
use crate::subject::Subject;
#[cfg(feature = "parse")]
use crate::syntax::{self, Limits, ParseErrors};

/// A filter: its tree and the text it came from.
///
/// `Display` prints the canonical text: one blank around operators, double quotes, words in lower case and no
/// parentheses that are not needed. Parsing that text gives an equal filter. Equality looks at the tree only.
///
/// ```
/// # #[cfg(feature = "parse")] {
/// use mentat_filter::Filter;
/// let filter = Filter::parse("(a==1)AND not  (b)").unwrap();
/// assert_eq!(filter.to_string(), "a == 1 and not b");
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Filter {
    ast: Expr,
    source: Box<str>,
}

impl Filter {
    /// Reads a filter text with the default [`Limits`].
    ///
    /// # Errors
    ///
    /// [`ParseErrors`] with every mistake found.
    #[cfg(feature = "parse")]
    pub fn parse(text: &str) -> Result<Self, ParseErrors> {
        Self::parse_with(text, &Limits::default())
    }

    /// Reads a filter text.
    ///
    /// # Errors
    ///
    /// [`ParseErrors`] with every mistake found, one of which may be that a limit was exceeded.
    #[cfg(feature = "parse")]
    pub fn parse_with(text: &str, limits: &Limits) -> Result<Self, ParseErrors> {
        syntax::parse(text, limits).map(|ast| Self {
            ast,
            source: text.into(),
        })
    }

    /// The tree.
    #[must_use]
    pub const fn ast(&self) -> &Expr {
        &self.ast
    }

    /// The text as given; the canonical text for a filter made from a tree.
    #[must_use]
    pub const fn source(&self) -> &str {
        &self.source
    }

    /// Compiles the filter for a kind of record, with the values of a context built in.
    ///
    /// # Errors
    ///
    /// [`CompileErrors`] when a function does not exist or is called with a wrong number of arguments.
    pub fn compile<S: Subject>(&self, context: &Context) -> Result<Program<S>, CompileErrors> {
        Program::compile(&self.ast, context).map_err(|mut errors| {
            errors.source = self.source.clone();
            errors
        })
    }
}

/// A filter made from a tree by hand. Its spans do not point into a text, so errors show no source line.
impl From<Expr> for Filter {
    fn from(ast: Expr) -> Self {
        let source = ast.to_string().into();
        Self { ast, source }
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.ast == other.ast
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ast.fmt(f)
    }
}

#[cfg(feature = "parse")]
impl std::str::FromStr for Filter {
    type Err = ParseErrors;

    fn from_str(text: &str) -> Result<Self, ParseErrors> {
        Self::parse(text)
    }
}
