//! Events for producers: put together in Rust, held to the definition at the end.

use super::event::Event;
use super::key::Key;
use super::options::{Mode, ReadOptions};
use super::problem::Invalid;
use super::tree::{Node, Object};
use jiff::Timestamp;
use mentat_filter::{IpSpan, Value};
use std::net::IpAddr;

/// Puts an event together; see [`Event::builder`].
#[derive(Clone, Debug)]
#[must_use = "nothing is checked before `build`"]
pub struct Builder {
    root: Object,
}

impl Event {
    /// Begins an event. `Format` is set; [`Builder::build`] checks everything against the definition.
    ///
    /// ```
    /// use mentat_core::idea::{Event, Party};
    ///
    /// let event = Event::builder()
    ///     .id("5deec8c9-ac37-4f35-a448-34616104b174")
    ///     .detect_time("2026-11-23T12:00:00Z".parse().unwrap())
    ///     .category("Attempt.Login")
    ///     .source(Party::new().address("192.0.2.1".parse().unwrap()))
    ///     .target(Party::new().port(22).proto("tcp").proto("ssh"))
    ///     .node("org.example.sensor", ["Connection", "Honeypot"], ["Cowrie"])
    ///     .set("ConnCount", 17)
    ///     .build()?;
    /// assert_eq!(event.categories().next(), Some("Attempt.Login"));
    /// event.check_complete().unwrap();
    ///
    /// let invalid = Event::builder().id("a b").build().unwrap_err();
    /// assert_eq!(invalid.problems().len(), 3, "{invalid}"); // the ID, no time, no category
    /// # Ok::<(), mentat_core::idea::Invalid>(())
    /// ```
    pub fn builder() -> Builder {
        let mut root = Object::default();
        root.insert(Key::new("Format"), text("IDEA0"));
        Builder { root }
    }
}

impl Builder {
    /// The message ID, best a random UUID.
    pub fn id(self, id: &str) -> Self {
        self.with("ID", text(id))
    }

    /// When the event was detected.
    pub fn detect_time(self, time: Timestamp) -> Self {
        self.with("DetectTime", Node::Time(time))
    }

    /// Adds a category, such as `Recon.Scanning`.
    pub fn category(self, category: &str) -> Self {
        self.adding("Category", text(category))
    }

    /// Adds a source.
    pub fn source(self, party: Party) -> Self {
        self.adding("Source", Node::Object(party.object))
    }

    /// Adds a target.
    pub fn target(self, party: Party) -> Self {
        self.adding("Target", Node::Object(party.object))
    }

    /// Adds a detector *after* those that are there: nodes stand in the order last visited first.
    pub fn node<'a>(
        self,
        name: &str,
        types: impl IntoIterator<Item = &'a str>,
        software: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut node = Object::default();
        node.insert(Key::new("Name"), text(name));
        for (key, values) in [
            ("Type", types.into_iter().map(text).collect::<Vec<_>>()),
            ("SW", software.into_iter().map(text).collect()),
        ] {
            if !values.is_empty() {
                node.insert(Key::new(key), Node::List(values));
            }
        }
        self.adding("Node", Node::Object(node))
    }

    /// The short description.
    pub fn description(self, description: &str) -> Self {
        self.with("Description", text(description))
    }

    /// The longer note.
    pub fn note(self, note: &str) -> Self {
        self.with("Note", text(note))
    }

    /// Any key of the event, known or not, in place of what it had.
    pub fn set(self, key: &str, value: impl Into<Value>) -> Self {
        self.with(key, Node::from(&value.into()))
    }

    /// The event, read as strictly as the definition is written ([`Mode::Strict`]).
    ///
    /// # Errors
    /// [`Invalid`] lists every place that breaks a rule, required keys that are missing included.
    pub fn build(self) -> Result<Event, Invalid> {
        let json = Event::from_root(self.root).to_json();
        Event::parse_with(json.as_bytes(), &ReadOptions::new(Mode::Strict))
    }

    fn with(mut self, key: &str, node: Node) -> Self {
        self.root.insert(Key::new(key), node);
        self
    }

    fn adding(mut self, key: &str, node: Node) -> Self {
        add(&mut self.root, key, node);
        self
    }
}

