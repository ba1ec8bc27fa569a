//! What is worked out when a filter is compiled, and what is fused, never changes an answer.
//!
//! The filters are random and use the whole language. Each is compiled several ways: with its constants in the context,
//! so that they are built in and folded; as part of the record, where they never are; as named sets; and with every
//! field inside a call, so that no comparison is fused.

use std::collections::BTreeMap;

use mentat_filter::{
    Clock, Context, EvalClass, EvalError, Filter, Function, FunctionError, NamedSet, Outcome, Schema, Value,
    parse_timestamp,
};
use proptest::prelude::*;

use crate::atoms::{uniform, value};

const CONSTANTS: [&str; 4] = ["a", "b", "c", "d"];

/// A part of a filter. `K` before a constant stands for the place that it comes from, `@` before a field for a call.
fn leaf() -> impl Strategy<Value = String> {
    let constant = prop::sample::select(vec!["Ka", "Kb", "Kc", "Kd"]);
    let field = prop::sample::select(vec!["x", "y.z", "y", "Kgone"]);
    let other = prop::sample::select(vec![
        "1", "0", "'a'", "[]", "10.0.0.1", "now()", "x??", "Kgone??", "Ka??",
    ]);
    prop_oneof![
        4 => constant.clone().prop_map(str::to_owned),
        4 => field.clone().prop_map(|field| format!("@({field})")),
        3 => (field.clone(), constant).prop_map(|(field, constant)| format!("@({field} ?? {constant})")),
        1 => field.prop_map(|field| format!("@({field} ?? [])")),
        1 => other.prop_map(|other| format!("({other})")),
    ]
}

const FORMS: &[&str] = &[
    "(L = R)",
    "(L = R)",
    "(L != R)",
    "(L != R)",
    "(L == R)",
    "(L < R)",
    "(L >= R)",
    "(L in R)",
    "(L in R)",
    "(L contains R)",
    "(L contains 'a')",
    "(L matches '^a|b$')",
    "(L matches ['c', 'x.*'])",
    "startswith(L, 'a')",
    "endswith(L, ['b', 'c'])",
    "glob(L, ['a*', '?'])",
    "lower(L)",
    "upper(L)",
    "length(L)",
    "(length(L) > R)",
    "twice(L)",
    "all_in(L, R)",
    "none_of(L, R)",
    "none_of(L != R)",
    "none_of(L > R)",
    "count(L, R)",
    "count(L = R)",
    "any(y, z = 1)",
    "any(y ?? [], z != 1 or gone = 2)",
    "any(x, not a contains 'a')",
    "(L and R)",
    "(L or R)",
    "(not L)",
    "(-L)",
    "(L + R)",
    "(L - R)",
    "(L * R)",
    "(L / R)",
    "(L % R)",
    "(L . R)",
    "(L .. R)",
    "[L, R]",
    "(gone ?? L)",
    "(x ?? R)",
];

fn filter() -> impl Strategy<Value = String> {
    leaf().prop_recursive(4, 24, 2, |inner| {
        (prop::sample::select(FORMS), inner.clone(), inner).prop_map(|(form, left, right)| {
            let mut text = String::new();
            for character in form.chars() {
                match character {
                    'L' => text.push_str(&left),
                    'R' => text.push_str(&right),
                    other => text.push(other),
                }
            }
            text
        })
    })
}

fn field() -> BoxedStrategy<Value> {
    prop_oneof![2 => value(), 2 => uniform(), 1 => Just(Value::List(vec![]))].boxed()
}

fn function() -> Function {
    Function::new(1..=1, |arguments| match arguments {
        [Value::Int(number)] => number
            .checked_mul(2)
            .map(Value::Int)
            .ok_or(FunctionError::Failed("too large")),
        [other] => Err(FunctionError::Argument(other.kind())),
        _ => Ok(Value::Null),
    })
}

fn context() -> Context {
    let same = Function::new(1..=1, |arguments| Ok(arguments.first().cloned().unwrap_or_default()));
    Context::new()
        .with_function("twice", function())
        .with_function("same", same)
}

