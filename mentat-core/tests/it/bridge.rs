//! Bridges to other formats.

use mentat_core::Event;
use mentat_core::bridge::{BridgeError, cef, ecs, intelmq, xarf};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const EVENTS: &str = include_str!("../data/events.jsonl");
const REAL_WORLD: &str = include_str!("../data/real-world.jsonl");
const INTELMQ: &str = include_str!("../data/intelmq.jsonl");

fn event(value: &Value) -> Event {
    value.to_string().parse().unwrap()
}

fn parsed(text: &str) -> Value {
    assert!(!text.contains('\n'), "{text}");
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn reporter() -> xarf::Reporter {
    let mut reporter = xarf::Reporter::new("Example CSIRT", "abuse@example.org", "example.org");
    reporter.conformance = xarf::Conformance::Practical;
    reporter
}

/// Takes a line apart as a receiver does: the seven fields of the header, then keys and values.
fn read_cef(line: &str) -> (Vec<String>, Vec<(String, String)>) {
    assert!(!line.contains(char::is_control), "{line:?}");
    let mut fields = vec![String::new()];
    let mut chars = line.chars();
    while fields.len() < 8 {
        match chars.next().unwrap_or_else(|| panic!("the header ends: {line}")) {
            '\\' => fields.last_mut().unwrap().push(chars.next().unwrap()),
            '|' => fields.push(String::new()),
            char => fields.last_mut().unwrap().push(char),
        }
    }
    fields.pop();
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut word = String::new();
    for char in chars.as_str().chars() {
        let escaped = word.chars().rev().take_while(|char| *char == '\\').count() % 2 == 1;
        if char == '=' && !escaped {
            let (value, key) = word.rsplit_once(' ').unwrap_or(("", &word));
            assert!(
                !key.is_empty() && key.chars().all(|char| char.is_ascii_alphanumeric()),
                "{line}"
            );
            if let Some(last) = pairs.last_mut() {
                last.1 = value.to_owned();
            }
            pairs.push((key.to_owned(), String::new()));
            word = String::new();
        } else {
            word.push(char);
        }
    }
    if let Some(last) = pairs.last_mut() {
        last.1 = word;
    }
    (fields, pairs)
}

/// Everything that must hold of whatever an event becomes.
fn check_all(event: &Event) {
    let exported = cef::from_idea(event, &cef::Device::default());
    assert!(!exported.texts.is_empty() && exported.texts.len() <= 1000);
    for line in &exported.texts {
        let (header, pairs) = read_cef(line);
        assert_eq!(header[0], "CEF:0", "{line}");
        assert!(header[4..].iter().all(|field| !field.is_empty()), "{line}");
        let keys: BTreeSet<&String> = pairs.iter().map(|(key, _)| key).collect();
        assert!(keys.len() == pairs.len() && keys.len() <= 20, "{line}");
    }
    let document = parsed(&ecs::from_idea(event));
    assert_eq!(document["event"]["kind"], "alert");
    assert_eq!(document["event"]["id"].as_str(), event.id());
    let mut options = intelmq::Options::default();
    options.max_texts = 20;
    for text in intelmq::from_idea(event, &options).texts {
        let flat = parsed(&text);
        assert!(flat["classification.type"].is_string() && flat["classification.taxonomy"].is_string());
        assert_eq!(flat["extra.idea_id"].as_str(), event.id());
    }
    match xarf::from_idea(event, &reporter()) {
        Ok(reports) => {
            for text in &reports.texts {
                let report = parsed(text);
                for key in ["report_id", "timestamp", "source_identifier", "category", "type"] {
                    assert!(report[key].is_string(), "{key}: {text}");
                }
            }
        }
        Err(error) => assert!(error.path().is_some() && !error.to_string().is_empty()),
    }
}

#[test]
fn a_corpus_becomes_all_formats() {
    let mut count = 0;
    let mut reported = BTreeSet::new();
    for line in EVENTS.lines().chain(REAL_WORLD.lines()) {
        let Ok(event) = line.parse::<Event>() else { continue };
        check_all(&event);
        count += 1;
        for text in xarf::from_idea(&event, &reporter())
            .into_iter()
            .flat_map(|reports| reports.texts)
        {
            reported.insert(parsed(&text)["type"].as_str().unwrap().to_owned());
        }
    }
    assert!(count >= 196 + 14, "{count}");
    let expected = ["botnet", "ddos", "login_attack", "open_service", "port_scan"];
    assert!(expected.iter().all(|kind| reported.contains(*kind)), "{reported:?}");
}

fn back_and_forth(text: &str) -> (Value, Event) {
    let options = intelmq::Options::default();
    let event = intelmq::to_idea(text, "new-1", &options).unwrap_or_else(|error| panic!("{error}: {text}"));
    event.check_complete().unwrap();
    assert_eq!(event.warnings(), [], "{text}");
    let back = intelmq::from_idea(&event, &options);
    assert_eq!((back.texts.len(), back.left_off), (1, 0));
    (parsed(&back.texts[0]), event)
}

#[test]
fn intelmq_events_come_back() {
    for line in INTELMQ.lines() {
        let (back, event) = back_and_forth(line);
        check_all(&event);
        let mut flat = Vec::new();
        flatten("", &parsed(line), &mut flat);
        for (key, value) in flat {
            if key == "feed.accuracy" {
                assert_eq!(back[&key].as_f64(), value.as_f64(), "{key}: {back}");
            } else {
                assert_eq!(back[&key], value, "{key}: {back}");
            }
        }
        assert_eq!(back["extra.idea_id"], "new-1");
    }
}

fn flatten(prefix: &str, value: &Value, out: &mut Vec<(String, Value)>) {
    match value.as_object() {
        Some(object) => {
            for (key, value) in object {
                let key = if prefix.is_empty() {
                    key.clone()
                } else {
                    format!("{prefix}.{key}")
                };
                flatten(&key, value, out);
            }
        }
        None => out.push((prefix.to_owned(), value.clone())),
    }
}

#[test]
fn an_intelmq_event_as_idea() {
    let (_, event) = back_and_forth(INTELMQ.lines().next().unwrap());
    let idea = parsed(&event.to_json());
    assert_eq!(idea["ID"], "new-1");
    assert_eq!(idea["DetectTime"], "2026-11-20T09:00:01.250000Z");
    assert_eq!(idea["EventTime"], "2026-11-20T08:15:30Z");
    assert_eq!(idea["Category"], json!(["Attempt.Login"]));
    assert_eq!(idea["Confidence"], 0.9);
    assert_eq!(
        idea["Source"],
        json!([{"IP4": ["192.0.2.17"], "Port": [51234], "ASN": [64500], "Proto": ["tcp", "ssh"]}])
    );
    assert_eq!(
        idea["Target"],
        json!([{"IP4": ["198.51.100.9"], "Port": [22], "Proto": ["tcp", "ssh"]}])
    );
    assert_eq!(
        idea["Node"][0],
        json!({"Name": "intelmq", "Type": ["Relay"], "SW": ["IntelMQ"]})
    );
    assert_eq!(idea["Node"][1]["Name"], "_1st_example_cert.ssh_honeypots");
    assert_eq!(
        idea["AltNames"],
        json!(["intelmq:8C6F0D0F3E1D5C0A7B7A7F2B8C3D9E1F00112233"])
    );
    assert_eq!(idea["Attach"][0]["ContentEncoding"], "base64");
    assert_eq!(idea["Attach"][1]["Content"], INTELMQ.lines().next().unwrap());
    assert_eq!(idea["IntelMQ"]["extra.attempts"], 12);
}

#[test]
fn what_is_not_said_is_not_invented() {
    let text = r#"{"time.observation": "2026-11-20T09:00:01Z"}"#;
    let event = intelmq::to_idea(text, "a", &intelmq::Options::default()).unwrap();
    let idea = parsed(&event.to_json());
    assert_eq!(idea["Category"], json!(["Other"]));
    for key in ["Confidence", "Source", "Target", "Description", "EventTime"] {
        assert!(idea.get(key).is_none(), "{key}");
    }
    let mut options = intelmq::Options::default();
    options.mark_test = true;
    let marked = intelmq::to_idea(text, "a", &options).unwrap();
    assert_eq!(marked.categories().collect::<Vec<_>>(), ["Other", "Test"]);
    assert_eq!(
        parsed(&intelmq::from_idea(&marked, &options).texts[0])["classification.type"],
        "test"
    );
}

#[test]
fn refused_intelmq_fields_are_named() {
    let time = r#""time.observation": "2026-11-20T09:00:01Z""#;
    for (text, path, cause) in [
        ("[]".to_owned(), None, "an IntelMQ event is a JSON object"),
        ("{".to_owned(), None, "not JSON"),
        ("{}".to_owned(), Some("time.observation"), "missing"),
        (r#"{"__type": "Report"}"#.to_owned(), Some("__type"), "not an Event"),
        (
            r#"{"time.observation": "yesterday"}"#.to_owned(),
            Some("time.observation"),
            "",
        ),
        (
            format!(r#"{{{time}, "feed.accuracy": 101}}"#),
            Some("feed.accuracy"),
            "0 to 100",
        ),
        (
            format!(r#"{{{time}, "feed.accuracy": "NaN"}}"#),
            Some("feed.accuracy"),
            "0 to 100",
        ),
        (
            format!(r#"{{{time}, "source.port": 65536}}"#),
            Some("source.port"),
            "0 to 65535",
        ),
        (
            format!(r#"{{{time}, "source.ip": "192.0.2.300"}}"#),
            Some("source.ip"),
            "",
        ),
        (
            format!(r#"{{{time}, "destination.url": []}}"#),
            Some("destination.url"),
            "not a text",
        ),
        (format!(r#"{{{time}, "raw": "%"}}"#), Some("raw"), "not base64"),
    ] {
        let error = intelmq::to_idea(&text, "a", &intelmq::Options::default()).unwrap_err();
        assert_eq!(error.path(), path, "{text}: {error}");
        assert!(error.to_string().contains(cause), "{text}: {error}");
    }
    let text = format!("{{{time}}}");
    let error = intelmq::to_idea(&text, "a b", &intelmq::Options::default()).unwrap_err();
    assert_eq!(error.path(), Some("id"));
    let long = json!({"k".repeat(200): {"l".repeat(200): 1}}).to_string();
    assert_eq!(
        intelmq::to_idea(&long, "a", &intelmq::Options::default())
            .unwrap_err()
            .path(),
        None
    );
    let mut options = intelmq::Options::default();
    options.node_name = "Not-A-Name".to_owned();
    assert_eq!(
        intelmq::to_idea(&text, "a", &options).unwrap_err().path(),
        Some("node_name")
    );
    options.max_text_bytes = 3;
    assert!(matches!(
        intelmq::to_idea(&text, "a", &options),
        Err(BridgeError::Text { .. })
    ));
}

#[test]
fn every_pair_up_to_the_limit() {
    let event = event(&json!({
        "ID": "a", "DetectTime": "2026-11-20T09:00:01Z", "Category": ["Recon.Scanning"],
        "Source": [{"IP4": ["192.0.2.1", "192.0.2.64/26"], "IP6": ["2001:db8::1"]}],
        "Target": [{"IP4": ["198.51.100.5-198.51.100.9"], "Port": [22, 70000, 23]}, {"Hostname": ["A.example.org."]}],
    }));
    let mut options = intelmq::Options::default();
    let all = intelmq::from_idea(&event, &options);
    assert_eq!((all.texts.len(), all.left_off), (9, 0));
    let seen: Vec<Value> = all.texts.iter().map(|text| parsed(text)).collect();
    assert_eq!(seen[0]["source.ip"], "192.0.2.1");
    assert_eq!(seen[0]["extra.idea_target"], "198.51.100.5-198.51.100.9");
    assert_eq!(
        (&seen[0]["destination.port"], &seen[1]["destination.port"]),
        (&json!(22), &json!(23))
    );
    assert_eq!(seen[2]["destination.fqdn"], "a.example.org");
    assert_eq!(seen[3]["source.network"], "192.0.2.64/26");
    options.max_texts = 4;
    let some = intelmq::from_idea(&event, &options);
    assert_eq!((some.texts, some.left_off), (all.texts[..4].to_vec(), 5));
}

#[test]
fn lines_for_a_siem() {
    let event = event(&json!({
        "ID": "e1", "DetectTime": "2026-11-20T09:00:01.5Z", "Category": ["Recon.Scanning"], "Description": "a=b\\c\r\nd|e\tf",
        "Source": [{"IP6": ["2001:db8::1"], "Port": [1]}], "Target": [{"IP4": ["192.0.2.0/24"], "Proto": ["TCP", "SSH"]}],
        "ConnCount": 7, "Node": [{"Name": "relay"}, {"Name": "cz.probe"}],
        "_Mentat": {"EventClass": "scan|er\\x", "EventSeverity": "High"},
    }));
    let mut device = cef::Device::default();
    device.vendor = "a|b\\c\nd".to_owned();
    device.version = "1".to_owned();
    let lines = cef::from_idea(&event, &device);
    let expected = concat!(
        r"CEF:0|a\|b\\c d|mentat-core|1|scan\|er\\x|Recon.Scanning|8|externalId=e1 rt=1795165201500 cat=Recon.Scanning ",
        r"msg=a\=b\\c\r\nd|e f c6a2=2001:db8::1 c6a2Label=Source IPv6 Address spt=1 cs4=192.0.2.0/24 ",
        r"cs4Label=Destination Network proto=tcp app=ssh cnt=7 deviceExternalId=cz.probe",
    );
    assert_eq!(lines.texts, [expected]);
}

#[test]
fn a_document_for_elastic() {
    let event = event(&json!({
        "ID": "e1", "DetectTime": "2026-11-20T09:00:01Z", "Category": ["Attempt.Login", "Recon.Scanning"], "TLP": "GREEN",
        "Source": [{"IP4": ["192.0.2.1", "192.0.2.2", "192.0.2.1"], "MAC": ["aa:bb:cc:dd:ee:ff"], "Port": [99999]}],
        "Target": [{"IP4": ["198.51.100.0/31"], "Port": [22], "Proto": ["tcp", "ssh"], "Hostname": ["h.example.org"]}],
        "Confidence": 0.5, "_Mentat": {"EventSeverity": "low", "ResolvedAbuses": ["a@example.org"]},
    }));
    let expected = json!({
        "@timestamp": "2026-11-20T09:00:01Z", "ecs": {"version": "8.11.0"}, "labels": {"tlp": "GREEN"},
        "tags": ["Attempt.Login", "Recon.Scanning"],
        "event": {"kind": "alert", "category": ["authentication", "intrusion_detection", "network"], "type": ["info"],
            "action": "Attempt.Login", "id": "e1", "severity": 21},
        "source": {"ip": ["192.0.2.1", "192.0.2.2"], "mac": "AA-BB-CC-DD-EE-FF"},
        "destination": {"port": 22, "domain": "h.example.org"},
        "related": {"ip": ["192.0.2.1", "192.0.2.2"], "hosts": ["h.example.org"]},
        "network": {"transport": "tcp", "protocol": "ssh"},
        "mentat": {"confidence": 0.5, "abuse_groups": "a@example.org",
            "target": {"ip_range": {"gte": "198.51.100.0", "lte": "198.51.100.1"}}},
    });
    assert_eq!(parsed(&ecs::from_idea(&event)), expected);
}

fn login() -> Value {
    json!({
        "ID": "59c85a23-11b6-4faf-9eff-55bfb5f7fda5", "DetectTime": "2026-11-20T09:00:01Z", "Category": ["Attempt.Login"],
        "Source": [{"IP4": ["192.0.2.1"], "Port": [40000], "Proto": ["tcp"]}],
        "Target": [{"IP4": ["198.51.100.5"], "Port": [22], "Proto": ["ssh"]}], "CeaseTime": "2026-11-20T10:00:00Z",
        "Confidence": 0.8, "Description": "SSH", "Node": [{"Name": "a.b", "Type": ["Honeypot"]}],
        "Attach": [{"Type": ["Credentials"], "Content": "secret", "Credentials": [{"Password": "secret"}]}],
        "_Mentat": {"ResolvedAbuses": ["secret"]},
    })
}

#[test]
fn a_login_report() {
    let mut strict = reporter();
    strict.conformance = xarf::Conformance::Strict;
    strict.evidence = xarf::Evidence::Nothing;
    let contact = json!({"org": "Example CSIRT", "contact": "abuse@example.org", "domain": "example.org"});
    let expected = json!({
        "xarf_version": "4.0.0", "report_id": "59c85a23-11b6-4faf-9eff-55bfb5f7fda5", "timestamp": "2026-11-20T09:00:01Z",
        "reporter": contact, "sender": contact, "source_identifier": "192.0.2.1", "source_port": 40000,
        "category": "connection", "type": "login_attack", "evidence_source": "honeypot", "confidence": 0.8,
        "description": "SSH", "destination_ip": "198.51.100.5", "destination_port": 22, "protocol": "tcp",
        "first_seen": "2026-11-20T09:00:01Z", "last_seen": "2026-11-20T10:00:00Z",
        "idea_id": "59c85a23-11b6-4faf-9eff-55bfb5f7fda5", "idea_category": ["Attempt.Login"],
    });
    let texts = xarf::from_idea(&event(&login()), &strict).unwrap().texts;
    assert_eq!(texts.iter().map(|text| parsed(text)).collect::<Vec<_>>(), [expected]);
    let shown = parsed(&xarf::from_idea(&event(&login()), &reporter()).unwrap().texts[0]);
    assert_eq!(shown["evidence"][0]["content_type"], "application/json");
    let payload = shown["evidence"][0]["payload"].as_str().unwrap();
    // "secret" at the three offsets it may have in base64.
    assert!(
        ["c2VjcmV0", "NlY3Jld", "zZWNyZX"]
            .iter()
            .all(|part| !payload.contains(part))
    );
}

#[test]
fn each_source_has_its_report() {
    let mut value = login();
    value["Source"][0]["IP4"] = json!(["192.0.2.1", "192.0.2.2"]);
    let mut one = reporter();
    let reports = xarf::from_idea(&event(&value), &one).unwrap();
    let ids: Vec<Value> = reports
        .texts
        .iter()
        .map(|text| parsed(text)["report_id"].clone())
        .collect();
    assert!(
        ids.len() == 2 && ids[0] != ids[1] && ids[0].as_str().unwrap().len() == 36,
        "{ids:?}"
    );
    assert_eq!(xarf::from_idea(&event(&value), &one).unwrap(), reports);
    one.max_reports = 1;
    assert_eq!(xarf::from_idea(&event(&value), &one).unwrap().left_off, 1);
}

#[test]
fn what_is_reported_as_what() {
    let source = json!({"IP4": ["192.0.2.1"], "Port": [25], "Proto": ["tcp"], "URL": ["http://example.org/x"],
        "Email": ["a@example.org"]});
    for (category, expected) in [
        ("Recon.Scanning", "connection/port_scan"),
        ("Availability.DoS", "connection/ddos"),
        ("Abusive.Spam", "messaging/spam"),
        ("Fraud.Phishing", "content/phishing"),
        ("Fraud.Copyright", "copyright/copyright"),
        ("Malware.Worm", "content/malware"),
        ("Intrusion.Botnet", "infrastructure/botnet"),
        ("Intrusion.UserCompromise", "infrastructure/compromised_server"),
        ("Vulnerable.Open", "vulnerability/open_service"),
        ("Vulnerable", "vulnerability/misconfiguration"),
    ] {
        let value =
            json!({"ID": "a", "DetectTime": "2026-11-20T09:00:01Z", "Category": ["X", category], "Source": [source]});
        let mut strict = reporter();
        strict.conformance = xarf::Conformance::Strict;
        let report = parsed(&xarf::from_idea(&event(&value), &strict).unwrap().texts[0]);
        let found = format!(
            "{}/{}",
            report["category"].as_str().unwrap(),
            report["type"].as_str().unwrap()
        );
        assert_eq!(found, expected);
    }
}

#[test]
fn what_is_not_reported() {
    let strict = xarf::Reporter::new("Example CSIRT", "abuse@example.org", "example.org");
    for (pointer, value, path) in [
        ("/Category", json!(["Anomaly.Traffic"]), "/Category"),
        ("/Category", json!(["Attempt.Login", "Test"]), "/Category"),
        ("/Source", json!([]), "/Source"),
        ("/Source", json!([{"IP4": ["192.0.2.1"], "Spoofed": true}]), "/Source"),
        ("/Source", json!([{"Port": [1], "Proto": ["tcp"]}]), "/Source"),
        (
            "/Source",
            json!([{"IP4": ["192.0.2.1"], "Proto": ["tcp"]}]),
            "/Source/Port",
        ),
        ("/Category", json!(["Fraud.Phishing"]), "/Source/URL"),
        ("/Category", json!(["Abusive.Spam"]), "/Target/Proto"),
    ] {
        let mut changed = login();
        *changed.pointer_mut(pointer).unwrap() = value;
        let result = xarf::from_idea(&event(&changed), &strict);
        match path {
            // A protocol other than mail has no sender to ask for.
            "/Target/Proto" => assert_eq!(parsed(&result.unwrap().texts[0])["protocol"], "other"),
            _ => assert_eq!(result.unwrap_err().path(), Some(path), "{changed}"),
        }
    }
    for (org, email, domain, path) in [
        ("", "a@b", "b", "reporter.contact.org"),
        ("A", "a", "b", "reporter.contact.email"),
        ("A", "a@b", "b c", "reporter.contact.domain"),
    ] {
        let error = xarf::from_idea(&event(&login()), &xarf::Reporter::new(org, email, domain)).unwrap_err();
        assert_eq!(error.path(), Some(path));
    }
}

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        r"[|\\= \n\r\t\x{85}\x{2028}a-c@:/.\[\]]{0,20}",
        Just("Test".to_owned())
    ]
}

proptest! {
    #[test]
    fn hostile_events_become_well_formed_texts(
        texts in prop::collection::vec(hostile(), 8),
        ports in prop::collection::vec(any::<i64>(), 0..3),
        category in prop::sample::select(vec!["Attempt.Login", "Abusive.Spam", "Fraud.Phishing", "Malware", "Vulnerable.Open"]),
    ) {
        let value = json!({
            "ID": "a", "DetectTime": "2026-11-20T09:00:01Z", "Category": [category], "Description": texts[0],
            "Source": [{"Hostname": [texts[1]], "URL": [texts[2]], "Email": [texts[3]], "Proto": ["tcp", texts[4]],
                "Port": ports, "Account": [texts[5]]}],
            "Target": [{"URL": [texts[2]], "Hostname": [texts[5]]}], "TLP": texts[6], "AltNames": [texts[0]],
            "Attach": [{"Type": ["OrigData"], "Content": texts[7]}], "IntelMQ": {texts[7].as_str(): texts[0]},
            "_Mentat": {"EventClass": texts[6], "EventSeverity": texts[7]},
        });
        check_all(&event(&value));
    }

    #[test]
    fn hostile_intelmq_texts_are_read_or_refused(text in any::<String>(), key in hostile(), value in hostile()) {
        let options = intelmq::Options::default();
        let _ = intelmq::to_idea(&text, "a", &options);
        for key in [key.as_str(), "source.ip", "source.url", "source.fqdn", "feed.name", "feed.accuracy", "raw", "tlp",
            "classification.type", "destination.account", "malware.hash.md5", "extra.idea_id", "rtir_id"] {
            let text = json!({"time.observation": "2026-11-20T09:00:01Z", key: value}).to_string();
            if let Ok(event) = intelmq::to_idea(&text, "a", &options) {
                event.check_complete().unwrap();
                check_all(&event);
            }
        }
    }

    #[test]
    fn intelmq_keeps_what_counts(
        kind in prop::sample::select(vec!["spam", "malware", "ids-alert", "system-compromise", "proxy", "tor", "weak-crypto"]),
        address in any::<std::net::IpAddr>(), target in any::<std::net::Ipv4Addr>(), ports in any::<(u16, u16)>(),
        seconds in 0_i64..4_000_000_000, thousandths in 0_u32..=100_000,
    ) {
        let accuracy = f64::from(thousandths) / 1000.0;
        let time = mentat_core::filter::parse_timestamp("1970-01-01T00:00:00Z").unwrap();
        let time = time.checked_add(std::time::Duration::from_secs(seconds.unsigned_abs())).unwrap();
        let time = time.to_string().replace('Z', "+00:00");
        let text = json!({
            "classification.type": kind, "source.ip": address.to_string(), "destination.ip": target.to_string(),
            "source.port": ports.0, "destination.port": ports.1, "time.observation": time, "time.source": time,
            "feed.accuracy": accuracy,
        });
        let (back, _) = back_and_forth(&text.to_string());
        for (key, value) in text.as_object().unwrap() {
            prop_assert_eq!(&back[key], value, "{}", key);
        }
    }
}

#[test]
fn an_event_of_megabytes_becomes_megabytes_only() {
    let hosts: Vec<String> = (0..900).map(|at| format!("h{at}.example.org")).collect();
    let value = json!({"ID": "a", "Description": "d".repeat(1 << 20), "Target": [{"Hostname": hosts}]});
    let exported = intelmq::from_idea(&event(&value), &intelmq::Options::default());
    let bytes: usize = exported.texts.iter().map(String::len).sum();
    assert!(bytes <= 64 << 20 && exported.texts.len() > 50, "{bytes}");
    assert_eq!(exported.left_off, 900 - exported.texts.len() as u64);
}
