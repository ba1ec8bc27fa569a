//! What a demo remembers between runs.

use crate::exit::{Code, Failure};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Where messages come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Input {
    /// The generator.
    Generated { events: u64, seed: u64 },
    /// A file, recognised by path and size.
    File { path: PathBuf, bytes: u64 },
}

impl Input {
    pub(super) fn file(path: &Path) -> Result<Self, Failure> {
        let failed = |error| Failure::io("read", path, &error);
        let path = fs::canonicalize(path).map_err(failed)?;
        let meta = fs::metadata(&path).map_err(failed)?;
        if !meta.is_file() {
            return Err(Failure::new(Code::Data, format_args!("{} is no file", path.display())));
        }
        Ok(Self::File {
            path,
            bytes: meta.len(),
        })
    }
}

/// One feeding of one input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Run {
    /// Counts from 1; part of the names of its messages.
    pub(super) number: u64,
    pub(super) input: Input,
    /// So many messages are in the chain for certain; the next few may be.
    pub(super) fed: u64,
    pub(super) finished: bool,
}

/// The runs of a tree.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Runs {
    runs: Vec<Run>,
}

/// The runs of a tree, on disk.
#[derive(Debug)]
pub(super) struct State {
    path: PathBuf,
    runs: Runs,
}

impl State {
    pub(super) fn open(path: PathBuf) -> Result<Self, Failure> {
        let runs = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text)
                .map_err(|error| Failure::new(Code::Data, format_args!("{}: {error}", path.display())))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Runs::default(),
            Err(error) => return Err(Failure::io("read", &path, &error)),
        };
        Ok(Self { path, runs })
    }

    /// Makes the last run the present one if it has the same input and is not finished (`true`), else begins one.
    pub(super) fn begin(&mut self, input: Input) -> bool {
        if self
            .runs
            .runs
            .last()
            .is_some_and(|run| !run.finished && run.input == input)
        {
            return true;
        }
        let number = self.runs.runs.last().map_or(1, |run| run.number + 1);
        self.runs.runs.push(Run {
            number,
            input,
            fed: 0,
            finished: false,
        });
        false
    }

    pub(super) fn run(&self) -> Option<&Run> {
        self.runs.runs.last()
    }

    /// Changes the present run, durably.
    pub(super) fn update(&mut self, change: impl FnOnce(&mut Run)) -> Result<(), Failure> {
        if let Some(run) = self.runs.runs.last_mut() {
            change(run);
        }
        let failed = |error: std::io::Error| Failure::io("write", &self.path, &error);
        let text = serde_json::to_string_pretty(&self.runs).map_err(|error| Failure::new(Code::Failure, error))?;
        let dir = self.path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.as_file().sync_all())
            .map_err(failed)?;
        file.persist(&self.path).map_err(|error| failed(error.error))?;
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)
    }
}
