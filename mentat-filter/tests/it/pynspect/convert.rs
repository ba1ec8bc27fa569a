//! From the legacy dialect to the default one.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use mentat_filter::{
    Clock, Context, ConvertErrorKind, Dialect, EvalError, Expr, ExprKind, Filter, Legacy, LegacyTypes, Literal,
    Program, Span, Value, parse_timestamp,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::{OPERATORS, parse};
use crate::vectors::{Records, lines, read};

fn typed(text: &str) -> Filter {
    parse(text).unwrap().with_types(&LegacyTypes::idea()).unwrap()
}

fn check(legacy: &str, converted: &str) {
    let filter = typed(legacy)
        .convert(Dialect::Ransack)
        .unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(filter.to_string(), converted, "{legacy}");
    assert!(Filter::parse(converted).unwrap() == filter, "{legacy}");
}

fn refuse(legacy: &str, refused: &[(ConvertErrorKind, &str)]) {
    let errors = typed(legacy)
        .convert(Dialect::Ransack)
        .map(|filter| filter.to_string())
        .unwrap_err();
    let got: Vec<_> = errors
        .errors()
        .iter()
        .map(|error| {
            (
                error.kind(),
                &legacy[error.span().start as usize..error.span().end as usize],
            )
        })
        .collect();
    assert_eq!(got, refused, "{legacy}\n{errors}");
}

#[test]
fn operators_that_have_an_equal() {
    check("Category == 'Test'", "Category ?? [] in [\"Test\"]");
    check("'Test' in Category", "Category ?? [] in [\"Test\"]");
    check(
        "Source.IP4 in [10.0.0.0/8, 192.0.2.1]",
        "Source.IP4 ?? [] in [10.0.0.0/8, 192.0.2.1]",
    );
    check(
        "Source.IP4 == [10.0.0.0/8, 192.0.2.1]",
        "Source.IP4 ?? [] in [192.0.2.1] or count(Source.IP4 ?? [] == 10.0.0.0/8) > 0",
    );
    check("192.0.2.5 in Source.IP4", "[192.0.2.5] in Source.IP4 ?? []");
    check("Source.IP4 in Target.IP4", "Source.IP4 ?? [] in Target.IP4 ?? []");
    check("Target.Port != 22", "not all_in(Target.Port ?? [], [22])");
    check("5 < ConnCount", "5 < ConnCount ?? []");
    check("Description like '^Hor'", "Description ?? [] matches \"^Hor\"");
    check("a like ['x', 'y']", "a ?? [] matches [\"x\", \"y\"]");
    check("size(Source.IP4) >= 2", "length(Source.IP4 ?? [] . []) >= 2");
    check("exists CeaseTime", "not CeaseTime ?? [] == []");
    check("not exists CeaseTime", "CeaseTime ?? [] == []");
    check(
        "DetectTime > CreateTime - 60 * 60",
        "DetectTime ?? [] > CreateTime ?? [] - 01:00:00",
    );
    check(
        "DetectTime - 0.5 > 2024-05-01T10:00:00Z",
        "DetectTime ?? [] - 00:00:01 * 0.5 > 2024-05-01T10:00:00Z",
    );
    check(
        "CeaseTime - EventTime > 00:05:00",
        "CeaseTime?? and EventTime?? and CeaseTime ?? [] - EventTime ?? [] > 00:05:00",
    );
    check(
        "utcnow() - 02:00:00 < DetectTime",
        "now() - 02:00:00 < DetectTime ?? []",
    );
    check("ConnCount - 1 - 1 == 1", "ConnCount ?? [] - (1 - 1) in [1]");
    check("2 * ConnCount + 4 > 9", "2 * (ConnCount ?? [] + 4) > 9");
}

#[test]
fn logic_knows_null() {
    check(
        "not Category in ['Test']",
        "not Category ?? [] == [] and not Category ?? [] in [\"Test\"]",
    );
    check("not (not a == 1)", "a ?? [] in [1]");
    check(
        "a == 1 and b == 1 or c == 1",
        "a ?? [] in [1] and b ?? [] in [1] or c ?? [] in [1]",
    );
    check("a == 1 xor b", "not (a ?? [] in [1]) == (not b ?? [] == [])");
    check(
        "not (a or b == 1)",
        "a ?? [] == [] and not b ?? [] == [] and not b ?? [] in [1]",
    );
    check("'x' and 0", "1 == 1 and 1 == 0");
}

