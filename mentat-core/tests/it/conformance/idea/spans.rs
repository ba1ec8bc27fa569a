//! Spans of addresses.

use crate::conformance::{Suite, Vector, expect, parsed};
use mentat_core::Event;
use mentat_core::filter::{Clock, Context, Family, Filter, IpError, IpSpan, Program, Shape, Value, merge};
use serde_json::{Value as Json, json};
use std::cmp::Ordering;
use std::collections::HashSet;

pub(super) fn suite() -> Suite<'static> {
    Suite {
        file: "ipranges.jsonl",
        deviations: &[],
        left_out: None,
        check: &check,
    }
}

/// A span as we print it: IPv4-compatible IPv6 addresses have two spellings.
pub(crate) fn reprint(text: &str) -> Option<String> {
    text.contains("::")
        .then(|| IpSpan::parse(text).ok())
        .flatten()
        .map(|span| span.to_string())
}

fn span(json: &Json) -> IpSpan {
    let text = json.as_str().unwrap();
    IpSpan::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn mixes_families(vector: &Vector) -> bool {
    vector.text("op") == "relate" && vector.text("a").contains(':') != vector.text("b").contains(':')
}

fn check(vector: &Vector) -> Result<(), String> {
    match vector.text("op").as_str() {
        "parse" => check_parse(vector),
        "relate" => check_relation(vector),
        "cidr_split" => {
            let nets: Vec<String> = span(&vector.json("in"))
                .nets()
                .iter()
                .map(ToString::to_string)
                .collect();
            expect(&vector.json("proposed"), &json!(nets))
        }
        "convert" => check_conversion(vector),
        "from_int" => check_integer(vector),
        "ptr" => expect(
            &vector.json("proposed"),
            &json!(span(&vector.json("in")).reverse_name()),
        ),
        "index" => {
            let (span, index) = (span(&vector.json("in")), vector.json("index").as_i64().unwrap());
            let from_end = || span.nth_back(u128::from(index.unsigned_abs()) - 1);
            let found = u128::try_from(index).map_or_else(|_| from_end(), |index| span.nth(index));
            let found = match found {
                Some(address) => json!({ "print": address.to_string() }),
                None => json!({ "error": "out_of_range" }),
            };
            expect(&vector.json("proposed"), &found)
        }
        "merge" => {
            let spans = vector.json("in");
            let merged = merge(spans.as_array().unwrap().iter().map(span));
            // Recorded rows begin with the highest of each family.
            let (mut found, six): (Vec<_>, Vec<_>) = merged.into_iter().partition(|span| span.family() == Family::V4);
            found.reverse();
            found.extend(six.into_iter().rev());
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            expect(&vector.json("proposed"), &json!(found))
        }
        other => Err(format!("expected an answer, found no operation {other}")),
    }
}

/// A span in the words of the vectors; `len_py` is what the reference makes of a number of its own.
fn described(span: &IpSpan) -> Json {
    let class = match (span.family(), span.shape()) {
        (Family::V4, Shape::Single) => "IP4",
        (Family::V4, Shape::Net { .. }) => "IP4Net",
        (Family::V4, Shape::Range) => "IP4Range",
        (Family::V6, Shape::Single) => "IP6",
        (Family::V6, Shape::Net { .. }) => "IP6Net",
        (Family::V6, Shape::Range) => "IP6Range",
    };
    json!({
        "class": class,
        "print": span.to_string(),
        "low": span.low().to_string(),
        "high": span.high().to_string(),
        "count": span.len().to_string(),
    })
}

fn expect_span(expected: &Json, found: Option<IpSpan>) -> Result<(), String> {
    let (Some(found), Some(members)) = (&found, expected.as_object()) else {
        return Err(format!("expected {expected}, found {found:?}"));
    };
    if expected.get("error").is_some() {
        return Err(format!("expected {expected}, found {found:?}"));
    }
    let mut expected = members.clone();
    expected.remove("len_py");
    expected.remove("print_std");
    if found.len() == u128::MAX && found.family() == Family::V6 && found.low() == 0 {
        // One address more than fits.
        expected.insert("count".to_owned(), json!(u128::MAX.to_string()));
    }
    expect(&Json::Object(expected), &described(found))
}

fn expect_span_or_error(expected: &Json, found: Option<IpSpan>) -> Result<(), String> {
    match (expected.get("error").is_some(), &found) {
        (true, None) => Ok(()),
        (true, Some(found)) => Err(format!("expected {expected}, found {found:?}")),
        (false, _) => expect_span(expected, found),
    }
}

type Constructor = fn(&str) -> Result<IpSpan, IpError>;

fn check_parse(vector: &Vector) -> Result<(), String> {
    let single: Constructor = |text| {
        IpSpan::parse(text).and_then(|span| match span.shape() {
            Shape::Single => Ok(span),
            _ => Err(IpError::Malformed),
        })
    };
    let constructors: [(&str, Constructor); 6] = [
        ("any", IpSpan::parse),
        ("v4", IpSpan::parse_v4),
        ("v6", IpSpan::parse_v6),
        ("single", single),
        ("net4", IpSpan::parse_v4),
        ("net6", IpSpan::parse_v6),
    ];
    let text = vector.text("in");
    for (name, constructor) in constructors {
        let found = constructor(&text).ok();
        let outcome = if vector.text("proposed") == "reject" {
            expect_span_or_error(&json!({"error": "any"}), found)
        } else {
            expect_span_or_error(&vector.json(name), found)
        };
        outcome.map_err(|difference| format!("{name} of {text:?}: {difference}"))?;
    }
    Ok(())
}

fn check_relation(vector: &Vector) -> Result<(), String> {
    let (a, b) = (span(&vector.json("a")), span(&vector.json("b")));
    let order = match a.cmp(&b) {
        Ordering::Less => "lt",
        Ordering::Equal => "eq",
        Ordering::Greater => "gt",
    };
    let found = json!({
        "eq": a == b,
        "a_in_b": b.contains(&a),
        "b_in_a": a.contains(&b),
        "overlap": a.overlaps(&b),
        "order": order,
    });
    expect(&vector.json("proposed"), &found)?;
    if b.overlaps(&a) != a.overlaps(&b) || (HashSet::from([a, b]).len() == 1) != (a == b) {
        return Err("expected symmetry and equal hashes of equals".to_owned());
    }
    let record = Value::Map([("a".to_owned(), Value::Ip(a)), ("b".to_owned(), Value::Ip(b))].into());
    let recorded = vector.json("filter_ops");
    for (operator, recorded) in recorded.as_object().into_iter().flatten() {
        let never = json!(false);
        let expected = if mixes_families(vector) { &never } else { recorded };
        let filter = Filter::parse(&format!("a {operator} b")).unwrap();
        let program: Program<Value> = filter.compile(&Context::new()).unwrap();
        let found = program
            .matches(&record, &Clock::system())
            .map_or_else(|error| json!({"error": error.code()}), Json::Bool);
        expect(expected, &found).map_err(|difference| format!("{operator}: {difference}"))?;
    }
    Ok(())
}

/// A span in another shape, where it has the very same addresses.
fn check_conversion(vector: &Vector) -> Result<(), String> {
    let span = span(&vector.json("in"));
    let nets = span.nets();
    let converted = [
        ("to_single", span.is_single().then(|| IpSpan::single(span.first()))),
        (
            "to_net",
            nets.first().filter(|_| nets.len() == 1).map(|net| IpSpan::from(*net)),
        ),
        (
            "to_range",
            Some(IpSpan::between(span.family(), span.low(), span.high())),
        ),
    ];
    for (name, found) in converted {
        let mut expected = vector.json(name);
        if expected["error"] == "overflow" {
            // The reference cannot count that far; the answer is the same for all sizes.
            expected = match aligned_prefix(&span) {
                Some(prefix) if name == "to_net" => json!({"print": format!("{}/{prefix}", span.first())}),
                _ => json!({"error": "not_convertible"}),
            };
        }
        let found = found.map_or(
            json!({"error": "not_convertible"}),
            |span| json!({"print": span.to_string()}),
        );
        expect(&expected, &found).map_err(|difference| format!("{name}: {difference}"))?;
    }
    Ok(())
}

/// The prefix length of the network that has exactly these addresses.
fn aligned_prefix(span: &IpSpan) -> Option<u32> {
    let differing = span.low() ^ span.high();
    let hosts = differing.count_ones();
    let aligned = differing.trailing_ones() == hosts && span.low() & differing == 0;
    aligned.then(|| u32::from(span.family().width()) - hosts)
}

/// Addresses given as numbers come in messages only.
fn check_integer(vector: &Vector) -> Result<(), String> {
    let number = vector.text("in");
    for (name, key) in [("v4", "IP4"), ("v6", "IP6")] {
        let message = format!(r#"{{"Source": [{{"{key}": [{number}]}}]}}"#);
        let event = Event::parse(message.as_bytes());
        let found = event.ok().and_then(|event| event.source_addresses().next());
        expect_span_or_error(&vector.json(name), found).map_err(|difference| format!("{name}: {difference}"))?;
    }
    Ok(())
}

#[test]
fn both_spellings_are_the_same() {
    let (one, other) = (parsed(r#"["::1.2.3.4/120"]"#), parsed(r#"["::102:304/120"]"#));
    assert_eq!(expect(&one, &other), Ok(()));
    assert!(expect(&json!("::1.2.3.4"), &json!("::102:305")).is_err());
}
