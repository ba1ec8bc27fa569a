//! From filter text to tree.

mod build;
mod error;
mod grammar;
mod literal;

use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};

pub use error::{ParseError, ParseErrorKind, ParseErrors};

use crate::ast::{Expr, Span};
use build::Builder;
use grammar::{Grammar, Rule};

/// What a filter text may cost at most.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of text; 1 MiB.
    pub source_bytes: usize,
    /// Parentheses, lists, calls and minuses inside each other; 128.
    pub depth: usize,
    /// Items of one list; 100,000.
    pub list_items: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            source_bytes: 1 << 20,
            depth: 128,
            list_items: 100_000,
        }
    }
}

/// Reads a filter text.
pub(crate) fn parse(text: &str, limits: &Limits) -> Result<Expr, ParseErrors> {
    read(text, limits).map_err(|mut errors| {
        errors.sort_by_key(|error| error.span.start);
        ParseErrors {
            source: text.into(),
            errors,
        }
    })
}

fn read(text: &str, limits: &Limits) -> Result<Expr, Vec<ParseError>> {
    if text.len() > limits.source_bytes.min(u32::MAX as usize) {
        return Err(vec![ParseError::new(ParseErrorKind::TooLong, Span::default())]);
    }
    check_depth(text, limits.depth)?;
    let pairs = Grammar::parse(Rule::filter, text).map_err(|error| vec![unexpected(text, &error)])?;
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
/// Quoted parts are skipped. Where a quote could not open a text, the parser stops at the quote, so what is skipped
/// after it does not matter.
fn check_depth(text: &str, limit: usize) -> Result<(), Vec<ParseError>> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
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

/// The grammar's complaint in terms of the language.
fn unexpected(text: &str, error: &pest::error::Error<Rule>) -> ParseError {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let rest = text.get(at..).unwrap_or_default();
    let kind = if rest.is_empty() {
        ParseErrorKind::Unfinished
    } else {
        ParseErrorKind::Unexpected
    };
    let width = rest.chars().next().map_or(0, char::len_utf8);
    let mut found = ParseError::new(kind, Span::new(offset(at), offset(at + width)));
    if let ErrorVariant::ParsingError { positives, .. } = &error.variant {
        for rule in positives {
            let name = match rule {
                // The outermost rule stands for all it can begin with.
                Rule::filter
                | Rule::not
                | Rule::neg
                | Rule::word
                | Rule::num
                | Rule::string
                | Rule::open
                | Rule::lopen => "an operand",
                Rule::logic | Rule::infix | Rule::mark => "an operator",
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
    found.hint = hint(text, at);
    found
}

const QUOTES: &str = "a text ends at the next quote of its own kind; there are no escapes";

/// Advice on what people write who know other languages.
fn hint(text: &str, at: usize) -> Option<&'static str> {
    let rest = text.get(at..)?;
    let before = text.get(..at)?.trim_end();
    let word = rest
        .split(|c: char| !c.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    match word.as_str() {
        "like" | "matches" => return Some("use `contains` to look for a part of a text"),
        "xor" => return Some("write `(a and not b) or (not a and b)`"),
        "is" | "eq" => return Some("use `=` or `==`"),
        _ => {}
    }
    if !rest.is_empty() && text.get(..at)?.ends_with(['"', '\'']) {
        return Some(QUOTES);
    }
    match rest.as_bytes() {
        [b'!', b'=', ..] | [b'<', b'>', ..] => Some("write `not a = b` for `a` differs from `b`"),
        [b'>', ..] if before.ends_with('<') => Some("write `not a = b` for `a` differs from `b`"),
        [b'&', ..] => Some("use `and` or `&&`"),
        [b'|', ..] => Some("use `or` or `||`"),
        [b'=', ..] if before.ends_with('=') => Some("use `=` or `==`"),
        [b'=', ..] | [b'>', ..] | [b'<', ..] if before.ends_with(['<', '>', '=']) => Some("use `>=` or `<=`"),
        [b'"' | b'\'', ..] => Some(QUOTES),
        [b']', ..] | [b')', ..] if before.ends_with(',') => Some("remove the comma"),
        [b'#', ..] | [b'/', b'/' | b'*', ..] => Some("there are no comments"),
        [b'?', ..] => Some("`??` takes one variable and one default; use parentheses for more"),
        _ => None,
    }
}
