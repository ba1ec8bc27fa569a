//! Filters compared with what records look like.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mentat_filter::{
    Arithmetic, Clock, Comparison, Context, Dialect, EvalClass, Expr, Family, FieldType, Filter, Limits, NamedSet,
    Path, Schema, Severity, Type, Value,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

fn schema() -> Schema {
    let port = || FieldType::number(0..=65_535);
    let host = Schema::new()
        .with("IP4", FieldType::ip(Family::V4).list())
        .with("IP6", FieldType::ip(Family::V6).list())
        .with("Port", port().list())
        .with("Name", FieldType::of(Type::Text))
        .with("Up", FieldType::of(Type::Bool).always());
    Schema::new()
        .with("user", FieldType::of(Type::Text).always())
        .with("note", FieldType::of(Type::Text))
        .with("port", port().always())
        .with("count", FieldType::of(Type::Number))
        .with("when", FieldType::of(Type::Time).always())
        .with("took", FieldType::of(Type::Duration))
        .with("flag", FieldType::of(Type::Bool))
        .with("ip", FieldType::ip(Family::V4).always())
        .with("tags", FieldType::of(Type::Text).list().always())
        .with("Source", FieldType::record(host).list())
        .with(
            "either",
            FieldType::of(Type::Number).or(FieldType::of(Type::Text)).always(),
        )
        .with(
            "box",
            FieldType::record(Schema::new().with("size", port().always())).always(),
        )
        .with("extra", FieldType::record(Schema::new().open()).always())
        .with("any", FieldType::anything().always())
}

fn context() -> Context {
    let own: NamedSet = ["10.0.0.0/8".parse::<mentat_filter::IpSpan>().unwrap()]
        .into_iter()
        .collect();
    Context::new().with("limit", 100).with_set("own", &own)
}

/// The codes of what is reported, errors with an exclamation mark.
fn codes(filter: &Filter) -> String {
    let found = filter.check(&schema(), &context());
    let code = |severity, code: &str| {
        if severity == Severity::Error {
            format!("{code}!")
        } else {
            code.to_owned()
        }
    };
    found
        .iter()
        .map(|found| code(found.severity, found.code))
        .collect::<Vec<_>>()
        .join(" ")
}

fn check(text: &str, expected: &str) {
    let filter = Filter::parse(text).unwrap_or_else(|errors| panic!("{errors}"));
    let found = filter.check(&schema(), &context());
    assert_eq!(codes(&filter), expected, "{text}\n{found:#?}");
}

/// The message and hint of the only thing reported.
fn says(text: &str, message: &str, hint: Option<&str>) {
    let found = Filter::parse(text).unwrap().check(&schema(), &context());
    assert_eq!(found.len(), 1, "{text}: {found:#?}");
    assert_eq!(
        (found[0].message.as_str(), found[0].hint.as_deref()),
        (message, hint),
        "{text}"
    );
}

#[test]
fn nothing_to_say() {
    for text in [
        "user = 'root'",
        "port > 1000 or when > now() - 01:00:00",
        "note ?? '' contains 'x' and count ?? 0 in [1, 2]",
        "Source.Port ?? [] = 22 and ip in 10.0.0.0/8",
        "'a' in tags and not tags matches '^b'",
        "Source.IP4 ?? [] in own and port < limit",
        "any(Source, IP4 in 10.0.0.0/8 and Port = 22 and Up)",
        "note?? and note = 'x'",
        "not note?? or note = 'x'",
        "none_of(Source.Port ?? [], [22]) and count(tags, ['x']) > 1 and all_in(tags, ['x', 'y'])",
        "length(tags) > 3 and lower(user) = 'root' and startswith(tags, 'x')",
        "took ?? 00:00:00 * 2 > 00:10:00 and (port + 1) % 2 = 0",
        "extra.x ?? '' = 'a' and any = 1",
        "port in 1 .. 1024",
        "user . 'x' = 'rootx'",
        "flag ?? (1 = port)",
        "ip in[10.0.0.1]",
    ] {
        check(text, "");
    }
}

