//! Events in other people's data: serde, and JSON for people to read.

use super::event::Event;
use super::json;
use super::tree::{Node, Object};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;

/// The same values as in [`Event::to_json`]; what serde knows no type for (times, addresses) is text.
impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.root().serialize(serializer)
    }
}

/// From JSON text only (`serde_json::from_str` and the like), because undeclared numbers keep their text; as
/// [`Event::parse`] reads it.
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get().as_bytes()).map_err(D::Error::custom)
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, node) in self.iter() {
            map.serialize_entry(key.as_str(), node)?;
        }
        map.end()
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Number(text) => RawValue::from_string(text.to_string())
                .map_err(S::Error::custom)?
                .serialize(serializer),
            Self::Str(text) => serializer.serialize_str(text),
            Self::Time(_) | Self::Duration(_) | Self::Ip(_) => {
                let mut text = String::new();
                json::value(&mut text, self);
                serializer.serialize_str(text.trim_matches('"'))
            }
            Self::List(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl Event {
    /// JSON for people: keys in the same order as in [`to_json`](Self::to_json), one member or item a line, characters
    /// as they are.
    ///
    /// ```
    /// let event: mentat_core::Event = r#"{"Note": "\u010d", "Category": ["Test"]}"#.parse()?;
    /// assert_eq!(event.to_json_pretty(), "{\n  \"Category\": [\n    \"Test\"\n  ],\n  \"Note\": \"č\"\n}");
    /// # Ok::<(), mentat_core::idea::Invalid>(())
    /// ```
    #[must_use]
    pub fn to_json_pretty(&self) -> String {
        // Every key is text and every number has its JSON form, so there is nothing to fail; if there were, the plain
        // form says the same.
        serde_json::to_string_pretty(self).unwrap_or_else(|_| self.to_json())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Envelope {
        number: u8,
        event: Event,
    }

    #[test]
    fn events_travel_inside_of_other_data() {
        let text = r#"{"number":7,"event":{"Big":123456789012345678901234567890,"Confidence":0.5,"DetectTime":"2024-03-05T10:00:07.500000Z","Empty":null,"Node":[{"AggrWin":"00:05:00","Name":"a.b"}],"Source":[{"IP4":["192.0.2.0/24"],"Spoofed":true}]}}"#;
        let envelope: Envelope = serde_json::from_str(text).unwrap();
        assert_eq!(envelope.number, 7);
        assert_eq!(serde_json::to_string(&envelope).unwrap(), text);
        let pretty: Event = envelope.event.to_json_pretty().parse().unwrap();
        assert_eq!(pretty, envelope.event);
        let value = serde_json::to_string(&envelope).unwrap().replace("192.0.2.0/24", "x");
        let error = serde_json::from_str::<Envelope>(&value).err().unwrap().to_string();
        assert!(error.contains("/Source/0/IP4/0: "), "{error}");
    }
}