#[test]
fn what_has_no_equal() {
    use ConvertErrorKind::*;
    refuse("a is [1]", &[(Is, "a is [1]")]);
    refuse(
        "Source[1].IP4 == 1.1.1.1 or l[#] > x[0]",
        &[(Index, "Source[1].IP4"), (Index, "l[#]"), (Index, "x[0]")],
    );
    refuse("a in [b, 1]", &[(VariableInList, "b")]);
    refuse(
        "strlen(a) > 1 and time() > 5",
        &[(Function, "strlen(a)"), (Function, "time()")],
    );
    refuse("a == b == 1", &[(Answer, "a == b == 1")]);
    refuse("(a and b) == 1", &[(Answer, "a and b")]);
    refuse("a + 1", &[(Computation, "a + 1")]);
    refuse("a + '1' == 2", &[(Operand, "'1'")]);
    refuse("1 == 1", &[(Constant, "1 == 1")]);
    refuse(
        "a > 'b' or Source.IP4 < 1.1.1.1",
        &[(Order, "a > 'b'"), (Order, "Source.IP4 < 1.1.1.1")],
    );
    refuse("a == b or a != [1, 2]", &[(Pair, "a == b"), (Pair, "a != [1, 2]")]);
    refuse("Source.IP4 != 10.0.0.0/8", &[(Pair, "Source.IP4 != 10.0.0.0/8")]);
    refuse("a like b or a like 5", &[(Pattern, "a like b"), (Pattern, "a like 5")]);
    let direction = Filter::parse("a").unwrap().convert(Dialect::Pynspect).unwrap_err();
    assert_eq!(direction.errors()[0].kind(), Direction);
}

#[test]
fn what_is_too_much() {
    use ConvertErrorKind::{TooDeep, TooLarge};
    let kind = |text: &str| parse(text).unwrap().convert(Dialect::Ransack).unwrap_err().errors()[0].kind();
    assert_eq!(kind(&format!("{}a{}", "not (".repeat(100), ")".repeat(100))), TooDeep);
    assert_eq!(kind(&vec!["a"; 1000].join(" xor ")), TooDeep);
    assert_eq!(kind(&format!("not ({})", vec!["a == 1"; 1000].join(" and "))), TooDeep);
    assert_eq!(kind(&format!("a == {}", vec!["a"; 1000].join(" + "))), TooDeep);
    let many = parse(&vec!["a is 1"; 30_000].join(" and "))
        .unwrap()
        .convert(Dialect::Ransack)
        .unwrap_err();
    assert_eq!(many.errors().len(), 20);
    assert_eq!(kind(&vec!["a == 1"; 30_000].join(" or ")), TooLarge);
    let long = parse(&vec!["a == 1"; 5000].join(" or "))
        .unwrap()
        .convert(Dialect::Ransack)
        .unwrap();
    assert!(Filter::parse(&long.to_string()).unwrap() == long);
}

/// What the variables of random records hold; `o` holds anything.
const PATHS: [&str; 8] = [
    "n",
    "s",
    "Source.IP4",
    "Target.IP4",
    "DetectTime",
    "EventTime",
    "d",
    "o",
];

