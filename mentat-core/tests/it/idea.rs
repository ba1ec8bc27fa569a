//! Events: reading, writing, changing.

use mentat_core::Event;
use mentat_core::filter::{IndexedPath, Value};
use mentat_core::generate::{Generator, Options};
use mentat_core::idea::{Change, Mode, ReadOptions, SetError, SetPolicy};
use proptest::prelude::*;

const EVENTS: &str = include_str!("../data/events.jsonl");
const REAL_WORLD: &str = include_str!("../data/real-world.jsonl");

/// What reading came to: the canonical text and `! place rule` for every warning, or `- place rule` for every problem.
fn outcome(message: &[u8]) -> String {
    let (mut text, mark, told) = match Event::parse(message) {
        Ok(event) => (event.to_json(), '!', event.warnings().to_vec()),
        Err(invalid) => (String::new(), '-', invalid.problems().to_vec()),
    };
    for problem in told {
        assert!(
            !problem.text.is_empty() && !problem.text.contains(char::is_control),
            "{problem:?}"
        );
        let gap = if text.is_empty() { "" } else { " " };
        text = format!("{text}{gap}{mark} {} {}", problem.pointer, problem.rule);
    }
    text
}

fn check(message: &str, expected: &str) {
    assert_eq!(outcome(message.as_bytes()), expected, "{message}");
}

/// Reading what was written gives the same event, and writing it the same text.
fn check_round_trip(message: &str) -> Event {
    let event: Event = message.parse().unwrap_or_else(|invalid| panic!("{invalid}: {message}"));
    check_reads_back(&event);
    event
}

fn check_reads_back(event: &Event) {
    let text = event.to_json();
    let again: Event = text.parse().unwrap_or_else(|invalid| panic!("{invalid}: {text}"));
    assert_eq!(&again, event, "{text}");
    assert_eq!(again.to_json(), text);
    assert!(text.is_ascii() && !text.contains('\n'), "{text}");
    assert!(!event.is_modified());
}

#[test]
fn a_corpus_reads_back_as_written() {
    let mut count = 0;
    for line in EVENTS.lines() {
        check_round_trip(line);
        count += 1;
    }
    assert_eq!(count, 196);
}

#[test]
fn generated_events_read_back_as_written() {
    let generator = Generator::new(Options::default());
    for message in generator.iter().take(300) {
        check_round_trip(&message).check_complete().unwrap();
    }
}

#[test]
fn published_alerts_are_read_or_refused_for_their_ports() {
    let (mut read, mut refused) = (0, 0);
    for line in REAL_WORLD.lines() {
        match outcome(line.as_bytes()).as_str() {
            "- /Target/0/Port not_a_list" => refused += 1,
            problem if problem.starts_with('-') => panic!("{problem}: {line}"),
            _ => {
                check_round_trip(line).check_complete().unwrap();
                read += 1;
            }
        }
    }
    assert_eq!((read, refused), (14, 4));
    for line in REAL_WORLD.lines() {
        check_reads_back(&Event::parse_with(line.as_bytes(), &ReadOptions::new(Mode::Repair)).unwrap());
    }
}

