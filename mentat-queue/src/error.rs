//! The crate's error: shaped by what the caller does next.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// Why an operation did not succeed.
///
/// Exactly one of three predicates holds, and it is the caller's decision:
///
/// | predicate | meaning | what to do |
/// |---|---|---|
/// | [`is_transient`](Self::is_transient) | the system is short of something | keep the claims, wait, repeat the call |
/// | [`is_poison`](Self::is_poison) | this message or name can never succeed | reject the message |
/// | [`is_fatal`](Self::is_fatal) | permissions, missing directories, misuse | stop and let a person look |
///
/// The text names operation, path and cause; the cause itself is the [source](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {}{}: {source}", path.display(), Destination(to.as_deref()))]
pub struct Error {
    kind: Kind,
    operation: &'static str,
    path: PathBuf,
    to: Option<PathBuf>,
    source: io::Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Transient,
    Poison,
    Fatal,
}

struct Destination<'a>(Option<&'a Path>);

impl std::fmt::Display for Destination<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |to| write!(f, " to {}", to.display()))
    }
}

impl Error {
    /// Whether the same call may succeed later: disk full, quota, I/O error, out of descriptors or memory.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.kind == Kind::Transient
    }

    /// Whether this message or name can never succeed: too large, empty, no valid name.
    #[must_use]
    pub fn is_poison(&self) -> bool {
        self.kind == Kind::Poison
    }

    /// Whether somebody has to repair something first: permissions, missing directories, misuse of the API.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.kind == Kind::Fatal
    }

    /// The file or directory the operation was about.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A failing medium, which is transient for a queue but not for the one file it is about.
    pub(crate) fn is_input_output(&self) -> bool {
        Errno::from_io_error(&self.source) == Some(Errno::IO)
    }

    pub(crate) fn io(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self {
            kind: classify(&source),
            operation,
            path: path.into(),
            to: None,
            source,
        }
    }

    pub(crate) fn rename(from: &Path, to: &Path, source: io::Error) -> Self {
        Self {
            to: Some(to.into()),
            ..Self::io("move", from, source)
        }
    }

    pub(crate) fn refused(operation: &'static str, path: &Path, cause: impl Into<String>) -> Self {
        let source = io::Error::new(io::ErrorKind::InvalidInput, cause.into());
        Self {
            kind: Kind::Poison,
            operation,
            path: path.into(),
            to: None,
            source,
        }
    }

    pub(crate) fn misuse(operation: &'static str, path: &Path, cause: &'static str) -> Self {
        Self {
            kind: Kind::Fatal,
            ..Self::refused(operation, path, cause)
        }
    }
}

/// Shortages pass by themselves or with an operator's help while the process waits; everything else does not.
fn classify(error: &io::Error) -> Kind {
    const SHORTAGES: [Errno; 14] = [
        Errno::NOSPC,
        Errno::DQUOT,
        Errno::IO,
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOMEM,
        Errno::NOBUFS,
        Errno::INTR,
        Errno::AGAIN,
        Errno::STALE,
        Errno::BUSY,
        Errno::TIMEDOUT,
        Errno::NOLCK,
        Errno::MLINK,
    ];
    let shortage = match Errno::from_io_error(error) {
        Some(errno) => SHORTAGES.contains(&errno),
        // `write` that accepts no byte without an error.
        None => error.kind() == io::ErrorKind::WriteZero,
    };
    if shortage { Kind::Transient } else { Kind::Fatal }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_decision_each() {
        let check = |error: &Error, expected: Kind| {
            let held = [error.is_transient(), error.is_poison(), error.is_fatal()];
            assert_eq!(held.iter().filter(|h| **h).count(), 1, "{error}");
            assert_eq!(error.kind, expected, "{error}");
        };
        let errno = |e: Errno| Error::io("write", Path::new("/q/tmp/m"), e.into());
        for e in [
            Errno::NOSPC,
            Errno::DQUOT,
            Errno::IO,
            Errno::MFILE,
            Errno::NFILE,
            Errno::NOMEM,
        ] {
            check(&errno(e), Kind::Transient);
        }
        for e in [Errno::INTR, Errno::AGAIN, Errno::STALE, Errno::BUSY, Errno::MLINK] {
            check(&errno(e), Kind::Transient);
        }
        for e in [
            Errno::ACCESS,
            Errno::PERM,
            Errno::NOENT,
            Errno::ROFS,
            Errno::NOTDIR,
            Errno::INVAL,
            Errno::XDEV,
        ] {
            check(&errno(e), Kind::Fatal);
        }
        check(
            &Error::refused("enqueue into", Path::new("/q"), "too large"),
            Kind::Poison,
        );
        check(&Error::misuse("settle", Path::new("/q"), "another queue"), Kind::Fatal);
        check(
            &Error::io("write", Path::new("/q"), io::ErrorKind::WriteZero.into()),
            Kind::Transient,
        );
    }

    #[test]
    fn text_and_chain() {
        let error = Error::rename(Path::new("/q/a"), Path::new("/q/b"), Errno::NOSPC.into());
        assert_eq!(
            error.to_string(),
            "cannot move /q/a to /q/b: No space left on device (os error 28)"
        );
        assert_eq!(error.path(), Path::new("/q/a"));
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), "No space left on device (os error 28)");
    }
}
