//! Reading of a message in which nothing is out of order: one pass, no list of problems, no text read twice.
//!
//! Almost all messages are such. At anything that would have to be put right, told or refused this gives up, and
//! [`super::coerce`] reads the same text again and says what is wrong. What is read here reads the same there.

use super::atom::{float, from_text, number};
use super::coerce::{REQUIRED, is_odd_tlp, is_port, quiet};
use super::key::Key;
use super::lazy::Held;
use super::options::{Limits, Mode, ReadOptions};
use super::schema::{Atom, Level, Type, declared};
use super::text::{MAX_DEPTH, check_depth};
use super::tree::{Node, Object};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Reads a whole message; `None` if it is not flawless.
pub(crate) fn message(text: &str, options: &ReadOptions) -> Option<Object> {
    let how = How {
        exact: options.mode == Mode::Strict,
        limits: &options.limits,
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    let object = Members {
        how,
        level: Level::Root,
        depth: options.limits.depth.min(MAX_DEPTH),
    }
    .deserialize(&mut reader)
    .ok()?;
    reader.end().ok()?;
    let complete = !how.exact || REQUIRED.iter().all(|name| object.named(name).is_some());
    complete.then_some(object)
}

#[derive(Clone, Copy)]
struct How<'o> {
    exact: bool,
    limits: &'o Limits,
}

/// The one error: what it says is never shown.
fn irregular<E: Error>() -> E {
    E::custom("")
}

/// An object of the definition. `depth` is how many levels are left, this one included.
#[derive(Clone, Copy)]
struct Members<'o> {
    how: How<'o>,
    level: Level,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = Object;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Object, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let below = self.depth.checked_sub(1).ok_or_else(irregular)?;
        let mut members = Vec::with_capacity(8);
        while let Some(key) = map.next_key_seed(Name(self.how))? {
            let value = Typed {
                how: self.how,
                depth: below,
            };
            let held = match declared(self.level, &key) {
                None => {
                    let held = unknown(map.next_value()?, self.how, below).ok_or_else(irregular)?;
                    if self.level == Level::Root && key.as_str() == "TLP" && is_odd_tlp(&held) {
                        return Err(irregular());
                    }
                    held
                }
                Some(kind) => Held::Read(match kind {
                    Type::One(Atom::Float) => confidence(map.next_value()?).ok_or_else(irregular)?,
                    Type::One(atom) => map.next_value_seed(Single { how: self.how, atom })?,
                    Type::List(atom) => map.next_value_seed(value.list(Items::Atoms(atom)))?,
                    Type::Objects(level) => map.next_value_seed(value.list(Items::Objects(level)))?,
                    Type::Object(level) => Node::Object(map.next_value_seed(Self {
                        level,
                        depth: below,
                        ..self
                    })?),
                }),
            };
            members.push((key, held));
        }
        Object::from_distinct(members).ok_or_else(irregular)
    }
}

/// The value of an undeclared key: a list or an object stays unread, a number keeps its text.
fn unknown(raw: &RawValue, how: How<'_>, depth: usize) -> Option<Held> {
    let text = raw.get();
    Some(Held::Read(match text.as_bytes().first()? {
        b'-' | b'0'..=b'9' => number(text),
        b't' => Node::Bool(true),
        b'f' => Node::Bool(false),
        b'n' => Node::Null,
        _ => {
            check_depth(text, depth).ok()?;
            let mode = if how.exact { Mode::Strict } else { Mode::Lenient };
            let unread = Held::unread(raw, mode, how.limits);
            return unread.or_else(|| quiet(raw, mode, how.limits).map(Held::Read));
        }
    }))
}

fn confidence(raw: &RawValue) -> Option<Node> {
    let value = float(raw.get()).filter(|value| (0.0..=1.0).contains(value))?;
    Some(Node::Float(value))
}

struct Name<'o>(How<'o>);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Key, E> {
        if name.len() > self.0.limits.string_bytes {
            return Err(irregular());
        }
        Ok(Key::new(name))
    }
}

#[derive(Clone, Copy)]
struct Typed<'o> {
    how: How<'o>,
    depth: usize,
}

impl<'o> Typed<'o> {
    fn list(self, items: Items) -> List<'o> {
        List {
            how: self.how,
            depth: self.depth,
            items,
        }
    }
}

#[derive(Clone, Copy)]
enum Items {
    Atoms(Atom),
    Objects(Level),
}

struct List<'o> {
    how: How<'o>,
    depth: usize,
    items: Items,
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let depth = self.depth.checked_sub(1).ok_or_else(irregular)?;
        let how = self.how;
        let mut nodes = Vec::new();
        loop {
            let node = match self.items {
                Items::Atoms(atom) => seq.next_element_seed(Single { how, atom })?,
                Items::Objects(level) => seq.next_element_seed(Members { how, level, depth })?.map(Node::Object),
            };
            let Some(node) = node else {
                return Ok(Node::List(nodes));
            };
            if nodes.len() >= how.limits.list_items {
                return Err(irregular());
            }
            nodes.push(node);
        }
    }
}

/// A single value of the right kind.
struct Single<'o> {
    how: How<'o>,
    atom: Atom,
}

