//! Vector files and their encoding of values.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::SignedDuration;
use mentat_filter::{Context, IpSpan, Value, parse_duration, parse_timestamp};
use serde_json::Value as Json;

/// The text of a vector file: from the folder that `MENTAT_VECTORS` names (`None` when it is not there), else our own,
/// plain or compressed.
pub(crate) fn read(name: &str) -> Option<String> {
    let folder = std::env::var_os("MENTAT_VECTORS").map(PathBuf::from);
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let path = folder.as_ref().unwrap_or(&own).join(name);
    if path.exists() {
        return Some(fs::read_to_string(path).unwrap());
    }
    let packed = path.with_file_name(format!("{name}.gz"));
    if packed.exists() {
        let output = Command::new("gzip").arg("-dc").arg(&packed).output().unwrap();
        assert!(output.status.success(), "gzip -dc {}", packed.display());
        return Some(String::from_utf8(output.stdout).unwrap());
    }
    assert!(folder.is_some(), "no {}", path.display());
    None
}

pub(crate) fn lines(text: &str) -> impl Iterator<Item = Json> {
    text.lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
}

/// The records and contexts that vectors refer to.
pub(crate) struct Records {
    pub(crate) records: BTreeMap<String, Value>,
    /// The same, but with the minutes of negative offsets counted as positive (rule D05 of the event model).
    pub(crate) with_odd_offsets: BTreeMap<String, Value>,
    pub(crate) contexts: BTreeMap<String, Context>,
}

impl Records {
    /// Records stay the same in every set of vectors unless the set brings its own.
    pub(crate) fn load() -> Self {
        let own =
            || fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/filter-records.json")).unwrap();
        let json: Json = serde_json::from_str(&read("filter-records.json").unwrap_or_else(own)).unwrap();
        let records = |offsets: fn(&str) -> jiff::Timestamp| {
            let records = json["records"].as_object().unwrap().iter().map(move |(name, record)| {
                let data = &record["data"];
                let value = match record["typed"].as_str().unwrap() {
                    "tagged" => tagged(data),
                    "json" => plain(data),
                    "idea" => idea("", data, offsets),
                    other => panic!("unknown typing {other}"),
                };
                (name.clone(), value)
            });
            records.collect()
        };
        let contexts = json["contexts"].as_object().unwrap().iter().map(|(name, values)| {
            let pairs = values
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| (name.clone(), tagged(value)));
            (name.clone(), pairs.collect())
        });
        Self {
            records: records(|text| parse_timestamp(text).unwrap()),
            with_odd_offsets: records(with_odd_offset),
            contexts: contexts.collect(),
        }
    }
}

/// Plain JSON.
fn plain(json: &Json) -> Value {
    convert(json, &plain)
}

/// JSON where an object with one key that begins with `$` stands for a value that JSON does not have.
pub(crate) fn tagged(json: &Json) -> Value {
    if let Json::Object(map) = json
        && map.len() == 1
        && let Some((tag, inner)) = map.iter().next()
    {
        match (tag.as_str(), inner) {
            ("$ip", Json::String(text)) => return Value::Ip(text.parse().unwrap()),
            ("$time", Json::String(text)) => return Value::Time(time(text)),
            ("$delta", number) => {
                return Value::Duration(match number.as_i64() {
                    Some(seconds) => SignedDuration::from_secs(seconds),
                    None => SignedDuration::from_micros((number.as_f64().unwrap() * 1e6).round() as i64),
                });
            }
            ("$range", Json::Array(ends)) => return Value::Range(Box::new((tagged(&ends[0]), tagged(&ends[1])))),
            ("$num", Json::String(text)) => {
                // Integers beyond 128 bits are known as fractions.
                return text
                    .parse()
                    .map_or_else(|_| Value::Float(text.parse().unwrap()), Value::Int);
            }
            _ => {}
        }
    }
    convert(json, &tagged)
}

fn convert(json: &Json, inner: &dyn Fn(&Json) -> Value) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(value) => Value::Int(value.into()),
            None => number
                .as_u64()
                .map_or_else(|| Value::Float(number.as_f64().unwrap()), Value::from),
        },
        Json::String(text) => Value::Str(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(inner).collect()),
        Json::Object(map) => Value::Map(map.iter().map(|(key, value)| (key.clone(), inner(value))).collect()),
    }
}

/// A time that may lack its zone, which then is UTC.
fn time(text: &str) -> jiff::Timestamp {
    parse_timestamp(text)
        .or_else(|_| parse_timestamp(&format!("{text}Z")))
        .unwrap()
}

/// A time whose negative offset has minutes that count as positive.
fn with_odd_offset(text: &str) -> jiff::Timestamp {
    let time = parse_timestamp(text).unwrap();
    match text.rsplit_once('-').and_then(|(_, offset)| offset.split_once(':')) {
        Some((_, minutes)) if text.contains('T') && minutes.len() == 2 => {
            time - SignedDuration::from_mins(2 * minutes.parse::<i64>().unwrap())
        }
        _ => time,
    }
}

/// An event with the types of its well-known keys.
fn idea(key: &str, json: &Json, time: fn(&str) -> jiff::Timestamp) -> Value {
    match (key, json) {
        ("IP4" | "IP6", Json::String(text)) => Value::Ip(text.parse::<IpSpan>().unwrap()),
        ("AggrWin", Json::String(text)) => Value::Duration(parse_duration(text).unwrap()),
        (key, Json::String(text)) if key.ends_with("Time") => Value::Time(time(text)),
        (_, Json::Object(map)) => {
            let members = map.iter().map(|(key, value)| (key.clone(), idea(key, value, time)));
            Value::Map(members.collect())
        }
        (key, other) => convert(other, &|item| idea(key, item, time)),
    }
}
