//! Neither depth nor length of a filter ends the process.

use std::thread;

use mentat_filter::{
    Clock, CompileErrorKind, Context, Dialect, EvalErrorKind, Filter, Limits, Outcome, ParseErrorKind, Schema, Value,
};

/// Takes a filter through its whole life on the stack of a thread.
fn live(text: &str) {
    live_in(Dialect::Ransack, text);
}

fn live_in(dialect: Dialect, text: &str) {
    let text = text.to_owned();
    let run = move || {
        let parse = |text: &str| {
            Filter::parse_dialect(text, dialect, &Limits::default())
                .unwrap_or_else(|errors| panic!("{:?}", errors.errors()))
        };
        let filter = parse(&text);
        let copy = filter.clone();
        assert!(filter == copy);
        drop(copy);
        assert!(parse(&filter.to_string()) == filter);
        assert!(parse(&filter.pretty(60)) == filter);
        assert!(filter.cost().steps() > 0);
        let _ = filter.check(&Schema::new(), &Context::new());
        if let Ok(converted) = filter.convert(Dialect::Ransack) {
            assert!(Filter::parse(&converted.to_string()).unwrap() == converted);
        }
        let record = Value::Map([("a".to_owned(), Value::Int(1)), ("l".to_owned(), Value::List(vec![]))].into());
        let clock = Clock::system();
        for filter in [filter.clone(), filter.lenient()] {
            let program = filter.compile::<Value>(&Context::new()).unwrap();
            let result = program.evaluate(&record, &clock);
            // Depth differs where a filter is lenient, length does not.
            if text.len() < 10_000 || !filter.is_lenient() {
                let explanation = filter.explain(&Context::new(), &record, &clock).unwrap();
                assert!(!explanation.to_string().is_empty());
                assert_eq!(explanation.outcome, Outcome::from(result.clone()));
            }
            assert_eq!(program.truthy(&record, &clock), result.map(|value| value.is_truthy()));
        }
    };
    thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}

fn kind(text: &str) -> ParseErrorKind {
    Filter::parse(text).unwrap_err().errors()[0].kind()
}

#[test]
fn deep_nesting_within_the_limit() {
    let nested = |open: &str, close: &str, depth: usize| format!("{}a{}", open.repeat(depth), close.repeat(depth));
    live(&nested("(", ")", 128));
    live(&nested("[", "]", 128));
    live(&nested("not (", ")", 128));
    live(&nested("len(", ")", 128));
    live(&nested("l ?? (", ")", 128));
    live(&nested("zz ?? (", ")", 128));
    live(&nested("-(a + ", ")", 64));
    live(&nested("-", "", 128));
    live(&nested("0 or 1 and not a = a + 2 * a .. (", ")", 128));
    live(&nested("0 or 1 and not a = a + 2 * zz ?? (", ")", 128));
    live(&nested("any(l, ", ")", 128));
    live(&nested("1 = 1 and any(a, 1 = 1 and not ", ")", 128));
    live(&nested("all_in([", "], 1)", 64));
    live(&nested("count(l, ", ")", 128));
    live(&nested("none_of(a != ", ")", 128));
    live(&nested("not glob(lower(", "), '*')", 16));
    live(&nested("not startswith(upper(", "), 'x')", 64));
    live(&nested("(('x' = ", ") matches 'x')", 64));
    live(&nested("l ?? [a, (1 .. ", ")]", 64));
}

#[test]
fn deep_nesting_of_the_legacy_dialect() {
    let nested = |open: &str, close: &str, depth: usize| format!("{}a{}", open.repeat(depth), close.repeat(depth));
    let live = |text: &str| live_in(Dialect::Pynspect, text);
    for depth in [10, 40, 128] {
        live(&nested("(", ")", depth));
        live(&nested("not (", ")", depth));
        live(&nested("size(", ")", depth));
        live(&nested("exists (", " + 1)", depth));
        live(&nested("a == 1 xor not (", ")", depth));
        live(&nested("a == 1 or b > 2 && not (exists b and ", ")", depth));
    }
}

#[test]
fn deep_nesting_beyond_the_limit() {
    for open in ["(", "[", "-", "len(", "not (", "a + -(", "zz ?? ("] {
        assert_eq!(
            kind(&format!("{}a", open.repeat(100_000))),
            ParseErrorKind::TooDeep,
            "{open}"
        );
    }
    // Brackets inside a text do not count.
    assert!(Filter::parse(&format!("'{}'", "(".repeat(1000))).is_ok());
    let mut limits = Limits::default();
    limits.depth = 2;
    assert!(Filter::parse_with("((a))", &limits).is_ok());
    assert!(Filter::parse_with("(-(a))", &limits).is_err());
    assert!(Filter::parse_with("(a) + (b) + (c) + -d", &limits).is_ok());
}

