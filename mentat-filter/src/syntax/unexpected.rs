//! The grammar's complaint in terms of the language.

use pest::error::{Error, ErrorVariant};

use super::error::{ParseError, ParseErrorKind};
use super::grammar::Rule;
use super::{foreign, offset, position_of, scan};
use crate::ast::Span;
use crate::report::closest;

/// Where an operand may stand.
pub(super) const OPERAND: &str = "an operand";
const OPERATOR: &str = "an operator";

const QUOTES: &str = "a text ends at the next quote of its own kind; there are no escapes";
pub(super) const NOT: &str =
    "`not` stands at the start, after `(`, `and`, `or`, and in arguments; put `(not ...)` in parentheses";

/// The mistake at which the grammar gave up; the place is there for who wants to go on after it.
pub(super) fn unexpected(text: &str, error: &Error<Rule>) -> (usize, ParseError) {
    let (at, mut found) = position_of(text, &error.location);
    found.expected = expected(error);
    let here = Here {
        before: text.get(..at).unwrap_or_default(),
        rest: text.get(at..).unwrap_or_default(),
        operand: found.expected.contains(&OPERAND),
    };
    here.explain(&mut found);
    // The beginning of an operator of another language may have been read as one of this.
    let at = if found.kind == ParseErrorKind::NoOperator {
        found.span.start as usize
    } else {
        at
    };
    (at, found)
}

fn expected(error: &Error<Rule>) -> Vec<&'static str> {
    let mut expected = Vec::new();
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
                | Rule::lopen => OPERAND,
                Rule::logic | Rule::infix | Rule::mark => OPERATOR,
                Rule::close => "`)`",
                Rule::lclose => "`]`",
                Rule::comma => "`,`",
                Rule::EOI => "the end of the text",
                _ => continue,
            };
            if !expected.contains(&name) {
                expected.push(name);
            }
        }
    }
    expected
}

/// The place of the mistake. All before it is right.
struct Here<'t> {
    before: &'t str,
    rest: &'t str,
    /// Whether an operand may stand here.
    operand: bool,
}

