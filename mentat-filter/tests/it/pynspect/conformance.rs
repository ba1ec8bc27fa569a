//! The recorded behaviour of the legacy dialect.

use mentat_filter::{Clock, Context, Filter, LegacyTypes, ParseError, ParseErrors, Value};

use super::{forms, parse};
use crate::conformance::{report, same};
use crate::vectors::{Records, lines, read, tagged};

fn run(text: &str, typed: bool, record: &Value, clock: &Clock) -> Result<Value, &'static str> {
    let class = |errors: ParseErrors| {
        assert!(!errors.errors().is_empty());
        if errors.errors().iter().all(ParseError::is_bad_literal) {
            "shape"
        } else {
            "parse"
        }
    };
    let mut filter = parse(text).map_err(class)?;
    if typed {
        filter = filter.with_types(&LegacyTypes::idea()).map_err(class)?;
    }
    let program = filter.compile::<Value>(&Context::new()).map_err(|_| "eval")?;
    let result = program.evaluate(record, clock);
    // The three ways to evaluate never disagree.
    let matches = program.matches(record, clock);
    let truthy = program.truthy(record, clock);
    assert_eq!(
        matches,
        result.clone().map(|value| value == Value::Bool(true)),
        "{text}"
    );
    assert_eq!(truthy, result.clone().map(|value| value.is_truthy()), "{text}");
    result.map_err(|_| "eval")
}

#[test]
fn recorded_behaviour() {
    let name = "filter-pynspect.jsonl";
    let Some(text) = read(name) else { return };
    let Records {
        records,
        with_odd_offsets,
        ..
    } = Records::load();
    let clock = Clock::system();
    let (mut passed, mut failed) = (0, Vec::new());
    for vector in lines(&text) {
        let id = vector["id"].as_str().unwrap();
        let expr = vector["expr"].as_str().unwrap();
        let name = vector["data_ref"].as_str().unwrap();
        let typed = vector["compile"].as_bool().unwrap();
        let wanted = vector.get("recommended").unwrap_or(&vector["expect"]);
        let right = |got: &Result<Value, &str>| match (got, wanted.get("value"), wanted["error"].as_str()) {
            (Ok(got), Some(wanted), None) => same(got, &tagged(wanted)),
            (Err(got), None, Some(wanted)) => *got == wanted,
            _ => false,
        };
        let got = run(expr, typed, &records[name], &clock);
        // Two decisions to differ. The offset -02:30 is two and a half hours (rule D05 of the event model), and there
        // is one kind of time: one without a zone is UTC, and comparable with one that has a zone.
        let offset = || right(&run(expr, typed, &with_odd_offsets[name], &clock));
        let zone = || vector["expect"]["leak"] == "TypeError" && expr.contains("dt") && got.is_ok();
        if right(&got) || offset() || zone() {
            passed += 1;
        } else {
            failed.push(format!("{id} `{expr}`: wanted {wanted}, got {got:?}"));
        }
    }
    report(name, passed, &failed);
}

#[test]
fn recorded_forms() {
    let name = "filter-pynspect-print.jsonl";
    let Some(text) = read(name) else { return };
    let (mut passed, mut failed) = (0, Vec::new());
    for vector in lines(&text) {
        let expr = vector["expr"].as_str().unwrap();
        let filter: Filter = parse(expr).unwrap();
        let got = [
            ("traverser", forms::traversed(filter.ast())),
            ("str", forms::short(filter.ast())),
            ("repr", forms::long(filter.ast())),
        ];
        let wanted = &vector["expect"];
        if got.iter().all(|(form, text)| wanted[form] == **text) {
            passed += 1;
        } else {
            failed.push(format!("{} `{expr}`: wanted {wanted}, got {got:?}", vector["id"]));
        }
    }
    report(name, passed, &failed);
}
