//! Neither depth nor length of a filter ends the process.

use std::thread;

use mentat_filter::{Clock, Context, Filter, Limits, ParseErrorKind, Value};

/// Takes a filter through its whole life on the stack of a thread.
fn live(text: &str) {
    let text = text.to_owned();
    let run = move || {
        let filter = Filter::parse(&text).unwrap_or_else(|errors| panic!("{:?}", errors.errors()));
        let copy = filter.clone();
        let printed = filter.to_string();
        assert!(filter == copy);
        drop(copy);
        assert!(Filter::parse(&printed).unwrap() == filter);
        let program = filter.compile::<Value>(&Context::new()).unwrap();
        let record = Value::Map([("a".to_owned(), Value::Int(1)), ("l".to_owned(), Value::List(vec![]))].into());
        let clock = Clock::system();
        let result = program.evaluate(&record, &clock);
        assert_eq!(program.truthy(&record, &clock), result.map(|value| value.is_truthy()));
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
    for operator in [" or ", " and ", " + ", " - ", " * ", " . ", " and not "] {
        live(&["a"; 20_000].join(operator));
    }
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
