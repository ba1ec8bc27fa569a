//! From messages to columns: recorded rows of Mentat 2.15, and what every type looks like in the database.

use super::{Db, event};
use mentat_core::Event;
use mentat_core::filter::IpSpan;
use serde_json::{Value, json};

/// Every column in the form of the recorded rows: empty lists instead of NULL, ranges as `first-last`.
const COLUMNS: &str = "json_build_object(
    'id', coalesce(id_text, id::text), 'tlp', tlp, 'description', description, 'category', category,
    'detecttime', to_char(detecttime, 'YYYY-MM-DD\"T\"HH24:MI:SS.US'),
    'source_ip', array(SELECT host('0.0.0.0'::inet + lower(r)) || '-' || host('0.0.0.0'::inet + (upper(r) - 1))
        FROM unnest(source_ip4) r) || array(SELECT host(lower(r)) || '-' || host(upper(r)) FROM unnest(source_ip6) r),
    'target_ip', array(SELECT host('0.0.0.0'::inet + lower(r)) || '-' || host('0.0.0.0'::inet + (upper(r) - 1))
        FROM unnest(target_ip4) r) || array(SELECT host(lower(r)) || '-' || host(upper(r)) FROM unnest(target_ip6) r),
    'source_port', coalesce(source_port, '{}'), 'target_port', coalesce(target_port, '{}'),
    'source_type', coalesce(source_type, '{}'), 'target_type', coalesce(target_type, '{}'),
    'source_hostname', coalesce(source_hostname, '{}'), 'target_hostname', coalesce(target_hostname, '{}'),
    'protocol', coalesce(protocol, '{}'), 'node_name', node_name, 'node_type', coalesce(node_type, '{}'),
    'node_sw', coalesce(node_sw, '{}'), 'resolvedabuses', coalesce(resolvedabuses, '{}'),
    'targetabuses', coalesce(targetabuses, '{}'), 'inspectionerrors', coalesce(inspectionerrors, '{}'),
    'eventclass', eventclass, 'targetclass', targetclass, 'eventseverity', eventseverity,
    'targetseverity', targetseverity, 'shadow_reporting', shadow_reporting,
    'shadow_reporting_target', shadow_reporting_target)";

/// Spans in one notation, as a sorted set.
pub(super) fn spans(list: &Value) -> Value {
    let mut spans: Vec<String> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap().parse::<IpSpan>().unwrap())
        .map(|span| format!("{}-{}", span.first(), span.last()))
        .collect();
    spans.sort();
    json!(spans)
}

/// What the recorded row says, in our form.
pub(super) fn recorded(row: &Value) -> Value {
    let mut row = row.clone();
    let columns = row.as_object_mut().unwrap();
    // The storage time is the server's; the envelopes follow from the ranges and are no columns of ours.
    columns.retain(|name, _| name != "storagetime" && !name.contains("_aggr_"));
    for side in ["source_ip", "target_ip"] {
        columns[side] = spans(&columns[side]);
    }
    row
}

/// Where we differ from the recorded row: event, column, what we store instead, why.
pub(super) const DEVIATIONS: &[(&str, &str, &str, &str)] = &[
    (
        "0000ede0-0000-4000-8000-000000000001",
        "source_ip",
        r#"["0.0.0.0-0.0.0.0"]"#,
        "addresses from zero on are kept",
    ),
    (
        "0000ede0-0000-4000-8000-000000000003",
        "source_ip",
        r#"["0.0.0.0-0.0.0.0", "192.0.2.1-192.0.2.1"]"#,
        "addresses from zero on are kept",
    ),
    (
        "0000ede0-0000-4000-8000-000000000005",
        "source_ip",
        r#"["::-::1"]"#,
        "addresses from zero on are kept",
    ),
    (
        "0000ede0-0000-4000-8000-000000000006",
        "source_ip",
        r#"["::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]"#,
        "addresses from zero on are kept",
    ),
    (
        "f5410996-ca51-4071-80b2-6097ce635531",
        "target_ip",
        r#"["0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]"#,
        "addresses from zero on are kept",
    ),
    (
        "0000ede0-0000-4000-8000-000000000015",
        "source_port",
        "[]",
        "what is no port is in the message only",
    ),
    (
        "0000ede0-0000-4000-8000-000000000017",
        "source_hostname",
        r#"["*.wild.example", "-bad-.example", "a_b.example", "bücher.example", "faß.example", "trailing.example",
            "www.example.com"]"#,
        "no empty names, no final dots",
    ),
    (
        "0000ede0-0000-4000-8000-000000000033",
        "detecttime",
        r#""2026-04-01T17:30:00.000000""#,
        "minutes of a negative offset have its sign",
    ),
];

