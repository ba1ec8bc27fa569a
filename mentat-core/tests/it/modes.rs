//! How strictly events are read.

use mentat_core::idea::{Event, Mode, ReadOptions};

const REAL_WORLD: &str = include_str!("../data/real-world.jsonl");

const COMPLETE: &str = r#""Category": [], "DetectTime": "2024-03-05T10:00:07Z", "Format": "IDEA0", "ID": "a""#;

/// The canonical text and `! place rule` for every warning, or `- place rule` for every problem.
fn outcome(message: &str, mode: Mode) -> String {
    let (mut parts, mark, told) = match Event::parse_with(message.as_bytes(), &ReadOptions::new(mode)) {
        Ok(event) => (vec![event.to_json()], '!', event.warnings().to_vec()),
        Err(invalid) => (Vec::new(), '-', invalid.problems().to_vec()),
    };
    parts.extend(
        told.iter()
            .map(|problem| format!("{mark} {} {}", problem.pointer, problem.rule)),
    );
    parts.join(" ")
}

#[test]
fn a_single_value_becomes_a_list_in_repair_modes_only() {
    for (message, repaired) in [
        (
            r#"{"Category": "Test"}"#,
            r#"{"Category": ["Test"]} ! /Category not_a_list"#,
        ),
        (
            r#"{"Source": [{"Port": 22, "Proto": "tcp"}]}"#,
            r#"{"Source": [{"Port": [22], "Proto": ["tcp"]}]} ! /Source/0/Port not_a_list ! /Source/0/Proto not_a_list"#,
        ),
        (r#"{"Category": "a b"}"#, "- /Category bad_event_tag"),
        (
            r#"{"_Mentat": {"TargetAbuses": "a@b"}}"#,
            r#"{"_Mentat": {"TargetAbuses": ["a@b"]}} ! /_Mentat/TargetAbuses not_a_list"#,
        ),
    ] {
        assert_eq!(outcome(message, Mode::RepairLists), repaired, "{message}");
        assert_eq!(outcome(message, Mode::Repair), repaired, "{message}");
        assert!(outcome(message, Mode::Lenient).contains("not_a_list"), "{message}");
        assert!(outcome(message, Mode::Strict).contains("not_a_list"), "{message}");
    }
    for message in [
        r#"{"Source": {"Port": [22]}}"#,
        r#"{"Source": "192.0.2.1"}"#,
        r#"{"Category": {"a": 1}}"#,
        r#"{"Category": null}"#,
        r#"{"Target": [null]}"#,
    ] {
        assert!(outcome(message, Mode::RepairLists).starts_with('-'), "{message}");
    }
}

#[test]
fn published_alerts_are_all_read_once_their_lists_are_repaired() {
    let mut told = 0;
    for line in REAL_WORLD.lines() {
        let event = Event::parse_with(line.as_bytes(), &ReadOptions::new(Mode::RepairLists)).unwrap();
        event.check_complete().unwrap();
        told += event.warnings().len();
    }
    assert_eq!(told, 4);
}

#[test]
fn what_can_only_have_meant_one_thing_is_mended() {
    let time = r#"{"DetectTime": "2024-03-05T10:00:07Z"} ! /DetectTime mended"#;
    let whole_minute = r#"{"DetectTime": "2024-03-05T10:00:00Z"} ! /DetectTime mended"#;
    for (message, expected) in [
        (
            r#"{"Source": {"Port": [22]}}"#,
            r#"{"Source": [{"Port": [22]}]} ! /Source not_a_list"#,
        ),
        (r#"{"Category": null}"#, "{} ! /Category null"),
        (r#"{"Target": [null]}"#, r#"{"Target": []} ! /Target/0 null"#),
        (
            r#"{"Target": [{"IP4": [null]}]}"#,
            r#"{"Target": [{"IP4": []}]} ! /Target/0/IP4/0 null"#,
        ),
        (r#"{"DetectTime": null}"#, "{} ! /DetectTime null"),
        (r#"{"_Mentat": null}"#, "{} ! /_Mentat null"),
        (r#"{"ID": "a\n"}"#, r#"{"ID": "a"} ! /ID mended"#),
        (r#"{"ID": 5}"#, r#"{"ID": "5"} ! /ID mended"#),
        (r#"{"ID": -5}"#, r#"{"ID": "-5"} ! /ID mended"#),
        (
            r#"{"Target": [{"IP4": [" 192.0.2.1 "]}]}"#,
            r#"{"Target": [{"IP4": ["192.0.2.1"]}]} ! /Target/0/IP4/0 mended"#,
        ),
        (
            r#"{"Target": [{"Spoofed": "False"}]}"#,
            r#"{"Target": [{"Spoofed": false}]} ! /Target/0/Spoofed mended"#,
        ),
        (
            r#"{"Target": [{"Port": ["22.0"]}]}"#,
            r#"{"Target": [{"Port": [22]}]} ! /Target/0/Port/0 mended"#,
        ),
        (
            r#"{"Target": [{"MAC": ["00-11-22-aa-BB-cc"]}]}"#,
            r#"{"Target": [{"MAC": ["00:11:22:aa:BB:cc"]}]} ! /Target/0/MAC/0 mended"#,
        ),
        (r#"{"DetectTime": "2024-03-05T10:00:07Z\n"}"#, time),
        (r#"{"DetectTime": "2024-03-05T12:00:07+0200"}"#, time),
        (r#"{"DetectTime": "2024-03-05 10:00:07 UTC"}"#, time),
        (r#"{"DetectTime": "2024-03-05 10:00:07 GMT"}"#, time),
        (r#"{"DetectTime": "2024-03-05T10:00:07,000Z"}"#, time),
        (r#"{"DetectTime": "2024-03-05 12:00:07 +02:00"}"#, time),
        (r#"{"DetectTime": "2024-03-05T10:00Z"}"#, whole_minute),
        (r#"{"DetectTime": "2024-03-05 06:30-0330"}"#, whole_minute),
    ] {
        assert_eq!(outcome(message, Mode::Repair), expected, "{message}");
        assert!(outcome(message, Mode::Lenient).starts_with('-'), "{message}");
    }
}

#[test]
fn what_may_have_meant_anything_is_not_mended() {
    for (message, expected) in [
        (
            r#"{"DetectTime": "2024-03-05T10:00:07"}"#,
            "- /DetectTime bad_timestamp",
        ),
        (r#"{"DetectTime": "2024-03-05"}"#, "- /DetectTime bad_timestamp"),
        (r#"{"DetectTime": "2024-03-05T10Z"}"#, "- /DetectTime bad_timestamp"),
        (
            r#"{"DetectTime": "05/03/2024 10:00:07Z"}"#,
            "- /DetectTime bad_timestamp",
        ),
        (
            r#"{"DetectTime": "2024-02-30 10:00 UTC"}"#,
            "- /DetectTime bad_timestamp",
        ),
        (
            r#"{"DetectTime": "2024-03-05T10:00:0\u010d+02"}"#,
            "- /DetectTime bad_timestamp",
        ),
        (r#"{"DetectTime": ""}"#, "- /DetectTime bad_timestamp"),
        (r#"{"DetectTime": true}"#, "- /DetectTime bad_timestamp"),
        (r#"{"ConnCount": "22.5"}"#, "- /ConnCount bad_integer"),
        (r#"{"ConnCount": "22."}"#, "- /ConnCount bad_integer"),
        (r#"{"Target": [{"Spoofed": "yes"}]}"#, "- /Target/0/Spoofed bad_boolean"),
        (r#"{"ID": ["a"]}"#, "- /ID not_a_string"),
        (r#"{"ID": {}}"#, "- /ID not_a_string"),
        (r#"{"Node": [{"Name": "Org.Example"}]}"#, "- /Node/0/Name bad_nsid"),
        (
            r#"{"Target": [{"IP4": ["::1", 1.5]}]}"#,
            "- /Target/0/IP4/0 bad_net4 - /Target/0/IP4/1 bad_net4",
        ),
        (r#"{"Target": ["192.0.2.1"]}"#, "- /Target/0 not_an_object"),
    ] {
        assert_eq!(outcome(message, Mode::Repair), expected, "{message}");
    }
}

#[test]
fn strict_reading_converts_nothing() {
    let check = |members: &str, expected: &str| {
        let message = format!("{{{COMPLETE}, {members}}}");
        assert_eq!(outcome(&message, Mode::Strict), expected, "{message}");
        // Whatever is wrong here is put up with by default.
        assert!(outcome(&message, Mode::Lenient).starts_with('{'), "{message}");
    };
    for (members, expected) in [
        (r#""Note": 5"#, "- /Note not_a_string"),
        (r#""Note": null"#, "- /Note not_a_string"),
        (r#""ConnCount": "5""#, "- /ConnCount bad_integer"),
        (r#""ConnCount": 5.0"#, "- /ConnCount bad_integer"),
        (r#""Confidence": 1.1"#, "- /Confidence out_of_range"),
        (r#""Confidence": "0.5""#, "- /Confidence bad_float"),
        (r#""EventTime": 5"#, "- /EventTime bad_timestamp"),
        (r#""EventTime": "5""#, "- /EventTime bad_timestamp"),
        (r#""Node": [{"AggrWin": "300"}]"#, "- /Node/0/AggrWin bad_duration"),
        (r#""Source": [{"IP4": [1]}]"#, "- /Source/0/IP4/0 bad_net4"),
        (r#""Source": [{"Spoofed": 1}]"#, "- /Source/0/Spoofed bad_boolean"),
        (
            r#""Source": [{"Port": [65536, -1]}]"#,
            "- /Source/0/Port/0 bad_integer - /Source/0/Port/1 bad_integer",
        ),
        (
            r#""Ref": ["urn:\u010d", "urn:%4", "urn:%4g", "urn:a|b"]"#,
            "- /Ref/0 bad_uri - /Ref/1 bad_uri - /Ref/2 bad_uri - /Ref/3 bad_uri",
        ),
        (r#""x": "\ud800""#, "-  lone_surrogate"),
        (r#""x": {"a": 1, "a": 2}"#, "- /x duplicate_key"),
        (r#""Note": "a", "Note": "a""#, "-  duplicate_key"),
    ] {
        check(members, expected);
    }
    for members in [
        r#""Source": [{"ASN": [64496], "Custom": [null, 1.5], "Port": [0, 65535], "Spoofed": true}]"#,
        r#""Confidence": 1.0, "Ref": ["urn:a%4F!$", "http://[::1]/?a=b#c"]"#,
    ] {
        let message = format!("{{{COMPLETE}, {members}}}");
        let event = Event::parse_with(message.as_bytes(), &ReadOptions::new(Mode::Strict)).unwrap();
        assert_eq!(event, message.parse().unwrap());
    }
}

#[test]
fn strict_reading_names_all_required_keys() {
    assert_eq!(
        outcome(r#"{"ID": "a b"}"#, Mode::Strict),
        "- /ID bad_id -  missing_key -  missing_key -  missing_key"
    );
    let invalid = Event::parse_with(b"{}", &ReadOptions::new(Mode::Strict)).unwrap_err();
    for key in ["Format", "ID", "DetectTime", "Category"] {
        assert!(
            invalid
                .problems()
                .iter()
                .any(|problem| problem.text.ends_with(&format!("key {key} is missing")))
        );
    }
}

#[test]
fn limits_hold_at_their_edge() {
    let check = |message: &str, change: &dyn Fn(&mut ReadOptions, usize), most: usize, rule: &str| {
        for mode in [Mode::Lenient, Mode::Repair] {
            let mut options = ReadOptions::new(mode);
            change(&mut options, most);
            Event::parse_with(message.as_bytes(), &options).unwrap();
            change(&mut options, most - 1);
            let invalid = Event::parse_with(message.as_bytes(), &options).unwrap_err();
            assert_eq!(invalid.rule(), rule, "{message}");
        }
    };
    check(
        r#"{"ID": "a"}"#,
        &|options, most| options.limits.bytes = most,
        11,
        "too_large",
    );
    for message in [r#"{"Source": [{"IP4": []}]}"#, r#"{"a": {"b": {"c": {}}}}"#] {
        check(message, &|options, most| options.limits.depth = most, 4, "too_deep");
    }
    for message in [
        r#"{"AltNames": ["a", "b", "c"]}"#,
        r#"{"Source": [{}, {}, {}]}"#,
        r#"{"x": {"y": [1, 2, 3]}}"#,
    ] {
        check(
            message,
            &|options, most| options.limits.list_items = most,
            3,
            "too_many_items",
        );
    }
    for message in [
        r#"{"Note": "\u010d12"}"#,
        r#"{"x": ["1234"]}"#,
        r#"{"1234": 5}"#,
        r#"{"x": {"1234": 5}}"#,
    ] {
        check(
            message,
            &|options, most| options.limits.string_bytes = most,
            4,
            "too_long",
        );
    }
    let mut options = ReadOptions::default();
    options.limits.depth = usize::MAX;
    let deep = format!(r#"{{"x": {}{}}}"#, "[".repeat(128), "]".repeat(128));
    assert_eq!(
        Event::parse_with(deep.as_bytes(), &options).unwrap_err().rule(),
        "too_deep"
    );
}

#[test]
fn a_light_that_nobody_knows_is_told() {
    for mode in [Mode::Lenient, Mode::Repair, Mode::Strict] {
        for (light, told) in [
            (r#"["GREEN"]"#, " ! /TLP bad_tlp"),
            (r#""PURPLE""#, " ! /TLP bad_tlp"),
            (r#""RED""#, ""),
            ("null", ""),
        ] {
            let message = format!(r#"{{{COMPLETE}, "TLP": {light}}}"#);
            assert_eq!(outcome(&message, mode), format!("{message}{told}"));
        }
    }
}