impl Here<'_> {
    fn explain(&self, found: &mut ParseError) {
        match self.rest.chars().next() {
            None => self.explain_end(found),
            Some(bracket @ (')' | ']')) => self.explain_bracket(bracket, found),
            Some(quote @ ('"' | '\''))
                if !self.rest.get(1..).unwrap_or_default().contains(quote) && !self.after_quote() =>
            {
                self.set(found, ParseErrorKind::UnclosedQuote, 0, 1);
                found.expected.clear();
            }
            Some(first) => self.explain_token(first, found),
        }
    }

    /// Marks a part that begins so many bytes before the place and ends so many bytes after it.
    fn set(&self, found: &mut ParseError, kind: ParseErrorKind, back: usize, length: usize) {
        found.kind = kind;
        let at = self.before.len();
        found.span = Span::new(offset(at.saturating_sub(back)), offset(at + length));
    }

    fn explain_end(&self, found: &mut ParseError) {
        // Blanks and comments at the end are not where something is missing.
        let end = offset(scan::end(self.before));
        found.span = Span::new(end, end);
        if end == 0 {
            found.kind = ParseErrorKind::Empty;
            found.expected.clear();
            return;
        }
        let Some((at, _)) = scan::open_brackets(self.before).pop() else {
            return;
        };
        let bracket = Span::new(offset(at), offset(at + 1));
        if self.operand {
            found.label = Some((bracket, "this bracket is open"));
        } else {
            found.kind = ParseErrorKind::Unclosed;
            found.span = bracket;
            // What is missing is missing at the end, not here.
            found.expected.clear();
        }
    }

    fn explain_bracket(&self, bracket: char, found: &mut ParseError) {
        let (opening, closing) = if bracket == ')' { (b'(', "`)`") } else { (b'[', "`]`") };
        match scan::open_brackets(self.before).pop() {
            None => found.kind = ParseErrorKind::Unopened,
            Some((at, open)) if open != opening => {
                found.kind = ParseErrorKind::Unopened;
                found.label = Some((Span::new(offset(at), offset(at + 1)), "the bracket that is open"));
                found.hint = Some(if open == b'(' {
                    "close it with `)`"
                } else {
                    "close it with `]`"
                });
            }
            Some(_) => {
                let before = self.before.trim_end();
                found.hint = if before.ends_with(',') {
                    Some("remove the comma")
                } else if before.ends_with('(') {
                    Some("parentheses hold an expression; an empty list is `[]`")
                } else {
                    Some("complete the expression before the bracket")
                };
                return;
            }
        }
        found.expected.retain(|expected| *expected != closing);
    }

    fn explain_token(&self, first: char, found: &mut ParseError) {
        if self.after_quote() && !self.operand && (first.is_alphanumeric() || matches!(first, '"' | '\'' | '\\')) {
            self.set(found, ParseErrorKind::Unexpected, 0, token(self.rest));
            found.hint = Some(QUOTES);
            return;
        }
        if let Some((back, length, hint)) = self.foreign_signs(first) {
            self.set(found, ParseErrorKind::NoOperator, back, length);
            found.hint = Some(hint);
            if back > 0 {
                found.expected = vec![OPERATOR];
            }
            return;
        }
        if !first.is_ascii() || first.is_ascii_control() || "$@{};\\`".contains(first) {
            let length = if first.is_alphabetic() {
                token(self.rest)
            } else {
                first.len_utf8()
            };
            self.set(found, ParseErrorKind::Character, 0, length);
            found.hint = foreign::character(first);
            return;
        }
        let length = token(self.rest);
        self.set(found, ParseErrorKind::Unexpected, 0, length);
        let (word, after) = self.rest.split_at(length.min(self.rest.len()));
        if first.is_ascii_alphabetic() && !self.operand {
            let after = after.trim_start();
            let next = after.get(..token(after)).unwrap_or_default();
            if let Some(hint) = foreign::word(word, next) {
                let length = if foreign::takes_second(word, next) {
                    self.rest.len() - after.len() + next.len()
                } else {
                    length
                };
                self.set(found, ParseErrorKind::NoOperator, 0, length);
                found.hint = Some(hint);
                return;
            }
            found.hint = foreign::meant(word);
        }
        if found.hint.is_none() {
            found.hint = self.hint(first, word, &found.expected);
        }
    }

    /// Signs of another language around the place: how many bytes before it, how many after it, advice.
    fn foreign_signs(&self, first: char) -> Option<(usize, usize, &'static str)> {
        const SIGNS: &str = "<>=!~&|^:*+-?/";
        if !SIGNS.contains(first) || self.rest.starts_with("??") {
            return None;
        }
        let length = self.rest.find(|c| !SIGNS.contains(c)).unwrap_or(self.rest.len());
        let back = self.before.len() - self.before.trim_end_matches(|c| SIGNS.contains(c)).len();
        // A minus or `!` that follows is one of the operand.
        let start = self.before.len() - back;
        (1..=length.min(3)).rev().find_map(|length| {
            let signs = self.before.get(start..)?.to_owned() + self.rest.get(..length)?;
            foreign::signs(&signs).map(|hint| (back, length, hint))
        })
    }

    fn after_quote(&self) -> bool {
        self.before.ends_with(['"', '\''])
    }

    /// The word right before the place, and what stands between.
    fn previous(&self) -> (&str, bool) {
        let before = self.before.trim_end();
        let start = before
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
            .map_or(0, |at| at + 1);
        (
            before.get(start..).unwrap_or_default(),
            before.len() == self.before.len(),
        )
    }

    /// Advice on what is no operator of any language.
    fn hint(&self, first: char, word: &str, expected: &[&str]) -> Option<&'static str> {
        let (previous, adjoining) = self.previous();
        let list = expected.contains(&"`]`");
        let inner = || scan::open_brackets(self.before).pop();
        if self.operand {
            return Some(match first {
                '.' => "write a number with a digit before the dot: `0.5`",
                '+' => "a number has no plus before it",
                '!' if self.before.ends_with('!') => "write `!(!a)`",
                '!' => NOT,
                '/' | '*' if self.before.ends_with('/') => "a comment begins with `#`",
                '0'..='9' | 'a'..='z' | 'A'..='Z' if word.contains(':') => {
                    "write `name = 'text'`; what has a `:` is a duration or an IPv6 address"
                }
                '0'..='9' => "write numbers as `10`, `1.5` or `1e5`",
                ',' if list => "lists begin with an item: `[1, 2]`",
                _ => "something is missing before it: a variable, a constant or a function",
            });
        }
        Some(match first {
            '(' if previous.eq_ignore_ascii_case("not") => NOT,
            '(' if !previous.is_empty() && !previous.starts_with(|c: char| c.is_ascii_digit()) && !adjoining => {
                "remove the blank between the function and its bracket, or write an operator"
            }
            ',' if inner().is_some_and(|(_, open)| open == b'(') => "lists are written in `[` and `]`",
            ',' => "join conditions by `and` or `or`",
            '?' => "`??` takes one variable and one default; use parentheses for more",
            '!' => "write `and not`, `or not` or `!=`",
            _ if previous.eq_ignore_ascii_case("not") => NOT,
            _ if word.eq_ignore_ascii_case("not") => "write `and not` or `or not`",
            _ if previous.eq_ignore_ascii_case("exists") => "write `name??` to ask whether a variable exists",
            '0'..='9'
                if adjoining
                    && self
                        .before
                        .trim_end_matches(|c: char| c.is_ascii_digit())
                        .ends_with('/') =>
            {
                "an IPv4 prefix goes to /32, an IPv6 prefix to /128"
            }
            _ if closest(previous, ["not"]).is_some() => "did you mean `not`?",
            _ if ["and", "or", "in", "contains", "matches"]
                .iter()
                .any(|word| previous.eq_ignore_ascii_case(word)) =>
            {
                "the word before it stands where an operand must stand, and is read as the name of a variable"
            }
            _ if previous.ends_with('-') && adjoining || previous.len() > 1 && previous.ends_with('-') => {
                "`-` belongs to the name before it; put blanks round it to subtract"
            }
            '_' | 'a'..='z' | 'A'..='Z' if adjoining && previous.starts_with(|c: char| c.is_ascii_digit()) => {
                "numbers have decimal digits only, without units and `_`; texts need quotes"
            }
            '"' | '\'' if self.after_quote() => QUOTES,
            '/' if self.rest.starts_with("//") || self.rest.starts_with("/*") => "a comment begins with `#`",
            '-' if list && previous.matches('.').count() == 3 => {
                "write a range of addresses without blanks: 10.0.0.1-10.0.0.9"
            }
            _ if list && "+-*/%.<>=".contains(first) => "put the item in parentheses: `[(1 + 2)]`",
            _ if list && token_is_operator(word) => "put the item in parentheses: `[(1 + 2)]`",
            _ if list => "put a comma between the items of a list",
            '<' | '>' | '=' => "compare two values at a time; join comparisons by `and`",
            _ => "write an operator before it, such as `=` or `and`; texts need quotes",
        })
    }
}

fn token_is_operator(word: &str) -> bool {
    ["and", "or", "in", "contains", "matches"]
        .iter()
        .any(|operator| word.eq_ignore_ascii_case(operator))
}

/// The length of the word, number, quoted text or sign that a text begins with.
fn token(rest: &str) -> usize {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | ':');
    match rest.chars().next() {
        None => 0,
        Some('"' | '\'') => scan::Scan::new(rest, 0).next().map_or(1, |piece| piece.end),
        Some('.') if rest.starts_with("..") => 2,
        Some(first) if is_part(first) => rest.find(|c| !is_part(c)).unwrap_or(rest.len()),
        Some(first) => first.len_utf8(),
    }
}
