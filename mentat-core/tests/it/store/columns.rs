//! What every column looks like in the database.

use super::{Db, event};
use crate::conformance::rows::columns_of;
use jiff::Timestamp;
use mentat_core::Event;
use serde_json::{Map, Value as Json, json};

/// Every column that a row as a value has, without those that are NULL; addresses as `first-last`.
const COLUMNS: &str = "json_strip_nulls(json_build_object(
    'id', coalesce(id_text, id::text), 'tlp', tlp, 'description', description, 'category', category,
    'detecttime', to_char(detecttime, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),
    'source_ip', array(SELECT host('0.0.0.0'::inet + lower(r)) || '-' || host('0.0.0.0'::inet + (upper(r) - 1))
        FROM unnest(source_ip4) r) || array(SELECT host(lower(r)) || '-' || host(upper(r)) FROM unnest(source_ip6) r),
    'target_ip', array(SELECT host('0.0.0.0'::inet + lower(r)) || '-' || host('0.0.0.0'::inet + (upper(r) - 1))
        FROM unnest(target_ip4) r) || array(SELECT host(lower(r)) || '-' || host(upper(r)) FROM unnest(target_ip6) r),
    'source_port', source_port, 'target_port', target_port, 'source_type', source_type, 'target_type', target_type,
    'source_hostname', source_hostname, 'target_hostname', target_hostname, 'protocol', protocol,
    'node_name', node_name, 'node_type', node_type, 'node_sw', node_sw, 'resolvedabuses', resolvedabuses,
    'targetabuses', targetabuses, 'inspectionerrors', inspectionerrors, 'eventclass', eventclass,
    'targetclass', targetclass, 'eventseverity', eventseverity, 'targetseverity', targetseverity,
    'shadow_reporting', shadow_reporting, 'shadow_reporting_target', shadow_reporting_target))";

/// Everything that a row may hold, with a different value in each column.
const FULL: &str = r#"{"Format": "IDEA0", "ID": "5deec8c9-ac37-4f35-a448-34616104b174", "TLP": "tlp:amber+strict",
    "DetectTime": "2026-11-23T12:00:00.123456Z", "Category": ["B", "A", "B"], "Description": "a\u0000b \"č\" 😀",
    "Source": [{"IP4": ["192.0.2.9", "0.0.0.0/30"], "IP6": ["::", "2001:db8::/64"], "Port": [443, 22], "Proto": ["TCP"],
        "Type": ["T2", "T1"], "Hostname": ["S.example."], "URL": ["//u.example/"]}],
    "Target": [{"IP4": ["10.0.0.0/8"], "IP6": ["2001:db8:1::1"], "Port": [70000, 0, 65535], "Proto": ["ssh"],
        "Type": ["T3"], "Hostname": ["t.example"]}],
    "Node": [{"Name": "org.example.b", "Type": ["N2", "N1"], "SW": ["W2", "W1"]}, {"Name": "org.example.a", "SW": ["W1"]}],
    "_Mentat": {"ResolvedAbuses": ["r2", "r1"], "TargetAbuses": ["t{", ""], "InspectionErrors": ["i,", "i\\"],
        "EventClass": "C1", "TargetClass": "C2", "EventSeverity": "Low", "TargetSeverity": "High",
        "ShadowReporting": true, "ShadowReportingTarget": true}}"#;

#[test]
fn what_a_row_holds_arrives() {
    let db = Db::new();
    for event in [FULL.parse().unwrap(), event("no-uuid", "")] {
        let mut expected = columns_of(&event).unwrap();
        // The envelopes follow from the addresses and are no columns of ours.
        expected.retain(|name, _| !name.contains("_aggr_"));
        let stored = db.run(async {
            db.clear().await;
            assert_eq!(db.write(&mut [("m".to_owned(), event)]).await, ["new"]);
            db.one(&format!("SELECT {COLUMNS} FROM mentat.events")).await
        });
        let mut stored: Map<String, Json> = serde_json::from_str(&stored).unwrap();
        stored.retain(|_, value| ![json!([]), json!(false)].contains(value));
        for (name, value) in &mut stored {
            if name == "detecttime" {
                *value = json!(value.as_str().unwrap().parse::<Timestamp>().unwrap().to_string());
            } else if name.ends_with("_ip") {
                value.as_array_mut().unwrap().sort_by_key(Json::to_string);
            }
        }
        assert_eq!(stored, expected);
    }
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