/// What a filter amounts to, once all ways to ask for it agree.
fn answer(text: &str, lenient: bool, context: &Context, record: &Value) -> Result<Value, EvalError> {
    let clock = Clock::at(parse_timestamp("2024-05-01T10:00:00Z").unwrap());
    let filter = Filter::parse(text).unwrap_or_else(|errors| panic!("{errors}"));
    let filter = if lenient { filter.lenient() } else { filter };
    let program = filter
        .compile::<Value>(context)
        .unwrap_or_else(|errors| panic!("{errors}"));
    let value = program.evaluate(record, &clock);
    let (matches, truthy) = (program.matches(record, &clock), program.truthy(record, &clock));
    match &value {
        Ok(value) => assert_eq!(
            (matches, truthy),
            (Ok(*value == Value::Bool(true)), Ok(value.is_truthy())),
            "{text}"
        ),
        Err(error) => assert_eq!((matches, truthy), (Err(*error), Err(*error)), "{text}"),
    }
    let explained = filter.explain(context, record, &clock).unwrap().outcome;
    assert_eq!(shown(&explained), shown(&Outcome::from(value.clone())), "{text}");
    let _ = filter.check(&Schema::new().open(), context);
    value
}

/// As text, because not every number equals itself.
fn shown(what: &impl std::fmt::Debug) -> String {
    format!("{what:?}")
}

fn sort(result: Result<Value, EvalError>) -> String {
    shown(&result.map_err(|error| error.kind()))
}

#[test]
fn a_default_that_does_not_fit_is_not_missing() {
    let kind = |text: &str| answer(text, true, &context(), &Value::default()).map_err(|error| error.code());
    assert_eq!(kind("gone contains 'a'"), Ok(false.into()));
    assert_eq!(kind("gone ?? [1] contains 'a'"), Err("F0307"));
    assert_eq!(kind("gone ?? 1 matches 'a'"), Err("F0302"));
    assert_eq!(kind("length(gone ?? 1) > 0"), Err("F0308"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_way_to_compile_a_filter_gives_one_answer(
        filter in filter(),
        fields in [field(), field()],
        constants in [field(), uniform().boxed(), field(), uniform().boxed()],
        lenient in any::<bool>(),
    ) {
        let [x, z] = fields;
        let element = Value::Map(BTreeMap::from([("z".to_owned(), z)]));
        let mut record = BTreeMap::from([("x".to_owned(), x), ("y".to_owned(), Value::List(vec![element]))]);
        let (mut values, mut sets) = (context(), context());
        for (name, constant) in CONSTANTS.into_iter().zip(constants) {
            record.insert(name.to_owned(), constant.clone());
            values.set(format!("K{name}"), constant.clone());
            sets = match &constant {
                Value::List(items) => sets.with_set(format!("K{name}"), &NamedSet::from_iter(items.clone())),
                _ => sets.with(format!("K{name}"), constant),
            };
        }
        let record = Value::Map(record);

        let fused = filter.replace('@', "");
        let built_in = answer(&fused, lenient, &values, &record);
        let read = answer(&fused.replace('K', "."), lenient, &context(), &record);
        prop_assert_eq!(shown(&built_in), shown(&read), "{}", fused);
        let named = answer(&fused, lenient, &sets, &record);
        prop_assert_eq!(shown(&built_in), shown(&named), "{}", fused);
        let called = answer(&filter.replace('@', "same"), lenient, &values, &record);
        prop_assert_eq!(sort(built_in.clone()), sort(called), "{}", filter);

        // Only what is missing tells lenient filters from others.
        if lenient {
            let strict = answer(&fused, false, &values, &record);
            if strict.as_ref().is_err_and(|error| error.class() == EvalClass::Missing) {
                prop_assert!(built_in.is_ok() || built_in.is_err_and(|error| error.class() != EvalClass::Missing));
            } else {
                prop_assert_eq!(shown(&strict), shown(&built_in), "{}", fused);
            }
        }
    }
}
