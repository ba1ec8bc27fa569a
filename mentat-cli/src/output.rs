//! What the tool prints.

use crate::exit::{Code, Failure};
use std::fmt;
use std::io::{self, Write as _};

/// One line on stdout.
pub(crate) fn line(text: impl fmt::Display) -> Result<(), Failure> {
    written(writeln!(io::stdout(), "{text}"))
}

/// Bytes and a line end on stdout.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    written(out.write_all(bytes).and_then(|()| out.write_all(b"\n")))
}

/// A JSON value on stdout, over several lines.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::new(Code::Failure, error))?;
    line(text)
}

/// One line on stderr, for people; lost if nobody reads it.
pub(crate) fn note(text: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn written(result: io::Result<()>) -> Result<(), Failure> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
        _ => Failure::new(Code::Failure, format_args!("cannot write to stdout: {error}")),
    })
}
