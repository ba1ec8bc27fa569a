//! From text of the legacy dialect to tree.

mod build;
mod grammar;

use pest::Parser;
use pest::error::ErrorVariant;

use super::{ParseError, ParseErrorKind, ParseErrors, check_depth, offset, position_of};
use crate::ast::{Expr, Span};
use crate::limits::Limits;
use build::Builder;
use grammar::{Grammar, Rule};

/// Reads a filter text of the legacy dialect.
pub(crate) fn parse(text: &str, limits: &Limits) -> Result<Expr, ParseErrors> {
    read(text, limits).map_err(|errors| ParseErrors::new(text, errors))
}

fn read(text: &str, limits: &Limits) -> Result<Expr, Vec<ParseError>> {
    if text.len() > limits.source_bytes.min(u32::MAX as usize) {
        return Err(vec![ParseError::new(ParseErrorKind::TooLong, Span::default())]);
    }
    check_depth(text, limits.depth, None)?;
    let pairs = Grammar::parse(Rule::filter, text).map_err(|error| vec![unexpected(text, &error)])?;
    let mut builder = Builder::new(text, limits);
    let mut start = 0;
    for token in pairs.tokens() {
        match token {
            pest::Token::Start { pos, .. } => start = offset(pos.pos()),
            // The rules around the others are not tokens of the tree.
            pest::Token::End {
                rule: Rule::filter | Rule::EOI,
                ..
            } => {}
            pest::Token::End { rule, pos } => {
                if builder.token(rule, Span::new(start, offset(pos.pos()))).is_none() {
                    return Err(builder.errors);
                }
            }
        }
    }
    builder.finish()
}

/// The grammar's complaint in terms of the language.
fn unexpected(text: &str, error: &pest::error::Error<Rule>) -> ParseError {
    let (at, mut found) = position_of(text, &error.location);
    if let ErrorVariant::ParsingError { positives, .. } = &error.variant {
        for rule in positives {
            let name = match rule {
                // The outermost rule stands for all it can begin with.
                Rule::filter
                | Rule::not
                | Rule::exists
                | Rule::word
                | Rule::num
                | Rule::string
                | Rule::open
                | Rule::lopen => "an operand",
                Rule::logic | Rule::infix => "an operator",
                Rule::close => "`)`",
                Rule::lclose => "`]`",
                Rule::comma => "`,`",
                Rule::EOI => "the end of the text",
                _ => continue,
            };
            if !found.expected.contains(&name) {
                found.expected.push(name);
            }
        }
    }
    found.hint = hint(text.get(at..).unwrap_or_default());
    found
}

/// Advice on what people write who know other languages, the default dialect first of all.
fn hint(rest: &str) -> Option<&'static str> {
    match rest.as_bytes() {
        [b'=', ..] => Some("write `==`"),
        [b'?', b'?', ..] => Some("a missing variable has no values here; there are no defaults"),
        [b'&', ..] => Some("use `and` or `&&`"),
        [b'|', ..] => Some("use `or` or `||`"),
        [b'"' | b'\'', ..] => Some("a text ends at the next quote of its own kind; there are no escapes"),
        [b'-', b'0'..=b'9', ..] => Some("there are no negative numbers; write `0 - 5`"),
        [b']', ..] => Some("a list has at least one item and no comma at its end"),
        [b'#', ..] => Some("there are no comments"),
        _ => None,
    }
}
