//! Messages: what is read from them, or why they are refused.
//!
//! A vector that names no rule is binding. The rules `Dnn` say where the recorded answer is wrong; [`Wanted`] computes
//! the right one from the message and the recorded answer.

use crate::conformance::{Deviation, Of, Suite, Vector, expect, pair_surrogates, parsed, rows};
use jiff::{SignedDuration, Timestamp};
use mentat_core::Event;
use mentat_core::idea::{Invalid, Mode, Problem, ReadOptions};
use serde_json::{Value as Json, json};

/// The last second of our time library.
const LAST_TIME: &str = "9999-12-30T22:00:00";

pub(super) fn valid() -> Suite<'static> {
    Suite {
        file: "idea-valid.jsonl",
        deviations: &[
            Deviation(
                Of::Like(lacks_what_has_a_default),
                "a missing Format or ID stays missing: with an ID made up while reading, a repeated message would be \
                 another event",
            ),
            Deviation(
                Of::Like(beyond_time),
                "9999-12-31 lies beyond the last timestamp of our time library",
            ),
            Deviation(
                Of::Like(refuses_prefix),
                "strict reading: a network of all addresses or of one is a network",
            ),
            Deviation(
                Of::Like(converts),
                "strict reading: a value that would have to be converted is refused, and so is a message that lacks a \
                 required key",
            ),
            Deviation(
                Of::Like(|vector| rows::has_null_protocol(&sent(vector))),
                "row: null is no protocol named none",
            ),
            Deviation(
                Of::Like(|vector| vector.raw("row").is_some_and(|row| row.contains("\\u0000"))),
                "row: NUL, which the database cannot hold, is left out",
            ),
        ],
        left_out: None,
        check: &check_valid,
    }
}

pub(super) fn invalid() -> Suite<'static> {
    Suite {
        file: "idea-invalid.jsonl",
        deviations: &[Deviation(
            Of::Like(|vector| vector.json("strict") == json!("ok")),
            "strict reading is never laxer than lenient reading",
        )],
        left_out: None,
        check: &check_invalid,
    }
}

/// The message as it was sent.
fn message(vector: &Vector) -> String {
    vector.raw("message").map_or_else(|| vector.text("raw"), str::to_owned)
}

/// The message as far as it is JSON; `null` otherwise.
fn sent(vector: &Vector) -> Json {
    serde_json::from_str(&pair_surrogates(message(vector).trim())).unwrap_or_default()
}

fn lacks(sent: &Json, key: &str) -> bool {
    sent.is_object() && sent.get(key).is_none()
}

fn lacks_what_has_a_default(vector: &Vector) -> bool {
    let sent = sent(vector);
    lacks(&sent, "Format") || lacks(&sent, "ID")
}

fn beyond_time(vector: &Vector) -> bool {
    has_text(&vector.json("normalised"), &is_beyond_time)
}

fn is_beyond_time(text: &str) -> bool {
    // Recorded times all have one form, so they compare as texts.
    text.len() >= 20 && text.starts_with("9999-12-3") && text.ends_with('Z') && text > LAST_TIME
}

fn has_text(json: &Json, is: &dyn Fn(&str) -> bool) -> bool {
    match json {
        Json::String(text) => is(text),
        Json::Array(items) => items.iter().any(|item| has_text(item, is)),
        Json::Object(members) => members.values().any(|member| has_text(member, is)),
        _ => false,
    }
}