#[test]
fn paths() {
    says("usr = 'x'", "records have no `usr`", Some("did you mean `user`?"));
    says(
        "Soruce.Port ?? [] = 1",
        "records have no `Soruce.Port`",
        Some("did you mean `Source.Port`?"),
    );
    says(
        "any(Source, Prot = 1)",
        "records have no `Prot`",
        Some("did you mean `Port`?"),
    );
    check("user.name = 'x'", "F0501");
    check("zzzzzz??", "F0501");
    check("limitt = port", "F0501");
    says(
        "note = 'x'",
        "`note` may be missing, which is an error without a default",
        Some("write `note ?? \"\"`"),
    );
    says(
        "Source.Port = 1",
        "`Source.Port` may be missing, which is an error without a default",
        Some("write `Source.Port ?? []`"),
    );
    check("note = 'x' or note = 'y'", "F0502");
    check("extra.x = 1", "F0502");
    let lenient = Filter::parse("note = 'x' and Source.Port = 1").unwrap().lenient();
    assert_eq!(codes(&lenient), "");
}

#[test]
fn operators_without_a_meaning() {
    says("user > 10", "`>` is not defined between text and number 10", None);
    check("Source.Port = '22'", "F0503! F0502");
    check("Source.Port ?? [] = '22'", "F0504!");
    check("Source.Port ?? [] != '22'", "F0504!");
    check("user matches '2' and port matches '2'", "F0503!");
    check("ip - ip = 1", "F0503!");
    check("-user = 1", "F0503!");
    check("tags + 1 = 2", "F0504!");
    check("length(port) = 1", "F0503!");
    check("lower(port) = 'x'", "F0503!");
    check(
        "startswith(port, 'x') or startswith(Source.Port ?? [], 'x')",
        "F0503! F0504!",
    );
    check("none_of(tags, 1 .. 2)", "F0504!");
    check("flag ?? port = 1", "F0507");
    check("either = 1", "F0507");
    check("either + 1 = 2", "F0507");
    check("port / 0 = 1 and 1 / 0 = 1", "F0509!");
    check("1 + 'x' = 1", "F0503!");
    check("user contains 1", "F0503!");
    check("lenght(user) = 1", "F0401!");
}

#[test]
fn always_the_same() {
    says(
        "port = 70000",
        "`=` is never true between number from 0 to 65535 and number 70000",
        None,
    );
    check("port >= 0", "F0506");
    check("port in 70000 .. 80000", "F0505");
    check("Source.Port ?? [] = 70000", "F0505");
    check("Source.IP6 ?? [] in 10.0.0.0/8", "F0505");
    check("ip in [::1]", "F0505");
    check("user in []", "F0505");
    check("user in [1, 2]", "F0505");
    check("1 = 1 and user = 'x'", "F0506");
    check("user = 'x' and ip", "F0508 F0506");
    check("user??", "F0506");
    check("not 10.0.0.1", "F0506");
    check("any(tags, x = 1)", "F0505");
    says(
        "tags == 'x'",
        "`==` is never true between list of text and text",
        Some("`=` asks whether some item of the list is equal"),
    );
}

#[test]
fn results() {
    says("user", "the result is not only true or false, but text", None);
    check("flag ?? 1", "F0508");
    check("port > 1 and tags", "F0508");
    check("tags and port > 1", "F0508");
    check("not tags", "");
    check("extra.x ?? 1", "");
}

#[test]
fn traps() {
    says(
        "port < 1 .. 10",
        "`<` with a range holds when it holds for either of its ends",
        Some("compare with one end, or use `in` or `=`"),
    );
    check("note ?? in(tags)", "F0401! F0512");
    check("port = 1or port = 2", "F0513");
    check("user containss", "F0513 F0501");
    check("port = 1 or(port = 2)", "");
    says(
        "port = 2024-1-1",
        "this is the number 2022, not a date",
        Some("write 2024-01-01"),
    );
}

