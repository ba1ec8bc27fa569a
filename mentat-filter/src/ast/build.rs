//! Trees from values of a program, so that nobody has to put filter text together.

use jiff::{SignedDuration, Timestamp};

use super::{Arithmetic, Comparison, Expr, Literal};
use crate::net::IpSpan;
use crate::path::{Path, PathError};
use crate::time::{FIRST_SECOND, LONGEST};

/// # Filters made by a program
///
/// Names that come from elsewhere become constants of a tree, whatever characters they have; printing the tree and
/// reading the text again gives the same tree.
///
/// ```
/// # fn main() -> Result<(), mentat_filter::PathError> {
/// use mentat_filter::{Comparison, Expr, Filter};
/// let detectors = ["cz.example.kippo", "it's \"mine\"] or [1"];
/// let categories = ["Recon.Scanning"];
///
/// let filter = Filter::from(Expr::all([
///     Expr::compare(
///         Expr::list(detectors.map(Expr::from)),
///         Comparison::In,
///         Expr::default("Node.Name".parse()?, Expr::list([])),
///     ),
///     Expr::compare(Expr::list(categories.map(Expr::from)), Comparison::In, Expr::path("Category")?),
/// ]));
///
/// # #[cfg(feature = "parse")]
/// assert_eq!(Filter::parse(&filter.to_string()).as_ref(), Ok(&filter));
/// # Ok(())
/// # }
/// ```
impl Expr {
    /// A variable by its dotted name.
    ///
    /// # Errors
    ///
    /// [`PathError`] when the text is no path.
    pub fn path(text: &str) -> Result<Self, PathError> {
        Path::parse(text).map(Self::variable)
    }

    /// All operands joined by `and`; without any, the condition `1 == 1`, which always holds.
    #[must_use]
    pub fn all(operands: impl IntoIterator<Item = Self>) -> Self {
        let joined = operands.into_iter().reduce(Self::and);
        joined.unwrap_or_else(|| Self::compare(1.into(), Comparison::Equals, 1.into()))
    }

    /// All operands joined by `or`; without any, the condition `1 == 0`, which never holds.
    #[must_use]
    pub fn any(operands: impl IntoIterator<Item = Self>) -> Self {
        let joined = operands.into_iter().reduce(Self::or);
        joined.unwrap_or_else(|| Self::compare(1.into(), Comparison::Equals, 0.into()))
    }
}

impl From<&str> for Expr {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<i64> for Expr {
    fn from(value: i64) -> Self {
        Self::int(value)
    }
}

impl From<IpSpan> for Expr {
    fn from(span: IpSpan) -> Self {
        Self::ip(span)
    }
}

/// An instant, cut to whole microseconds; one before the year 1 becomes its first.
impl From<Timestamp> for Expr {
    fn from(time: Timestamp) -> Self {
        let first = Timestamp::from_second(FIRST_SECOND).unwrap_or(time);
        let time = time.max(first);
        let micros = Timestamp::new(time.as_second(), time.subsec_microsecond() * 1000);
        Self::literal(Literal::Time(micros.unwrap_or(time)))
    }
}

/// A length of time in whole microseconds, at most as long as the language has them. What is less than a second
/// cannot be written as one constant and becomes the part of a second.
impl From<SignedDuration> for Expr {
    fn from(duration: SignedDuration) -> Self {
        let amount = duration.unsigned_abs().min(LONGEST.unsigned_abs());
        let seconds = |seconds| Self::literal(Literal::Duration(SignedDuration::from_secs(seconds)));
        let whole = seconds(i64::try_from(amount.as_secs()).unwrap_or(i64::MAX));
        let amount = match amount.subsec_micros() {
            0 => whole,
            micros => {
                let part = Self::literal(Literal::Float(f64::from(micros) / 1e6));
                Self::chain(
                    whole,
                    Arithmetic::Add,
                    Self::chain(seconds(1), Arithmetic::Multiply, part),
                )
            }
        };
        if duration.is_negative() {
            Self::negate(amount)
        } else {
            amount
        }
    }
}