impl<'de> DeserializeSeed<'de> for Single<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Single<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a single value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
        let taken_as_text = !matches!(self.atom, Atom::Integer | Atom::Port | Atom::Float | Atom::Boolean);
        if !taken_as_text || text.len() > self.how.limits.string_bytes {
            return Err(irregular());
        }
        from_text(self.atom, text, self.how.exact).ok_or_else(irregular)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        let node = Node::Int(value);
        match self.atom {
            Atom::Integer | Atom::Any => Ok(node),
            Atom::Port if !self.how.exact || is_port(&node) => Ok(node),
            _ => Err(irregular()),
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        self.visit_i64(i64::try_from(value).map_err(|_| irregular())?)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        match self.atom {
            Atom::Boolean | Atom::Any => Ok(Node::Bool(value)),
            _ => Err(irregular()),
        }
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        match self.atom {
            Atom::Any => Ok(Node::Null),
            _ => Err(irregular()),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::coerce::collect;
    use super::*;
    use crate::generate::{Generator, Options};
    use proptest::prelude::*;

    /// What both ways of reading make of a text: the careful one decides, the fast one may only give up.
    fn check(text: &str, mode: Mode) -> Result<bool, TestCaseError> {
        let options = ReadOptions::new(mode);
        let Some(fast) = message(text, &options) else {
            return Ok(false);
        };
        let (careful, warnings) =
            collect(text, &options).map_err(|invalid| TestCaseError::fail(invalid.to_string()))?;
        prop_assert_eq!(fast, careful, "{}", text);
        prop_assert_eq!(warnings, vec![], "{}", text);
        Ok(true)
    }

    const MODES: [Mode; 4] = [Mode::Lenient, Mode::RepairLists, Mode::Repair, Mode::Strict];

    #[test]
    fn flawless_messages_are_read_in_one_pass() {
        let generator = Generator::new(Options::default());
        for text in generator.iter().take(500) {
            for mode in MODES {
                assert!(check(&text, mode).unwrap(), "{text}");
            }
        }
    }

    #[test]
    fn anything_else_is_left_to_the_careful_reader() {
        for text in [
            r#"{"Note": null}"#,
            r#"{"Note": 1}"#,
            r#"{"Note": "a", "Note": "b"}"#,
            r#"{"Note": "\ud800"}"#,
            r#"{"a": "\ud800"}"#,
            r#"{"ConnCount": "5"}"#,
            r#"{"ConnCount": 5.0}"#,
            r#"{"ConnCount": 9223372036854775808}"#,
            r#"{"Confidence": 2}"#,
            r#"{"Source": {}}"#,
            r#"{"Source": [null]}"#,
            r#"{"TLP": "BLUE"}"#,
            r#"{"ID": "a"} x"#,
            "[]",
            "",
        ] {
            for mode in MODES {
                let options = ReadOptions::new(mode);
                assert!(message(text, &options).is_none(), "{text}");
            }
        }
    }

    fn names() -> Vec<String> {
        super::super::key::all().map(|key| key.as_str().to_owned()).collect()
    }

    /// Any value at all, often one of those that need care.
    pub(in crate::idea) fn value() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            prop_oneof![
                Just("null"),
                Just("true"),
                Just("-0"),
                Just("1e3"),
                Just("0.30000000000000004"),
                Just("1.7976931348623157e309"),
                Just("123456789012345678901"),
                Just("\"\\ud800\""),
                Just("\"\\ud83d\\ude00\""),
                Just("\"192.0.2.1\""),
                Just("\"2024-03-05T10:00:07Z\""),
                Just("\"ripe:X\""),
                Just("[\"a\"]"),
                Just("[[],{}]"),
            ]
            .prop_map(str::to_owned),
            any::<i64>().prop_map(|number| number.to_string()),
            any::<f64>()
                .prop_filter("JSON has no other", |number| number.is_finite())
                .prop_map(|number| format!("{number:?}")),
            "[a-z.:0-9 \u{10d}]{0,6}".prop_map(|text| format!("\"{text}\"")),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let name = prop_oneof![proptest::sample::select(names()), "[a-c\u{10d}]{0,2}",];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
                proptest::collection::vec((name, inner), 0..4).prop_map(|members| {
                    let members: Vec<String> = members
                        .iter()
                        .map(|(name, value)| format!("\"{name}\":{value}"))
                        .collect();
                    format!("{{{}}}", members.join(","))
                }),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn both_ways_of_reading_agree(text in value(), mode in proptest::sample::select(&MODES[..])) {
            check(&text, mode)?;
        }

        #[test]
        fn both_agree_on_changed_messages(
            index in 0..200_u64, at in any::<prop::sample::Index>(), part in value(), mode in proptest::sample::select(&MODES[..]),
        ) {
            let text = Generator::new(Options::default()).message(index);
            // In place of one of the values.
            let colons: Vec<usize> = text.match_indices(':').map(|(at, _)| at + 1).collect();
            let (before, after) = text.split_at(colons[at.index(colons.len())]);
            let end = after.find([',', '}', ']']).unwrap_or(after.len());
            check(&format!("{before}{part}{}", &after[end..]), mode)?;
        }
    }
}