/// What became of the events that one of the two refuses: event, our answer (`invalid`: not even parsed), why.
pub(super) const REFUSALS: &[(&str, &str, &str)] = &[
    (
        "0000ede0-0000-4000-8000-000000000014",
        "new",
        "a port beyond 32 bits is left out",
    ),
    (
        "0000ede0-0000-4000-8000-00000000001e",
        "incomplete: Node.Name",
        "as recorded",
    ),
    (
        "0000ede0-0000-4000-8000-000000000021",
        "incomplete: Category",
        "as recorded",
    ),
    (
        "0000ede0-0000-4000-8000-000000000023",
        "new",
        "the storage time is set here",
    ),
    (
        "0000ede0-0000-4000-8000-000000000024",
        "new",
        "NUL is left out of the columns",
    ),
    (
        "0000ede0-0000-4000-8000-000000000026",
        "new",
        "NUL is left out of the columns",
    ),
    (
        "0000ede0-0000-4000-8000-00000000002b",
        "invalid",
        "a flag is true or false",
    ),
    (
        "0000ede0-0000-4000-8000-00000000002d",
        "invalid",
        "a flag is true or false",
    ),
    ("0000ede0-0000-4000-8000-00000000002e", "invalid", "a list is a list"),
    ("a/b", "invalid", "as recorded"),
];

#[test]
fn rows_are_those_of_the_reference() {
    let db = Db::new();
    let mut compared = 0;
    for line in include_str!("../../data/store-rows.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let id = case["input"]["ID"].as_str().unwrap().to_owned();
        let what = format!("{id} {}", case["input"]["_case"]);
        let answer = match Event::parse(case["input"].to_string().as_bytes()) {
            Ok(event) => db.run(db.write(&mut [(id.clone(), event)])).remove(0),
            Err(_) => "invalid".to_owned(),
        };
        match REFUSALS.iter().find(|refusal| refusal.0 == id) {
            Some((_, expected, why)) => assert_eq!(answer, *expected, "{what}: {why}"),
            None => {
                assert_eq!(answer, "new", "{what}");
                let mut expected = recorded(&case["row"]);
                for (_, column, instead, why) in DEVIATIONS.iter().filter(|deviation| deviation.0 == id) {
                    let instead: Value = serde_json::from_str(instead).unwrap();
                    assert_ne!(expected[column], instead, "{what}: no deviation: {why}");
                    expected[column] = instead;
                }
                let sql = format!("SELECT {COLUMNS} FROM mentat.events WHERE coalesce(id_text, id::text) = '{id}'");
                let mut ours: Value = serde_json::from_str(&db.run(db.one(&sql))).unwrap();
                for side in ["source_ip", "target_ip"] {
                    ours[side] = spans(&ours[side]);
                }
                assert_eq!(ours, expected, "{what}");
                compared += 1;
            }
        }
    }
    assert!(compared > 40, "{compared}");
}

/// Stores an event with the given members and compares expressions over its row with what they should be.
fn check(members: &str, expected: &[(&str, &str)]) {
    thread_local!(static DB: Db = Db::new());
    DB.with(|db| {
        db.run(async {
            db.clear().await;
            let mut batch = [("m".to_owned(), event("e", members))];
            assert_eq!(db.write(&mut batch).await, ["new"], "{members}");
            for (expression, text) in expected {
                let sql = format!("SELECT ({expression})::text FROM mentat.events");
                assert_eq!(db.one(&sql).await, *text, "{members}: {expression}");
            }
            let raw = "SELECT convert_from(body, 'UTF8') FROM mentat.raw";
            assert_eq!(db.one(raw).await, batch[0].1.to_json(), "{members}");
        });
    });
}

