//! What a filter can do that is written in the legacy dialect.

mod types;

use super::Filter;
use crate::dialect::Dialect;
use crate::eval::Options;
use crate::limits::Limits;
use crate::syntax::{self, ParseErrors};

pub use types::LegacyTypes;

impl Filter {
    /// Reads a filter text in any dialect.
    ///
    /// ```
    /// use mentat_filter::{Dialect, Filter, Limits};
    /// let filter = Filter::parse_dialect("a EQ 1 && b > 2 - 1", Dialect::Pynspect, &Limits::default()).unwrap();
    /// assert_eq!(filter.to_string(), "a == 1 && b > 2 - 1");
    /// ```
    ///
    /// # Errors
    ///
    /// [`ParseErrors`] with what is wrong with the text.
    pub fn parse_dialect(text: &str, dialect: Dialect, limits: &Limits) -> Result<Self, ParseErrors> {
        match dialect {
            Dialect::Ransack => Self::parse_with(text, limits),
            Dialect::Pynspect => syntax::legacy::parse(text, limits).map(|ast| Self {
                ast,
                source: text.into(),
                options: Options {
                    limits: *limits,
                    lenient: false,
                },
                dialect,
            }),
        }
    }

    /// Gives the constants of a filter of the legacy dialect their types.
    ///
    /// In that dialect addresses, times and durations are texts until this is done, which fits records read from JSON
    /// without a schema. For records with values of these types they are converted wherever they stand outside of
    /// calls. Where texts and numbers stand opposite to a variable that holds addresses or times, they are converted
    /// as well: a text to an address, or to an instant or duration, a number to a duration in seconds. A filter of the
    /// default dialect stays as it is.
    ///
    /// ```
    /// use mentat_filter::{Dialect, Filter, LegacyTypes, Limits};
    /// let text = "Source.IP4 in ['192.0.2.0/24'] and DetectTime > CreateTime - 60 * 60";
    /// let filter = Filter::parse_dialect(text, Dialect::Pynspect, &Limits::default()).unwrap();
    /// let typed = filter.with_types(&LegacyTypes::idea()).unwrap();
    /// assert_eq!(typed.to_string(), "Source.IP4 in [192.0.2.0/24] and DetectTime > CreateTime - 01:00:00");
    /// ```
    ///
    /// # Errors
    ///
    /// [`ParseErrors`] with the constants that do not exist or cannot be converted, twenty at most.
    pub fn with_types(&self, types: &LegacyTypes) -> Result<Self, ParseErrors> {
        let mut typed = self.clone();
        match types::apply(&mut typed.ast, types) {
            Ok(()) => Ok(typed),
            Err(errors) => Err(ParseErrors::new(&self.source, errors)),
        }
    }
}
