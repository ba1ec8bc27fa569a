//! What can go wrong with the private PostgreSQL, worded for the person who has to repair it.

use std::fmt;
use std::io;
use std::path::Path;

/// Why the private PostgreSQL could not be found, started, used or stopped.
///
/// The text names the file or program, the cause, and, where there is one, a last line with a hint (also available
/// as [`hint`](Self::hint)). The predicates tell the cases a caller decides on.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    cause: Option<io::Error>,
    hint: Option<String>,
}

/// The cases; private, so that more can be told apart later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    MissingServer,
    OtherVersion,
    NotPermitted,
    Busy,
    Server,
    Query,
    Io,
}

impl Error {
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            cause: None,
            hint: None,
        }
    }

    /// An input or output error on `path`; `verb` completes "cannot … path".
    pub(super) fn io(verb: &str, path: &Path, cause: io::Error) -> Self {
        let kind = match cause.kind() {
            io::ErrorKind::PermissionDenied => Kind::NotPermitted,
            _ => Kind::Io,
        };
        Self::new(kind, format!("cannot {verb} {}", path.display())).because(cause)
    }

    pub(super) fn because(mut self, cause: io::Error) -> Self {
        self.cause = Some(cause);
        self
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether no usable PostgreSQL server programs were found: the remedy is installing a package.
    pub fn is_missing_server(&self) -> bool {
        self.kind == Kind::MissingServer
    }

    /// Whether the data directory was made by another major version; [`hint`](Self::hint) has the command that
    /// upgrades it.
    pub fn is_other_version(&self) -> bool {
        self.kind == Kind::OtherVersion
    }

    /// Whether this program, or the account the server runs as, may not use a file or directory.
    pub fn is_not_permitted(&self) -> bool {
        self.kind == Kind::NotPermitted
    }

    /// Whether another program held the lock for too long or the server was still busy: the same call may succeed
    /// later.
    pub fn is_transient(&self) -> bool {
        self.kind == Kind::Busy
    }

    /// What to do about it, if there is something that usually helps.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(cause) = &self.cause {
            write!(f, ": {cause}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}