#[test]
fn long_chains() {
    let chain =
        |operands: &str, operator: &str| vec![operands; 40_000 / (operands.split(' ').count() + 1)].join(operator);
    live(&chain("l or a", " or "));
    live(&chain("a and a", " and not "));
    live(&chain("a + a", " - "));
    live(&chain("a * a / a", " % "));
    live(&chain("l", " . "));
    live(&chain("1", " = 2 or l ?? "));
    for (operands, operator) in [
        ("l or a", " or "),
        ("a && a", " && "),
        ("a xor a", " xor "),
        ("a - a", " + "),
        ("a", " == "),
    ] {
        live_in(Dialect::Pynspect, &chain(operands, operator));
    }
    live(&vec!["any(l, b = 1)"; 5_000].join(" or "));
    live(&vec!["l matches 'x'"; 1_000].join(" or "));
    live(&format!("length({})", vec!["a"; 20_000].join(" + ")));
    live(&format!("a in [{}]", vec!["1"; 20_000].join(", ")));
    live(&format!("a ?? {}", "w".repeat(100_000)));
}

#[test]
fn long_texts_and_lists() {
    let mut limits = Limits::default();
    limits.source_bytes = 4;
    limits.list_items = 1;
    let kind = |text| Filter::parse_with(text, &limits).unwrap_err().errors()[0].kind();
    assert_eq!(kind("a or b"), ParseErrorKind::TooLong);
    assert_eq!(kind("[1,"), ParseErrorKind::Unfinished);
    limits.source_bytes = 100;
    let kind = |text| Filter::parse_with(text, &limits).unwrap_err().errors()[0].kind();
    assert_eq!(kind("[1, 2]"), ParseErrorKind::TooManyItems);
}

#[test]
fn a_text_as_long_as_may_be() {
    let long = |piece: &str, between: &str| {
        let pieces = (1 << 20) / (piece.len() + between.len());
        let text = vec![piece; pieces].join(between);
        assert!(text.len() > (1 << 20) - 64 && text.len() <= 1 << 20);
        text
    };
    live(&format!("'{}'", "x".repeat((1 << 20) - 2)));
    live(&format!("a{}", " ".repeat((1 << 20) - 1)));
    live(&format!("a #{}", "(".repeat((1 << 20) - 3)));
    live(&long("Source.IP4 in [10.0.0.0/8, ::1]", " or "));
    live(&long("a = 'some text' # and a comment", "\nand "));
    assert_eq!(kind(&"a".repeat((1 << 20) + 1)), ParseErrorKind::TooLong);
    assert_eq!(kind(&long("a ", "")), ParseErrorKind::Unexpected);
}

#[test]
fn patterns_that_would_take_long() {
    let compile = |text: &str| Filter::parse(text).unwrap().compile::<Value>(&Context::new());
    for pattern in [
        "\\w{1000}{1000}",
        "(((a{100}){100}){100}){100}",
        "\\pL{500}",
        "(?i)(\\w|\\d|\\pN){400}",
        &"(a|b)?".repeat(20_000),
        &"(".repeat(100_000),
        &"(?:".repeat(1000),
    ] {
        let text = format!("a matches '{pattern}'");
        let errors = compile(&text).unwrap_err();
        assert!(
            matches!(errors.errors()[0].kind(), CompileErrorKind::Pattern { .. }),
            "{pattern}"
        );
    }
    assert!(compile(&format!("glob(a, '{}')", "?".repeat(1 << 19))).is_err());
    // What backtracking takes exponential time for.
    let text = Value::Str("a".repeat(10_000));
    let record = Value::Map([("a".to_owned(), text)].into());
    for test in [
        "a matches '^(a+)+$'",
        "a matches '^(a|a)*b'",
        "a matches '(a*)*(a*)*b$'",
        "glob(a, '*a*a*a*a*a*b')",
    ] {
        assert!(
            compile(test).unwrap().matches(&record, &Clock::system()).is_ok(),
            "{test}"
        );
    }
}

#[test]
fn lists_against_lists() {
    let list = |item: Value| Value::List(vec![item; 5_000]);
    let record = Value::Map([("a".to_owned(), list(1.into())), ("b".to_owned(), list(2.into()))].into());
    let mut limits = Limits::default();
    limits.steps = 1_000_000;
    for text in [
        "a = b",
        "a != b",
        "a > b",
        "a in b",
        "all_in(b, b . a) and none_of(a, b)",
        "count(a > b) = 1",
        "any(a, 1 = 2) or a < b . b and a = b",
        "a . a . a . a = b",
    ] {
        let filter = Filter::parse_with(text, &limits).unwrap();
        let program = filter.compile::<Value>(&Context::new()).unwrap();
        let error = program.truthy(&record, &Clock::system());
        assert_eq!(
            error.map_err(|error| error.kind()),
            Err(EvalErrorKind::TooManySteps),
            "{text}"
        );
    }
}