#[test]
fn paths_of_the_legacy_dialect() {
    let check = |text: &str, expected: &str| {
        let filter = Filter::parse_dialect(text, Dialect::Pynspect, &Limits::default()).unwrap();
        assert_eq!(codes(&filter), expected, "{text}");
    };
    check("Source[1].Port == 22 and user == 1 and exists note", "");
    check("Soruce.Port == 22", "F0501");
}

/// Every operator between operands of every type is reported exactly when it fails.
#[test]
fn every_operator_with_every_type() {
    let values: [(&str, Type, Value); 8] = [
        ("t", Type::Text, "x".into()),
        ("n", Type::Number, 3.into()),
        ("a", Type::Ip, Value::Ip("10.0.0.1".parse().unwrap())),
        ("w", Type::Time, Value::Time(Timestamp::UNIX_EPOCH)),
        ("d", Type::Duration, Value::Duration(SignedDuration::from_secs(1))),
        ("f", Type::Bool, true.into()),
        ("z", Type::Null, Value::Null),
        ("m", Type::Map, Value::Map(BTreeMap::new())),
    ];
    let (mut schema, mut record) = (Schema::new(), BTreeMap::new());
    let mut operands = ["n .. n", "w .. w", "d .. d", "t .. t", "[]"]
        .map(str::to_owned)
        .to_vec();
    for (name, kind, value) in &values {
        let list = format!("{name}s");
        schema = schema
            .with(name, FieldType::of(*kind).always())
            .with(&list, FieldType::of(*kind).list().always());
        record.insert((*name).to_owned(), value.clone());
        record.insert(list.clone(), Value::List(vec![value.clone()]));
        operands.extend([(*name).to_owned(), list]);
    }
    let record = Value::Map(record);
    let operators = [
        ">", ">=", "<", "<=", "=", "!=", "==", "in", "contains", "+", "-", "*", "/", "%", ".",
    ];
    let mut failing = 0;
    for (left, right) in operands
        .iter()
        .flat_map(|left| operands.iter().map(move |right| (left, right)))
    {
        for operator in operators {
            let text = format!("({left}) {operator} ({right})");
            let filter = Filter::parse(&text).unwrap();
            let found = filter.check(&schema, &Context::new());
            let reported = found.iter().any(|found| matches!(found.code, "F0503" | "F0504"));
            let program = filter.compile::<Value>(&Context::new()).unwrap();
            let value = program.evaluate(&record, &Clock::system());
            assert_eq!(reported, value.is_err(), "{text}: {value:?} {found:#?}");
            failing += u32::from(reported);
        }
    }
    assert!(failing > 1000, "{failing}");
}

/// As deep and as long as a filter may be.
#[test]
fn large_filters() {
    let nested = ["not (", "(1 + ", "any(Source, ", "length([", "[1, ", "x ?? (", "(1 .. "];
    for open in nested {
        let depth = if open.contains("([") { 60 } else { 120 };
        let close = if open.ends_with("([") {
            "])"
        } else if open.starts_with('[') {
            "]"
        } else {
            ")"
        };
        let text = format!("{}port = 1{}", open.repeat(depth), close.repeat(depth));
        let text = if open.ends_with('[') || open.starts_with('[') {
            text.replace("port = 1", "port")
        } else {
            text
        };
        let filter = Filter::parse(&text).unwrap_or_else(|errors| panic!("{errors}"));
        assert!(filter.check(&schema(), &context()).len() < 1000);
        filter
            .explain(&Context::new(), &Value::default(), &Clock::system())
            .unwrap();
        assert_eq!(Filter::parse(&filter.pretty(80)).unwrap(), filter);
        assert!(filter.cost().steps() > 0);
    }
    for term in [
        "x@?? and ",
        "x@ = 1 and ",
        "extra.x@ = 1 or ",
        "extra.x@?? and ",
        "1 + ",
    ] {
        let terms = (0..20_000).map(|number| term.replace('@', &number.to_string()));
        let filter = Filter::parse(&(terms.collect::<String>() + "port")).unwrap();
        assert!(!filter.check(&schema(), &context()).is_empty());
        filter
            .explain(&Context::new(), &Value::default(), &Clock::system())
            .unwrap();
        assert!(filter.pretty(80).len() > 20_000);
    }
}

