//! From one dialect to the other.

mod condition;
mod error;
mod operand;

pub use error::{ConvertError, ConvertErrorKind, ConvertErrors};

use crate::ast::{Comparison, Expr, ExprKind, Literal};
use crate::dialect::Dialect;
use crate::filter::Filter;

/// How deep the operators of a filter may be nested to be converted. The result is nested at most twice as deep, which
/// still can be read.
const DEPTH: usize = 48;

/// About how many nodes the result may have, since some conditions are written out more than once; as many as a filter
/// text may have by default.
const NODES: usize = 200_000;

/// How many parts without an equal are reported.
const MISTAKES: usize = 20;

impl Filter {
    /// The same filter in another dialect.
    ///
    /// From the legacy dialect to the default one, a filter is either converted so that it keeps its truth value or
    /// refused; a missing variable becomes an empty list. For records without null and without lists directly inside
    /// lists, looked at with a context that names none of the variables:
    ///
    /// - Whenever both filters have an answer, both count as true or both as false.
    /// - The result may fail where a variable has values that its operators are not defined for in the default
    ///   dialect, for example a boolean that is compared with a number, a text that is computed with, or a single
    ///   value where the filter asks for the number of values; or for a division by zero. The legacy dialect mostly
    ///   calls this false.
    /// - Where the legacy filter fails, the result may have an answer: it has an order of addresses, for example.
    ///
    /// A filter whose constants are to have types gets them by [`Filter::with_types`] first.
    ///
    /// ```
    /// # #[cfg(feature = "parse")] {
    /// use mentat_filter::{Dialect, Filter, Limits};
    /// let text = "Category in ['Test'] and not Target.Port > 1024";
    /// let filter = Filter::parse_dialect(text, Dialect::Pynspect, &Limits::default()).unwrap();
    /// assert_eq!(
    ///     filter.convert(Dialect::Ransack).unwrap().to_string(),
    ///     "Category ?? [] in [\"Test\"] and not Target.Port ?? [] == [] and not Target.Port ?? [] > 1024"
    /// );
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConvertErrors`] with the parts that the other dialect has nothing equal for.
    pub fn convert(&self, to: Dialect) -> Result<Self, ConvertErrors> {
        let fail = |errors| ConvertErrors::new(self.source(), errors);
        match (self.dialect(), to) {
            (Dialect::Pynspect, Dialect::Ransack) => {
                let mut converter = Converter::default();
                let tree = converter.truth(self.ast(), DEPTH);
                match tree {
                    Some(tree) if converter.errors.is_empty() => Ok(self.remade(tree)),
                    _ => Err(fail(converter.errors)),
                }
            }
            (Dialect::Ransack, Dialect::Pynspect) => {
                let kind = ConvertErrorKind::Direction;
                Err(fail(vec![ConvertError::new(kind, self.ast().span)]))
            }
            _ => Ok(self.clone()),
        }
    }
}

/// What is known while a filter is converted.
#[derive(Default)]
struct Converter {
    nodes: usize,
    errors: Vec<ConvertError>,
}

impl Converter {
    /// Notes that a part has no equal. `None` ends the conversion of what it is part of; the other parts are still
    /// looked at.
    fn refuse<T>(&mut self, expr: &Expr, kind: ConvertErrorKind) -> Option<T> {
        let error = ConvertError::new(kind, expr.span);
        // A part may be looked at more than once, and nobody reads more than a few.
        if self.errors.len() < MISTAKES && !self.errors.contains(&error) {
            self.errors.push(error);
        }
        None
    }

    /// Counts what is made, so that a filter that doubles again and again comes to an end.
    fn made(&mut self, expr: &Expr, nodes: usize) -> Option<()> {
        self.nodes += nodes;
        if self.nodes > NODES {
            return self.refuse(expr, ConvertErrorKind::TooLarge);
        }
        Some(())
    }
}

/// A condition that is always true, or always false.
fn always(answer: bool) -> Expr {
    Expr::compare(Expr::int(1), Comparison::Equals, Expr::int(i64::from(answer)))
}

fn empty() -> Expr {
    Expr::list([])
}

fn literal(literal: Literal) -> Expr {
    Expr::literal(literal)
}

/// The constant of a node, for those that are one.
fn constant_of(expr: &Expr) -> Option<&Literal> {
    match &expr.kind {
        ExprKind::Literal(literal) => Some(literal),
        _ => None,
    }
}
