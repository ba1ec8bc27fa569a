//! Filters over events answer as recorded.

use mentat_core::Event;
use mentat_core::filter::{
    Clock, Context, Dialect, EvalClass, Filter, LegacyTypes, Limits, ParseError, Program, Value, parse_timestamp,
};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Vectors whose recorded answer we do not give: the offset -02:30 of their event is two and a half hours.
const DEVIATIONS: &[&str] = &["r-833cf747", "r-11ed0e60", "r-8ed96350"];

fn run(text: &str, event: &Event, context: &Context) -> Result<Value, &'static str> {
    let filter = Filter::parse(text).map_err(|errors| {
        if errors.errors().iter().all(ParseError::is_bad_literal) {
            "shape"
        } else {
            "parse"
        }
    })?;
    let program: Program<Event> = filter.compile(context).map_err(|_| "eval")?;
    let clock = Clock::system();
    let result = program.evaluate(event, &clock);
    let matches = program.matches(event, &clock);
    assert_eq!(
        matches.ok(),
        result.as_ref().ok().map(|value| *value == Value::Bool(true)),
        "{text}"
    );
    result.map_err(|error| match error.class() {
        EvalClass::Operator => "operator",
        EvalClass::Missing | EvalClass::Evaluation => "eval",
    })
}

/// A recorded value: an object with one key that begins with `$` stands for what JSON does not have.
fn recorded(json: &Json) -> Value {
    if let Json::Object(members) = json
        && let Some((tag, inner)) = members.iter().next().filter(|(tag, _)| tag.starts_with('$'))
    {
        let text = inner.as_str().unwrap_or_default();
        return match tag.as_str() {
            "$ip" => Value::Ip(text.parse().unwrap()),
            "$time" => Value::Time(
                parse_timestamp(text)
                    .or_else(|_| parse_timestamp(&format!("{text}Z")))
                    .unwrap(),
            ),
            "$delta" => Value::Duration(jiff::SignedDuration::from_secs_f64(inner.as_f64().unwrap())),
            "$range" => Value::Range(Box::new((recorded(&inner[0]), recorded(&inner[1])))),
            "$num" => Value::Int(text.parse().unwrap()),
            other => panic!("{other}"),
        };
    }
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => number
            .as_i64()
            .map_or_else(|| Value::Float(number.as_f64().unwrap()), Value::from),
        Json::String(text) => Value::Str(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(recorded).collect()),
        Json::Object(members) => Value::Map(
            members
                .iter()
                .map(|(key, item)| (key.clone(), recorded(item)))
                .collect(),
        ),
    }
}

/// Whether two results are the same as far as vectors can tell: fractions to twelve digits.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Float(one), Value::Float(other)) => (one - other).abs() <= 1e-12 * one.abs().max(other.abs()),
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Map(one), Value::Map(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, item)| other.get(key).is_some_and(|other| same(item, other)))
        }
        (Value::Range(one), Value::Range(other)) => same(&one.0, &other.0) && same(&one.1, &other.1),
        _ => one == other,
    }
}

#[test]
fn recorded_answers_over_events() {
    let data: Json = serde_json::from_str(include_str!("../data/filter-records.json")).unwrap();
    let events: BTreeMap<&str, Event> = data["records"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, message)| (name.as_str(), message.to_string().parse().unwrap()))
        .collect();
    let context: Context = data["contexts"]["nets"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), recorded(value)))
        .collect();
    let (mut right, mut wrong) = (0, Vec::new());
    for line in include_str!("../data/filters.jsonl").lines() {
        let vector: Json = serde_json::from_str(line).unwrap();
        let context = if vector["context_ref"].is_null() {
            Context::new()
        } else {
            context.clone()
        };
        let expected = vector.get("recommended").unwrap_or(&vector["expect"]);
        let expr = vector["expr"].as_str().unwrap();
        let got = run(expr, &events[vector["data_ref"].as_str().unwrap()], &context);
        let agrees = match (&got, expected.get("value")) {
            (Ok(got), Some(expected)) => same(got, &recorded(expected)),
            (Err(got), None) => expected["error"] == *got,
            _ => false,
        };
        if agrees {
            right += 1;
        } else if !DEVIATIONS.contains(&vector["id"].as_str().unwrap()) {
            wrong.push(format!("{} `{expr}`: expected {expected}, got {got:?}", vector["id"]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(right, 364 - DEVIATIONS.len());
}

#[test]
fn numbers_beyond_both_native_types_are_compared_exactly() {
    let event: Event = r#"{"Big": 123456789012345678901234567890, "List": [[1, 2], {"a": [3]}]}"#
        .parse()
        .unwrap();
    let check = |text: &str, expected: bool| {
        assert_eq!(run(text, &event, &Context::new()), Ok(Value::Bool(expected)), "{text}");
    };
    check("Big == 123456789012345678901234567890", true);
    check("Big > 123456789012345678901234567889", true);
    check("3 in List.a", true);
}

#[test]
fn the_legacy_dialect_looks_at_events() {
    let data: Json = serde_json::from_str(include_str!("../data/filter-records.json")).unwrap();
    let event: Event = data["records"]["scan"].to_string().parse().unwrap();
    let check = |text: &str, expected: Value| {
        let filter = Filter::parse_dialect(text, Dialect::Pynspect, &Limits::default()).unwrap();
        let filter = filter.with_types(&LegacyTypes::idea()).unwrap();
        let program: Program<Event> = filter.compile(&Context::new()).unwrap();
        assert_eq!(program.evaluate(&event, &Clock::system()), Ok(expected), "{text}");
    };
    check(
        "Source.IP4 in [192.0.2.0/24] and Node[#].Name like 'relay'",
        true.into(),
    );
    check("size(Source.IP4)", 3.into());
    check(
        "Source[2].IP6[#]",
        vec![Value::Ip("2001:db8:2::/48".parse().unwrap())].into(),
    );
    check(
        "DetectTime - EventTime == 300 or Category is ['Recon.Scanning', 'Test']",
        true.into(),
    );
    check("FlowCount > 4", Value::Null);
}
