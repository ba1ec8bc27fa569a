//! By the `regex` crate.

use regex::{Regex, RegexBuilder};

use super::PatternError;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Regex);

impl Pattern {
    /// A regular expression that is looked for anywhere in a text. `bytes` bounds its compiled size.
    pub(crate) fn regex(text: &str, bytes: usize) -> Result<Self, PatternError> {
        RegexBuilder::new(text)
            .size_limit(bytes)
            .dfa_size_limit(bytes)
            .build()
            .map(Self)
            .map_err(|error| PatternError(reason(&error).into()))
    }

    /// Wildcards that fit a whole text: `*` any characters, `?` one character.
    pub(crate) fn glob(text: &str, bytes: usize) -> Result<Self, PatternError> {
        let mut pattern = String::from(r"(?s)\A");
        for character in text.chars() {
            match character {
                '*' => pattern.push_str(".*"),
                '?' => pattern.push('.'),
                other => pattern.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
            }
        }
        pattern.push_str(r"\z");
        Self::regex(&pattern, bytes)
    }

    /// Whether it fits.
    #[inline]
    pub(crate) fn fits(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// The reason in one line; the crate draws a picture of several.
fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(limit) => format!("it needs more than {limit} bytes when compiled"),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
    }
}
