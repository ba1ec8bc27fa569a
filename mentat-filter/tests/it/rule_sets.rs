//! A set of programs answers as its programs do one by one.

use std::collections::BTreeMap;

use mentat_filter::{Clock, Context, Filter, FilterSet, IpSpan, Matches, NamedSet, Program, Value, parse_timestamp};
use proptest::prelude::*;

fn clock() -> Clock {
    Clock::at(parse_timestamp("2024-05-01T10:00:00Z").unwrap())
}

fn compile(text: &str, lenient: bool, context: &Context) -> Program<Value> {
    let filter = Filter::parse(text).unwrap_or_else(|errors| panic!("{text}\n{errors}"));
    let filter = if lenient { filter.lenient() } else { filter };
    filter
        .compile(context)
        .unwrap_or_else(|errors| panic!("{text}\n{errors}"))
}

/// Both answers about one record must be those of the programs.
fn agree(set: &FilterSet<Value>, record: &Value, matches: &mut Matches, texts: &[String]) -> Result<(), TestCaseError> {
    type One = fn(&Program<Value>, &Value) -> Result<bool, mentat_filter::EvalError>;
    type All = fn(&FilterSet<Value>, &Value, &mut Matches);
    let questions: [(One, All); 2] = [
        (
            |program, record| program.matches(record, &clock()),
            |set, record, matches| set.matches(record, &clock(), matches),
        ),
        (
            |program, record| program.truthy(record, &clock()),
            |set, record, matches| set.truthy(record, &clock(), matches),
        ),
    ];
    for (one, all) in questions {
        all(set, record, matches);
        let (mut matching, mut errors) = (Vec::new(), Vec::new());
        for (at, program) in set.programs().iter().enumerate() {
            match one(program, record) {
                Ok(true) => matching.push(at),
                Ok(false) => {}
                Err(error) => errors.push((at, error)),
            }
        }
        prop_assert_eq!(matches.matching(), matching, "{:#?}\n{}", texts, record);
        prop_assert_eq!(matches.errors(), errors, "{:#?}\n{}", texts, record);
    }
    Ok(())
}

const FIELDS: &[&str] = &["a", "b", ".a", "s.ip", "s.t", "s.n", "gone"];

fn constant() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec!["'x'", "'y'", "'z'", "'xy'", "''"]).prop_map(str::to_owned);
    let number = prop::sample::select(vec!["0", "1", "2", "3", "1.5", "-1", "2.0"]).prop_map(str::to_owned);
    let span = prop::sample::select(vec![
        "10.0.0.1",
        "10.0.0.2",
        "10.0.0.0/30",
        "10.0.0.0/24",
        "10.0.0.1-10.0.0.5",
        "10.0.0.4-10.0.0.9",
        "0.0.0.0/0",
        "::1",
        "2001:db8::/32",
        "2001:db8::/64",
    ])
    .prop_map(str::to_owned);
    let time = prop::sample::select(vec!["2024-05-01T10:00:00Z", "2024-05-02", "now() - 1D00:00:00"])
        .prop_map(|text| format!("({text})"));
    let scalar = prop_oneof![4 => text, 4 => number, 4 => span, 1 => time, 1 => Just("00:01:00".to_owned())];
    let one = scalar.boxed();
    let same = prop_oneof![
        prop::collection::vec(
            prop::sample::select(vec!["'x'", "'y'", "'z'", "'xy'", "''", "'q'"]),
            1..12
        ),
        prop::collection::vec(prop::sample::select(vec!["0", "1", "2", "3", "4"]), 1..4),
        prop::collection::vec(
            prop::sample::select(vec!["10.0.0.1", "10.0.0.0/30", "10.0.0.2-10.0.0.7", "::1", "::/16"]),
            1..4
        ),
    ]
    .prop_map(|items| format!("[{}]", items.join(", ")));
    let mixed = prop::collection::vec(one.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(", ")));
    prop_oneof![
        6 => one,
        6 => same,
        1 => mixed,
        1 => prop::sample::select(vec!["known", "marks", "(1 .. 3)", "gone"]).prop_map(str::to_owned),
    ]
}

