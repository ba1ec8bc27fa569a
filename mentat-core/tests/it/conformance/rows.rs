//! Rows: every column of a recorded row against [`Row`], without a database.
//!
//! Columns that are null, empty or false count as absent, as some files leave them out. Addresses are sets.

use super::{Deviation, Of, Suite, Vector, expect, own, parsed, read, run_all};
use jiff::Timestamp;
use mentat_core::Event;
use mentat_core::filter::{Family, IpSpan, merge};
use mentat_core::idea::{Mode, ReadOptions};
use mentat_core::store::Row;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Columns by name, without those that hold nothing.
type Columns = Map<String, Json>;

/// Makes the recorded columns of a message right.
type Rule = fn(&Json, &mut Columns);

const RULES: [Rule; 7] = [
    from_zero,
    ports,
    host_names,
    protocols,
    detect_time,
    traffic_light,
    single_values,
];

const STORAGE_TIME: Deviation = Deviation(
    Of::Like(|vector| !vector.json("row")["storagetime"].is_null()),
    "the storage time is not part of the row as a value: the store sets it when it writes",
);

const FROM_ZERO: Deviation = Deviation(
    Of::Like(|vector| changes(from_zero, vector)),
    "addresses from zero on are kept (D22)",
);

#[test]
fn recorded_rows() {
    let suite = |file, deviations| Suite {
        file,
        deviations,
        left_out: None,
        check: &check,
    };
    run_all(&[
        suite("storage-rows-a.jsonl", &[STORAGE_TIME]),
        suite("storage-rows-corpus.jsonl", &[STORAGE_TIME, FROM_ZERO]),
        suite("idea-small.expected.jsonl", &[STORAGE_TIME, FROM_ZERO]),
        suite(
            "storage-rows-edge.jsonl",
            &[
                STORAGE_TIME,
                FROM_ZERO,
                Deviation(
                    Of::Like(|vector| changes(ports, vector)),
                    "a port outside 0 to 65535 stays in the message and is left out of the row (D11)",
                ),
                Deviation(
                    Of::Like(|vector| changes(host_names, vector)),
                    "a host name loses one final dot, and an empty one is none (D26)",
                ),
                Deviation(
                    Of::Like(|vector| changes(detect_time, vector)),
                    "the minutes of a negative offset have its sign (D05)",
                ),
                Deviation(
                    Of::Like(|vector| refusal(&sent(vector)).is_some()),
                    "a list that is none and a flag that is none are refused on reading (D01, D04, D25); reading that \
                     repairs lists makes a single value a list of one",
                ),
                Deviation(
                    Of::Like(is_unstorable),
                    "what a column cannot hold is left out of it, instead of losing the event; repetitions and the \
                     storage time are matters of the store",
                ),
            ],
        ),
    ]);
}

fn changes(rule: Rule, vector: &Vector) -> bool {
    let recorded = recorded(vector);
    let mut right = recorded.clone();
    rule(&sent(vector), &mut right);
    right != recorded
}

/// The message that a row was recorded of; it is a line of another file if the vector does not hold it.
fn message(vector: &Vector) -> Option<String> {
    static CORPUS: OnceLock<String> = OnceLock::new();
    if let Some(input) = vector.raw("input") {
        return Some(input.to_owned());
    }
    let corpus = CORPUS.get_or_init(|| read("idea-small.jsonl").unwrap_or_else(|| own("idea-small.jsonl")));
    let line = usize::try_from(vector.json("line").as_u64()?).ok()?;
    corpus.split('\n').nth(line.checked_sub(1)?).map(str::to_owned)
}

fn sent(vector: &Vector) -> Json {
    message(vector).map(|text| parsed(&text)).unwrap_or_default()
}

fn check(vector: &Vector) -> Result<(), String> {
    let message = message(vector).ok_or("no message in idea-small.jsonl")?;
    let sent = sent(vector);
    let mut found = columns(&message, Mode::Lenient);
    if let Some(refusal) = refusal(&sent) {
        if found.as_ref() != Err(&refusal) {
            return Err(format!("expected refusal by {refusal}, found {found:?}"));
        }
        if !refusal.ends_with("not_a_list") {
            return Ok(());
        }
        found = columns(&message, Mode::RepairLists);
    }
    let error = vector.json("error");
    let right = if is_unstorable(vector) {
        columns(&storable(&sent).to_string(), Mode::Lenient)?
    } else if error.is_null() {
        right(vector, &sent)
    } else {
        return match found {
            Err(reason) if reason.starts_with(&wording(&error)) => Ok(()),
            other => Err(format!("expected {error}, found {other:?}")),
        };
    };
    expect(&json!(right), &json!(found?))
}

/// Compares the row of an event with the one that a vector of another file holds.
pub(super) fn check_row(vector: &Vector, sent: &Json, event: &Event) -> Result<(), String> {
    expect(&json!(right(vector, sent)), &json!(columns_of(event)?))
}

