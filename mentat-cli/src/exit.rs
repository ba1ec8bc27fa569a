//! How the programs end.

use mentat_core::Error;
use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// Exit codes, those of `sysexits.h` where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// Something failed.
    Failure = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Input is no good.
    Data = 65,
    /// Something that is needed is not there: the database, its programs.
    Unavailable = 69,
    /// May work later.
    Temporary = 75,
    /// The configuration is wrong.
    Config = 78,
}

/// Why a program ends early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// With a message and a code.
    Message(Code, String),
    /// The reader of our output has gone: nothing is wrong.
    BrokenPipe,
    /// Help, version or a usage error, as clap renders it.
    Clap(clap::Error),
}

impl Failure {
    pub(crate) fn new(code: Code, text: impl fmt::Display) -> Self {
        Self::Message(code, text.to_string())
    }

    /// A file or directory that cannot be used.
    pub(crate) fn io(doing: &str, path: &std::path::Path, error: &io::Error) -> Self {
        Self::new(
            Code::Failure,
            format_args!("cannot {doing} {}: {error}", path.display()),
        )
    }

    /// Says why on stderr and answers the code.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::BrokenPipe => ExitCode::SUCCESS,
            Self::Message(code, text) => {
                // Where stderr is gone, the code must do.
                let _ = writeln!(io::stderr(), "error: {text}");
                ExitCode::from(code as u8)
            }
            Self::Clap(error) => {
                let _ = error.print();
                if error.use_stderr() {
                    ExitCode::from(Code::Usage as u8)
                } else {
                    ExitCode::SUCCESS
                }
            }
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match () {
            () if error.is_transient() => Code::Unavailable,
            () if error.is_poison() => Code::Data,
            () => Code::Failure,
        };
        Self::new(code, error.chain())
    }
}

impl From<mentat_core::queue::Error> for Failure {
    fn from(error: mentat_core::queue::Error) -> Self {
        Error::from(error).into()
    }
}

impl From<mentat_core::cluster::Error> for Failure {
    fn from(error: mentat_core::cluster::Error) -> Self {
        let code = if error.is_transient() {
            Code::Temporary
        } else {
            Code::Unavailable
        };
        Self::new(code, error)
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        Self::Clap(error)
    }
}
