//! Filters checked against what events look like.

use mentat_core::filter::{Context, Filter, Severity};
use mentat_core::idea::filter_schema;

/// What is reported, errors with an exclamation mark.
fn codes(text: &str) -> String {
    let found = Filter::parse(text).unwrap().check(filter_schema(), &Context::new());
    let code = |found: &mentat_core::filter::Diagnostic| match found.severity {
        Severity::Error => format!("{}!", found.code),
        _ => found.code.to_owned(),
    };
    found.iter().map(code).collect::<Vec<_>>().join(" ")
}

fn check(text: &str, expected: &str) {
    assert_eq!(codes(text), expected, "{text}");
}

#[test]
fn filters_over_events() {
    check("Category in ['Recon.Scanning'] and DetectTime > 2024-01-01", "");
    check("['d1'] in Node.Name ?? [] and _Mentat.EventClass ?? [] in ['x']", "");
    check("Source.Proto ?? [] = 'tcp' and TLP ?? '' = 'RED'", "");
    check("any(Source, IP4 in 10.0.0.0/8 and Port = 22)", "");
    check("_Mentat.StorageTime ?? DetectTime - DetectTime > 00:05:00", "");
    check("Node.AggrWin ?? [] > 00:05:00", "");
    check("Soruce.IP4 in 10.0.0.0/8", "F0501");
    check("Source.IP4 in 10.0.0.0/8", "F0502");
    check("Target.Port = '22'", "F0503! F0502");
    check("Target.Port ?? [] = '22'", "F0504!");
    check("Target.Port ?? [] = 70000", "F0505");
    check("Source.IP6 ?? [] in 10.0.0.0/8", "F0505");
    check("Category == 'Test'", "F0510");
    check("Category and Node", "F0508 F0502");
    check("DetectTime = 'now'", "F0503!");
}

#[test]
fn filters_in_use_have_no_errors() {
    let filters = include_str!("../../../mentat-filter/tests/data/filters.txt");
    let filters = filters
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut count = 0;
    for filter in filters {
        assert_eq!(codes(filter), "", "{filter}");
        count += 1;
    }
    assert_eq!(count, 20);
}

/// Recorded answers over events: what is not reported did not fail.
#[test]
fn what_is_not_reported_did_not_fail() {
    let data: serde_json::Value = serde_json::from_str(include_str!("../data/filter-records.json")).unwrap();
    let mut silent = 0;
    for line in include_str!("../data/filters.jsonl").lines() {
        let vector: serde_json::Value = serde_json::from_str(line).unwrap();
        let event = &data["records"][vector["data_ref"].as_str().unwrap()];
        let complete = ["Category", "DetectTime", "ID", "Format"]
            .iter()
            .all(|key| !event[key].is_null());
        let expr = vector["expr"].as_str().unwrap();
        let Ok(filter) = Filter::parse(expr) else { continue };
        if complete && vector["context_ref"].is_null() && filter.check(filter_schema(), &Context::new()).is_empty() {
            let expected = vector.get("recommended").unwrap_or(&vector["expect"]);
            assert!(expected.get("value").is_some(), "{expr}: {expected}");
            silent += 1;
        }
    }
    assert!(silent > 20, "{silent}");
}
