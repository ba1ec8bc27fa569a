#![doc = include_str!("docs/language.md")]

/// This page as Markdown, for programs that show it to their users.
pub const LANGUAGE: &str = include_str!("docs/language.md");
