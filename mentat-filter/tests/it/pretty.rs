//! Trees over several lines, changed, visited, built and measured.

use jiff::{SignedDuration, Timestamp};
use mentat_filter::{
    Clock, Comparison, Context, Dialect, Expr, ExprKind, Filter, Limits, Literal, Value, Visitor, parse_timestamp,
};
use proptest::prelude::*;

use crate::print::tree;

fn check(text: &str, width: usize, expected: &str) {
    let filter = Filter::parse(text).unwrap();
    let pretty = filter.pretty(width);
    assert_eq!(pretty, expected, "{text}");
    assert_eq!(Filter::parse(&pretty).as_ref(), Ok(&filter));
}

#[test]
fn lines() {
    check("a = 1 and b = 2", 80, "a = 1 and b = 2");
    check("a = 1 and b = 2", 10, "a = 1\nand b = 2");
    check(
        "a = 1 and (b = 2 or c = 3) and not (d and e)",
        12,
        "a = 1\nand (\n  b = 2\n  or c = 3\n)\nand not (\n  d\n  and e\n)",
    );
    check(
        "Category in ['Recon.Scanning', 'Attempt.Login', 'Other'] and x",
        40,
        "Category in [\n  \"Recon.Scanning\", \"Attempt.Login\",\n  \"Other\"\n]\nand x",
    );
    check(
        "x ?? [1000, 2000, 3000] = 1",
        16,
        "x ?? [\n  1000, 2000,\n  3000\n] = 1",
    );
    check(
        "any(Source, Port = 22 and IP4 = 1)",
        20,
        "any(\n  Source,\n  Port = 22\n  and IP4 = 1\n)",
    );
    check("a # comment\n and b", 80, "a and b");
    check(
        "'long long text' = 'long long text'",
        5,
        "\"long long text\" = \"long long text\"",
    );
}

#[test]
fn lines_of_the_legacy_dialect() {
    let check = |text: &str, width: usize, expected: &str| {
        let read = |text: &str| Filter::parse_dialect(text, Dialect::Pynspect, &Limits::default()).unwrap();
        let filter = read(text);
        assert_eq!(filter.pretty(width), expected);
        assert_eq!(read(&filter.pretty(width)), filter);
    };
    check("a == 1 and b == 2", 80, "a == 1 and b == 2");
    check(
        "a == 1 and (b == 2 or c == 3)",
        12,
        "a == 1\nand (\n  b == 2\n  or c == 3\n)",
    );
    check(
        "(a or b) and not exists [1, 2] - (c && d)",
        8,
        "(a or b)\nand not exists [\n  1, 2\n] - (\n  c\n  && d\n)",
    );
}

#[test]
fn deep_and_long_trees() {
    let mut nested = Expr::list([]);
    for _ in 0..100 {
        nested = Expr::list([1.into(), nested]);
    }
    let filter = Filter::from(nested);
    assert_eq!(Filter::parse(&filter.pretty(60)).as_ref(), Ok(&filter));
    // Folding and visiting need no stack.
    let mut deep = Expr::int(1);
    for _ in 0..100_000 {
        deep = Expr::negate(deep);
    }
    let mut deep = deep.fold(&mut |node| node);
    let mut nodes = 0;
    deep.walk(&mut |_| nodes += 1);
    assert_eq!(nodes, 100_001);
    // Dropping does.
    while let ExprKind::Negate(inner) = deep.kind {
        deep = *inner;
    }
}

#[test]
fn folding() {
    let filter = Filter::parse("a and (b or c) and d + (e + f)").unwrap();
    let named = filter.ast().clone().fold(&mut |node| match &node.kind {
        ExprKind::Variable(path) => Expr::text(&path.to_string()),
        ExprKind::Or(operands) => Expr::all(operands.clone()),
        _ => node,
    });
    assert_eq!(
        named.to_string(),
        "\"a\" and \"b\" and \"c\" and \"d\" + (\"e\" + \"f\")"
    );
    assert_eq!(Filter::parse(&named.to_string()).unwrap().ast(), &named);
}

#[test]
fn visiting() {
    struct Trace(String);

    impl<'e> Visitor<'e> for Trace {
        fn enter(&mut self, node: &'e Expr) -> bool {
            self.0 += "<";
            !matches!(node.kind, ExprKind::Compare(..))
        }

        fn leave(&mut self, node: &'e Expr) {
            if let ExprKind::Variable(path) = &node.kind {
                self.0 += &path.to_string();
            }
            self.0 += ">";
        }
    }

    let mut trace = Trace(String::new());
    Filter::parse("a and not b or (c = d)").unwrap().ast().visit(&mut trace);
    assert_eq!(trace.0, "<<<a><<b>>><>>");
}

/// What a tree evaluates to after it was printed and read again.
fn value(expr: Expr) -> Value {
    let filter = Filter::from(expr);
    let read = Filter::parse(&filter.to_string()).unwrap();
    assert_eq!(read, filter);
    let program = read.compile::<Value>(&Context::new()).unwrap();
    program.evaluate(&Value::default(), &Clock::system()).unwrap()
}