/// One source or target of an event that is being built.
#[derive(Clone, Debug, Default)]
#[must_use = "a party is nothing until it is put into an event"]
pub struct Party {
    object: Object,
}

impl Party {
    /// A party of which nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an address, a block or a range of either family.
    pub fn address(self, span: IpSpan) -> Self {
        let key = match span.first() {
            IpAddr::V4(_) => "IP4",
            IpAddr::V6(_) => "IP6",
        };
        self.adding(key, Node::ip(span))
    }

    /// Adds a port.
    pub fn port(self, port: u16) -> Self {
        self.adding("Port", Node::Int(port.into()))
    }

    /// Adds a protocol, such as `tcp` or `ssh`.
    pub fn proto(self, name: &str) -> Self {
        self.adding("Proto", text(name))
    }

    /// Adds a host name.
    pub fn hostname(self, name: &str) -> Self {
        self.adding("Hostname", text(name))
    }

    /// Adds a type tag, such as `Botnet`.
    pub fn tag(self, tag: &str) -> Self {
        self.adding("Type", text(tag))
    }

    /// Any key of the party, known or not, in place of what it had.
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.object.insert(Key::new(key), Node::from(&value.into()));
        self
    }

    fn adding(mut self, key: &str, node: Node) -> Self {
        add(&mut self.object, key, node);
        self
    }
}

fn text(text: &str) -> Node {
    Node::Str(text.into())
}

fn add(object: &mut Object, key: &str, node: Node) {
    let key = Key::new(key);
    match object.get_mut(&key) {
        Some(Node::List(items)) => items.push(node),
        _ => object.insert(key, Node::List(vec![node])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete() -> Builder {
        let time = Timestamp::constant(1_709_632_807, 0);
        Event::builder().id("e1").detect_time(time).category("Test")
    }

    #[test]
    fn parts_stand_in_the_order_they_were_added() {
        let event = complete()
            .category("Recon.Scanning")
            .source(
                Party::new()
                    .address("192.0.2.0/24".parse().unwrap())
                    .address("2001:db8::1".parse().unwrap())
                    .address("10.0.0.1-10.0.0.9".parse().unwrap())
                    .hostname("h.example")
                    .tag("Botnet"),
            )
            .source(Party::new().set("Custom", true).port(2).port(1))
            .node("last", [], [])
            .node("first", ["Flow"], ["a", "b"])
            .note("č")
            .description("d")
            .set("Description", "e")
            .build()
            .unwrap();
        assert_eq!(
            event.to_json(),
            concat!(
                r#"{"Category": ["Test", "Recon.Scanning"], "Description": "e", "DetectTime": "2024-03-05T10:00:07Z", "#,
                r#""Format": "IDEA0", "ID": "e1", "Node": [{"Name": "last"}, "#,
                r#"{"Name": "first", "SW": ["a", "b"], "Type": ["Flow"]}], "Note": "\u010d", "#,
                r#""Source": [{"Hostname": ["h.example"], "IP4": ["192.0.2.0/24", "10.0.0.1-10.0.0.9"], "#,
                r#""IP6": ["2001:db8::1"], "Type": ["Botnet"]}, {"Custom": true, "Port": [2, 1]}]}"#
            )
        );
        assert!(!event.is_modified() && event.warnings().is_empty());
    }

    #[test]
    fn what_breaks_a_rule_is_not_built() {
        let check = |builder: Builder, pointer: &str, rule: &str| {
            let invalid = builder.build().unwrap_err();
            let told: Vec<_> = invalid
                .problems()
                .iter()
                .map(|p| (p.pointer.as_str(), p.rule))
                .collect();
            assert_eq!(told, [(pointer, rule)]);
        };
        check(complete().category("a b"), "/Category/1", "bad_event_tag");
        check(complete().node("Upper", [], []), "/Node/0/Name", "bad_nsid");
        check(complete().set("Confidence", 1.5), "/Confidence", "out_of_range");
        check(complete().set("Confidence", f64::NAN), "", "bad_json");
        check(complete().set("Source", "x"), "/Source", "not_a_list");
        check(
            complete().target(Party::new().set("Port", 22)),
            "/Target/0/Port",
            "not_a_list",
        );
        check(
            complete().target(Party::new().tag("a b")),
            "/Target/0/Type/0",
            "bad_tag",
        );
    }
}