/// The columns of a message as we fill them, or why it has none.
fn columns(message: &str, mode: Mode) -> Result<Columns, String> {
    match Event::parse_with(message.as_bytes(), &ReadOptions::new(mode)) {
        Ok(event) => columns_of(&event),
        Err(invalid) => Err(format!("{}: {}", invalid.problems()[0].pointer, invalid.rule())),
    }
}

/// The columns of an event, by the names of the database of Mentat 2.15.
pub(crate) fn columns_of(event: &Event) -> Result<Columns, String> {
    let row = Row::new(event).map_err(|missing| format!("missing {}", missing.0.join(" ")))?;
    Ok(filled(json!({
        "id": row.id,
        "tlp": row.tlp,
        "description": row.description,
        "category": row.category,
        "detecttime": row.detecttime.to_string(),
        "source_ip": set(&row.source_ip),
        "target_ip": set(&row.target_ip),
        "source_ip_aggr_ip4": row.source_envelope(Family::V4).as_ref().map(ends),
        "source_ip_aggr_ip6": row.source_envelope(Family::V6).as_ref().map(ends),
        "target_ip_aggr_ip4": row.target_envelope(Family::V4).as_ref().map(ends),
        "target_ip_aggr_ip6": row.target_envelope(Family::V6).as_ref().map(ends),
        "source_port": row.source_port,
        "target_port": row.target_port,
        "source_type": row.source_type,
        "target_type": row.target_type,
        "source_hostname": row.source_hostname,
        "target_hostname": row.target_hostname,
        "protocol": row.protocol,
        "node_name": row.node_name,
        "node_type": row.node_type,
        "node_sw": row.node_sw,
        "resolvedabuses": row.resolvedabuses,
        "targetabuses": row.targetabuses,
        "inspectionerrors": row.inspectionerrors,
        "eventclass": row.eventclass,
        "targetclass": row.targetclass,
        "eventseverity": row.eventseverity,
        "targetseverity": row.targetseverity,
        "shadow_reporting": row.shadow_reporting,
        "shadow_reporting_target": row.shadow_reporting_target,
    })))
}

/// The columns of a JSON object that hold something.
fn filled(object: Json) -> Columns {
    let Json::Object(mut columns) = object else {
        return Columns::new();
    };
    columns.retain(|_, value| ![json!(null), json!([]), json!(false)].contains(value));
    columns
}

/// What was recorded, in the form of [`columns_of`].
fn recorded(vector: &Vector) -> Columns {
    let mut columns = filled(vector.json("row"));
    columns.remove("storagetime");
    if let Some(id) = columns.remove("ident") {
        columns.insert("id".to_owned(), id);
    }
    for (name, value) in &mut columns {
        if name.ends_with("_ip") {
            *value = set(&spans(value));
        } else if name.contains("_aggr_") {
            *value = json!(spans(value).first().map(ends));
        } else if name == "detecttime" {
            let text = value.as_str().unwrap_or_default().trim_end_matches('Z');
            *value = json!(format!("{text}Z").parse::<Timestamp>().unwrap().to_string());
        }
    }
    columns
}

/// The span or spans that a value holds as texts.
fn spans(value: &Json) -> Vec<IpSpan> {
    let list = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let texts = list.iter().filter_map(Json::as_str);
    texts.map(|text| text.parse().unwrap()).collect()
}

fn set(spans: &[IpSpan]) -> Json {
    json!(spans.iter().map(ends).collect::<BTreeSet<_>>())
}

/// One notation for all spans.
fn ends(span: &IpSpan) -> String {
    format!("{}-{}", span.first(), span.last())
}

/// What the columns of a vector with a row should be.
fn right(vector: &Vector, sent: &Json) -> Columns {
    let mut columns = recorded(vector);
    for rule in RULES {
        rule(sent, &mut columns);
    }
    filled(storable(&json!(columns)))
}

/// Puts back what was dropped because its first address is zero.
fn from_zero(sent: &Json, columns: &mut Columns) {
    for (side, prefix) in [("Source", "source"), ("Target", "target")] {
        for (key, family) in [("IP4", "ip4"), ("IP6", "ip6")] {
            let parties = sent[side].as_array().into_iter().flatten();
            let merged = merge(parties.flat_map(|party| spans(&party[key])));
            let Some(lost) = merged.into_iter().find(|span| span.low() == 0) else {
                continue;
            };
            let known = columns.entry(format!("{prefix}_ip")).or_insert(Json::Null);
            *known = set(&[spans(known), vec![lost]].concat());
            let envelope = columns
                .entry(format!("{prefix}_ip_aggr_{family}"))
                .or_insert(Json::Null);
            let whole = spans(envelope).iter().fold(lost, |one, other| one.hull(other).unwrap());
            *envelope = json!(ends(&whole));
        }
    }
}

