//! Where log lines go.

use crate::exit::{Code, Failure};
use std::fs::OpenOptions;
use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Mutex;
use tracing_subscriber::filter::LevelFilter;

/// Sends log lines of this level and above to a file or, without one, to stderr.
pub(crate) fn start(level: &str, file: Option<&Path>) -> Result<(), Failure> {
    let level = match level {
        "critical" | "error" => LevelFilter::ERROR,
        "warning" | "warn" => LevelFilter::WARN,
        "info" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        other => {
            let text = format!("unknown log level '{other}': it is one of error, warning, info, debug");
            return Err(Failure::new(Code::Config, text));
        }
    };
    let lines = tracing_subscriber::fmt().with_max_level(level).with_target(false);
    let done = match file {
        Some(path) => {
            let open = || {
                path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
                OpenOptions::new().create(true).append(true).open(path)
            };
            let file = open().map_err(|error| Failure::io("write the log file", path, &error))?;
            lines.with_ansi(false).with_writer(Mutex::new(file)).try_init()
        }
        None => lines
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
            .try_init(),
    };
    done.map_err(|error| Failure::new(Code::Failure, error))
}