#[test]
fn values_of_a_program() {
    for text in ["", "it's", "say \"x\"", "it's \"x\"", "\"'", "'\"'\"", "a\nb\\"] {
        assert_eq!(value(text.into()), text.into());
    }
    for number in [0, 1, -1, i64::MAX, i64::MIN] {
        assert_eq!(value(number.into()), number.into());
    }
    let second = SignedDuration::from_secs(1);
    let times = [
        (0, 0),
        (5, 0),
        (-5, 0),
        (3, 123_456_789),
        (-3, -500_000_000),
        (86_400 * 400, 1_000),
    ];
    for (seconds, nanos) in times {
        let duration = SignedDuration::new(seconds, nanos);
        let whole = SignedDuration::from_micros(i64::try_from(duration.as_micros()).unwrap());
        assert_eq!(value(duration.into()), whole.into(), "{duration:?}");
    }
    assert!(matches!(value(SignedDuration::MAX.into()), Value::Duration(long) if long > second));
    let time = parse_timestamp("2024-05-01T10:00:00.123456Z").unwrap();
    assert_eq!(value((time + SignedDuration::from_nanos(789)).into()), time.into());
    assert_eq!(
        value(Timestamp::MIN.into()),
        parse_timestamp("0001-01-01T00:00:00Z").unwrap().into()
    );
    assert!(matches!(value(Timestamp::MAX.into()), Value::Time(_)));
    assert_eq!(
        value("10.1.2.3/8".parse::<mentat_filter::IpSpan>().unwrap().into()).to_string(),
        "10.1.2.3/8"
    );
    assert_eq!(
        (value(Expr::all([])), value(Expr::any([]))),
        (true.into(), false.into())
    );
    assert!(Expr::path("a b").is_err());
    let one = || Expr::compare(1.into(), Comparison::Less, 2.into());
    assert_eq!(Expr::all([one()]), one());
}

fn legacy_tree() -> impl Strategy<Value = Expr> {
    use mentat_filter::LegacyOperator::{Add, And, AndSymbol, Equal, In, Multiply, Or, Xor};
    let leaf = prop::sample::select(vec![
        "a",
        "Source[1].IP4",
        "'x'",
        "10.0.0.1",
        "[1, a]",
        "size(a)",
        "1.5",
    ]);
    let leaf = leaf.prop_map(|text| {
        let filter = Filter::parse_dialect(text, Dialect::Pynspect, &Limits::default());
        filter.unwrap().ast().clone()
    });
    leaf.prop_recursive(5, 32, 2, |inner| {
        let op = prop::sample::select(vec![Add, And, AndSymbol, Equal, In, Multiply, Or, Xor]);
        let pair = (inner.clone(), op, inner.clone());
        prop_oneof![
            3 => pair.prop_map(|(left, op, right)| Expr::legacy(left, op, right)),
            1 => inner.prop_map(|inner| {
                let kind = ExprKind::Legacy(mentat_filter::Legacy::Not(Box::new(inner)));
                Expr { kind, span: mentat_filter::Span::default() }
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_what_is_pretty(tree in tree(), width in 0..100_usize) {
        let filter = Filter::from(tree);
        let pretty = filter.pretty(width);
        let read = Filter::parse(&pretty).unwrap_or_else(|errors| panic!("{errors}"));
        prop_assert_eq!(&read, &filter, "{}", pretty);
        // Folding without a change gives the same tree.
        prop_assert_eq!(&filter.ast().clone().fold(&mut |node| node), filter.ast());
    }

    #[test]
    fn reading_what_is_pretty_in_the_legacy_dialect(tree in legacy_tree(), width in 0..60_usize) {
        let filter = Filter::from(tree);
        let pretty = filter.pretty(width);
        let read = Filter::parse_dialect(&pretty, Dialect::Pynspect, &Limits::default());
        let read = read.unwrap_or_else(|errors| panic!("{errors}"));
        prop_assert_eq!(&read, &filter, "{}", pretty);
        prop_assert_eq!(&filter.ast().clone().fold(&mut |node| node), filter.ast());
    }

    #[test]
    fn more_costs_more(one in tree(), other in tree(), path in prop::sample::select(vec!["a", "b.c"])) {
        let cost = |expr: &Expr| Filter::from(expr.clone()).cost();
        let path = || Expr::path(path).unwrap();
        for more in [
            Expr::and(one.clone(), other.clone()),
            Expr::or(other.clone(), one.clone()),
            Expr::not(one.clone()),
            Expr::compare(one.clone(), Comparison::In, other.clone()),
            Expr::compare(path(), Comparison::Matches, one.clone()),
            Expr::list([one.clone(), other.clone()]),
            Expr::call("any", [path(), one.clone()]),
            Expr::call("none_of", [other, one.clone()]),
            Expr::chain(one.clone(), mentat_filter::Arithmetic::Concat, path()),
        ] {
            prop_assert!(cost(&more) >= cost(&one), "{} {} < {} {}", more, cost(&more), one, cost(&one));
        }
    }
}

#[test]
fn costs() {
    let cost = |text: &str| Filter::parse(text).unwrap().cost().steps();
    assert!(cost("port = 22") < 30);
    assert!(cost("x in [1, 2]") <= cost("x in [1, 2, 3]") && cost("x in [1, 2]") <= cost("x in [1, 'a']"));
    let long = vec!["1"; 10_000].join(", ");
    assert!(cost(&format!("x in [{long}]")) < 150);
    assert!(cost(&format!("x > [{long}]")) > 10_000);
    assert!(cost("any(Source, Port = 22 and IP4 in own)") > 8 * cost("Port = 22"));
    let lists = vec!["a"; 100].join(" . ");
    assert!(cost(&format!("{lists} > {lists}")) > 100_000);
    assert_eq!(Expr::literal(Literal::Int(1)), Expr::from(1));
}
