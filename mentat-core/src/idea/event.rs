//! The event itself.

mod paths;

use super::coerce;
use super::json;
use super::key::Key;
use super::options::ReadOptions;
use super::path::{self, Change, SetError, SetPolicy};
use super::problem::{Invalid, Warning};
use super::tree::{Node, Object};
use jiff::Timestamp;
use mentat_filter::{IndexedPath, Value};
use std::fmt;
use std::str::FromStr;

/// One IDEA document.
///
/// ```
/// use mentat_core::idea::Event;
///
/// let event: Event = r#"{"Format": "IDEA0", "ID": "e1", "DetectTime": "2026-11-23T12:00:00+01:00",
///     "Category": ["Recon.Scanning"], "Source": [{"IP4": ["192.0.2.1"]}], "Custom": {"kept": true}}"#.parse()?;
/// assert_eq!(event.id(), Some("e1"));
/// assert_eq!(event.categories().collect::<Vec<_>>(), ["Recon.Scanning"]);
/// assert!(event.to_json().contains(r#""DetectTime": "2026-11-23T11:00:00Z""#));
/// assert!(event.to_json().contains(r#""Custom": {"kept": true}"#));
/// # Ok::<(), mentat_core::idea::Invalid>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Event {
    root: Object,
    warnings: Vec<Warning>,
    modified: bool,
}

impl PartialEq for Event {
    /// Equal content; how the two came about does not matter.
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}

/// Keys that every event must have before it is stored, and this one has not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event lacks {}", .0.join(", "))]
pub struct MissingKeys(pub Vec<&'static str>);

impl Event {
    /// Reads an event from the bytes of a message, [leniently](super::Mode::Lenient) and within the default
    /// [limits](super::Limits).
    ///
    /// # Errors
    /// [`Invalid`] lists every place that is not as the IDEA definition says; the bytes may be anything.
    pub fn parse(bytes: &[u8]) -> Result<Self, Invalid> {
        Self::parse_with(bytes, &ReadOptions::default())
    }

    /// Reads an event from the bytes of a message. What was put right is in [`warnings`](Self::warnings).
    ///
    /// ```
    /// use mentat_core::idea::{Event, Mode, ReadOptions};
    ///
    /// let message = br#"{"Target": [{"Port": 22}]}"#;
    /// assert_eq!(Event::parse(message).unwrap_err().rule(), "not_a_list");
    /// let event = Event::parse_with(message, &ReadOptions::new(Mode::RepairLists))?;
    /// assert_eq!(event.to_json(), r#"{"Target": [{"Port": [22]}]}"#);
    /// assert_eq!(event.warnings()[0].pointer, "/Target/0/Port");
    /// # Ok::<(), mentat_core::idea::Invalid>(())
    /// ```
    ///
    /// # Errors
    /// [`Invalid`] lists every place that is not as the mode asks, or the one limit that is passed.
    pub fn parse_with(bytes: &[u8], options: &ReadOptions) -> Result<Self, Invalid> {
        let (root, warnings) = coerce::message(bytes, options)?;
        Ok(Self {
            root,
            warnings,
            modified: false,
        })
    }

    /// What was put right while reading: the first hundred places of a message that has more.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Whether the event was changed since it was read. An unchanged event keeps its original bytes in a daemon.
    #[must_use]
    pub fn is_modified(&self) -> bool {
        self.modified
    }

    /// Canonical JSON in one line of ASCII: sorted keys, times in UTC.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(1024);
        json::object(&mut out, &self.root);
        out
    }

    /// Sets the abuse groups of the sources (`_Mentat.ResolvedAbuses`); says whether that changed anything.
    pub fn set_source_groups<'a>(&mut self, groups: impl IntoIterator<Item = &'a str>) -> bool {
        self.set_mentat("ResolvedAbuses", texts(groups))
    }

    /// Sets the abuse groups of the targets (`_Mentat.TargetAbuses`); says whether that changed anything.
    pub fn set_target_groups<'a>(&mut self, groups: impl IntoIterator<Item = &'a str>) -> bool {
        self.set_mentat("TargetAbuses", texts(groups))
    }

    /// Sets when the event was stored (`_Mentat.StorageTime`).
    pub fn set_storage_time(&mut self, time: Timestamp) {
        self.set_mentat("StorageTime", Node::Time(time));
    }

    /// Sets `value` at `path`, converted to the type that the key has. Missing objects and lists on the way are made.
    ///
    /// # Errors
    /// [`SetError`] if the path runs through something that is neither object nor list, or if the value does not fit
    /// the key. The event is then as it was.
    pub fn set(&mut self, path: &IndexedPath, value: &Value, policy: SetPolicy) -> Result<Change, SetError> {
        let mut text = String::new();
        json::value(&mut text, &Node::from(value));
        let change = path::set(&mut self.root, path, &text, policy)?;
        self.modified |= change == Change::Set;
        Ok(change)
    }

    /// Checks that everything is there which a stored event must have.
    ///
    /// # Errors
    /// [`MissingKeys`] names all that is missing.
    pub fn check_complete(&self) -> Result<(), MissingKeys> {
        let mut missing = Vec::new();
        for key in ["Format", "ID", "DetectTime", "Category"] {
            if self.root.named(key).is_none() {
                missing.push(key);
            }
        }
        if self.detectors().next().is_none() {
            missing.push("Node.Name");
        }
        if missing.is_empty() {
            Ok(())
        } else {
            Err(MissingKeys(missing))
        }
    }

    /// An event of values that nobody has checked.
    pub(crate) fn from_root(root: Object) -> Self {
        Self {
            root,
            warnings: Vec::new(),
            modified: false,
        }
    }

    pub(crate) fn root(&self) -> &Object {
        &self.root
    }

    /// The objects in the list under `key`.
    pub(crate) fn members(&self, key: &str) -> impl Iterator<Item = &Object> {
        self.root
            .named(key)
            .map(Node::as_list)
            .unwrap_or_default()
            .iter()
            .filter_map(Node::as_object)
    }

    pub(crate) fn mentat_block(&self) -> Option<&Object> {
        self.root.named("_Mentat").and_then(Node::as_object)
    }

    pub(crate) fn mentat(&self, key: &str) -> Option<&Node> {
        self.mentat_block()?.named(key)
    }

    fn set_mentat(&mut self, key: &str, node: Node) -> bool {
        let block = Key::new("_Mentat");
        if !matches!(self.root.get(&block), Some(Node::Object(_))) {
            self.root.insert(block.clone(), Node::Object(Object::default()));
        }
        let key = Key::new(key);
        match self.root.get_mut(&block) {
            Some(Node::Object(block)) if block.get(&key) != Some(&node) => block.insert(key, node),
            _ => return false,
        }
        self.modified = true;
        true
    }
}

fn texts<'a>(values: impl IntoIterator<Item = &'a str>) -> Node {
    Node::List(values.into_iter().map(|text| Node::Str(text.into())).collect())
}

impl FromStr for Event {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text.as_bytes())
    }
}

/// Canonical JSON, as [`Event::to_json`].
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}
