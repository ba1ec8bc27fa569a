//! Fused comparisons answer as the general evaluator does.
//!
//! A constant given through the context is built into the program and may be fused with the field beside it; the same
//! value given as part of the record never is. Both programs must agree on every result, error and span.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use mentat_filter::{Clock, Context, Family, Filter, IpSpan, Value, parse_timestamp};
use proptest::prelude::*;

fn clock() -> Clock {
    Clock::at(parse_timestamp("2024-05-01T10:00:00Z").unwrap())
}

fn scalar() -> impl Strategy<Value = Value> {
    let ip = prop::sample::select(vec![
        "10.0.0.1",
        "10.0.0.5",
        "10.0.0.0/24",
        "10.0.0.0-10.0.0.9",
        "10.0.0.5-10.0.1.5",
        "0.0.0.0/0",
        "::1",
        "::/64",
        "::a00:1",
    ]);
    let time = prop::sample::select(vec![
        "2024-05-01T09:00:00Z",
        "2024-05-01T10:00:00Z",
        "2024-05-01T10:00:00.5Z",
    ]);
    prop_oneof![
        4 => (-3..6_i64).prop_map(Value::from),
        2 => prop::sample::select(vec![-1.0, 0.0, 1.0, 1.5, f64::NAN, f64::INFINITY]).prop_map(Value::Float),
        4 => prop::sample::select(vec!["", "a", "b", "ab", "abc"]).prop_map(Value::from),
        4 => ip.prop_map(|text| Value::Ip(text.parse().unwrap())),
        2 => time.prop_map(|text| Value::Time(parse_timestamp(text).unwrap())),
        2 => (-2..3_i64).prop_map(|seconds| Value::Duration(SignedDuration::from_secs(seconds))),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Null),
    ]
}

pub(crate) fn value() -> impl Strategy<Value = Value> {
    let range = (scalar(), scalar()).prop_map(|ends| Value::Range(Box::new(ends)));
    let leaf = prop_oneof![12 => scalar(), 2 => range];
    leaf.prop_recursive(3, 24, 12, |inner| {
        prop_oneof![
            6 => prop::collection::vec(inner.clone(), 0..12).prop_map(Value::List),
            1 => inner.prop_map(|inner| Value::Map(BTreeMap::from([("a".to_owned(), inner)]))),
        ]
    })
}

/// Lists of one type are what gets fused, and rare among random lists.
pub(crate) fn uniform() -> impl Strategy<Value = Value> {
    let texts = prop::collection::vec(
        prop::sample::select(vec!["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]),
        0..12,
    );
    let ip = prop::sample::select(vec![
        "10.0.0.1",
        "10.0.0.0/30",
        "10.0.0.2-10.0.0.9",
        "10.0.0.0/24",
        "::1",
        "::/127",
    ]);
    let ips = prop::collection::vec(ip.prop_map(|text| text.parse::<IpSpan>().unwrap()), 0..8);
    prop_oneof![
        texts.prop_map(Value::from),
        prop::collection::vec(0..5_i64, 0..8).prop_map(Value::from),
        ips.prop_map(Value::from),
        (0..5_i64, 0..5_i64).prop_map(|(one, other)| Value::Range(Box::new((one.into(), other.into())))),
    ]
}

/// Both programs over one record, as a pair of results each.
fn check(form: &str, field: Value, default: Value, constant: Value) -> Result<(), TestCaseError> {
    let record = Value::Map(BTreeMap::from([
        ("x".to_owned(), field.clone()),
        (
            "y".to_owned(),
            Value::List(vec![Value::Map(BTreeMap::from([("z".to_owned(), field)]))]),
        ),
        ("c".to_owned(), constant.clone()),
        ("d".to_owned(), default.clone()),
    ]));
    let context = Context::new().with("cc", constant).with("dd", default);
    let run = |constant: &str, default: &str| {
        let text = form.replace('C', constant).replace('D', default);
        let program = Filter::parse(&text).unwrap().compile::<Value>(&context).unwrap();
        (program.matches(&record, &clock()), program.truthy(&record, &clock()))
    };
    prop_assert_eq!(run("cc", "dd"), run(".c", ".d"), "{}", form);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fused_equals_general(
        field in prop_oneof![value(), uniform(), Just(Value::List(vec![]))],
        default in prop_oneof![scalar(), uniform(), Just(Value::List(vec![]))],
        constant in prop_oneof![value(), uniform(), uniform()],
        path in prop::sample::select(vec!["x", "y.z", "gone"]),
        form in prop::sample::select(vec!["F op C", "C op F", "F ?? D op C", "C op F ?? D", "length(F ?? D) op C"]),
        op in prop::sample::select(vec!["=", "!=", "==", "in", "contains", "<", "<=", ">", ">="]),
    ) {
        check(&form.replace('F', path).replace("op", op), field, default, constant)?;
    }

    #[test]
    fn sets_of_spans(
        field in prop::collection::vec((0..16_u8, 0..16_u8), 0..4),
        constant in prop::collection::vec((0..16_u8, 0..16_u8), 0..8),
        form in prop::sample::select(vec!["x in C", "C in x", "x = C", "C = x"]),
    ) {
        let spans = |ends: Vec<(u8, u8)>| {
            let spans = ends.into_iter().map(|(one, other)| IpSpan::between(Family::V4, one.into(), other.into()));
            Value::from(spans.collect::<Vec<_>>())
        };
        check(form, spans(field), Value::Null, spans(constant))?;
    }

    #[test]
    fn hits_before_misfits(
        field in prop::collection::vec(prop_oneof![5 => "[a-c]".prop_map(Value::from), 1 => (0..3_i64).prop_map(Value::from)], 0..4),
        constant in prop::collection::vec("[a-c]".prop_map(Value::from), 0..4),
        form in prop::sample::select(vec!["x in C", "C in x", "x = C", "C = x"]),
    ) {
        check(form, Value::List(field), Value::Null, Value::List(constant))?;
    }
}
