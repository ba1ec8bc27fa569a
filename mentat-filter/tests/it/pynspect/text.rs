//! Text and tree of the legacy dialect.

use std::thread;

use mentat_filter::{
    Bare, BareKind, Clock, Context, Dialect, Expr, ExprKind, Filter, Legacy, LegacyTypes, Limits, Literal,
    ParseErrorKind, Span, Value,
};
use proptest::prelude::*;

use super::{OPERATORS, parse};

fn check(input: &str, printed: &str) {
    let filter = parse(input).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(filter.to_string(), printed, "{input}");
    assert!(parse(printed).unwrap() == filter, "{input}");
}

fn refuse(input: &str, kind: ParseErrorKind, at: u32) {
    let errors = parse(input).map(|filter| filter.to_string()).unwrap_err();
    let error = &errors.errors()[0];
    assert_eq!((error.kind(), error.span().start), (kind, at), "{input}\n{errors}");
}

#[test]
fn operators_bind_from_right_to_left() {
    check("1 - (2 - 3)", "1 - 2 - 3");
    check("(1 - 2) - 3", "(1 - 2) - 3");
    check("(1 * 2) + 3", "(1 * 2) + 3");
    check("1 < (2 < 3)", "1 < 2 < 3");
    check("a or (b or c)", "a or b or c");
    check("(a or b) or c", "(a or b) or c");
    check("(a && b) || (c ^^ d)", "a && b || c ^^ d");
    check("(a or b) and c || d", "(a or b) and c || d");
    check("not (a == 1) and !(b)", "not a == 1 and not b");
    check("not (? (a))", "not exists a");
    check("exists (not a)", "exists (not a)");
    check("not (not a)", "not (not a)");
    check("(a == 1) + 2", "(a == 1) + 2");
}

#[test]
fn words_end_where_names_do() {
    check("index", "index");
    check("note AND order-1", "note and order-1");
    check("a LIKE 'x' XOR EXISTS b", "a like \"x\" xor exists b");
    check("Like and And", "Like and And");
    check("not(a)and(b)or!c", "not a and b or not c");
    check("a.in == m.not", "a.in == m.not");
    check("in-x like like-x", "in-x like like-x");
    refuse("and a", ParseErrorKind::Unexpected, 0);
    refuse("a == in", ParseErrorKind::Unexpected, 5);
    refuse("a Like 1", ParseErrorKind::Unexpected, 2);
    refuse("1eq1", ParseErrorKind::Unexpected, 1);
    refuse("not not a", ParseErrorKind::Unexpected, 4);
    refuse("a = 1", ParseErrorKind::Unexpected, 2);
}

#[test]
fn constants() {
    check("'it\"s' == \"it's\"", "'it\"s' == \"it's\"");
    check("\"\"", "\"\"");
    check("007 + 1.50", "7 + 1.5");
    check("[1;'x', a[1].b ,10.0.0.1]", "[1, \"x\", a[1].b, 10.0.0.1]");
    check("10.0.0.1/8-10.0.0.2", "10.0.0.1/8 - 10.0.0.2");
    check("10.0.0.1..10.0.0.2", "10.0.0.1..10.0.0.2");
    check("::1-::5", "::1-::5");
    check("dead:beef::/32", "dead:beef::/32");
    check("12:34:56-1d00:00:00", "12:34:56 - 1d00:00:00");
    check("12:34:56::1", "12:34:56::1");
    check("ad12:34:56", "ad12:34:56");
    check("2024-05-01T10:00:00.5+02:30", "2024-05-01T10:00:00.5+02:30");
    check("2024-05-01", "2024 - 5 - 1");
    check("size(l)-1", "size(l) - 1");
    check("time ( ) == 1".replace(" ( ", "( ").as_str(), "time() == 1");
    check("1234567890123456789012.25", "1234567890123456800000.0");
    refuse("[]", ParseErrorKind::Unexpected, 1);
    refuse("[1,]", ParseErrorKind::Unexpected, 3);
    refuse("[[1]]", ParseErrorKind::Unexpected, 1);
    refuse("[1+2]", ParseErrorKind::Unexpected, 2);
    refuse("[-1]", ParseErrorKind::Unexpected, 1);
    refuse("-5", ParseErrorKind::Unexpected, 0);
    refuse("1.", ParseErrorKind::Unexpected, 1);
    refuse("1.2.3", ParseErrorKind::Unexpected, 3);
    refuse("::ffff:1.2.3.4", ParseErrorKind::Unexpected, 8);
    refuse("2024-05-01T10:00:00", ParseErrorKind::Unexpected, 10);
    refuse("l[*]", ParseErrorKind::Unexpected, 1);
    refuse("l[1][1]", ParseErrorKind::Unexpected, 4);
    refuse("\"open", ParseErrorKind::Unexpected, 0);
    refuse("ab(1)", ParseErrorKind::FunctionName, 0);
    refuse("a-b(1)", ParseErrorKind::FunctionName, 0);
    refuse("size(1, 2)", ParseErrorKind::Unexpected, 6);
    refuse("(a", ParseErrorKind::Unfinished, 2);
    refuse("", ParseErrorKind::Unfinished, 0);
    refuse("9".repeat(40).as_str(), ParseErrorKind::Number, 0);
}

