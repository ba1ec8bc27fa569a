//! From filter text to tree.

mod build;
mod error;
mod foreign;
mod grammar;
pub(crate) mod legacy;
mod literal;
mod recover;
mod scan;
mod unexpected;

use pest::Parser;
use pest::error::InputLocation;
use pest::iterators::Pairs;

pub use error::{ParseError, ParseErrorKind, ParseErrors};

use crate::ast::{Expr, Span};
use crate::limits::Limits;
use build::Builder;
use grammar::{Grammar, Rule};

/// Reads a filter text.
pub(crate) fn parse(text: &str, limits: &Limits) -> Result<Expr, ParseErrors> {
    read(text, limits).map_err(|errors| ParseErrors::new(text, errors))
}

fn read(text: &str, limits: &Limits) -> Result<Expr, Vec<ParseError>> {
    if text.len() > limits.source_bytes.min(u32::MAX as usize) {
        return Err(vec![ParseError::new(ParseErrorKind::TooLong, Span::default())]);
    }
    check_depth(text, limits.depth, Some(b'#'))?;
    let pairs = Grammar::parse(Rule::filter, text).map_err(|error| recover::all(text, limits, &error))?;
    build(pairs, text, limits)
}

fn build(pairs: Pairs<'_, Rule>, text: &str, limits: &Limits) -> Result<Expr, Vec<ParseError>> {
    let mut builder = Builder::new(text, limits);
    let mut start = 0;
    for token in pairs.tokens() {
        match token {
            pest::Token::Start { pos, .. } => start = offset(pos.pos()),
            // The rules around the others, `filter` and the end of input, are not tokens of the tree.
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

fn offset(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

/// Refuses nesting beyond the limit before the parser, which recurses, sees the text.
///
/// Quoted parts and comments are skipped. Where a quote could not open a text, the parser stops at the quote, so what is skipped
/// after it does not matter.
fn check_depth(text: &str, limit: usize, comment: Option<u8>) -> Result<(), Vec<ParseError>> {
    let mut depth = 0_usize;
    // What ends the quoted part or the comment that the scan is in.
    let mut until = None;
    for (at, byte) in text.bytes().enumerate() {
        match (until, byte) {
            (Some(end), _) if end == byte => until = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => until = Some(byte),
            (None, byte) if Some(byte) == comment => until = Some(b'\n'),
            (None, b'(' | b'[') => {
                depth += 1;
                if depth > limit {
                    let span = Span::new(offset(at), offset(at + 1));
                    return Err(vec![ParseError::new(ParseErrorKind::TooDeep, span)]);
                }
            }
            (None, b')' | b']') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
    }
    Ok(())
}

/// Where the grammar gave up, and the error without what was expected there.
fn position_of(text: &str, location: &InputLocation) -> (usize, ParseError) {
    let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = *location;
    let rest = text.get(at..).unwrap_or_default();
    let kind = if rest.is_empty() {
        ParseErrorKind::Unfinished
    } else {
        ParseErrorKind::Unexpected
    };
    let width = rest.chars().next().map_or(0, char::len_utf8);
    (at, ParseError::new(kind, Span::new(offset(at), offset(at + width))))
}