/// A record that the schema describes; each number decides about a part.
pub(crate) fn record() -> impl Strategy<Value = Value> {
    let text = || prop::sample::select(vec!["", "a", "x", "root"]).prop_map(Value::from);
    let port = || prop::sample::select(vec![0, 1, 22, 65_535]).prop_map(Value::from);
    let v4 =
        || prop::sample::select(vec!["10.0.0.1", "192.0.2.0/24"]).prop_map(|text| Value::Ip(text.parse().unwrap()));
    let v6 = || prop::sample::select(vec!["::1", "2001:db8::/32"]).prop_map(|text| Value::Ip(text.parse().unwrap()));
    let list = |item: BoxedStrategy<Value>| prop::collection::vec(item, 0..3).prop_map(Value::from);
    let maybe = |value: BoxedStrategy<Value>| prop::option::of(value);
    let host = (
        maybe(list(v4().boxed()).boxed()),
        maybe(list(v6().boxed()).boxed()),
        maybe(list(port().boxed()).boxed()),
        maybe(text().boxed()),
        any::<bool>(),
    )
        .prop_map(|(v4, v6, port, name, up)| {
            map([
                ("IP4", v4),
                ("IP6", v6),
                ("Port", port),
                ("Name", name),
                ("Up", Some(up.into())),
            ])
        });
    let scalars = (
        text(),
        maybe(text().boxed()),
        port(),
        maybe(port().boxed()),
        maybe(any::<bool>().prop_map(Value::from).boxed()),
        v4(),
        list(text().boxed()),
    );
    let others = (
        prop::option::of(list(host.boxed())),
        prop_oneof![text(), port()],
        port(),
        maybe(
            (0..9_i64)
                .prop_map(|seconds| Value::Duration(SignedDuration::from_secs(seconds)))
                .boxed(),
        ),
        (0..9_i64).prop_map(|seconds| Value::Time(Timestamp::from_second(seconds * 1_000_000_000).unwrap())),
    );
    (scalars, others).prop_map(
        |((user, note, port, count, flag, ip, tags), (source, either, size, took, when))| {
            map([
                ("user", Some(user)),
                ("note", note),
                ("port", Some(port)),
                ("count", count),
                ("flag", flag),
                ("ip", Some(ip)),
                ("tags", Some(tags)),
                ("Source", source),
                ("either", Some(either)),
                ("box", Some(map([("size", Some(size))]))),
                ("took", took),
                ("when", Some(when)),
            ])
        },
    )
}

fn map<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let present = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Map(present.collect::<BTreeMap<_, _>>())
}

fn literal() -> impl Strategy<Value = Expr> {
    let text = prop::sample::select(vec![
        "'x'",
        "''",
        "0",
        "22",
        "1.5",
        "70000",
        "10.0.0.0/8",
        "::1",
        "2024-01-01",
        "00:00:05",
        "[]",
        "['x']",
        "[22, 1]",
        "[10.0.0.0/8, 10.0.0.1]",
        "[1, 'x']",
        "[(1 .. 5), 22]",
        "1 .. 22",
        "'a' .. 1",
        "now()",
        "[::1-::2]",
        "[now(), 1]",
        "0001-01-01 .. 2024-01-01",
        "[port, user]",
        "1 .. port",
    ]);
    text.prop_filter_map("", |text| Some(Filter::parse(text).ok()?.ast().clone()))
}