fn scalar(of: &str) -> BoxedStrategy<Value> {
    let span = prop::sample::select(vec![
        "10.0.0.1",
        "10.0.0.5/32",
        "10.0.0.0/24",
        "10.0.0.0-10.0.0.9",
        "::1",
    ]);
    let time = prop::sample::select(vec!["2024-05-01T09:00:00Z", "2024-05-01T10:00:00Z"]);
    match of {
        "n" => prop_oneof![
            (0..4_i64).prop_map(Value::from),
            prop::sample::select(vec![0.5, 1.0]).prop_map(Value::Float)
        ]
        .boxed(),
        "s" => prop::sample::select(vec!["", "a", "ab", "1", "10.0.0.1"])
            .prop_map(Value::from)
            .boxed(),
        "Source.IP4" | "Target.IP4" => span.prop_map(|text| Value::Ip(text.parse().unwrap())).boxed(),
        "DetectTime" | "EventTime" => time
            .prop_map(|text| Value::Time(parse_timestamp(text).unwrap()))
            .boxed(),
        "d" => (0..3_i64)
            .prop_map(|hours| Value::Duration(SignedDuration::from_hours(hours)))
            .boxed(),
        _ => prop_oneof![
            scalar("n"),
            scalar("s"),
            scalar("Source.IP4"),
            scalar("DetectTime"),
            scalar("d"),
            any::<bool>().prop_map(Value::Bool),
            Just(Value::Map(BTreeMap::from([("k".to_owned(), Value::Int(1))]))),
        ]
        .boxed(),
    }
}

/// A value, a list of them, or nothing.
fn values(of: &'static str) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        1 => Just(None),
        3 => scalar(of).prop_map(Some),
        3 => prop::collection::vec(scalar(of), 0..3).prop_map(|items| Some(Value::List(items))),
    ]
}

fn record() -> impl Strategy<Value = Value> {
    let all: Vec<_> = PATHS
        .into_iter()
        .map(|path| values(path).prop_map(move |value| (path, value)))
        .collect();
    all.prop_map(|pairs| {
        let mut record = BTreeMap::new();
        for (path, value) in pairs {
            let Some(value) = value else { continue };
            match path.split_once('.') {
                None => record.insert(path.to_owned(), value),
                // Half of what is nested lies below a list.
                Some((outer, inner)) => {
                    let inner = Value::Map(BTreeMap::from([(inner.to_owned(), value)]));
                    let list = outer == "Source";
                    record.insert(outer.to_owned(), if list { Value::List(vec![inner]) } else { inner })
                }
            };
        }
        Value::Map(record)
    })
}

fn node(legacy: Legacy) -> Expr {
    Expr {
        kind: ExprKind::Legacy(legacy),
        span: Span::default(),
    }
}

fn constant() -> impl Strategy<Value = Expr> {
    prop_oneof![
        (0..3_i64).prop_map(Expr::int),
        Just(Expr::literal(Literal::Float(0.5))),
        prop::sample::select(vec!["", "a", "ab", "10.0.0.1"]).prop_map(Expr::text),
        prop::sample::select(vec!["10.0.0.1", "10.0.0.5/32", "10.0.0.0/24", "::1"])
            .prop_map(|text| Expr::ip(text.parse().unwrap())),
        Just(Expr::literal(Literal::Time(
            parse_timestamp("2024-05-01T10:00:00Z").unwrap()
        ))),
        (0..3_i64).prop_map(|hours| Expr::literal(Literal::Duration(SignedDuration::from_hours(hours)))),
    ]
}

fn operand() -> impl Strategy<Value = Expr> {
    let variable =
        || prop::sample::select(PATHS.to_vec()).prop_map(|path| node(Legacy::Variable(path.parse().unwrap())));
    let list = prop::collection::vec(constant(), 1..3).prop_map(|items| node(Legacy::List(items)));
    let size = variable().prop_map(|argument| {
        let ExprKind::Call(call) = Expr::call("size", [argument]).kind else {
            unreachable!()
        };
        node(Legacy::Call(call))
    });
    prop_oneof![6 => variable(), 4 => constant(), 2 => list, 1 => size]
}

fn computed() -> impl Strategy<Value = Expr> {
    let arithmetic = prop::sample::select(OPERATORS[15..].to_vec());
    prop_oneof![
        3 => operand(),
        1 => (operand(), arithmetic, operand()).prop_map(|(left, op, right)| Expr::legacy(left, op, right)),
    ]
}

