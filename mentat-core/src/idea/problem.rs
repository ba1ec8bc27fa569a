//! What is wrong with a message, and where.

use std::fmt;

/// One place of a message that breaks a rule of the definition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// JSON pointer (RFC 6901) to the value, list indexes included: `/Source/1/IP4/0`. Empty for the whole message.
    pub pointer: String,
    /// What is wrong, with the value found, shortened.
    pub text: String,
    /// Stable name of the broken rule, such as `not_a_list` or `bad_timestamp`.
    pub rule: &'static str,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            f.write_str(&self.text)
        } else {
            write!(f, "{}: {}", self.pointer, self.text)
        }
    }
}

/// Something that was put right while reading, at one place of a message.
pub type Warning = Problem;

/// The message is not a valid event. Holds every problem found, never none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    problems: Vec<Problem>,
}

impl Invalid {
    pub(crate) fn new(problems: Vec<Problem>) -> Self {
        debug_assert!(!problems.is_empty());
        Self { problems }
    }

    pub(crate) fn whole(rule: &'static str, text: impl Into<String>) -> Self {
        Self::new(vec![Problem {
            pointer: String::new(),
            text: text.into(),
            rule,
        }])
    }

    /// Every problem (the first hundred of a message that has more), in the order of the message's keys.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The rule that the first problem breaks: a stable name to group errors by.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        self.problems.first().map_or("invalid", |problem| problem.rule)
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 5;
        for (at, problem) in self.problems.iter().take(SHOWN).enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            problem.fmt(f)?;
        }
        if self.problems.len() > SHOWN {
            write!(f, "; and {} more", self.problems.len() - SHOWN)?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}