const PATHS: [&str; 16] = [
    "user",
    "note",
    "port",
    "count",
    "flag",
    "ip",
    "tags",
    "Source",
    "Source.IP4",
    "Source.IP6",
    "Source.Port",
    "Source.Name",
    "either",
    "box.size",
    "took",
    "when",
];

fn variable() -> impl Strategy<Value = Expr> {
    prop::sample::select(PATHS.to_vec()).prop_map(|text| Expr::path(text).unwrap())
}

/// A variable with the default that suits it.
fn safe() -> impl Strategy<Value = Expr> {
    prop::sample::select(PATHS.to_vec()).prop_map(|text| match text {
        "user" | "port" | "ip" | "tags" | "when" | "either" | "box.size" => Expr::path(text).unwrap(),
        "note" => Expr::default(text.parse().unwrap(), "".into()),
        "count" => Expr::default(text.parse().unwrap(), 0.into()),
        _ => Expr::default(text.parse().unwrap(), Expr::list([])),
    })
}

fn comparison() -> impl Strategy<Value = Comparison> {
    use Comparison::{AnyEqual, Contains, Equals, Greater, GreaterOrEqual, In, Less, LessOrEqual, NoneEqual};
    prop::sample::select(vec![
        Greater,
        GreaterOrEqual,
        Less,
        LessOrEqual,
        AnyEqual,
        NoneEqual,
        Equals,
        In,
        Contains,
    ])
}

/// Trees of which every part is looked at.
fn strict() -> impl Strategy<Value = Expr> {
    use Arithmetic::{Add, Concat, Divide, Multiply, Remainder, Subtract};
    let leaf = prop_oneof![literal(), variable(), safe()];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let pair = (inner.clone(), inner.clone());
        let arithmetic = prop::sample::select(vec![Add, Subtract, Multiply, Divide, Remainder, Concat]);
        let function = prop::sample::select(vec!["length", "lower"]);
        let question = prop::sample::select(vec!["none_of", "all_in", "count"]);
        let test = prop::sample::select(vec!["startswith", "glob"]);
        prop_oneof![
            3 => (pair.clone(), comparison()).prop_map(|((left, right), op)| Expr::compare(left, op, right)),
            2 => (pair.clone(), arithmetic).prop_map(|((left, right), op)| Expr::chain(left, op, right)),
            1 => pair.clone().prop_map(|(low, high)| Expr::range(low, high)),
            1 => inner.clone().prop_map(Expr::negate),
            1 => prop::collection::vec(inner.clone(), 0..3).prop_map(Expr::list),
            1 => (inner.clone(), function).prop_map(|(argument, name)| Expr::call(name, [argument])),
            1 => (pair, question).prop_map(|((list, set), name)| Expr::call(name, [list, set])),
            1 => (inner.clone(), test).prop_map(|(text, name)| Expr::call(name, [text, "x".into()])),
            1 => inner.prop_map(|text| Expr::compare(text, Comparison::Matches, "x".into())),
        ]
    })
}

fn fitting() -> impl Strategy<Value = Expr> {
    let text = prop::sample::select(vec![
        "user = 'x'",
        "note ?? '' in ['a', 'x']",
        "port > 22",
        "Source.Port ?? [] != 22",
        "port in [1, 22]",
        "flag ?? port",
        "ip in 10.0.0.0/8",
        "'x' in tags",
        "Source.IP4 ?? [] in [10.0.0.0/8]",
        "when + 00:00:05 > 2024-01-01",
        "either",
        "either == 'x'",
        "length(tags) > 1",
        "none_of(Source.Name ?? [], ['x'])",
        "user . 'x' = 'rootx'",
        "tags matches 'x'",
        "any(Source, Up)",
        "Source.IP6 ?? ::1 in [::1-::2]",
        "port in 1 .. 22",
        "tags contains user",
        "either in tags",
    ]);
    text.prop_map(|text| Filter::parse(text).unwrap().ast().clone())
}