#[test]
fn addresses() {
    let ip4 = |list: &str, range: &str, keys: &str| {
        let members = format!(r#""Source": [{{"IP4": [{list}]}}], "#);
        check(
            &members,
            &[
                ("source_ip4", range),
                ("addr", keys),
                ("num_nulls(target_ip4, source_ip6, target_ip6)", "3"),
            ],
        );
    };
    ip4(r#""192.0.2.1""#, "{[3221225985,3221225986)}", "'4c0000201'");
    ip4(r#""0.0.0.0""#, "{[0,1)}", "'400000000'");
    ip4(r#""0.0.0.0/0""#, "{[0,4294967296)}", "'4*'");
    ip4(r#""255.255.255.255""#, "{[4294967295,4294967296)}", "'4ffffffff'");
    let adjacent = r#""10.0.0.0/25", "10.0.0.128/25", "10.0.2.5""#;
    ip4(
        adjacent,
        "{[167772160,167772416),[167772677,167772678)}",
        "'40a0000*' '40a000205'",
    );
    let ip6 = |list: &str, range: &str, keys: &str| {
        let members = format!(r#""Target": [{{"IP6": [{list}]}}], "#);
        check(
            &members,
            &[
                ("target_ip6", range),
                ("addr", keys),
                ("num_nulls(target_ip4, source_ip4, source_ip6)", "3"),
            ],
        );
    };
    let all = "{[::,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]}";
    ip6(r#""::/0""#, all, "'6*'");
    ip6(r#""::""#, "{[::,::]}", "'600000000000000000000000000000000'");
    let mapped = "'600000000000000000000ffffc0000209'";
    ip6(r#""::ffff:192.0.2.9""#, "{[::ffff:192.0.2.9,::ffff:192.0.2.9]}", mapped);
    ip6(
        r#""2001:db8::/33", "2001:db8:8000::/33", "2001:db9::1""#,
        "{[2001:db8::,2001:db8:ffff:ffff:ffff:ffff:ffff:ffff],[2001:db9::1,2001:db9::1]}",
        "'620010db8*' '620010db9000000000000000000000001'",
    );
    // Both sides have one set of keys.
    let both = r#""Source": [{"IP4": ["10.0.0.1"]}], "Target": [{"IP4": ["10.0.0.1"], "IP6": ["::1"]}], "#;
    let keys = "'40a000001' '600000000000000000000000000000001'";
    check(both, &[("addr", keys), ("source_ip4 = target_ip4", "true")]);
}

#[test]
fn every_other_type() {
    check(
        "",
        &[
            ("id", "3f79bb7b-435b-8532-9651-daefd374cdc6"),
            ("id_text", "e"),
            ("addr IS NULL", "true"),
            (
                "num_nulls(source_port, target_port, source_type, target_type, source_hostname, target_hostname,
                     protocol, node_type, node_sw, resolvedabuses, targetabuses, inspectionerrors)",
                "12",
            ),
            (
                "num_nulls(tlp, description, eventclass, targetclass, eventseverity, targetseverity)",
                "6",
            ),
            ("category", "{Test}"),
            ("node_name", "{org.example.a}"),
            ("shadow_reporting", "false"),
            ("detecttime", "2026-11-23 12:00:00"),
            (
                "abs(extract(epoch FROM storagetime AT TIME ZONE 'UTC' - now())) < 60",
                "true",
            ),
            ("chunk >> 36 = storagetime::date - date '1970-01-01'", "true"),
            ("raw_off", "0"),
        ],
    );
    check(
        r#""Source": [{"Port": [65535, 0, 80, 80], "Proto": ["TCP", "ssh"], "Hostname": ["Ž.example"]}],
           "Description": "a\u0000b \"c\" {d} \\ \ud83d\ude00", "TLP": "amber+strict",
           "_Mentat": {"ShadowReporting": true, "ResolvedAbuses": ["b@x", "a@x", "b@x", ""],
                       "EventSeverity": "HIGH"}, "#,
        &[
            ("source_port", "{0,80,65535}"),
            ("protocol", "{ssh,tcp}"),
            ("source_hostname", "{ž.example}"),
            ("description", r#"ab "c" {d} \ 😀"#),
            ("tlp", "AMBER-STRICT"),
            ("resolvedabuses", r#"{b@x,a@x,b@x,""}"#),
            ("eventseverity", "high"),
            ("shadow_reporting", "true"),
            ("shadow_reporting_target", "false"),
        ],
    );
}

#[test]
fn times() {
    let db = Db::new();
    for (text, expected) in [
        ("0001-01-01T00:00:00Z", "0001-01-01 00:00:00"),
        ("9999-12-30T21:59:59.999999Z", "9999-12-30 21:59:59.999999"),
        ("1999-12-31T23:59:59.9999999Z", "1999-12-31 23:59:59.999999"),
        ("2000-01-01T00:30:00+01:00", "1999-12-31 23:30:00"),
    ] {
        db.run(async {
            db.clear().await;
            let event: Event = event("t", "")
                .to_json()
                .replace("2026-11-23T12:00:00Z", text)
                .parse()
                .unwrap();
            let mut batch = [("m".to_owned(), event)];
            assert_eq!(db.write(&mut batch).await, ["new"], "{text}");
            assert_eq!(db.one("SELECT detecttime FROM mentat.events").await, expected);
            let found = db.store.fetch("t").await.unwrap().unwrap();
            assert_eq!(Some(found.detect_time), batch[0].1.detect_time(), "{text}");
            let known = "SELECT detect_min || ' ' || detect_max FROM mentat.partition WHERE rows = 1";
            assert_eq!(db.one(known).await, format!("{expected} {expected}"));
        });
    }
}
