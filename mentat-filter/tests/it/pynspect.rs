//! The legacy dialect: recorded behaviour, text and tree, conversion.

mod conformance;
mod convert;
mod forms;
mod text;

use mentat_filter::{Dialect, Filter, LegacyOperator, Limits, ParseErrors};

fn parse(text: &str) -> Result<Filter, ParseErrors> {
    Filter::parse_dialect(text, Dialect::Pynspect, &Limits::default())
}

/// Logical ones first, then comparisons, then arithmetic.
const OPERATORS: [LegacyOperator; 20] = [
    LegacyOperator::Or,
    LegacyOperator::Xor,
    LegacyOperator::And,
    LegacyOperator::OrSymbol,
    LegacyOperator::XorSymbol,
    LegacyOperator::AndSymbol,
    LegacyOperator::Like,
    LegacyOperator::In,
    LegacyOperator::Is,
    LegacyOperator::Equal,
    LegacyOperator::NotEqual,
    LegacyOperator::Greater,
    LegacyOperator::GreaterOrEqual,
    LegacyOperator::Less,
    LegacyOperator::LessOrEqual,
    LegacyOperator::Add,
    LegacyOperator::Subtract,
    LegacyOperator::Multiply,
    LegacyOperator::Divide,
    LegacyOperator::Remainder,
];