#[test]
fn values_take_the_type_of_their_key() {
    for (message, expected) in [
        // Lists are lists.
        (r#"{"Category": "Recon"}"#, "- /Category not_a_list"),
        (r#"{"Source": [{"Port": 22}]}"#, "- /Source/0/Port not_a_list"),
        (r#"{"Source": {"Port": [22]}}"#, "- /Source not_a_list"),
        (r#"{"Category": null}"#, "- /Category not_a_list"),
        (r#"{"Category": []}"#, r#"{"Category": []}"#),
        // Null where a text or a truth value is due: as if it were not there.
        (r#"{"Note": null, "ID": "a"}"#, r#"{"ID": "a"} ! /Note null"#),
        (
            r#"{"AltNames": ["a", null, "b"]}"#,
            r#"{"AltNames": ["a", "b"]} ! /AltNames/1 null"#,
        ),
        (
            r#"{"Target": [{"Spoofed": null}]}"#,
            r#"{"Target": [{}]} ! /Target/0/Spoofed null"#,
        ),
        (r#"{"ConnCount": null}"#, "- /ConnCount bad_integer"),
        (r#"{"DetectTime": null}"#, "- /DetectTime bad_timestamp"),
        // Texts.
        (
            r#"{"AltNames": [5, 1.50, true]}"#,
            r#"{"AltNames": ["5", "1.50", "true"]}"#,
        ),
        (r#"{"Description": ["a"]}"#, "- /Description not_a_string"),
        (r#"{"Description": {"a": 1}}"#, "- /Description not_a_string"),
        (r#"{"ID": 5}"#, "- /ID not_a_string"),
        (r#"{"ID": "a b"}"#, "- /ID bad_id"),
        (r#"{"ID": "a\n"}"#, "- /ID bad_id"),
        (r#"{"Format": "IDEA1"}"#, "- /Format bad_format_version"),
        (r#"{"Format": null}"#, "- /Format bad_format_version"),
        // Truth values.
        (
            r#"{"Source": [{"Spoofed": 1, "Imprecise": 0, "Anonymised": true}]}"#,
            r#"{"Source": [{"Anonymised": true, "Imprecise": false, "Spoofed": true}]}"#,
        ),
        (
            r#"{"Source": [{"Spoofed": "false"}]}"#,
            "- /Source/0/Spoofed bad_boolean",
        ),
        (r#"{"Source": [{"Spoofed": 2}]}"#, "- /Source/0/Spoofed bad_boolean"),
        // Times.
        (
            r#"{"DetectTime": "2024-03-05 10:00:07.1234567-03:30"}"#,
            r#"{"DetectTime": "2024-03-05T13:30:07.123456Z"}"#,
        ),
        (
            r#"{"DetectTime": "2016-12-31T23:59:60Z"}"#,
            r#"{"DetectTime": "2017-01-01T00:00:00Z"}"#,
        ),
        (
            r#"{"DetectTime": "2024-03-05T10:00:07+24:00"}"#,
            "- /DetectTime bad_timestamp",
        ),
        (
            r#"{"DetectTime": "2024-03-05T10:00:07+10:60"}"#,
            "- /DetectTime bad_timestamp",
        ),
        (
            r#"{"DetectTime": "2024-03-05T10:00:07"}"#,
            "- /DetectTime bad_timestamp",
        ),
        (
            r#"{"DetectTime": "2024-02-30T10:00:07Z"}"#,
            "- /DetectTime bad_timestamp",
        ),
        (
            r#"{"DetectTime": "2024-03-05T10:00:07Z\n"}"#,
            "- /DetectTime bad_timestamp",
        ),
        (
            r#"{"DetectTime": 1709632807.5}"#,
            r#"{"DetectTime": "2024-03-05T10:00:07.500000Z"}"#,
        ),
        (
            r#"{"DetectTime": "1709632807"}"#,
            r#"{"DetectTime": "2024-03-05T10:00:07Z"}"#,
        ),
        (
            r#"{"DetectTime": -62135596800}"#,
            r#"{"DetectTime": "0001-01-01T00:00:00Z"}"#,
        ),
        (r#"{"DetectTime": -62135596801}"#, "- /DetectTime bad_timestamp"),
        (r#"{"DetectTime": -62135596800.5}"#, "- /DetectTime bad_timestamp"),
        (r#"{"DetectTime": 1e300}"#, "- /DetectTime bad_timestamp"),
        (r#"{"DetectTime": "1e9"}"#, "- /DetectTime bad_timestamp"),
        (r#"{"DetectTime": "inf"}"#, "- /DetectTime bad_timestamp"),
        (r#"{"DetectTime": true}"#, "- /DetectTime bad_timestamp"),
        // Durations.
        (
            r#"{"Node": [{"AggrWin": "25:00:00.05"}]}"#,
            r#"{"Node": [{"AggrWin": "1D01:00:00.050000"}]}"#,
        ),
        (
            r#"{"Node": [{"AggrWin": 90}]}"#,
            r#"{"Node": [{"AggrWin": "00:01:30"}]}"#,
        ),
        (r#"{"Node": [{"AggrWin": -1}]}"#, "- /Node/0/AggrWin bad_duration"),
        (
            r#"{"Node": [{"AggrWin": "-1D23:59:59"}]}"#,
            "- /Node/0/AggrWin bad_duration",
        ),
        (r#"{"Node": [{"AggrWin": "PT5M"}]}"#, "- /Node/0/AggrWin bad_duration"),
        // Addresses.
        (
            r#"{"Source": [{"IP4": ["192.0.2.77/24", "10.0.0.9-10.0.0.1", "192.0.2.1"]}]}"#,
            r#"{"Source": [{"IP4": ["192.0.2.77/24", "10.0.0.1-10.0.0.9", "192.0.2.1"]}]}"#,
        ),
        (
            r#"{"Source": [{"IP4": [3221225985]}]}"#,
            r#"{"Source": [{"IP4": ["192.0.2.1"]}]}"#,
        ),
        (r#"{"Source": [{"IP4": [4294967296]}]}"#, "- /Source/0/IP4/0 bad_net4"),
        (
            r#"{"Source": [{"IP4": [1.0, true, [3221225984, 24]]}]}"#,
            "- /Source/0/IP4/0 bad_net4 - /Source/0/IP4/1 bad_net4 - /Source/0/IP4/2 bad_net4",
        ),
        (
            r#"{"Source": [{"IP4": ["10.0.0.0/-1", "10.0.0.0/ 8", "::1"]}]}"#,
            "- /Source/0/IP4/0 bad_net4 - /Source/0/IP4/1 bad_net4 - /Source/0/IP4/2 bad_net4",
        ),
        (
            r#"{"Target": [{}, {"IP6": ["2001:DB8::/32", "::FFFF:192.0.2.1", 1]}]}"#,
            r#"{"Target": [{}, {"IP6": ["2001:db8::/32", "::ffff:192.0.2.1", "::1"]}]}"#,
        ),
        (
            r#"{"Target": [{"IP6": ["fe80::1%eth0"]}]}"#,
            "- /Target/0/IP6/0 bad_net6",
        ),
        // Integers.
        (
            r#"{"ConnCount": " +5 ", "FlowCount": 7.9, "ByteCount": -7.9, "PacketCount": 1e3}"#,
            r#"{"ByteCount": -7, "ConnCount": 5, "FlowCount": 7, "PacketCount": 1000}"#,
        ),
        (r#"{"ConnCount": "1_000"}"#, "- /ConnCount bad_integer"),
        (r#"{"ConnCount": "\u0663"}"#, "- /ConnCount bad_integer"),
        (r#"{"ConnCount": true}"#, "- /ConnCount bad_integer"),
        (
            r#"{"ConnCount": 9223372036854775807}"#,
            r#"{"ConnCount": 9223372036854775807}"#,
        ),
        (r#"{"ConnCount": 9223372036854775808}"#, "- /ConnCount bad_integer"),
        (r#"{"ConnCount": 9.3e18}"#, "- /ConnCount bad_integer"),
        (
            r#"{"Source": [{"Port": [-1, 99999]}]}"#,
            r#"{"Source": [{"Port": [-1, 99999]}]}"#,
        ),
        (r#"{"Source": [{"Port": ["22-25"]}]}"#, "- /Source/0/Port/0 bad_integer"),
        // The one fraction.
        (r#"{"Confidence": 1}"#, r#"{"Confidence": 1.0}"#),
        (r#"{"Confidence": " 0.5 "}"#, r#"{"Confidence": 0.5}"#),
        (
            r#"{"Confidence": 1.5}"#,
            r#"{"Confidence": 1.5} ! /Confidence out_of_range"#,
        ),
        (
            r#"{"Confidence": "-1"}"#,
            r#"{"Confidence": -1.0} ! /Confidence out_of_range"#,
        ),
        (r#"{"Confidence": true}"#, "- /Confidence bad_float"),
        (r#"{"Confidence": "nan"}"#, "- /Confidence bad_float"),
        (r#"{"Confidence": NaN}"#, "-  bad_json"),
        (r#"{"Confidence": 1e999}"#, "- /Confidence bad_float"),
        // Named forms.
        (
            r#"{"Category": ["Recon.Scanning", "Test", "a.b.c", "a.", "Recon.Scanning\n"]}"#,
            "- /Category/2 bad_event_tag - /Category/3 bad_event_tag - /Category/4 bad_event_tag",
        ),
        (
            r#"{"Ref": ["cve:CVE-2024-1 x", "urn:x$!\u010d", "nothing"]}"#,
            "- /Ref/0 bad_uri - /Ref/2 bad_uri",
        ),
        (r#"{"Ref": ["http://a/$!\u010d"]}"#, r#"{"Ref": ["http://a/$!\u010d"]}"#),
        (
            r#"{"Source": [{"Netname": ["ripe"], "MAC": ["00:11:22:33:44"], "Type": ["a b"], "AttachHand": ["1"]}]}"#,
            "- /Source/0/Netname/0 bad_netname - /Source/0/MAC/0 bad_mac - /Source/0/Type/0 bad_tag \
          - /Source/0/AttachHand/0 bad_handle",
        ),
        (
            r#"{"Attach": [{"Hash": ["x"], "ContentType": "text", "ContentCharset": "", "ContentEncoding": "BASE64"}]}"#,
            "- /Attach/0/Hash/0 bad_hash - /Attach/0/ContentType bad_media_type - /Attach/0/ContentCharset bad_charset",
        ),
        (
            r#"{"Attach": [{"ContentEncoding": "BASE64"}]}"#,
            r#"{"Attach": [{"ContentEncoding": "base64"}]}"#,
        ),
        (r#"{"Node": [{"Name": "org.Example"}]}"#, "- /Node/0/Name bad_nsid"),
        (
            r#"{"Source": [{"Proto": ["TCP", 6, null]}]}"#,
            r#"{"Source": [{"Proto": ["TCP", 6, null]}]}"#,
        ),
        // Objects.
        (
            r#"{"Source": [null, [], false]}"#,
            "- /Source/0 not_an_object - /Source/1 not_an_object - /Source/2 not_an_object",
        ),
        (r#"{"_Mentat": null}"#, "- /_Mentat not_an_object"),
        (
            r#"{"_Mentat": {"TargetAbuses": "a@b"}}"#,
            "- /_Mentat/TargetAbuses not_a_list",
        ),
        (
            r#"{"_Mentat": {"ShadowReporting": "yes"}}"#,
            "- /_Mentat/ShadowReporting bad_boolean",
        ),
        // The whole.
        ("", "-  empty"),
        (" \n\t ", "-  empty"),
        ("null", "-  not_an_object"),
        ("[]", "-  not_an_object"),
        (r#"[["ID", "a"]]"#, "-  not_an_object"),
        ("{", "-  bad_json"),
        (r#"{"ID": "a"} x"#, "-  bad_json"),
        ("\u{feff}{}", "-  bad_json"),
        ("\u{a0}{} \n", "{}"),
        (
            r#"{"Note": "a", "ID": "x", "Note": "b"}"#,
            r#"{"ID": "x", "Note": "b"}"#,
        ),
        (r#"{"Note": "a", "Note": null}"#, "{} ! /Note null"),
        (r#"{"detecttime": "kept"}"#, r#"{"detecttime": "kept"}"#),
    ] {
        check(message, expected);
    }
}

#[test]
fn unknown_keys_are_kept_at_every_level() {
    for message in [
        r#"{"Custom": {"a": [1, [2, {"b": null}], "x"], "big": 123456789012345678901234567890}, "x~/y": false}"#,
        r#"{"Attach": [{"Credentials": [{"Password": "p", "Username": "u"}]}], "TLP": "RED"}"#,
        r#"{"Node": [{"Realm": "r"}], "Source": [{"LocalIP4": ["10.0.0.1"], "OutByteCount": 1e400}]}"#,
        r#"{"Target": [{"": -18446744073709551616}], "_CESNET": {"StorageTime": 5}, "_Mentat": {"Whitelisted": null}}"#,
    ] {
        check(message, message);
        check_round_trip(message);
    }
}

#[test]
fn output_is_canonical() {
    for (message, expected) in [
        (
            r#"{"b":1,"a":[1,2],"B":{},"_":[]}"#,
            r#"{"B": {}, "_": [], "a": [1, 2], "b": 1}"#,
        ),
        (
            r#"{"Note":"\u010d\ud83d\ude00\u0000\u001f\u007f\"\\\/\b\f\n\r\t"}"#,
            r#"{"Note": "\u010d\ud83d\ude00\u0000\u001f\u007f\"\\/\b\f\n\r\t"}"#,
        ),
        (
            r#"{"x":[1.0,1e-07,0.1,-0.0,1E2,12345678901234567890.0]}"#,
            r#"{"x": [1.0, 1e-7, 0.1, -0.0, 100.0, 1.2345678901234567e+19]}"#,
        ),
        // Known and unknown keys in one order, that of code points.
        (
            r#"{"Zz":1,"Target":[],"TLPx":2,"TLP":"RED","\u010d":3}"#,
            r#"{"TLP": "RED", "TLPx": 2, "Target": [], "Zz": 1, "\u010d": 3}"#,
        ),
    ] {
        check(message, expected);
    }
}

#[test]
fn lone_surrogates_become_replacement_characters() {
    let warned = |text: &str| format!("{text} !  lone_surrogate");
    check(r#"{"Note": "a\ud800b"}"#, &warned(r#"{"Note": "a\ufffdb"}"#));
    check(
        r#"{"Note": "\udc00\ud83d\ude00\ud83d"}"#,
        &warned(r#"{"Note": "\ufffd\ud83d\ude00\ufffd"}"#),
    );
    check(
        r#"{"\uD800": "\ud800\ud800\udc00"}"#,
        &warned(r#"{"\ufffd": "\ufffd\ud800\udc00"}"#),
    );
    check(r#"{"Note": "\\ud800"}"#, r#"{"Note": "\\ud800"}"#);
    check(r#"{"Note": "\\\ud800"}"#, &warned(r#"{"Note": "\\\ufffd"}"#));
    check(r#"{"Note": "\ud8"}"#, "-  bad_json");
}

#[test]
fn hostile_messages_are_refused_in_few_words() {
    let nested = |levels: usize| format!(r#"{{"x": {}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    check_round_trip(&nested(127));
    for (message, rule) in [
        (nested(128), "too_deep"),
        (nested(1_000_000), "too_deep"),
        (r#"{"a":"#.repeat(800_000), "too_deep"),
        (" ".repeat((4 << 20) + 1), "too_large"),
        (
            format!(r#"{{"AltNames": [{}]}}"#, vec!["1"; 100_001].join(",")),
            "too_many_items",
        ),
        (
            format!(r#"{{"x": [[{}]]}}"#, vec!["1"; 100_001].join(",")),
            "too_many_items",
        ),
        (format!(r#"{{"ConnCount": {}}}"#, "9".repeat(1_000_000)), "bad_integer"),
        (
            format!(r#"{{"DetectTime": {}}}"#, "9".repeat(1_000_000)),
            "bad_timestamp",
        ),
        (
            format!(r#"{{"Category": ["{}"]}}"#, "\\u0000\\n".repeat(100_000)),
            "bad_event_tag",
        ),
        (
            format!(r#"{{"Category": [{}]}}"#, vec!["\"\""; 100_000].join(",")),
            "bad_event_tag",
        ),
    ] {
        let invalid = Event::parse(message.as_bytes()).unwrap_err();
        assert_eq!(invalid.rule(), rule);
        assert!(invalid.problems().len() <= 100);
        assert!(invalid.to_string().len() < 2_000, "{invalid}");
        assert!(!invalid.to_string().contains(char::is_control), "{invalid}");
    }
    assert_eq!(outcome(b"{\"ID\": \"a\xff\"}"), "-  bad_utf8");
    assert_eq!(outcome(b"{\"ID\": \"a\0\"}"), "-  bad_json");
}

#[test]
fn many_keys_in_the_worst_order_are_read_at_once() {
    // Inserted one by one into a sorted list these would move some 10^10 members.
    let members: Vec<String> = (0..300_000).rev().map(|number| format!("\"k{number:06}\":1")).collect();
    let event = Event::parse(format!("{{{}}}", members.join(",")).as_bytes()).unwrap();
    assert!(event.to_json().starts_with(r#"{"k000000": 1, "k000001": 1, "#));
}

#[test]
fn truncated_messages_are_refused() {
    let message = REAL_WORLD.lines().next().unwrap();
    for end in 0..message.trim_end().len() {
        let refused = outcome(&message.as_bytes()[..end]);
        assert!(
            ["-  bad_json", "-  empty", "-  bad_utf8"].contains(&refused.as_str()),
            "{end}: {refused}"
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(!outcome(&bytes).is_empty());
    }

    #[test]
    fn a_changed_byte_is_read_or_refused(line in 0..196_usize, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = EVENTS.lines().nth(line).unwrap().as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let text = outcome(&bytes);
        prop_assert!(!text.is_empty());
        if let Ok(event) = Event::parse(&bytes) {
            prop_assert_eq!(Event::parse(event.to_json().as_bytes()), Ok(event));
        }
    }

    #[test]
    fn any_text_survives(note in ".*") {
        let json = serde_json::json!({"Note": note, "Custom": {&note: note}}).to_string();
        let event = check_round_trip(&json);
        let text: serde_json::Value = serde_json::from_str(&event.to_json()).unwrap();
        prop_assert_eq!(text, serde_json::from_str::<serde_json::Value>(&json).unwrap());
    }
}

/// Lists and objects inside each other, with numbers that every reader takes for the same.
fn nested() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<i32>().prop_map(|number| (f64::from(number) / 8.0).into()),
        ".{0,4}".prop_map(Into::into),
    ];
    let any = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::hash_map("[a-c\"\u{10d}]{0,2}|ID|Source", inner, 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    });
    prop::collection::vec(any, 1..3).prop_map(serde_json::Value::from)
}

/// Puts a key that the definition does not know into every object of the event that it does know.
fn extend(event: &mut serde_json::Value, value: &serde_json::Value) {
    let mut put = |object: &mut serde_json::Value| object["Undeclared"] = value.clone();
    put(event);
    for key in ["Source", "Target", "Attach", "Node"] {
        event
            .get_mut(key)
            .and_then(serde_json::Value::as_array_mut)
            .into_iter()
            .flatten()
            .for_each(&mut put);
    }
    event.get_mut("_Mentat").into_iter().for_each(put);
}

proptest! {
    #[test]
    fn undeclared_values_read_back_as_written(line in 0..214_usize, value in nested(), mode in prop::sample::select(
        &[Mode::Lenient, Mode::RepairLists, Mode::Repair][..],
    )) {
        let line = EVENTS.lines().chain(REAL_WORLD.lines()).nth(line).unwrap();
        let Ok(plain) = Event::parse_with(line.as_bytes(), &ReadOptions::new(mode)) else { return Ok(()) };
        let mut expected: serde_json::Value = serde_json::from_str(&plain.to_json()).unwrap();
        extend(&mut expected, &value);
        let event = check_round_trip(&expected.to_string());
        let written: serde_json::Value = serde_json::from_str(&event.to_json()).unwrap();
        prop_assert_eq!(written, expected);
    }
}

/// A JSON value as a filter's.
fn value(json: &str) -> Value {
    fn convert(json: &serde_json::Value) -> Value {
        use serde_json::Value as Json;
        match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => number
                .as_i64()
                .map_or_else(|| Value::Float(number.as_f64().unwrap()), Value::from),
            Json::String(text) => Value::Str(text.clone()),
            Json::Array(items) => Value::List(items.iter().map(convert).collect()),
            Json::Object(members) => {
                Value::Map(members.iter().map(|(key, item)| (key.clone(), convert(item))).collect())
            }
        }
    }
    convert(&serde_json::from_str(json).unwrap())
}

/// How a change is made.
#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    Over,
    Keep,
    Unique,
}
use How::{Keep, Over, Unique};

fn change(event: &mut Event, path: &str, json: &str, how: How) -> &'static str {
    let mut policy = SetPolicy::default();
    policy.overwrite = how != Keep;
    policy.unique = how == Unique;
    match event.set(&IndexedPath::parse(path).unwrap(), &value(json), policy) {
        Ok(Change::Set) => "set",
        Ok(Change::Exists) => "exists",
        Ok(Change::Duplicate) => "duplicate",
        Err(SetError::ExpectedObject(_)) => "expected object",
        Err(SetError::ExpectedList(_)) => "expected list",
        Err(SetError::BadValue { .. }) => "bad value",
        Err(other) => panic!("{other}"),
    }
}

/// `after` is what the members of the event are then; empty if nothing may have changed.
fn check_set(before: &str, path: &str, json: &str, how: How, expected: &str, after: &str) {
    let mut event: Event = format!("{{{before}}}").parse().unwrap();
    let original = event.clone();
    let row = format!("{path} = {json} ({how:?}) in {before}");
    assert_eq!(change(&mut event, path, json, how), expected, "{row}");
    assert_eq!(event.is_modified(), expected == "set", "{row}");
    if after.is_empty() {
        assert_eq!(event, original, "{row}");
    } else {
        assert_eq!(event.to_json(), format!("{{{after}}}"), "{row}");
    }
    check_round_trip(&event.to_json());
}

#[test]
fn values_are_set_by_path() {
    for (before, path, json, how, expected, after) in [
        // Last name, no index.
        ("", "K", r#""v""#, Over, "set", r#""K": "v""#),
        ("", "K", r#""v""#, Keep, "set", r#""K": "v""#),
        (r#""K": 1"#, "K", r#""v""#, Over, "set", r#""K": "v""#),
        (r#""K": 1"#, "K", r#""v""#, Keep, "exists", ""),
        (r#""K": null"#, "K", r#""v""#, Keep, "exists", ""),
        (r#""K": false"#, "K", r#""v""#, Keep, "exists", ""),
        (r#""L": [1]"#, "L", "2", Unique, "set", r#""L": 2"#),
        // Last name, index in range.
        (r#""L": [1, 2]"#, "L[1]", "9", Over, "set", r#""L": [9, 2]"#),
        (r#""L": [1, 2]"#, "L[#]", "9", Over, "set", r#""L": [1, 9]"#),
        (r#""L": [1, 2]"#, "L[2]", "9", Keep, "exists", ""),
        (r#""L": [1, 2]"#, "L[#]", "9", Keep, "exists", ""),
        (r#""L": [1, 2]"#, "L[2]", "1", Unique, "set", r#""L": [1, 1]"#),
        (r#""L": [0]"#, "L[1]", "9", Keep, "set", r#""L": [9]"#),
        (r#""L": [0.0]"#, "L[1]", "9", Keep, "set", r#""L": [9]"#),
        (r#""L": [""]"#, "L[1]", "9", Keep, "set", r#""L": [9]"#),
        (r#""L": [null]"#, "L[1]", "9", Keep, "set", r#""L": [9]"#),
        (r#""L": [[]]"#, "L[1]", "9", Keep, "set", r#""L": [9]"#),
        (r#""L": [{}]"#, "L[1]", "9", Keep, "set", r#""L": [9]"#),
        (r#""L": [false]"#, "L[1]", "9", Keep, "set", r#""L": [9]"#),
        // Last name, past the end.
        (r#""L": [1]"#, "L[7]", "9", Keep, "set", r#""L": [1, 9]"#),
        (r#""L": [1]"#, "L[*]", "1", Over, "set", r#""L": [1, 1]"#),
        (r#""L": [1]"#, "L[*]", "1", Unique, "duplicate", ""),
        (r#""L": [1]"#, "L[7]", "1", Unique, "duplicate", ""),
        (r#""L": [{"a": 1}]"#, "L[*]", r#"{"a": 1}"#, Unique, "duplicate", ""),
        (r#""L": [1]"#, "L[*]", "2", Unique, "set", r#""L": [1, 2]"#),
        ("", "L[3]", "1", Over, "set", r#""L": [1]"#),
        ("", "L[#]", "1", Unique, "set", r#""L": [1]"#),
        (r#""L": []"#, "L[#]", "1", Keep, "set", r#""L": [1]"#),
        // On the way.
        ("", "O.P.Q", "1", Over, "set", r#""O": {"P": {"Q": 1}}"#),
        (r#""O": {"x": 1}"#, "O.y", "2", Over, "set", r#""O": {"x": 1, "y": 2}"#),
        (r#""O": 1"#, "O.y", "2", Over, "expected object", ""),
        (r#""O": null"#, "O.y", "2", Over, "expected object", ""),
        (r#""O": []"#, "O.y", "2", Over, "expected object", ""),
        ("", "S[5].a", "1", Over, "set", r#""S": [{"a": 1}]"#),
        (
            r#""S": [{"a": 1}]"#,
            "S[*].a",
            "1",
            Over,
            "set",
            r#""S": [{"a": 1}, {"a": 1}]"#,
        ),
        (
            r#""S": [{"a": 1}]"#,
            "S[#].b[*]",
            "1",
            Over,
            "set",
            r#""S": [{"a": 1, "b": [1]}]"#,
        ),
        (r#""S": [1]"#, "S[1].a", "1", Over, "expected object", ""),
        (r#""S": {}"#, "S[1].a", "1", Over, "expected list", ""),
        (r#""S": 1"#, "S[1]", "1", Over, "expected list", ""),
        (r#""S": null"#, "S[*]", "1", Over, "expected list", ""),
        // Failing deep down leaves nothing behind.
        (
            r#""S": [{"a": 1}]"#,
            "N.M.S[*].a.S[1]",
            r#"{"a": 1}"#,
            Over,
            "set",
            r#""N": {"M": {"S": [{"a": {"S": [{"a": 1}]}}]}}, "S": [{"a": 1}]"#,
        ),
        ("", "Source[1].IP4[*]", r#""nonsense""#, Over, "bad value", ""),
        ("", "_Mentat.StorageTime", r#""x""#, Over, "bad value", ""),
        (
            r#""Source": [{"IP4": ["192.0.2.1"]}]"#,
            "Source[2].Port",
            "1",
            Over,
            "bad value",
            "",
        ),
        // Typed keys.
        ("", "ConnCount", r#""5""#, Over, "set", r#""ConnCount": 5"#),
        ("", "ConnCount", r#""x""#, Over, "bad value", ""),
        ("", "Note", "null", Over, "bad value", ""),
        ("", "Note", "5", Over, "set", r#""Note": "5""#),
        (
            "",
            "DetectTime",
            "1709632807",
            Over,
            "set",
            r#""DetectTime": "2024-03-05T10:00:07Z""#,
        ),
        (
            r#""Category": ["Test"]"#,
            "Category",
            r#""Malware""#,
            Over,
            "bad value",
            "",
        ),
        (
            r#""Category": ["Test"]"#,
            "Category[*]",
            r#""a b""#,
            Over,
            "bad value",
            "",
        ),
        (
            r#""Category": ["Test"]"#,
            "Category[1].x",
            "1",
            Over,
            "expected object",
            "",
        ),
        ("", "Category[1].x", "1", Over, "expected object", ""),
        ("", "Category.x", "1", Over, "expected object", ""),
        ("", "Source.Note", r#""n""#, Over, "expected object", ""),
        ("", "Note.x", r#""n""#, Over, "expected object", ""),
        ("", "Note[1]", r#""n""#, Over, "expected list", ""),
        ("", "_Mentat[1]", "{}", Over, "expected list", ""),
        (
            "",
            "Source[*]",
            r#"{"IP4": ["10.0.0.9-10.0.0.1"]}"#,
            Over,
            "set",
            r#""Source": [{"IP4": ["10.0.0.1-10.0.0.9"]}]"#,
        ),
        (
            r#""Source": [{"IP4": ["192.0.2.1"]}]"#,
            "Source[1].IP4[*]",
            r#""192.0.2.1/32""#,
            Unique,
            "duplicate",
            "",
        ),
        (
            r#""Source": [{"Port": [22]}]"#,
            "Source[1].Port[*]",
            r#""22""#,
            Unique,
            "duplicate",
            "",
        ),
        (
            r#""_Mentat": {"Custom": 1}"#,
            "_Mentat.Custom",
            "[1, {}]",
            Over,
            "set",
            r#""_Mentat": {"Custom": [1, {}]}"#,
        ),
    ] {
        check_set(before, path, json, how, expected, after);
    }
}

#[test]
fn what_could_not_be_read_back_is_not_set() {
    let path = |levels: usize| vec!["a"; levels].join(".");
    for (levels, json, expected) in [
        (126, "[[]]", "set"),
        (127, "[[]]", "bad value"),
        (128, "1", "set"),
        (129, "1", "bad value"),
    ] {
        let mut event = Event::default();
        assert_eq!(
            change(&mut event, &path(levels), json, Over),
            expected,
            "{levels} {json}"
        );
        check_round_trip(&event.to_json());
    }
}

#[test]
fn numbers_that_json_lacks_are_not_set() {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for path in ["Confidence", "Custom"] {
            let mut event = Event::default();
            let path = IndexedPath::parse(path).unwrap();
            event
                .set(&path, &Value::Float(number), SetPolicy::default())
                .unwrap_err();
            assert_eq!(event, Event::default());
        }
    }
}

#[test]
fn missing_keys_are_named_together() {
    let check = |message: &str, expected: &[&str]| {
        let event: Event = message.parse().unwrap();
        let missing = event
            .check_complete()
            .err()
            .map(|missing| missing.0)
            .unwrap_or_default();
        assert_eq!(missing, expected, "{message}");
    };
    check("{}", &["Format", "ID", "DetectTime", "Category", "Node.Name"]);
    check(
        r#"{"Format": "IDEA0", "ID": "a", "DetectTime": 1, "Category": [], "Node": [{}]}"#,
        &["Node.Name"],
    );
    check(
        r#"{"Format": "IDEA0", "ID": "a", "DetectTime": 1, "Category": [], "Node": [{}, {"Name": "a"}]}"#,
        &[],
    );
}