/// One condition, most of them of the kind that gets an index.
fn condition() -> impl Strategy<Value = String> {
    let default = prop::sample::select(vec![
        "",
        "?? []",
        "?? []",
        "?? 0",
        "?? 'x'",
        "?? ['x', 'y']",
        "?? 10.0.0.1",
    ]);
    let op = prop::sample::select(vec![
        "=", "=", "in", "in", "in", "==", "!=", "<", "<=", ">", ">=", "contains",
    ]);
    let form = prop::sample::select(vec![
        "F D op C",
        "F D op C",
        "F D op C",
        "C op F D",
        "length(F D) op C",
        "C op length(F D)",
        "F D contains 'x'",
        "F D contains 'xy'",
        "startswith(F D, 'x')",
        "F D matches 'x|y'",
        "F??",
        "F",
        "F D",
        "count(F D, C) > 1",
        "none_of(F D, C)",
        "'a' == 'b'",
        "1 = 1",
        "F + 1 = 2",
    ]);
    (form, prop::sample::select(FIELDS), default, op, constant()).prop_map(|(form, field, default, op, constant)| {
        form.replace("op", op)
            .replace('F', field)
            .replace('D', default)
            .replace('C', &constant)
    })
}

fn filter() -> impl Strategy<Value = String> {
    condition().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 2..4).prop_map(|all| format!("({})", all.join(" and "))),
            3 => prop::collection::vec(inner.clone(), 2..4).prop_map(|any| format!("({})", any.join(" or "))),
            1 => inner.prop_map(|one| format!("(not ({one}))")),
        ]
    })
}

fn leaf() -> impl Strategy<Value = Value> + Clone {
    prop_oneof![
        6 => prop::sample::select(vec!["", "x", "y", "z", "xy", "yx"]).prop_map(Value::from),
        5 => (-1..5_i64).prop_map(Value::from),
        2 => prop::sample::select(vec![1.0, 1.5, f64::NAN, f64::INFINITY]).prop_map(Value::Float),
        6 => prop::sample::select(vec!["10.0.0.1", "10.0.0.3", "10.0.0.0/30", "10.0.0.3-10.0.0.6", "::1", "2001:db8::5", "2001:db8::/48"])
            .prop_map(|text| Value::Ip(text.parse::<IpSpan>().unwrap())),
        1 => Just(Value::Time(parse_timestamp("2024-05-01T12:00:00Z").unwrap())),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
    ]
}

fn field() -> impl Strategy<Value = Option<Value>> + Clone {
    let list = prop::collection::vec(leaf(), 0..4).prop_map(Value::List);
    prop::option::weighted(
        0.8,
        prop_oneof![4 => leaf(), 6 => list, 1 => leaf().prop_map(|leaf| Value::List(vec![Value::List(vec![leaf])]))],
    )
}

fn map(members: Vec<(&str, Option<Value>)>) -> Value {
    let members = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Map(members.collect::<BTreeMap<_, _>>())
}

fn record() -> impl Strategy<Value = Value> {
    let part = (field(), field(), field()).prop_map(|(ip, t, n)| map(vec![("ip", ip), ("t", t), ("n", n)]));
    let parts = prop_oneof![
        4 => prop::collection::vec(part.clone(), 0..3).prop_map(|parts| Some(Value::List(parts))),
        1 => part.prop_map(Some),
        1 => Just(None),
    ];
    (field(), field(), parts).prop_map(|(a, b, s)| map(vec![("a", a), ("b", b), ("s", s)]))
}

