//! A filter as its users have it: text that was understood.

#[cfg(feature = "parse")]
mod legacy;

use std::fmt;

use crate::ast::{Expr, ExprKind, LegacyText, pretty};
use crate::context::Context;
use crate::dialect::Dialect;
use crate::eval::{CompileErrors, Options, Program};
#[cfg(feature = "parse")]
use crate::limits::Limits;
use crate::subject::Subject;
#[cfg(feature = "parse")]
use crate::syntax::{self, ParseErrors};

#[cfg(feature = "parse")]
pub use legacy::LegacyTypes;

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
    options: Options,
    dialect: Dialect,
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
            options: Options {
                limits: *limits,
                lenient: false,
            },
            dialect: Dialect::Ransack,
        })
    }

    /// The same filter with another answer to missing variables: a comparison, test or variable in a condition that
    /// needs one is false instead of an error. `not a = 1` is then true where there is no `a`, and so is `a != 1`.
    ///
    /// ```
    /// # #[cfg(feature = "parse")] {
    /// use mentat_filter::{Clock, Context, Filter, Value};
    /// let record = Value::Map([("b".to_owned(), Value::Int(2))].into());
    /// let filter = Filter::parse("a = 1 or b = 2").unwrap();
    /// let matches = |filter: &Filter| {
    ///     filter.compile::<Value>(&Context::new()).unwrap().matches(&record, &Clock::system())
    /// };
    /// assert!(matches(&filter).is_err());
    /// assert_eq!(matches(&filter.lenient()), Ok(true));
    /// # }
    /// ```
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.options.lenient = true;
        self
    }

    /// Whether a missing variable makes a comparison false.
    #[must_use]
    pub const fn is_lenient(&self) -> bool {
        self.options.lenient
    }

    /// The language it is written in; for a filter made from a tree, the legacy one if any node is of that.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The tree.
    #[must_use]
    pub const fn ast(&self) -> &Expr {
        &self.ast
    }

    pub(crate) const fn options(&self) -> Options {
        self.options
    }

    /// A filter made from a tree, with the options of this one.
    pub(crate) fn remade(&self, ast: Expr) -> Self {
        Self {
            options: self.options,
            ..Self::from(ast)
        }
    }

    /// The filter over several lines of at most `width` characters, as far as its names and constants allow: operands
    /// of `and` and `or` one below the other, long lists wrapped, what is in parentheses further in.
    ///
    /// Parsing it gives an equal filter. Comments are not kept, because the tree has none.
    ///
    /// ```
    /// # #[cfg(feature = "parse")] {
    /// use mentat_filter::Filter;
    /// let filter = Filter::parse("Source.IP4 in 10.0.0.0/8 and (Port = 22 or Port = 23)").unwrap();
    /// let pretty = filter.pretty(30);
    /// assert_eq!(pretty, "Source.IP4 in 10.0.0.0/8\nand (Port = 22 or Port = 23)");
    /// assert_eq!(Filter::parse(&pretty).as_ref(), Ok(&filter));
    /// # }
    /// ```
    #[must_use]
    pub fn pretty(&self, width: usize) -> String {
        pretty(&self.ast, self.dialect, width)
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
    /// [`CompileErrors`] when a function does not exist or is called with a wrong number of arguments, or when a
    /// pattern is not one.
    pub fn compile<S: Subject>(&self, context: &Context) -> Result<Program<S>, CompileErrors> {
        Program::compile_with(&self.ast, context, self.options).map_err(|mut errors| {
            errors.source = self.source.clone();
            errors
        })
    }
}

/// A filter made from a tree by hand. Its spans do not point into a text, so errors show no source line.
impl From<Expr> for Filter {
    fn from(ast: Expr) -> Self {
        let mut dialect = Dialect::Ransack;
        ast.walk(&mut |node| {
            if let ExprKind::Legacy(_) = node.kind {
                dialect = Dialect::Pynspect;
            }
        });
        let mut filter = Self {
            ast,
            source: Box::default(),
            options: Options::default(),
            dialect,
        };
        filter.source = filter.to_string().into();
        filter
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.ast == other.ast
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dialect {
            Dialect::Ransack => self.ast.fmt(f),
            Dialect::Pynspect => LegacyText(&self.ast).fmt(f),
        }
    }
}

#[cfg(feature = "parse")]
impl std::str::FromStr for Filter {
    type Err = ParseErrors;

    fn from_str(text: &str) -> Result<Self, ParseErrors> {
        Self::parse(text)
    }
}
