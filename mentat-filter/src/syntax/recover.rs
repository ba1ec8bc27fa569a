//! More mistakes than the first one.
//!
//! After a mistake, the text is read again with the part around it replaced by what can stand there: nothing where an
//! operator was expected, a number where an operand was. The part ends where the expression around it certainly goes
//! on. If the next mistake is not behind that part, the replacement was wrong, and the search ends.

use pest::Parser;
use pest::error::Error;

use super::error::{ParseError, ParseErrorKind};
use super::grammar::{Grammar, Rule};
use super::scan::{Scan, open_brackets};
use super::unexpected::{OPERAND, unexpected};
use super::{build, check_depth, offset};
use crate::ast::Span;
use crate::limits::Limits;
use crate::report::MOST;

/// The most bytes that are read again to look for them.
const REREAD: usize = 1 << 22;

/// All mistakes of a text, of which the first is known.
pub(super) fn all(text: &str, limits: &Limits, first: &Error<Rule>) -> Vec<ParseError> {
    let mut patched = Patched {
        text: text.to_owned(),
        parts: vec![(0, 0)],
    };
    let (mut at, mut mistake) = unexpected(text, first);
    let mut errors = Vec::new();
    let rounds = MOST.min(REREAD / text.len().max(1));
    for round in 1.. {
        let resumed = if round < rounds {
            resume(&patched.text, at, &mistake)
        } else {
            None
        };
        let operand = mistake.expected.contains(&OPERAND) || matches!(mistake.kind, ParseErrorKind::UnclosedQuote);
        errors.push(patched.original(mistake));
        let behind = patched.replace(at, resumed, operand);
        if check_depth(&patched.text, limits.depth, Some(b'#')).is_err() {
            break;
        }
        match Grammar::parse(Rule::filter, &patched.text) {
            Ok(pairs) => {
                let others = build(pairs, &patched.text, limits).err().unwrap_or_default();
                // What replaces a part counts as well, so limits tell nothing.
                let others = others.into_iter().filter(|error| !error.kind.is_limit());
                errors.extend(others.map(|error| patched.original(error)));
                break;
            }
            Err(_) if resumed.is_none() => break,
            Err(error) => (at, mistake) = unexpected(&patched.text, &error),
        }
        if at <= behind {
            break;
        }
    }
    errors
}

/// Where the expression around a mistake goes on.
fn resume(text: &str, at: usize, mistake: &ParseError) -> Option<usize> {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(b' ');
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80 || matches!(byte, b'_' | b'-' | b'.' | b'\\');
    let quote = |byte: u8| matches!(byte, b'"' | b'\'');
    let before = at.checked_sub(1).map_or(b' ', byte);
    // Where quotes are in doubt, so is everything behind them; a comment of another language says anything.
    let comment =
        matches!((byte(at), byte(at + 1)), (b'/', b'/' | b'*')) || matches!((before, byte(at)), (b'/', b'/' | b'*'));
    if quote(before) || comment || mistake.kind == ParseErrorKind::UnclosedQuote {
        return None;
    }
    let around = open_brackets(text.get(..at)?).pop().map(|(open, bracket)| {
        let call = bracket == b'(' && open.checked_sub(1).is_some_and(|name| word(byte(name)));
        (bracket, call)
    });
    let mut depth = Vec::new();
    let mut last = before;
    for piece in Scan::new(text, at) {
        let next = byte(piece.end);
        if quote(piece.byte) && (piece.unclosed || word(last) || word(next) || quote(next)) {
            return None;
        }
        match (piece.byte, depth.last(), around) {
            (b'(' | b'[', ..) => depth.push(piece.byte),
            (b')', Some(b'('), _) | (b']', Some(b'['), _) => drop(depth.pop()),
            (b')', None, Some((b'(', _))) | (b']', None, Some((b'[', _))) => return Some(piece.at),
            // One closing bracket too many at the outermost level is the mistake, or goes with it.
            (b')' | b']', None, None) => {}
            (b')' | b']', ..) => return None,
            (b',', None, Some((b'[', _) | (_, true))) => return Some(piece.at),
            (_, None, None | Some((b'(', _))) if piece.at > at && !word(last) && joins(text, piece.at) => {
                return Some(piece.at);
            }
            _ => {}
        }
        last = byte(piece.end.saturating_sub(1));
    }
    None
}

/// Whether `and` or `or` stands at a place, as a word or as signs.
fn joins(text: &str, at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    let word = |word: &str| {
        rest.get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
            && !rest
                .get(word.len()..)
                .unwrap_or_default()
                .starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))
    };
    rest.starts_with("&&") || rest.starts_with("||") || word("and") || word("or")
}

/// A text with parts replaced, and which part of it comes from where.
struct Patched {
    text: String,
    /// Where a part begins, here and in the original, in the order of both.
    parts: Vec<(u32, u32)>,
}

impl Patched {
    /// Replaces what lies between two places; without the second, all to the end, and closes all brackets. Returns
    /// where the text goes on.
    fn replace(&mut self, from: usize, to: Option<usize>, operand: bool) -> usize {
        // The line ends because the text before may end in a comment.
        let mut filler = String::from(if operand { "\n0\n" } else { "\n" });
        if to.is_none() {
            let open = open_brackets(self.text.get(..from).unwrap_or_default());
            filler.extend(
                open.iter()
                    .rev()
                    .map(|(_, bracket)| if *bracket == b'(' { ')' } else { ']' }),
            );
        }
        let to = to.unwrap_or(self.text.len());
        let behind = from + filler.len();
        let part = (offset(behind), self.place(offset(to)));
        self.text.replace_range(from..to, &filler);
        self.parts.push(part);
        behind
    }

    fn original(&self, mut error: ParseError) -> ParseError {
        let map = |span: Span| Span::new(self.place(span.start), self.place(span.end));
        error.span = map(error.span);
        error.label = error.label.map(|(span, text)| (map(span), text));
        error
    }

    /// A place in the original.
    fn place(&self, at: u32) -> u32 {
        let next = self.parts.partition_point(|(here, _)| *here <= at);
        let limit = self.parts.get(next).map_or(u32::MAX, |(_, original)| *original);
        let (here, original) = next
            .checked_sub(1)
            .and_then(|part| self.parts.get(part))
            .copied()
            .unwrap_or_default();
        (original + (at - here)).min(limit)
    }
}