/// Rules, some of which begin alike, and whether each is lenient.
fn rules() -> impl Strategy<Value = Vec<(String, bool)>> {
    let beginnings = prop::collection::vec(condition(), 2);
    let rule = (filter(), prop::bool::weighted(0.2), 0..4_usize, any::<bool>());
    (beginnings, prop::collection::vec(rule, 0..24)).prop_map(|(beginnings, rules)| {
        let rules = rules.into_iter().map(|(filter, lenient, beginning, negated)| {
            let filter = match beginnings.get(beginning) {
                Some(beginning) if negated => format!("not ({beginning}) and ({filter})"),
                Some(beginning) => format!("{beginning} and ({filter})"),
                None => filter,
            };
            (filter, lenient)
        });
        rules.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 768, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sets_answer_as_their_programs(
        filters in rules(),
        records in prop::collection::vec(record(), 1..6),
        members in prop::collection::vec(leaf(), 0..4),
    ) {
        let marks = NamedSet::from_iter(["x", "z"]);
        let context = Context::new().with("known", vec!["x", "y"]).with_set("marks", &marks);
        let texts: Vec<String> = filters.iter().map(|(text, _)| text.clone()).collect();
        let set: FilterSet<Value> =
            filters.iter().map(|(text, lenient)| compile(text, *lenient, &context)).collect();
        let mut matches = Matches::new();
        for record in &records {
            agree(&set, record, &mut matches, &texts)?;
        }
        // The members of a set may change after the index was made, even their type.
        marks.replace(members);
        for record in &records {
            agree(&set, record, &mut matches, &texts)?;
        }
    }
}

/// The positions of the filters that match and of those that fail.
fn check(texts: &[&str], record: &Value, matching: &[usize], failing: &[usize]) {
    let set: FilterSet<Value> = texts.iter().map(|text| compile(text, false, &Context::new())).collect();
    let mut matches = Matches::new();
    set.matches(record, &clock(), &mut matches);
    assert_eq!(matches.matching(), matching);
    assert_eq!(matches.errors().iter().map(|(at, _)| *at).collect::<Vec<_>>(), failing);
}

#[test]
fn what_is_missing_is_an_error_of_every_rule_that_needs_it() {
    let record = map(vec![("a", Some(Value::from("x")))]);
    check(
        &["a = 'x'", "b = 'x'", "b ?? [] in ['x']", "a = 'y' and b = 'x'"],
        &record,
        &[0],
        &[1],
    );
    // The first conjunct fails although the second is false.
    check(
        &[
            "b = 'x' and a = 'y'",
            "b ?? 'x' = 'x' and a = 'y'",
            "b = 'x' or a = 'x'",
        ],
        &record,
        &[],
        &[0, 2],
    );
    check(&["b = 1", "c = 1", "b.c = 1"], &record, &[], &[0, 1, 2]);
}

#[test]
fn values_of_other_types_are_left_to_the_programs() {
    let record = map(vec![("a", Some(Value::from(5)))]);
    check(
        &["a = 'x'", "a in ['x']", "a == 5", "a < 10.0.0.1"],
        &record,
        &[2],
        &[0, 3],
    );
    check(
        &["a > 4", "a >= 5.0", "a > 5", "a = 1 .. 7", "a < 4 or a = 5"],
        &record,
        &[0, 1, 3, 4],
        &[],
    );
}

#[test]
fn spans_around_and_inside() {
    let network = Value::from(vec!["10.0.0.0/24".parse::<IpSpan>().unwrap()]);
    let record = map(vec![("a", Some(network))]);
    let rules = [
        "a in [10.0.0.0/16]",
        "a in [10.0.0.1]",
        "a = 10.0.0.1",
        "10.0.0.1 in a",
        "[10.0.0.1] in a",
        "10.0.0.0/16 = a",
    ];
    check(&rules, &record, &[0, 2, 3, 4, 5], &[]);
}

#[test]
fn sets_without_programs() {
    check(&[], &Value::Null, &[], &[]);
    assert_eq!(
        format!("{:?}", FilterSet::<Value>::new(Vec::new())),
        "FilterSet(0 programs)"
    );
}