/// The right answer to a message.
enum Wanted {
    Event(Json),
    /// By the named rule where the vector tells which.
    Refused(Option<&'static str>),
}

/// The right answer at one place of a message.
enum Place {
    /// As recorded.
    Keep,
    Become(Json),
    Drop,
    Refuse(&'static str),
}

impl Wanted {
    fn of(vector: &Vector) -> Self {
        let rules = vector.diverge();
        if vector.text("proposed") == "reject" {
            return Self::Refused(rules.iter().find_map(|rule| refusal(rule)));
        }
        if rules.iter().any(|rule| rule == "D29") {
            return Self::Refused(None);
        }
        let mut answer = match vector.raw("normalised") {
            Some(_) => vector.json("normalised"),
            None => match serde_json::from_str(&pair_surrogates(&vector.text("normalised_text"))) {
                Ok(answer) => answer,
                // NaN and its like.
                Err(_) => return Self::Refused(None),
            },
        };
        // The recorded failure of writing what should not have been read.
        if answer.get("error").is_some() || beyond_time(vector) {
            return Self::Refused(None);
        }
        let sent = sent(vector);
        for key in ["Format", "ID"] {
            if lacks(&sent, key)
                && let Some(members) = answer.as_object_mut()
            {
                members.remove(key);
            }
        }
        for rule in &rules {
            match adjust(rule, "", &sent, &mut answer) {
                Place::Refuse(by) => return Self::Refused(Some(by)),
                _ => continue,
            }
        }
        Self::Event(answer)
    }
}

/// The name under which we refuse what breaks a rule, where it has only one.
fn refusal(rule: &str) -> Option<&'static str> {
    Some(match rule {
        "D01" => "not_a_list",
        "D04" => "bad_boolean",
        "D07" => "bad_duration",
        "D12" => "bad_json",
        "D14" | "D15" => "not_an_object",
        "D18" => "bad_timestamp",
        _ => return None,
    })
}

/// Applies a rule to the recorded answer at every place.
fn adjust(rule: &str, key: &str, sent: &Json, answer: &mut Json) -> Place {
    match at_place(rule, key, sent, answer) {
        Place::Keep => {}
        other => return other,
    }
    match (sent, answer) {
        (Json::Object(sent), Json::Object(answer)) => {
            for (key, sent) in sent {
                let Some(place) = answer.get_mut(key) else { continue };
                match adjust(rule, key, sent, place) {
                    Place::Keep => {}
                    Place::Become(right) => *place = right,
                    Place::Drop => {
                        answer.remove(key);
                    }
                    refused @ Place::Refuse(_) => return refused,
                }
            }
        }
        (Json::Array(sent), Json::Array(answer)) if sent.len() == answer.len() => {
            let mut right = Vec::new();
            for (sent, mut place) in sent.iter().zip(std::mem::take(answer)) {
                match adjust(rule, key, sent, &mut place) {
                    Place::Keep => right.push(place),
                    Place::Become(item) => right.push(item),
                    Place::Drop => {}
                    refused @ Place::Refuse(_) => return refused,
                }
            }
            *answer = right;
        }
        _ => {}
    }
    Place::Keep
}

fn at_place(rule: &str, key: &str, sent: &Json, answer: &Json) -> Place {
    let converted = sent != answer;
    match (rule, sent, answer) {
        // Null is no text and no truth value.
        ("D02", Json::Null, Json::String(_) | Json::Bool(_)) => Place::Drop,
        ("D03", Json::Bool(value), Json::String(_)) => Place::Become(json!(value.to_string())),
        ("D03", Json::Array(_) | Json::Object(_), Json::String(_)) => Place::Refuse("not_a_string"),
        ("D05", Json::String(text), Json::String(_)) if converted => in_utc(text).map_or(Place::Keep, Place::Become),
        ("D06", _, Json::String(_)) if key == "AggrWin" => Place::Become(json!(duration(sent))),
        ("D10", Json::Bool(_), Json::Number(number)) => {
            Place::Refuse(if number.is_f64() { "bad_float" } else { "bad_integer" })
        }
        ("D10", Json::String(text), Json::Number(_)) if !is_integer(text) => Place::Refuse("bad_integer"),
        ("D20", _, Json::String(_)) if converted && !is_plain_decimal(sent) => Place::Refuse(if key == "AggrWin" {
            "bad_duration"
        } else {
            "bad_timestamp"
        }),
        ("D21", Json::Bool(_) | Json::Array(_) | Json::Object(_), Json::String(_)) => Place::Refuse(bad_net(key)),
        ("D21", Json::Number(number), Json::String(_)) if number.is_f64() => Place::Refuse(bad_net(key)),
        ("D25", _, _) => declared(key, sent),
        ("D28", Json::Number(number), _) if DECLARED_INTEGERS.contains(&key) && !number.is_i64() => {
            Place::Refuse("bad_integer")
        }
        _ => Place::Keep,
    }
}

const DECLARED_INTEGERS: &[&str] = &[
    "ConnCount",
    "FlowCount",
    "PacketCount",
    "ByteCount",
    "ts_u",
    "Port",
    "ASN",
    "Size",
    "SourceResolvedASN",
];

fn bad_net(key: &str) -> &'static str {
    if key == "IP4" { "bad_net4" } else { "bad_net6" }
}

