//! The disposition log: one line for every message that did not simply move on.
//!
//! A message that is dropped, dispatched or found to be a duplicate leaves no row and no file behind; its line is
//! synced before the message goes. A repetition after a crash writes the line again, so the log is read as a set by
//! message name.

use crate::Error;
use crate::work::Settlement;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// What happened to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// Dropped on purpose.
    Dropped,
    /// Moved to another queue.
    Dispatched,
    /// Its event was stored before, from another message.
    Duplicate,
    /// Not gone at all: this is the name of a copy that was published.
    Copied,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Disposition {
    /// When, RFC 3339 in UTC.
    pub time: String,
    /// Name of the message.
    pub name: String,
    /// ID of the event, if the message was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What happened.
    pub verdict: Verdict,
    /// The rule or component that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The queue it went to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<PathBuf>,
}

impl Disposition {
    pub(crate) fn of(settlement: &Settlement, time: Timestamp) -> Self {
        Self {
            time: mentat_filter::format_timestamp(time).to_string(),
            name: settlement.id.as_str().to_owned(),
            id: settlement.event_id.clone(),
            verdict: Verdict::Dropped,
            rule: Some(settlement.by.clone()).filter(|by| !by.is_empty()),
            to: None,
        }
    }
}

/// Appends to a disposition log. Several processes may write to one file.
#[derive(Debug)]
pub struct DispositionLog {
    path: PathBuf,
    file: Option<File>,
}

impl DispositionLog {
    /// A log in this file, which is made when the first line is written.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            file: None,
        }
    }

    /// Appends lines; `Ok` means they are on disk.
    ///
    /// # Errors
    /// Transient: nothing may be removed before the lines are written.
    pub fn append(&mut self, lines: &[Disposition]) -> Result<(), Error> {
        if lines.is_empty() {
            return Ok(());
        }
        self.write(lines).map_err(|error| {
            // The state of the file is unknown now: the next attempt opens it anew and begins a line of its own.
            self.file = None;
            Error::transient(format!("cannot write the disposition log {}", self.path.display())).because(error)
        })
    }

    fn write(&mut self, lines: &[Disposition]) -> io::Result<()> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, line)?;
            text.push(b'\n');
        }
        let file = match &mut self.file {
            Some(file) => file,
            closed => closed.insert(open(&self.path)?),
        };
        // One write for all lines, in append mode: lines of several processes do not mix.
        file.write_all(&text)?;
        file.sync_data()
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
    File::open(directory_of(path))?.sync_all()?;
    // A line cut short by a crash is closed off, so that the next one is not spoilt.
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}

/// The parent of a bare file name is the empty path, which cannot be opened.
fn directory_of(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Reads a log as a set: one entry for each message name, verdict and target. A file that is not there is empty.
///
/// A line that is not whole was never synced; the message it was about is still in its queue. It is passed over.
///
/// # Errors
/// Fatal if the file cannot be read.
pub fn read_dispositions(path: &Path) -> Result<Vec<Disposition>, Error> {
    let failed = |error| Error::fatal(format!("cannot read the disposition log {}", path.display())).because(error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut seen = HashSet::new();
    let mut lines = Vec::new();
    for line in BufReader::new(file).split(b'\n') {
        let line = line.map_err(failed)?;
        let Ok(line) = serde_json::from_slice::<Disposition>(&line) else {
            continue;
        };
        if seen.insert((line.name.clone(), line.verdict, line.to.clone())) {
            lines.push(line);
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str) -> Disposition {
        Disposition {
            time: "2026-11-23T12:00:00Z".into(),
            name: name.into(),
            id: None,
            verdict: Verdict::Dropped,
            rule: Some("r".into()),
            to: None,
        }
    }

    #[test]
    fn repeated_and_torn_lines_do_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        DispositionLog::new(&path).append(&[line("a"), line("b")]).unwrap();
        OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"{\"time\": \"20")
            .unwrap();
        DispositionLog::new(&path).append(&[line("b"), line("c")]).unwrap();
        let names: Vec<String> = read_dispositions(&path)
            .unwrap()
            .into_iter()
            .map(|line| line.name)
            .collect();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn a_log_may_lie_in_the_working_directory() {
        assert_eq!(directory_of(Path::new("log")), Path::new("."));
        assert_eq!(directory_of(Path::new("var/log")), Path::new("var"));
        assert_eq!(directory_of(Path::new("/log")), Path::new("/"));
    }

    #[test]
    fn a_failed_append_is_made_up_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::create_dir(&path).unwrap();
        let mut log = DispositionLog::new(&path);
        assert!(log.append(&[line("a")]).unwrap_err().is_transient());
        std::fs::remove_dir(&path).unwrap();
        log.append(&[line("a")]).unwrap();
        assert_eq!(read_dispositions(&path).unwrap(), [line("a")]);
    }

    #[test]
    fn no_file_is_no_lines() {
        assert_eq!(read_dispositions(Path::new("/nonexistent/log")).unwrap(), []);
    }
}