/// Any trees, most of them with types that fit.
pub(crate) fn tree() -> impl Strategy<Value = Expr> {
    let path = || prop::sample::select(PATHS.to_vec()).prop_map(|text| text.parse::<Path>().unwrap());
    let atom = prop_oneof![
        12 => fitting(),
        4 => (safe(), comparison(), literal()).prop_map(|(left, op, right)| Expr::compare(left, op, right)),
        1 => (literal(), comparison(), safe()).prop_map(|(left, op, right)| Expr::compare(left, op, right)),
        1 => (safe(), comparison(), safe()).prop_map(|(left, op, right)| Expr::compare(left, op, right)),
        1 => path().prop_map(Expr::exists),
        1 => strict(),
        1 => (variable(), comparison(), literal()).prop_map(|(port, op, right)| {
            Expr::call("any", [Expr::path("Source").unwrap(), Expr::compare(port, op, right)])
        }),
    ];
    atom.prop_recursive(3, 12, 3, move |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            pair.clone().prop_map(|(left, right)| Expr::and(left, right)),
            pair.clone().prop_map(|(left, right)| Expr::or(left, right)),
            inner.clone().prop_map(Expr::not),
            (path(), inner).prop_map(|(path, inner)| Expr::and(
                Expr::exists(path.clone()),
                Expr::or(
                    inner,
                    Expr::compare(Expr::variable(path), Comparison::AnyEqual, 1.into())
                )
            )),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_has_no_meaning_never_has_a_value(tree in strict(), records in prop::collection::vec(record(), 4)) {
        let filter = Filter::from(tree);
        let found = filter.check(&schema(), &Context::new());
        if found.iter().any(|found| matches!(found.code, "F0503" | "F0509")) {
            let program = filter.compile::<Value>(&Context::new()).unwrap();
            for record in records {
                let value = program.evaluate(&record, &Clock::system());
                prop_assert!(value.is_err(), "{filter} gives {value:?} for {record}\n{found:#?}");
            }
        }
    }

    #[test]
    fn what_is_never_true_is_never_true(
        left in prop_oneof![safe(), variable()],
        op in comparison(),
        right in literal(),
        lenient in any::<bool>(),
        record in record(),
    ) {
        let filter = Filter::from(Expr::compare(left, op, right));
        let filter = if lenient { filter.lenient() } else { filter };
        let found = filter.check(&schema(), &Context::new());
        let program = filter.compile::<Value>(&Context::new()).unwrap();
        let value = program.evaluate(&record, &Clock::system());
        for found in found {
            let wrong = match found.code {
                "F0504" => op != Comparison::NoneEqual && value == Ok(true.into()),
                "F0505" | "F0510" => value == Ok(true.into()),
                "F0506" => value == Ok(found.message.contains("always false").into()),
                _ => false,
            };
            prop_assert!(!wrong, "{filter} gives {value:?} for {record}\n{found:?}");
        }
    }

    #[test]
    fn what_is_not_reported_does_not_fail(tree in tree(), lenient in any::<bool>(), records in prop::collection::vec(record(), 4)) {
        let filter = Filter::from(tree);
        let filter = if lenient { filter.lenient() } else { filter };
        if filter.check(&schema(), &Context::new()).is_empty() {
            let program = filter.compile::<Value>(&Context::new()).unwrap();
            for record in records {
                if let Err(error) = program.evaluate(&record, &Clock::system()) {
                    prop_assert_eq!(error.class(), EvalClass::Evaluation, "{} fails for {}: {}", filter, record, error);
                }
            }
        }
    }
}

#[test]
fn enough_random_trees_pass() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let silent = (0..1000).filter(|_| {
        let tree = tree().new_tree(&mut runner).unwrap().current();
        Filter::from(tree).check(&schema(), &Context::new()).is_empty()
    });
    let silent = silent.count();
    assert!(silent > 100, "only {silent} of 1000 are silent");
}