/// Rule D25: the keys of `_Mentat` that the reference does not declare, and we do.
fn declared(key: &str, sent: &Json) -> Place {
    let text = |sent: &Json| match sent {
        Json::Null => Place::Drop,
        Json::String(_) => Place::Keep,
        Json::Array(_) | Json::Object(_) => Place::Refuse("not_a_string"),
        other => Place::Become(json!(other.to_string())),
    };
    match (key, sent) {
        ("TargetClass" | "TargetSeverity", _) => text(sent),
        ("ShadowReporting" | "ShadowReportingTarget", _) => match sent {
            Json::Null => Place::Drop,
            Json::Bool(_) => Place::Keep,
            _ if *sent == json!(0) => Place::Become(json!(false)),
            _ if *sent == json!(1) => Place::Become(json!(true)),
            _ => Place::Refuse("bad_boolean"),
        },
        ("TargetAbuses" | "EventSubclass" | "TargetSubclass", Json::Array(items)) => {
            let mut right = Vec::new();
            for item in items {
                match text(item) {
                    Place::Keep => right.push(item.clone()),
                    Place::Become(item) => right.push(item),
                    Place::Drop => {}
                    refused @ Place::Refuse(_) => return refused,
                }
            }
            Place::Become(json!(right))
        }
        ("TargetAbuses" | "EventSubclass" | "TargetSubclass", _) => Place::Refuse("not_a_list"),
        _ => Place::Keep,
    }
}

