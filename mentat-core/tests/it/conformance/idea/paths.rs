//! Paths into messages: dotted ones that look, indexed ones that look and change.

use crate::conformance::{Deviation, Of, Suite, Vector, expect, parsed, read};
use mentat_core::Event;
use mentat_core::filter::{Index, IndexedPath, Path, Presence, Subject, Value, ValueRef, walk};
use mentat_core::idea::{Change, SetError, SetPolicy};
use serde_json::{Value as Json, json};
use std::ops::ControlFlow;

/// The name under which the document of the `get` vectors stands in an event: as a key that the definition does not
/// know it may hold what a message may not.
const PLACE: &str = "Document";

pub(super) fn suite(has_document: bool, check: &dyn Fn(&Vector) -> Result<(), String>) -> Suite<'_> {
    Suite {
        file: "idea-jpath.jsonl",
        deviations: &[Deviation(
            Of::Like(explodes),
            "rule D01: a text is no list of its letters, neither in a message nor when it is set",
        )],
        left_out: (!has_document).then_some("get"),
        check,
    }
}

/// The document that `get` vectors look into.
pub(super) fn document() -> Option<Json> {
    read("idea-jpath-doc.json").as_deref().map(parsed)
}

pub(super) fn check(vector: &Vector, document: Option<&Json>) -> Result<(), String> {
    match vector.text("op").as_str() {
        "get" => check_get(vector, document.unwrap()),
        "set" | "set_typed" => check_set(vector),
        "set_seq" => check_sequence(vector),
        "unset" => check_unset(vector),
        other => Err(format!("expected an answer, found no operation {other}")),
    }
}

/// Whether a text was set where a list is due: recorded letter by letter, or as it is where the reference knows no type.
fn explodes(vector: &Vector) -> bool {
    let value = vector.text("value");
    let letters = json!(value.chars().map(|letter| letter.to_string()).collect::<Vec<_>>());
    let path = vector.text("path");
    let after = vector.json("after");
    let set = IndexedPath::parse(&path).ok().and_then(|path| {
        path.chunks().iter().try_fold(&after, |node, chunk| match chunk.index {
            None => node.get(&*chunk.name),
            Some(Index::Nth(number)) => node.get(&*chunk.name)?.get(number.get() - 1),
            Some(Index::Last | Index::All) => None,
        })
    });
    let undeclared = ["TargetAbuses", "EventSubclass", "TargetSubclass"].map(|name| format!("_Mentat.{name}"));
    vector.text("op") == "set_typed"
        && !value.is_empty()
        && set.is_some_and(|set| *set == letters || set.is_string() && undeclared.contains(&path))
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => number.as_i64().map_or_else(
            || Value::Float(number.as_f64().unwrap()),
            |number| Value::Int(number.into()),
        ),
        Json::String(text) => Value::Str(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(value).collect()),
        Json::Object(members) => {
            let members = members.iter().map(|(key, member)| (key.clone(), value(member)));
            Value::Map(members.collect())
        }
    }
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(number) => json!(i64::try_from(*number).unwrap()),
        Value::Float(number) => json!(number),
        Value::Str(text) => json!(text),
        Value::List(items) => items.iter().map(plain).collect(),
        Value::Map(members) => members
            .iter()
            .map(|(key, member)| (key.clone(), plain(member)))
            .collect(),
        other => json!(other.to_string()),
    }
}