fn ports(_: &Json, columns: &mut Columns) {
    for name in ["source_port", "target_port"] {
        if let Some(Json::Array(list)) = columns.get_mut(name) {
            list.retain(is_port);
        }
    }
}

fn is_port(number: &Json) -> bool {
    number.as_u64().is_some_and(|number| number <= 65_535)
}

fn host_names(_: &Json, columns: &mut Columns) {
    for name in ["source_hostname", "target_hostname"] {
        if let Some(list) = columns.get_mut(name) {
            let texts = list.as_array().into_iter().flatten().filter_map(Json::as_str);
            let names = texts.map(|text| text.strip_suffix('.').unwrap_or(text));
            *list = json!(names.filter(|text| !text.is_empty()).collect::<BTreeSet<_>>());
        }
    }
}

/// Rule D02: null is no text.
fn protocols(sent: &Json, columns: &mut Columns) {
    if has_null_protocol(sent)
        && let Some(Json::Array(list)) = columns.get_mut("protocol")
    {
        list.retain(|name| name != "none");
    }
}

pub(super) fn has_null_protocol(sent: &Json) -> bool {
    let mut parties = ["Source", "Target"]
        .iter()
        .flat_map(|side| sent[*side].as_array())
        .flatten();
    parties.any(|party| {
        party["Proto"]
            .as_array()
            .is_some_and(|names| names.contains(&Json::Null))
    })
}

/// Reads a time with a negative offset again.
fn detect_time(sent: &Json, columns: &mut Columns) {
    let text = sent["DetectTime"].as_str().unwrap_or_default();
    let clock = text.get("2026-04-01".len()..).unwrap_or_default();
    if clock.contains('-')
        && let Ok(time) = text.parse::<Timestamp>()
    {
        let time = Timestamp::from_microsecond(time.as_microsecond()).unwrap();
        columns.insert("detecttime".to_owned(), json!(time.to_string()));
    }
}

/// Rule D24: one spelling.
fn traffic_light(_: &Json, columns: &mut Columns) {
    if let Some(Json::String(text)) = columns.get_mut("tlp") {
        *text = text.trim_start_matches("TLP:").trim().replace(['+', '_', ' '], "-");
    }
}

/// Columns that are lists of texts in the block of Mentat.
const LISTS: [&str; 3] = ["ResolvedAbuses", "TargetAbuses", "InspectionErrors"];

/// A text where such a list is due is its only item, not a list of characters.
fn single_values(sent: &Json, columns: &mut Columns) {
    for key in LISTS {
        if let text @ Json::String(_) = &sent["_Mentat"][key] {
            columns.insert(key.to_lowercase(), json!([text]));
        }
    }
}

/// Why we refuse to read a block of Mentat that is recorded as taken.
fn refusal(sent: &Json) -> Option<String> {
    let block = &sent["_Mentat"];
    if let Some(key) = LISTS.iter().find(|key| block[**key].is_string()) {
        return Some(format!("/_Mentat/{key}: not_a_list"));
    }
    let flags = [json!(null), json!(true), json!(false), json!(0), json!(1)];
    let mut keys = ["ShadowReporting", "ShadowReportingTarget"].into_iter();
    let key = keys.find(|key| !flags.contains(&block[*key]))?;
    Some(format!("/_Mentat/{key}: bad_boolean"))
}

/// Whether there is no row because the database refused it.
fn is_unstorable(vector: &Vector) -> bool {
    let kind = &vector.json("error")["type"];
    kind == "DataError" || kind == "StorageIntegrityError"
}

/// A value without what no column holds: NUL, and ports that are none.
fn storable(value: &Json) -> Json {
    match value {
        Json::String(text) => json!(text.replace('\0', "")),
        Json::Array(items) => items.iter().map(storable).collect(),
        Json::Object(members) => {
            let mut members: Columns = members
                .iter()
                .map(|(key, value)| (key.clone(), storable(value)))
                .collect();
            if let Some(Json::Array(ports)) = members.get_mut("Port") {
                ports.retain(is_port);
            }
            Json::Object(members)
        }
        other => other.clone(),
    }
}

/// The beginning of our own reason for a recorded one.
fn wording(error: &Json) -> String {
    let text = error["message"].as_str().unwrap_or_default();
    if text == "'Missing Node name'" {
        "missing Node.Name".to_owned()
    } else if error["type"] == "KeyError" {
        format!("missing {}", text.trim_matches('\''))
    } else {
        // A tuple of Python that begins with the path, another tuple.
        let path = text.trim_start_matches('(').split(')').next().unwrap_or_default();
        let keys = path.split(',').map(|key| key.trim().trim_matches('\''));
        keys.filter(|key| !key.is_empty())
            .map(|key| format!("/{key}"))
            .collect()
    }
}
