//! Rows as values: the recorded rows of Mentat 2.15 without a database.

use super::columns::{DEVIATIONS, REFUSALS, recorded, spans};
use mentat_core::Event;
use mentat_core::filter::{Family, IpSpan};
use mentat_core::store::Row;
use serde_json::{Value, json};

/// A row in the form of the recorded ones.
fn shown(row: &Row) -> Value {
    let printed = |list: &[IpSpan]| spans(&json!(list.iter().map(ToString::to_string).collect::<Vec<_>>()));
    let detecttime = format!("{:.6}", row.detecttime);
    json!({
        "id": row.id,
        "tlp": row.tlp,
        "description": row.description,
        "category": row.category,
        "detecttime": detecttime.trim_end_matches('Z'),
        "source_ip": printed(&row.source_ip),
        "target_ip": printed(&row.target_ip),
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
    })
}

#[test]
fn recorded_rows_need_no_database() {
    let mut compared = 0;
    for line in include_str!("../../data/store-rows.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let id = case["input"]["ID"].as_str().unwrap();
        let what = format!("{id} {}", case["input"]["_case"]);
        let row = match Event::parse(case["input"].to_string().as_bytes()) {
            Ok(event) => Row::new(&event).map_err(|missing| format!("incomplete: {}", missing.0.join(", "))),
            Err(_) => Err("invalid".to_owned()),
        };
        if let Some((_, expected, why)) = REFUSALS.iter().find(|refusal| refusal.0 == id) {
            let answer = row.map_or_else(|error| error, |_| "new".to_owned());
            assert_eq!(answer, *expected, "{what}: {why}");
            continue;
        }
        let mut expected = recorded(&case["row"]);
        for (_, column, instead, _) in DEVIATIONS.iter().filter(|deviation| deviation.0 == id) {
            expected[column] = serde_json::from_str(instead).unwrap();
        }
        assert_eq!(shown(&row.unwrap()), expected, "{what}");
        compared += 1;
    }
    assert!(compared > 40, "{compared}");
}

#[test]
fn envelopes_and_keys() {
    let row = |id: &str, source: &str| {
        let event = super::event(id, &format!(r#""Source": [{source}], "#));
        Row::new(&event).unwrap()
    };
    let stored = row(
        "e",
        r#"{"IP4": ["10.0.0.9"]}, {"IP4": ["10.0.0.1/30"], "IP6": ["2001:db8::1"]}"#,
    );
    let printed = |family| stored.source_envelope(family).map(|span| span.to_string());
    assert_eq!(printed(Family::V4).as_deref(), Some("10.0.0.0-10.0.0.9"));
    assert_eq!(printed(Family::V6).as_deref(), Some("2001:db8::1-2001:db8::1"));
    assert_eq!(stored.target_envelope(Family::V4), None);
    // The version and the variant say that the key is made of something else.
    assert_eq!((stored.key[6] >> 4, stored.key[8] >> 6), (8, 2));
    let uuid = row("5deec8c9-ac37-4f35-a448-34616104b174", "");
    assert_eq!((uuid.key[0], uuid.key[15]), (0x5d, 0x74));
}