/// What a walk shows, as recorded: a null that is the whole answer is none.
fn shown(look: impl FnOnce(&mut dyn FnMut(ValueRef<'_>) -> ControlFlow<()>) -> Presence) -> Json {
    let mut seen = Vec::new();
    let presence = look(&mut |value| {
        seen.push(plain(&value.to_value()));
        ControlFlow::Continue(())
    });
    if presence == Presence::One {
        seen.retain(|value| !value.is_null());
    }
    Json::Array(seen)
}

fn check_get(vector: &Vector, document: &Json) -> Result<(), String> {
    let text = vector.text("path");
    let record = value(document);
    let event: Event = json!({PLACE: document}).to_string().parse().unwrap();

    // A trailing dot says nothing; without any name the record itself is meant.
    let names = text.strip_suffix('.').unwrap_or(&text);
    let segments: Vec<Box<str>> = match names {
        "" => Vec::new(),
        names => names.split('.').map(Into::into).collect(),
    };
    let simple = vector.json("simple");
    let found = shown(|see| walk(record.view(), &segments, see));
    expect(&simple, &found).map_err(|difference| format!("simple: {difference}"))?;
    // What can be written in a filter gives the same for an event.
    if let Ok(path) = Path::parse(&format!("{PLACE}.{text}")) {
        let found = shown(|see| event.visit(&Event::bind(&path), see));
        expect(&simple, &found).map_err(|difference| format!("simple, event: {difference}"))?;
    }

    let parsed = IndexedPath::parse(&text);
    let chunks = parsed.as_ref().map_or_else(
        |_| json!({"error": "bad_path"}),
        |path| {
            let chunks = path.chunks().iter().map(|chunk| match chunk.index {
                None => json!({"name": chunk.name}),
                Some(Index::Nth(number)) => json!({"name": chunk.name, "index": number}),
                Some(Index::Last) => json!({"name": chunk.name, "index": "#"}),
                Some(Index::All) => json!({"name": chunk.name, "index": "*"}),
            });
            chunks.collect()
        },
    );
    let bad = json!({"error": "bad_path"});
    if refused(vector) {
        return expect(&bad, &chunks).map_err(|difference| format!("parse: {difference}"));
    }
    expect(&vector.json("parse"), &chunks).map_err(|difference| format!("parse: {difference}"))?;
    let (indexed, exists) = IndexedPath::parse(&format!("{PLACE}.{text}")).map_or((bad.clone(), bad), |path| {
        let values: Vec<Json> = event.get(&path).iter().map(plain).collect();
        (json!(values), json!(event.exists(&path)))
    });
    expect(&vector.json("indexed"), &indexed).map_err(|difference| format!("indexed: {difference}"))?;
    expect(&vector.json("exists"), &exists).map_err(|difference| format!("exists: {difference}"))
}

fn check_unset(vector: &Vector) -> Result<(), String> {
    let before = event(vector);
    let mut event = before.clone();
    let found = match IndexedPath::parse(&vector.text("path")).map(|path| event.unset(&path)) {
        Ok(Ok(changed)) if changed == (event != before) => json!("ok"),
        Ok(Ok(changed)) => json!({"changed": changed}),
        Ok(Err(error)) => kind(&error),
        Err(_) => json!({"error": "bad_path"}),
    };
    let (result, after) = if refused(vector) {
        (json!({"error": "bad_path"}), parsed(&before.to_json()))
    } else if vector.carries("J2") {
        (vector.json("result"), parsed(&before.to_json()))
    } else {
        (vector.json("result"), vector.json("after"))
    };
    expect(&result, &found)?;
    expect(&after, &parsed(&event.to_json()))
}

/// Rules J1 and J3: index zero, names with a line feed and digits of other scripts are bad paths.
fn refused(vector: &Vector) -> bool {
    vector.carries("J1") || vector.carries("J3")
}

fn policy(vector: &Vector) -> SetPolicy {
    let mut policy = SetPolicy::default();
    policy.overwrite = vector.json("overwrite") == json!(true);
    policy.unique = vector.json("unique") == json!(true);
    policy
}

/// Sets a value and answers in the words of the vectors.
fn set(event: &mut Event, path: &str, json: &Json, policy: SetPolicy) -> Json {
    let Ok(path) = IndexedPath::parse(path) else {
        return json!({"error": "bad_path"});
    };
    match event.set(&path, &value(json), policy) {
        Ok(Change::Set) => json!("set"),
        Ok(Change::Exists) => json!("exists"),
        Ok(Change::Duplicate) => json!("duplicate"),
        Err(error) => kind(&error),
    }
}

fn kind(error: &SetError) -> Json {
    json!({"error": match error {
        SetError::ExpectedObject(_) => "expected_object",
        SetError::ExpectedList(_) => "expected_list",
        SetError::BadValue { .. } => "bad_value",
        _ => "another",
    }})
}

fn event(vector: &Vector) -> Event {
    vector.raw("before").unwrap().parse().unwrap()
}

fn check_set(vector: &Vector) -> Result<(), String> {
    let before = event(vector);
    let mut event = before.clone();
    let found = set(&mut event, &vector.text("path"), &vector.json("value"), policy(vector));
    let (result, after) = if refused(vector) {
        (json!({"error": "bad_path"}), parsed(&before.to_json()))
    } else if explodes(vector) {
        (json!({"error": "bad_value"}), parsed(&before.to_json()))
    } else if vector.carries("J2") {
        // A failed change leaves nothing behind.
        (vector.json("result"), parsed(&before.to_json()))
    } else {
        (vector.json("result"), vector.json("after"))
    };
    expect(&result, &found)?;
    expect(&after, &parsed(&event.to_json()))?;
    if event.is_modified() == (found == json!("set")) {
        Ok(())
    } else {
        Err(format!("expected a change to be told, found {}", event.is_modified()))
    }
}

fn check_sequence(vector: &Vector) -> Result<(), String> {
    let mut event = event(vector);
    let steps = vector.json("steps");
    let results = steps.as_array().unwrap().iter().map(|step| {
        let path = step["path"].as_str().unwrap();
        set(&mut event, path, &step["value"], policy(vector))
    });
    let results: Json = results.collect();
    expect(&vector.json("results"), &results)?;
    expect(&vector.json("after"), &parsed(&event.to_json()))
}