#[test]
fn typed_constants() {
    let types = |text: &str| {
        let filter = parse(text).unwrap().with_types(&LegacyTypes::idea());
        filter.map(|typed| {
            // What is printed gets the same types again.
            let printed = typed.to_string();
            assert!(
                parse(&printed).unwrap().with_types(&LegacyTypes::idea()).unwrap() == typed,
                "{printed}"
            );
            printed
        })
    };
    let check = |text: &str, typed: &str| assert_eq!(types(text).unwrap_or_else(|errors| panic!("{errors}")), typed);
    check("'::1' == Source[#].IP6[2]", "::1 == Source[#].IP6[2]");
    check(
        "Source.IP4 in ['10.0.0.1..10.0.0.2', 1.2.3.4, x]",
        "Source.IP4 in [10.0.0.1-10.0.0.2, 1.2.3.4, x]",
    );
    check(
        "Source.IP6 == '::ffff:1.2.3.4/100'",
        "Source.IP6 == 0:0:0:0:0:ffff:0:0/100",
    );
    check("Source.IP6 == '::ffff:1.2.3.4'", "Source.IP6 == 0:0:0:0:0:ffff:102:304");
    check(
        "Source.IP6 == '::ffff:1.2.3.4-::ffff:1.2.3.5'",
        "Source.IP6 == 0:0:0:0:0:ffff:102:304-0:0:0:0:0:ffff:102:305",
    );
    check("Source.IP4 like '10'", "Source.IP4 like \"10\"");
    check("Source.IP4 + 5 == 'x'", "Source.IP4 + 5 == \"x\"");
    check("DetectTime == '1714557600'", "DetectTime == 2024-05-01T10:00:00Z");
    check(
        "DetectTime - 60 * 60 > '00:01:00'",
        "DetectTime - 01:00:00 > \"00:01:00\"",
    );
    check("(60 * 60) + DetectTime", "01:00:00 + DetectTime");
    check("60 * 60 + DetectTime", "60 * 00:01:00 + DetectTime");
    check("DetectTime > 2 > 1", "DetectTime > 2 > 1");
    check("DetectTime or 1 or 2", "DetectTime or 1 or 2");
    check("DetectTime - (1 - 2) == 0", "DetectTime - 00:00:00 - 00:00:01 == 0");
    check(
        "utcnow() - 0.5 > DetectTime",
        "utcnow() - \"00:00:00.500000\" > DetectTime",
    );
    check("size(10.0.0.1) == 10.0.0.1", "size(10.0.0.1) == 10.0.0.1");
    check(
        "not 01:00:00 and exists 2024-05-01T10:00:00-02:30",
        "not 01:00:00 and exists 2024-05-01T12:30:00Z",
    );
    let refuse = |text: &str, at: &[u32]| {
        let errors = types(text).unwrap_err();
        let places: Vec<u32> = errors.errors().iter().map(|error| error.span().start).collect();
        assert!(errors.errors().iter().all(|error| error.is_bad_literal()));
        assert_eq!(places, at, "{text}");
    };
    refuse(
        "300.1.1.1 or Source.IP4 == 'x' and Target.IP4 in [5, 1.1.1.1, 1.5]",
        &[0, 27, 50, 62],
    );
    refuse("DetectTime > 'yesterday' or 10.0.0.1 == DetectTime", &[13, 28]);
    refuse("a == 2024-13-01T10:00:00Z", &[5]);
}

fn leaf() -> impl Strategy<Value = Expr> {
    let bare = prop::sample::select(vec![
        (BareKind::Ip, "10.1.2.3/8"),
        (BareKind::Ip, "10.0.0.1..10.0.0.9"),
        (BareKind::Ip, "::1"),
        (BareKind::Ip, "a:b"),
        (BareKind::Time, "2024-05-01t10:00:00.25-02:30"),
        (BareKind::Duration, "1d00:00:00"),
    ]);
    let text = prop::sample::select(vec!["", "a b", "it's", "say \"x\"", "(", "multi\nline", "žluť"]);
    let literal = prop_oneof![
        (0..i128::MAX).prop_map(Literal::Int),
        prop::num::f64::POSITIVE.prop_map(Literal::Float),
        text.prop_map(|text| Literal::Str(text.into())),
    ];
    prop_oneof![
        literal.prop_map(Expr::literal),
        variable(),
        bare.prop_map(|(kind, text)| node(Legacy::Bare(Bare {
            kind,
            text: text.into()
        }))),
    ]
}

