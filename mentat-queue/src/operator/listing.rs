//! What lies where in a queue, message by message.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::SystemTime;

use crate::Error;
use crate::fs::Contents;
use crate::name::MessageName;
use crate::queue::Inner;
use crate::queue::instance::parse;
use crate::reason::read::members;

use super::Operator;
use super::select::Chosen;

/// A part of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Place {
    /// Waiting.
    Incoming,
    /// Claimed by somebody.
    Pending,
    /// Put off to a later time.
    Deferred,
    /// Kept back by an operator.
    Hold,
    /// Rejected.
    Errors,
    /// Being written, or abandoned.
    Tmp,
}

impl Place {
    /// All of them, in the order in which messages pass through.
    pub const ALL: [Self; 6] = [
        Self::Incoming,
        Self::Pending,
        Self::Deferred,
        Self::Hold,
        Self::Errors,
        Self::Tmp,
    ];

    /// The directory's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Incoming => "incoming",
            Self::Pending => "pending",
            Self::Deferred => "deferred",
            Self::Hold => "hold",
            Self::Errors => "errors",
            Self::Tmp => "tmp",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place = Self::ALL.into_iter().find(|place| place.as_str() == text);
        place.ok_or_else(|| format!("no part of a queue is called '{text}'"))
    }
}

/// A message and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The part of the queue.
    pub place: Place,
    /// Its name.
    pub name: MessageName,
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// When it was written, which is what messages are ordered by.
    pub modified: SystemTime,
    /// How many owners of it have died.
    pub attempts: u32,
    /// Who has claimed it: `<host>.<pid>.<starttime>`. `None` in `pending` if another program did.
    pub owner: Option<String>,
    /// When it comes back, if it is deferred.
    pub due: Option<SystemTime>,
}

/// How many messages were rejected for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReasonCount {
    /// The reason's stable code; `None` for messages without a sidecar that can be read.
    pub code: Option<String>,
    /// The text of one of them, the first by name.
    pub text: String,
    /// The name of that one.
    pub example: MessageName,
    /// How many there are.
    pub count: usize,
}

impl Operator {
    /// The messages of these places, ordered by place, time and name.
    ///
    /// # Errors
    ///
    /// If a directory cannot be listed. One that is missing counts as empty.
    pub fn list(&self, places: &[Place]) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        for place in places {
            let messages = self.inner.messages(*place)?;
            entries.extend(messages.into_iter().map(|message| self.inner.entry(*place, message)));
        }
        let key = |entry: &Entry| (entry.place, entry.modified, entry.name.clone());
        entries.sort_by_cached_key(key);
        Ok(entries)
    }

    /// Every place a message of this name is in.
    ///
    /// # Errors
    ///
    /// If a directory cannot be searched.
    pub fn find(&self, name: &MessageName) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        for place in Place::ALL {
            let (found, _) = self
                .inner
                .choose(place, &super::Which::Names(std::slice::from_ref(name)))?;
            entries.extend(found.into_iter().map(|message| self.inner.entry(place, message)));
        }
        Ok(entries)
    }

    /// The contents of a message of at most `limit` bytes; `None` if it is gone meanwhile.
    ///
    /// # Errors
    ///
    /// Poison, if it is larger or no regular file; otherwise as reading fails.
    pub fn read(&self, entry: &Entry, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        match self.inner.fs.read(&entry.path, limit) {
            Ok(Contents::Bytes(bytes, _)) => Ok(Some(bytes)),
            Ok(Contents::TooLarge(meta)) => {
                let cause = format!("{} bytes are more than the limit of {limit}", meta.size);
                Err(Error::refused("read", &entry.path, cause))
            }
            Ok(Contents::NotRegular(kind)) => Err(Error::refused(
                "read",
                &entry.path,
                format!("it is {}", kind.describe()),
            )),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io("read", &entry.path, e)),
        }
    }

    /// The sidecar's text of a rejected message.
    #[must_use]
    pub fn sidecar(&self, entry: &Entry) -> Option<String> {
        self.inner.sidecar(&entry.name).filter(|_| entry.place == Place::Errors)
    }

    /// Why messages were rejected, the most frequent reason first.
    ///
    /// # Errors
    ///
    /// If `errors` cannot be listed.
    pub fn reasons(&self) -> Result<Vec<ReasonCount>, Error> {
        let mut groups: BTreeMap<Option<String>, ReasonCount> = BTreeMap::new();
        for failed in self.inner.failed()? {
            let (code, text) = failed
                .reason()
                .map_or((None, String::new()), |(code, text)| (Some(code), text));
            let group = groups.entry(code.clone()).or_insert(ReasonCount {
                code,
                text,
                example: failed.name,
                count: 0,
            });
            group.count += 1;
        }
        let mut groups: Vec<ReasonCount> = groups.into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        Ok(groups)
    }
}

impl Inner {
    fn entry(&self, place: Place, message: Chosen) -> Entry {
        let Chosen { dir, name, meta } = message;
        let parent = dir.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let owner = Some(parent).filter(|p| place == Place::Pending && parse(p).is_some());
        let due = parent.parse().ok().filter(|_| place == Place::Deferred);
        let due = due
            .map(std::time::Duration::from_secs)
            .and_then(|d| SystemTime::UNIX_EPOCH.checked_add(d));
        let attempts = match place {
            Place::Errors => self
                .sidecar(&name)
                .and_then(|text| members(&text)?.get("attempts")?.parse().ok())
                .unwrap_or(0),
            _ => self.read_attempts(&name),
        };
        Entry {
            place,
            path: dir.join(name.as_ref()),
            size: meta.size,
            modified: meta.modified,
            attempts,
            owner: owner.map(str::to_owned),
            due,
            name,
        }
    }
}