/// Optional sign and ASCII digits between blanks.
fn is_integer(text: &str) -> bool {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number, or a text that is one without exponent.
fn is_plain_decimal(sent: &Json) -> bool {
    match sent {
        Json::Number(_) => true,
        Json::String(text) => {
            let text = text.trim();
            let digits = text.strip_prefix('-').unwrap_or(text);
            digits.bytes().any(|byte| byte.is_ascii_digit())
                && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        }
        _ => false,
    }
}

fn in_utc(text: &str) -> Option<Json> {
    let time: Timestamp = text.parse().ok()?;
    let time = Timestamp::from_microsecond(time.as_microsecond()).ok()?;
    let seconds = time.strftime("%Y-%m-%dT%H:%M:%S");
    Some(match time.subsec_microsecond() {
        0 => json!(format!("{seconds}Z")),
        micros => json!(format!("{seconds}.{micros:06}Z")),
    })
}

/// Rule D06: fractions of seconds with all their zeros in front, without those behind.
fn duration(sent: &Json) -> String {
    let micros = match sent {
        Json::String(text) => {
            let (days, clock) = text.split_once(['D', 'd']).unwrap_or(("0", text));
            let units = clock.split(':').map(|unit| unit.parse::<f64>().unwrap());
            let seconds = units.fold(0.0, |sum, unit| sum * 60.0 + unit);
            SignedDuration::from_hours(24 * days.parse::<i64>().unwrap()).as_micros() + whole(seconds * 1e6)
        }
        other => whole(other.as_f64().unwrap() * 1e6),
    };
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (days, seconds) = (seconds / 86_400, seconds % 86_400);
    let mut text = if days > 0 { format!("{days}D") } else { String::new() };
    text += &format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction > 0 {
        text += &format!(".{fraction:06}");
    }
    text
}

#[expect(clippy::cast_possible_truncation, reason = "durations of vectors are short")]
fn whole(micros: f64) -> i128 {
    micros.round() as i128
}

fn check_valid(vector: &Vector) -> Result<(), String> {
    let outcome = Event::parse(message(vector).as_bytes());
    let wanted = Wanted::of(vector);
    match (&wanted, &outcome) {
        (Wanted::Refused(rule), Err(invalid)) if rule.is_none_or(|rule| rule == invalid.rule()) => {}
        (Wanted::Event(expected), Ok(event)) => {
            expect(expected, &parsed(&event.to_json()))?;
            let told = event.warnings().iter().any(|warning| warning.rule == "out_of_range");
            if told != vector.carries("D27") {
                return Err(format!("expected no other warning, found {:?}", event.warnings()));
            }
            check_complete(vector, event)?;
        }
        (Wanted::Refused(rule), _) => {
            let rule = rule.unwrap_or("any rule");
            let found = outcome.as_ref().map(Event::to_json);
            return Err(format!("expected refusal by {rule}, found {found:?}"));
        }
        (Wanted::Event(_), Err(invalid)) => return Err(format!("expected an event, found {invalid:?}")),
    }
    check_strict(vector, &wanted, outcome.as_ref().ok()).map_err(|difference| format!("strict: {difference}"))
}

fn strictly(vector: &Vector) -> Result<Event, Invalid> {
    Event::parse_with(message(vector).as_bytes(), &ReadOptions::new(Mode::Strict))
}

/// Strict reading takes what is already as the definition says, and gives the same event as lenient reading.
fn check_strict(vector: &Vector, wanted: &Wanted, lenient: Option<&Event>) -> Result<(), String> {
    let outcome = strictly(vector);
    let recorded = &vector.json("strict")["error"];
    let is_net_to_us = refuses_prefix(vector) && outcome.is_ok();
    if !recorded.is_null() && !is_net_to_us {
        return match outcome {
            Ok(event) => Err(format!("expected {recorded}, found {event}")),
            Err(invalid)
                if invalid
                    .problems()
                    .iter()
                    .any(|problem| told(problem) == wording(recorded)) =>
            {
                Ok(())
            }
            Err(invalid) => Err(format!("expected {recorded}, found {invalid:?}")),
        };
    }
    let exact = match wanted {
        // A second value under one key does not show in what was sent as we read it here.
        Wanted::Event(_) if vector.raw("message").is_none() => outcome.is_ok(),
        Wanted::Event(answer) => is_exact_message(vector, answer),
        Wanted::Refused(_) => false,
    };
    match (&outcome, exact) {
        (Ok(event), true) if Some(event) == lenient => Ok(()),
        (Ok(event), true) => Err(format!("expected what lenient reading gives, found {event}")),
        (Ok(event), false) => Err(format!("expected refusal, found {event}")),
        (Err(invalid), true) => Err(format!("expected an event, found {invalid:?}")),
        (Err(_), false) => Ok(()),
    }
}

/// Whether the reference refuses a prefix that covers everything or one address only; to us it is one like others.
fn refuses_prefix(vector: &Vector) -> bool {
    let kind = vector.json("strict")["error"]["kind"].clone();
    (kind == "bad_net4" || kind == "bad_net6")
        && has_text(&sent(vector), &|text| {
            ["/0", "/32", "/128"].iter().any(|prefix| text.ends_with(prefix))
        })
}

/// Whether the reference reads strictly what we do not.
fn converts(vector: &Vector) -> bool {
    let wanted = Wanted::of(vector);
    let exact = matches!(&wanted, Wanted::Event(answer) if is_exact_message(vector, answer));
    vector.json("strict") == json!("same") && matches!(wanted, Wanted::Event(_)) && !exact
}

fn is_exact_message(vector: &Vector, answer: &Json) -> bool {
    let (text, sent) = (message(vector), sent(vector));
    let complete = !["Format", "ID", "DetectTime", "Category"]
        .iter()
        .any(|key| lacks(&sent, key));
    complete && pair_surrogates(&text) == text && is_exact("", &sent, answer)
}

/// Whether every value has the type that its key asks for, and is in range.
fn is_exact(key: &str, sent: &Json, answer: &Json) -> bool {
    match (sent, answer) {
        (Json::Number(_), Json::Number(_)) if key == "Confidence" => {
            sent.as_f64().is_some_and(|value| (0.0..=1.0).contains(&value))
        }
        (Json::Number(_), Json::Number(_)) if key == "Port" => {
            sent == answer && sent.as_u64().is_some_and(|port| port < 65_536)
        }
        (Json::Number(_), Json::Number(_)) => sent == answer || !DECLARED_INTEGERS.contains(&key),
        (Json::Array(sent), Json::Array(answer)) => {
            sent.len() == answer.len()
                && sent
                    .iter()
                    .zip(answer)
                    .all(|(sent, answer)| is_exact(key, sent, answer))
        }
        (Json::Object(sent), Json::Object(answer)) => {
            sent.len() == answer.len()
                && sent
                    .iter()
                    .all(|(key, sent)| answer.get(key).is_some_and(|answer| is_exact(key, sent, answer)))
        }
        (Json::String(_), Json::String(_)) => true,
        _ => sent == answer,
    }
}

fn check_complete(vector: &Vector, event: &Event) -> Result<(), String> {
    let missing = event.check_complete().err().map_or(Vec::new(), |missing| missing.0);
    let sent = sent(vector);
    let recorded = vector.json("required_missing");
    let recorded: Vec<&str> = recorded
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .collect();
    for key in ["Format", "ID", "DetectTime", "Category"] {
        let expected = recorded.contains(&key) || matches!(key, "Format" | "ID") && lacks(&sent, key);
        if missing.contains(&key) != expected {
            return Err(format!("expected missing {recorded:?}, found {missing:?}"));
        }
    }
    // A row was recorded, or not for another reason: only the message without a detector's name tells for sure.
    let row = vector.json("row");
    let nameless = missing.contains(&"Node.Name");
    if row["error"] == "missing_node_name" && !nameless || row["error"].is_null() && nameless {
        return Err(format!("expected the row {row}, found missing {missing:?}"));
    }
    // Rules about reading change the row as well, in ways that the recorded row does not tell.
    let tells = vector.diverge().iter().all(|rule| ABOUT_ROWS.contains(&rule.as_str()));
    if tells && row["error"].is_null() && missing.is_empty() {
        rows::check_row(vector, &sent, event).map_err(|difference| format!("row: {difference}"))?;
    }
    Ok(())
}

/// The rules that rows follow and reading does not.
const ABOUT_ROWS: [&str; 4] = ["D11", "D22", "D24", "D26"];

fn check_invalid(vector: &Vector) -> Result<(), String> {
    let outcome = Event::parse(message(vector).as_bytes());
    let error = &vector.json("expect")["error"];
    let strict = strictly(vector);
    // Only a URI that RFC 3986 allows and the reference does not is taken strictly.
    let allowed = vector.carries("D19") && !has_text(&sent(vector), &|text| text.contains(':') && !is_uri(text));
    if !vector.carries("D17") && strict.is_ok() != allowed {
        return Err(format!(
            "expected strict reading to refuse more, not less, found {strict:?}"
        ));
    }
    if vector.text("proposed") == "ok" {
        let event = outcome.map_err(|invalid| format!("expected an event, found {invalid:?}"))?;
        let found = parsed(&event.to_json());
        let mut expected = sent(vector);
        follow(&mut expected, &error["path"], &|value| match value.as_str() {
            // Rule D17: a leap second is the first one of the next minute.
            Some(text) if text.contains(":60") => {
                let before: Timestamp = text.replace(":60", ":59").parse().unwrap();
                in_utc(&(before + SignedDuration::from_secs(1)).to_string()).unwrap()
            }
            _ => value.clone(),
        });
        return expect(&expected, &found);
    }
    let mut expected = wording(error);
    // A list is due, whatever the single value looks like.
    if vector.carries("D01") {
        expected = wording(&json!({"kind": "not_a_list", "path": error["path"]}));
    }
    match outcome {
        Ok(event) => Err(format!("expected {expected}, found {event}")),
        Err(invalid) if told(&invalid.problems()[0]) == expected => Ok(()),
        Err(invalid) => Err(format!("expected {expected}, found {invalid:?}")),
    }
}

/// A recorded error: rule and place, without indexes.
fn wording(error: &Json) -> String {
    format!("{} at {}", error["kind"].as_str().unwrap_or_default(), error["path"])
}

/// A problem in the same words.
fn told(problem: &Problem) -> String {
    let steps = problem.pointer.split('/').skip(1);
    let keys: Vec<&str> = steps.filter(|step| step.parse::<usize>().is_err()).collect();
    format!("{} at {}", problem.rule, json!(keys))
}

fn is_uri(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte))
}

/// Changes every value under a path of keys.
fn follow(json: &mut Json, path: &Json, change: &dyn Fn(&Json) -> Json) {
    let Some((key, rest)) = path.as_array().and_then(|path| path.split_first()) else {
        return;
    };
    match json {
        Json::Array(items) => items.iter_mut().for_each(|item| follow(item, path, change)),
        Json::Object(members) => {
            let Some(member) = members.get_mut(key.as_str().unwrap()) else {
                return;
            };
            match (rest.is_empty(), &mut *member) {
                (true, Json::Array(items)) => items.iter_mut().for_each(|item| *item = change(item)),
                (true, _) => *member = change(member),
                (false, _) => follow(member, &json!(rest), change),
            }
        }
        _ => {}
    }
}