fn variable() -> impl Strategy<Value = Expr> {
    let paths = vec!["a", "a-b.c_d", "index", "Source[1].IP4[#]", "x[0]", "not-x", "d", "Or"];
    prop::sample::select(paths).prop_map(|path| node(Legacy::Variable(path.parse().unwrap())))
}

fn node(legacy: Legacy) -> Expr {
    Expr {
        kind: ExprKind::Legacy(legacy),
        span: Span::default(),
    }
}

fn tree() -> impl Strategy<Value = Expr> {
    let list = prop::collection::vec(leaf(), 1..4).prop_map(|items| node(Legacy::List(items)));
    prop_oneof![4 => leaf(), 1 => list].prop_recursive(6, 48, 2, |inner| {
        let operator = prop::sample::select(OPERATORS.to_vec());
        let name = prop::sample::select(vec!["size", "strlen", "unknown_1"]);
        prop_oneof![
            8 => (inner.clone(), operator, inner.clone()).prop_map(|(left, op, right)| Expr::legacy(left, op, right)),
            1 => inner.clone().prop_map(|operand| node(Legacy::Not(Box::new(operand)))),
            1 => inner.clone().prop_map(|operand| node(Legacy::Exists(Box::new(operand)))),
            1 => (name, inner).prop_map(|(name, argument)| {
                let ExprKind::Call(call) = Expr::call(name, [argument]).kind else { unreachable!() };
                node(Legacy::Call(call))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printing_and_reading_is_the_identity(tree in tree()) {
        // A constant alone belongs to both dialects.
        prop_assume!(matches!(tree.kind, ExprKind::Legacy(_)));
        let filter = Filter::from(tree);
        let text = filter.to_string();
        let read = parse(&text).unwrap_or_else(|errors| panic!("{errors}"));
        prop_assert!(read == filter, "{}", text);
        prop_assert_eq!(read.to_string(), text);
    }

    #[test]
    fn nothing_panics(text in "[ -~\n]{0,40}|[-a-d0-2\"'()\\[\\];,.:/!&|^=<>~?#+*% T]{0,60}|\\PC{0,20}") {
        live(&text);
    }
}

/// Takes a text through everything that can be done with it.
fn live(text: &str) {
    let Ok(filter) = parse(text) else { return };
    let record = Value::Map([("a".to_owned(), Value::from(vec![1, 2]))].into());
    for filter in [Some(filter.clone()), filter.with_types(&LegacyTypes::idea()).ok()]
        .into_iter()
        .flatten()
    {
        let _ = filter.to_string();
        if let Ok(program) = filter.compile::<Value>(&Context::new()) {
            let _ = program.evaluate(&record, &Clock::system());
        }
    }
}

#[test]
fn depth_and_length() {
    let deep = |open: &str, close: &str, depth: usize| format!("{}a{}", open.repeat(depth), close.repeat(depth));
    let texts = [
        deep("(", ")", 128),
        deep("size(", ")", 128),
        deep("a or b xor c and d || e ^^ f && not exists g == h + (", ")", 128),
        vec!["a"; 20_000].join(" or "),
        vec!["a"; 20_000].join(" xor "),
        vec!["a"; 20_000].join(" == "),
        vec!["a"; 20_000].join(" - "),
        vec!["1"; 20_000].join(" + "),
        format!("DetectTime + {}", vec!["1"; 20_000].join(" + ")),
        format!("a in [{}]", vec!["a"; 20_000].join(";")),
        vec!["a"; 20_000].join("."),
    ];
    for text in texts {
        let run = move || {
            let filter = parse(&text).unwrap();
            assert!(parse(&filter.to_string()).unwrap() == filter.clone());
            live(&text);
        };
        thread::Builder::new()
            .stack_size(2 << 20)
            .spawn(run)
            .unwrap()
            .join()
            .unwrap();
    }
    for open in ["(", "size(", "not ("] {
        refuse(
            &open.repeat(1000),
            ParseErrorKind::TooDeep,
            u32::try_from(open.len() * 129 - 1).unwrap(),
        );
    }
    // Nothing of this dialect hides brackets but quotes.
    refuse(&format!("l[#] {}", "(".repeat(1000)), ParseErrorKind::TooDeep, 133);
    let mut limits = Limits::default();
    limits.source_bytes = 10;
    limits.list_items = 1;
    limits.nodes = 5;
    let kind = |text| {
        let errors = Filter::parse_dialect(text, Dialect::Pynspect, &limits).unwrap_err();
        errors.errors()[0].kind()
    };
    assert_eq!(kind("12345678901"), ParseErrorKind::TooLong);
    assert_eq!(kind("[1,2]"), ParseErrorKind::TooManyItems);
    assert_eq!(kind("a+b+c+d"), ParseErrorKind::TooManyNodes);
}
