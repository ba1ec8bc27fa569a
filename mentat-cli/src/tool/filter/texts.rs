//! Filters from the command line, files and stdin.

use crate::exit::{Code, Failure};
use clap::ValueEnum;
use mentat_core::filter::{Diagnostic, Filter, LegacyTypes, Limits};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A language of filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Dialect {
    /// The language of `mentat filter reference`
    Ransack,
    /// The legacy language, with the types that its rules for IDEA give to constants
    Pynspect,
}

/// How filters are read.
#[derive(Debug, clap::Args)]
pub(super) struct Reading {
    /// The language
    #[arg(long, value_enum, default_value_t = Dialect::Ransack)]
    pub(super) dialect: Dialect,
    /// A comparison with a missing variable is false instead of an error
    #[arg(long)]
    pub(super) lenient: bool,
}

impl Reading {
    /// Reads a filter, or says all that is wrong with it.
    pub(super) fn parse(&self, text: &str) -> Result<Filter, Vec<Diagnostic>> {
        let filter = parse(text, self.dialect)?;
        Ok(if self.lenient { filter.lenient() } else { filter })
    }

    /// As [`Reading::parse`], for a command that goes on only with a good filter.
    pub(super) fn need(&self, text: &str) -> Result<Filter, Failure> {
        self.parse(text).map_err(|wrong| refused(text, &wrong))
    }
}

/// Reads a filter of a language.
pub(super) fn parse(text: &str, dialect: Dialect) -> Result<Filter, Vec<Diagnostic>> {
    let limits = Limits::default();
    match dialect {
        Dialect::Ransack => Filter::parse_with(text, &limits).map_err(|errors| errors.diagnostics()),
        Dialect::Pynspect => Filter::parse_dialect(text, mentat_core::filter::Dialect::Pynspect, &limits)
            .and_then(|filter| filter.with_types(&LegacyTypes::idea()))
            .map_err(|errors| errors.diagnostics()),
    }
}

/// All that is wrong with a filter, for people.
pub(super) fn told(text: &str, wrong: &[Diagnostic]) -> String {
    let style = super::check::style(&io::stderr());
    let rendered: Vec<String> = wrong
        .iter()
        .map(|diagnostic| diagnostic.render(text, style).to_string())
        .collect();
    rendered.join("\n\n")
}

/// The end of a command whose filter cannot be used.
pub(super) fn refused(text: &str, wrong: &[Diagnostic]) -> Failure {
    Failure::new(
        Code::Data,
        format_args!("the filter cannot be used\n\n{}", told(text, wrong)),
    )
}

/// Which filters a command is about.
#[derive(Debug, clap::Args)]
pub(super) struct Texts {
    /// The filter; without one and without --file it is read from stdin
    #[arg(value_name = "FILTER")]
    text: Option<String>,
    /// File that is one filter; - for stdin
    #[arg(short, long = "file", value_name = "PATH", conflicts_with = "text")]
    files: Vec<PathBuf>,
    /// Every line of the files is a filter, but empty ones and those that begin with #
    #[arg(long, conflicts_with = "text")]
    lines: bool,
}

/// One filter of the input.
pub(super) struct Text {
    file: Option<String>,
    line: Option<usize>,
    pub(super) text: String,
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "{file}:{line}"),
            (Some(file), None) => f.write_str(file),
            _ => f.write_str("filter"),
        }
    }
}

impl Texts {
    pub(super) fn read(&self) -> Result<Vec<Text>, Failure> {
        if let Some(text) = &self.text {
            return Ok(vec![Text {
                file: None,
                line: None,
                text: text.clone(),
            }]);
        }
        let stdin = [PathBuf::from("-")];
        let files = if self.files.is_empty() { &stdin[..] } else { &self.files };
        let mut texts = Vec::new();
        for path in files {
            let content = content(path)?;
            let file = Some(path.display().to_string());
            if !self.lines {
                texts.push(Text {
                    file,
                    line: None,
                    text: content.trim_end().to_owned(),
                });
                continue;
            }
            let lines = content.lines().enumerate();
            let lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
            texts.extend(lines.map(|(at, line)| Text {
                file: file.clone(),
                line: Some(at + 1),
                text: line.to_owned(),
            }));
        }
        Ok(texts)
    }
}

/// The text of a file, of stdin for `-`.
pub(super) fn content(path: &Path) -> Result<String, Failure> {
    if path.as_os_str() == "-" {
        io::read_to_string(io::stdin())
    } else {
        fs::read_to_string(path)
    }
    .map_err(|error| Failure::io("read", path, &error))
}