fn condition() -> impl Strategy<Value = Expr> {
    let comparing = prop::sample::select(OPERATORS[6..15].to_vec());
    let comparison = (computed(), comparing, computed()).prop_map(|(left, op, right)| Expr::legacy(left, op, right));
    prop_oneof![6 => comparison, 1 => operand()].prop_recursive(4, 10, 2, |inner| {
        let logical = prop::sample::select(OPERATORS[..6].to_vec());
        prop_oneof![
            3 => (inner.clone(), logical, inner.clone()).prop_map(|(left, op, right)| Expr::legacy(left, op, right)),
            2 => inner.clone().prop_map(|operand| node(Legacy::Not(Box::new(operand)))),
            1 => inner.prop_map(|operand| node(Legacy::Exists(Box::new(operand)))),
        ]
    })
}

fn truthy(filter: &Filter, record: &Value) -> Result<bool, EvalError> {
    let program: Program<Value> = filter.compile(&Context::new()).unwrap();
    program.truthy(record, &Clock::at(parse_timestamp("2024-05-01T12:00:00Z").unwrap()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_answer_stays_the_same(tree in condition(), record in record()) {
        let legacy = Filter::from(tree);
        let Ok(converted) = legacy.convert(Dialect::Ransack) else { return Ok(()) };
        prop_assert!(Filter::parse(&converted.to_string()).unwrap() == converted, "{}", converted);
        if let (Ok(before), Ok(after)) = (truthy(&legacy, &record), truthy(&converted, &record)) {
                prop_assert_eq!(before, after, "{} became {}", legacy, converted);
        }
    }
}

/// Comparisons of a variable with constants of its own type answer whenever the legacy filter does.
#[test]
fn no_failure_where_types_fit() {
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new(config);
    let filters = [
        "n == 1",
        "n in [1, 0.5]",
        "1 in n",
        "n != 1",
        "n > 1",
        "1 >= n",
        "n + 1 == 2",
        "n * 2 - 1 > 0",
        "n",
        "not n == 1",
        "not n > 2",
        "s == 'a'",
        "s in ['a', '']",
        "s != 'a'",
        "s like '^a'",
        "not s like 'b'",
        "exists s and not s == 'a'",
        "s or n == 1 xor n == 2",
        "Source.IP4 in [10.0.0.0/24]",
        "Source.IP4 == 10.0.0.0/24",
        "10.0.0.1 in Source.IP4",
        "not Source.IP4 in [10.0.0.1]",
        "Source.IP4 == '10.0.0.1'",
        "DetectTime > '2024-05-01T09:30:00Z'",
        "DetectTime == 2024-05-01T10:00:00Z",
        "DetectTime - 3600 < 2024-05-01T09:00:00Z",
        "utcnow() - 02:00:00 >= DetectTime",
        "d > 00:30:00",
        "d == 01:00:00 or d == 02:00:00",
    ];
    for text in filters {
        let legacy = typed(text);
        let converted = legacy
            .convert(Dialect::Ransack)
            .unwrap_or_else(|errors| panic!("{errors}"));
        runner
            .run(&record(), |record| {
                prop_assert_eq!(
                    truthy(&converted, &record).ok(),
                    truthy(&legacy, &record).ok(),
                    "{} {}",
                    legacy,
                    converted
                );
                Ok(())
            })
            .unwrap();
    }
}

#[test]
fn recorded_filters_keep_their_answers() {
    let Some(text) = read("filter-pynspect.jsonl") else {
        return;
    };
    let Records { records, .. } = Records::load();
    let (mut same, mut wrong) = (0, Vec::new());
    for vector in lines(&text) {
        let record = vector["data_ref"].as_str().unwrap();
        // The other record has nulls and lists directly inside lists.
        if record == "kitchen" || vector["compile"] == false {
            continue;
        }
        let record = &records[record];
        let Ok(filter) = parse(vector["expr"].as_str().unwrap()) else {
            continue;
        };
        let Ok(filter) = filter.with_types(&LegacyTypes::idea()) else {
            continue;
        };
        let (Ok(_), Ok(converted)) = (
            filter.compile::<Value>(&Context::new()),
            filter.convert(Dialect::Ransack),
        ) else {
            continue;
        };
        match (truthy(&filter, record), truthy(&converted, record)) {
            (Ok(before), Ok(after)) if before == after => same += 1,
            (Err(_), Err(_)) => same += 1,
            other => wrong.push(format!("{filter} became {converted}: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{same} are the same, but {wrong:#?}");
}
