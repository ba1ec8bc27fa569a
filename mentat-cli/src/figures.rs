//! What became of messages, counted from what is on disk and in the database: rows, files in `errors/`, files in
//! queues, and the disposition logs. No figure is computed from the others.

use crate::exit::Failure;
use crate::tool::queues;
use mentat_core::store::{Store, name_hash};
use mentat_core::{Disposition, Verdict, read_dispositions};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What became of a set of messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Figures {
    /// Messages that were put into the chain.
    pub(crate) read: u64,
    /// Messages whose event has a row.
    pub(crate) stored: u64,
    /// Messages dropped by a rule.
    pub(crate) dropped: u64,
    /// Messages in `errors/`.
    pub(crate) rejected: u64,
    /// Messages whose event another message had brought before.
    pub(crate) duplicates: u64,
    /// Messages moved out of the chain by a rule.
    pub(crate) dispatched: u64,
    /// Copies made by a rule.
    pub(crate) copied: u64,
    /// Messages that wait in a queue.
    pub(crate) queued: u64,
    /// Dropped, by rule.
    pub(crate) dropped_by: BTreeMap<String, u64>,
    /// Dispatched, by rule.
    pub(crate) dispatched_by: BTreeMap<String, u64>,
    /// Rejected, by reason.
    pub(crate) rejected_by: BTreeMap<String, Rejected>,
}

/// Messages rejected for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Rejected {
    pub(crate) count: u64,
    /// One message's own words.
    pub(crate) example: String,
}

impl Figures {
    /// Whether every message is accounted for exactly once.
    pub(crate) fn add_up(&self) -> bool {
        self.read + self.copied
            == self.stored + self.dropped + self.rejected + self.duplicates + self.dispatched + self.queued
    }

    /// Counts what became of the messages `names` and their copies.
    pub(crate) async fn gather(places: &Places, store: &Store, names: &[String]) -> Result<Self, Failure> {
        let mut figures = Self {
            read: names.len() as u64,
            ..Self::default()
        };
        let mut ours: HashSet<String> = names.iter().cloned().collect();
        let mut elsewhere: HashSet<PathBuf> = HashSet::new();
        let mut lines = places.dispositions()?;
        // A copy belongs to the messages that are counted if its original does; copies may be copied again.
        loop {
            let copies = lines
                .iter()
                .filter(|line| line.verdict == Verdict::Copied && !ours.contains(&line.name));
            let copies: Vec<String> = copies
                .filter(|line| is_copy(&line.name, &ours))
                .map(|l| l.name.clone())
                .collect();
            if copies.is_empty() {
                break;
            }
            ours.extend(copies);
        }
        lines.retain(|line| ours.contains(&line.name));
        for line in lines {
            let rule = line.rule.unwrap_or_default();
            match line.verdict {
                Verdict::Dropped => {
                    figures.dropped += 1;
                    *figures.dropped_by.entry(rule).or_default() += 1;
                }
                Verdict::Duplicate => figures.duplicates += 1,
                Verdict::Copied => figures.copied += 1,
                // A move within the chain is no end of a message.
                Verdict::Dispatched if line.to.as_ref().is_some_and(|to| places.chain.contains(to)) => {}
                Verdict::Dispatched => {
                    figures.dispatched += 1;
                    *figures.dispatched_by.entry(rule).or_default() += 1;
                    elsewhere.extend(line.to);
                }
                _ => {}
            }
        }
        for queue in queues(&places.spool)? {
            for name in names_in(&queue.join("errors")) {
                if !ours.contains(&name) {
                    continue;
                }
                figures.rejected += 1;
                let (code, text) = reason(&queue.join("errors"), &name);
                let group = figures.rejected_by.entry(code).or_default();
                group.count += 1;
                if group.example.is_empty() {
                    group.example = text;
                }
            }
            if !elsewhere.contains(&queue) {
                figures.queued += waiting(&queue).iter().filter(|name| ours.contains(*name)).count() as u64;
            }
        }
        let stored: HashSet<i64> = store.stored_names().await?.into_iter().collect();
        figures.stored = ours.iter().filter(|name| stored.contains(&name_hash(name))).count() as u64;
        Ok(figures)
    }
}

/// A copy is called as its original, a dot, and the rule.
fn is_copy(name: &str, originals: &HashSet<String>) -> bool {
    name.match_indices('.')
        .any(|(dot, _)| name.get(..dot).is_some_and(|original| originals.contains(original)))
}

/// Where messages of a chain can be.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) spool: PathBuf,
    /// Queues between the daemons.
    pub(crate) chain: Vec<PathBuf>,
    /// Disposition logs of the daemons.
    pub(crate) logs: Vec<PathBuf>,
}

impl Places {
    fn dispositions(&self) -> Result<Vec<Disposition>, Failure> {
        let mut lines = Vec::new();
        for log in &self.logs {
            lines.extend(read_dispositions(log)?);
        }
        Ok(lines)
    }

    /// Every message name that is known anywhere but in the database.
    pub(crate) fn names(&self) -> Result<HashSet<String>, Failure> {
        let mut names: HashSet<String> = self.dispositions()?.into_iter().map(|line| line.name).collect();
        for queue in queues(&self.spool)? {
            names.extend(names_in(&queue.join("errors")));
            names.extend(waiting(&queue));
        }
        Ok(names)
    }

    /// How many messages wait in the queues between the daemons. Counted downstream: a message that moves on while
    /// we count is seen at least once.
    pub(crate) fn in_chain(&self) -> usize {
        self.chain.iter().map(|queue| waiting(queue).len()).sum()
    }
}

/// Names of messages waiting in a queue, claimed ones included.
fn waiting(queue: &Path) -> Vec<String> {
    let mut names = names_in(&queue.join("incoming"));
    let pending = queue.join("pending");
    names.extend(names_in(&pending));
    let Ok(owners) = fs::read_dir(&pending) else {
        return names;
    };
    // Directories of owners; the one that begins with a dot holds counters.
    for owner in owners
        .flatten()
        .filter(|owner| !owner.file_name().to_string_lossy().starts_with('.'))
    {
        if owner.file_type().is_ok_and(|kind| kind.is_dir()) {
            names.extend(names_in(&owner.path()));
        }
    }
    names
}

/// Names of the regular files of a directory that are messages; none if it is not there.
fn names_in(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.') && !name.ends_with(".meta"))
        .collect()
}

/// Code and text of a sidecar.
fn reason(errors: &Path, name: &str) -> (String, String) {
    let unknown = || ("unknown".to_owned(), "there is no sidecar".to_owned());
    let Ok(text) = fs::read_to_string(errors.join(format!("{name}.meta"))) else {
        return unknown();
    };
    let Ok(sidecar) = serde_json::from_str::<serde_json::Value>(&text) else {
        return unknown();
    };
    let field = |key: &str| {
        sidecar
            .get(key)
            .and_then(serde_json::Value::as_str)
            .unwrap_or("unknown")
            .to_owned()
    };
    (field("code"), field("error"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_told_by_their_names() {
        let originals: HashSet<String> = ["a.msg".to_owned()].into();
        assert!(is_copy("a.msg.rule", &originals));
        assert!(!is_copy("a.msg", &originals));
        assert!(!is_copy("b.msg.rule", &originals));
    }
}
