//! Events from files, directories and stdin.

use crate::exit::Failure;
use indicatif::ProgressBar;
use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// One message of the input.
pub(super) struct Message<'a> {
    /// The file, `-` for stdin.
    pub(super) file: &'a str,
    /// Where in the file it begins, from 1; `None` if the file is one message.
    pub(super) line: Option<usize>,
    pub(super) bytes: &'a [u8],
}

impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(self.file),
        }
    }
}

/// What is done with each message.
type Each<'a> = &'a mut dyn FnMut(Message<'_>) -> Result<(), Failure>;

/// All messages of some paths.
pub(super) struct Messages<'a> {
    paths: &'a [PathBuf],
    /// Counts files, where there are many and somebody watches.
    progress: ProgressBar,
}

impl<'a> Messages<'a> {
    pub(super) fn new(paths: &'a [PathBuf]) -> Self {
        // Drawn on stderr, and only on a terminal.
        let progress = if paths.iter().any(|path| path.is_dir()) {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::hidden()
        };
        Self { paths, progress }
    }

    pub(super) fn each(&self, each: Each<'_>) -> Result<(), Failure> {
        if self.paths.is_empty() {
            return stdin(each);
        }
        for path in self.paths {
            if path.as_os_str() == "-" {
                stdin(each)?;
            } else {
                self.path(path, each)?;
            }
        }
        self.progress.finish_and_clear();
        Ok(())
    }

    fn path(&self, path: &Path, each: Each<'_>) -> Result<(), Failure> {
        let failed = |error| Failure::io("read", path, &error);
        if path.is_dir() {
            let mut paths: Vec<PathBuf> = Vec::new();
            for entry in fs::read_dir(path).map_err(failed)? {
                paths.push(entry.map_err(failed)?.path());
            }
            paths.sort_unstable();
            return paths.iter().try_for_each(|path| self.path(path, each));
        }
        let bytes = fs::read(path).map_err(failed)?;
        self.progress.inc(1);
        split(&path.display().to_string(), &bytes, each)
    }
}

fn stdin(each: Each<'_>) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().read_to_end(&mut bytes);
    read.map_err(|error| Failure::io("read", Path::new("stdin"), &error))?;
    split("-", &bytes, each)
}

/// A file is one message if it is one JSON value, also over several lines; else every line that is not blank is one.
fn split(file: &str, bytes: &[u8], each: Each<'_>) -> Result<(), Failure> {
    let one_line = bytes.trim_ascii().iter().all(|byte| *byte != b'\n');
    if one_line || serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok() {
        return each(Message {
            file,
            line: None,
            bytes,
        });
    }
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if !line.trim_ascii().is_empty() {
            each(Message {
                file,
                line: Some(at + 1),
                bytes: line,
            })?;
        }
    }
    Ok(())
}
