//! Messages as an operator sees them.

use std::collections::BTreeSet;

use mentat_filter::{
    Clock, Context, Diagnostic, Dialect, Filter, Function, FunctionError, Limits, Severity, Span, Style, Value,
};
use proptest::prelude::*;

const FILTERS: &str = include_str!("../data/diagnostics.txt");
const LINE: &str = "----------------\n";

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.source_bytes = 2000;
    limits.depth = 20;
    limits.list_items = 50;
    limits.nodes = 150;
    limits.steps = 1000;
    limits
}

/// What is wrong with a filter at the first stage that finds something, over a small record. Filters of the legacy
/// dialect begin with a line feed.
fn diagnostics(text: &str) -> Vec<Diagnostic> {
    let dialect = if text.starts_with("\n ") {
        Dialect::Pynspect
    } else {
        Dialect::Ransack
    };
    let filter = match Filter::parse_dialect(text, dialect, &limits()) {
        Err(errors) => return errors.diagnostics(),
        Ok(filter) => filter,
    };
    let refuse = Function::new(1..=1, |_| Err(FunctionError::Failed("the table is empty")));
    let context = Context::new().with_function("lookup", refuse);
    let program = match filter.compile::<Value>(&context) {
        Err(errors) => return errors.diagnostics(),
        Ok(program) => program,
    };
    let record = [
        ("Port", Value::from(vec![22])),
        ("Ports", Value::List(vec![Value::Int(2); 100])),
        ("Others", Value::List(vec![Value::Int(1); 100])),
        ("Text", Value::from("(")),
        ("TLP", Value::from("RED")),
        ("IP", Value::Ip("10.0.0.1".parse().unwrap())),
    ];
    let record = Value::Map(record.map(|(name, value)| (name.to_owned(), value)).into());
    match program.evaluate(&record, &Clock::system()) {
        Err(error) => vec![error.diagnostic(text)],
        Ok(_) => Vec::new(),
    }
}

fn plain(text: &str) -> String {
    let all = diagnostics(text);
    all.iter()
        .map(|one| one.render(text, Style::Plain).to_string())
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// Filters and their messages alternate, parted by lines of dashes. `REWRITE=1` replaces the messages by those of today.
#[test]
fn messages() {
    let filters: Vec<&str> = FILTERS
        .split(LINE)
        .step_by(2)
        .map(|filter| filter.strip_suffix('\n').unwrap())
        .collect();
    let got: Vec<String> = filters
        .iter()
        .map(|filter| format!("{filter}\n{LINE}{}\n", plain(filter)))
        .collect();
    let got = got.join(LINE);
    if std::env::var_os("REWRITE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/diagnostics.txt"), &got).unwrap();
    } else {
        assert!(got == FILTERS, "the messages are now:\n{got}");
    }
}

/// The codes after a mark, in all sources below a folder.
fn codes_in_source(folder: &std::path::Path, codes: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            codes_in_source(&path, codes);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            codes.extend(codes_after(&std::fs::read_to_string(&path).unwrap(), "\"F0"));
        }
    }
}

fn codes_after(text: &str, mark: &str) -> Vec<String> {
    let rest = text.split(mark).skip(1);
    rest.map(|rest| format!("F0{}", &rest[..3])).collect()
}

#[test]
fn every_code_is_in_the_table() {
    let mut source = BTreeSet::new();
    codes_in_source(concat!(env!("CARGO_MANIFEST_DIR"), "/src").as_ref(), &mut source);
    let table = codes_after(include_str!("../../src/docs/errors.md"), "\n| `F0");
    assert!(
        table.is_sorted() && table.iter().collect::<BTreeSet<_>>().len() == table.len(),
        "{table:?}"
    );
    assert_eq!(source, table.into_iter().collect());
}

#[test]
fn every_code_of_a_filter_alone_has_a_message() {
    let shown: BTreeSet<String> = codes_after(FILTERS, "error[F0").into_iter().collect();
    let mut source = BTreeSet::new();
    codes_in_source(concat!(env!("CARGO_MANIFEST_DIR"), "/src").as_ref(), &mut source);
    // Codes from F0500 on need a schema or a conversion.
    source.retain(|code| code.as_str() < "F0500");
    assert_eq!(source, shown);
}

#[test]
fn every_message_names_cause_and_remedy() {
    for filter in FILTERS.split(LINE).step_by(2) {
        let filter = filter.strip_suffix('\n').unwrap();
        let all = diagnostics(filter);
        assert!(!all.is_empty(), "{filter:?} is right");
        for one in all {
            let hint = one.hint.as_deref().unwrap_or_default();
            assert!(
                !hint.is_empty() && !hint.ends_with('.') && !one.message.ends_with('.'),
                "{filter:?}: {one:?}"
            );
        }
    }
}

#[test]
fn coloured() {
    let text = "a in [1, 2)\nand b like 3";
    let got = diagnostics(text)[0].render(text, Style::Coloured).to_string();
    let wanted = "\x1b[1;31merror[F0109]\x1b[0m: \x1b[1m`)` closes a bracket of another kind\x1b[0m\n\
        \x1b[34m -->\x1b[0m line 1, column 11\n\
        \x1b[34m1 |\x1b[0m a in [1, 2)\n\
        \x1b[34m  |\x1b[0m           \x1b[1;31m^ expected `]` or `,`\x1b[0m\n\
        \x1b[34m  |\x1b[0m      \x1b[34m- the bracket that is open\x1b[0m\n\n\
        \x1b[36mhint\x1b[0m: close it with `]`";
    assert_eq!(got, wanted);
    let warning = Diagnostic::warning("F0501", "new\x1b[2J line\n", Span::new(0, 1));
    let got = warning.render("\x1b\n", Style::Coloured).to_string();
    assert!(
        got.starts_with("\x1b[1;33mwarning[F0501]\x1b[0m: \x1b[1mnew\u{FFFD}[2J line\u{FFFD}\x1b[0m"),
        "{got:?}"
    );
    assert!(
        got.ends_with("\x1b[34m1 |\x1b[0m \u{FFFD}\n\x1b[34m  |\x1b[0m \x1b[1;33m^\x1b[0m"),
        "{got:?}"
    );
}

#[test]
fn json() {
    let check = |text: &str, wanted: &str| {
        let all: Vec<_> = diagnostics(text).iter().map(|one| one.to_json(text)).collect();
        assert_eq!(all.join("\n"), wanted);
    };
    check(
        "žluť = 1",
        r#"{"severity":"error","code":"F0115","message":"unexpected characters `žluť`","start":0,"end":6,"line":1,"column":1,"end_line":1,"end_column":5,"expected":["an operand"],"hint":"names of variables have letters without accents, digits, `_` and `-`; texts need quotes","labels":[]}"#,
    );
    check(
        "a in [1,\n'ž', 2)",
        r#"{"severity":"error","code":"F0109","message":"`)` closes a bracket of another kind","start":16,"end":17,"line":2,"column":7,"end_line":2,"end_column":8,"expected":["`]`","`,`"],"hint":"close it with `]`","labels":[{"text":"the bracket that is open","start":5,"end":6,"line":1,"column":6,"end_line":1,"end_column":7}]}"#,
    );
    check(
        "\"\" \\ 2",
        r#"{"severity":"error","code":"F0115","message":"unexpected character `\\`","start":3,"end":4,"line":1,"column":4,"end_line":1,"end_column":5,"expected":["the end of the text","an operator"],"hint":"there are no escapes; put a text with one kind of quote into the other kind","labels":[]}"#,
    );
    let odd = Diagnostic::error("F0101", "\"\\\u{1}\u{85}\u{2028}", Span::new(7, 99)).to_json("ž\n");
    assert!(
        odd.contains(r#""message":"\"\\\u0001\u0085\u2028","start":7,"end":99,"line":2,"column":1"#),
        "{odd}"
    );
    assert!(serde_json::from_str::<serde_json::Value>(&odd).is_ok());
}

#[test]
fn places_are_counted_in_characters() {
    let errors = Filter::parse("\"žluť\" = 10.0.0.999 and\n 2024-13-01 = a").unwrap_err();
    let places: Vec<_> = errors
        .errors()
        .iter()
        .map(|error| (error.code(), errors.position(error)))
        .collect();
    assert_eq!(places, [("F0201", (1, 10)), ("F0202", (2, 2))]);
}

/// Only mistakes that do not follow from each other are reported.
#[test]
fn independent_mistakes() {
    let check = |text: &str, wanted: &[(&str, &str)]| {
        let all = Filter::parse(text)
            .err()
            .map(|errors| errors.diagnostics())
            .unwrap_or_default();
        let got: Vec<_> = all
            .iter()
            .map(|one| (one.code, &text[one.span.start as usize..one.span.end as usize]))
            .collect();
        assert_eq!(got, wanted, "{text}");
    };
    check("a like b and c xor d", &[("F0110", "like"), ("F0110", "xor")]);
    check("a like b c d e f or g", &[("F0110", "like")]);
    check("a between 1 and 2 and b <> 3", &[("F0110", "between"), ("F0110", "<>")]);
    check("a b \"and c d", &[("F0101", "b")]);
    check("a 'it's and b' c and d e", &[("F0101", "'it'")]);
    check("a b // c d and e f", &[("F0101", "b"), ("F0101", "f")]);
    check("a = 1 // c d and e f", &[("F0101", "/")]);
    check("a b # and c d\n and e f", &[("F0101", "b"), ("F0101", "f")]);
    check(
        "f(a b, c like d) or g h",
        &[("F0101", "b"), ("F0110", "like"), ("F0101", "h")],
    );
    check("(a b, c d) or e f", &[("F0101", "b"), ("F0101", "f")]);
    check(
        "[a b, (c d and e f)] or g h",
        &[("F0101", "b"), ("F0101", "d"), ("F0101", "f"), ("F0101", "h")],
    );
    check("a b (c and d] and e f", &[("F0101", "b")]);
    check("(a b and c", &[("F0107", "("), ("F0101", "b")]);
    check("a b and", &[("F0101", "b"), ("F0102", "")]);
    check("10.0.0.256 = a b", &[("F0201", "10.0.0.256"), ("F0101", "b")]);
    check("10.0.0.256 = (a or \"b", &[("F0201", "10.0.0.256"), ("F0108", "\"")]);
    check(
        "1 < a < 3 < 4 and (5 < b < 10.0.0.999) and c..d..e..f",
        &[("F0103", "<"), ("F0103", "<"), ("F0201", "10.0.0.999"), ("F0104", "..")],
    );
    check("a-nd b and x.and c or y", &[("F0101", "b"), ("F0101", "c")]);
    check(&"a b and ".repeat(50), &[("F0101", "b"); 20]);
    check(&"10.0.0.256 = a or ".repeat(50), &[("F0201", "10.0.0.256"); 20]);
}

/// A place stays below what it marks, whatever the characters before it are.
#[test]
fn carets() {
    let check = |source: &str, span: (u32, u32), wanted: &str| {
        let one = Diagnostic::error("F0101", "x", Span::new(span.0, span.1));
        let got = one.render(source, Style::Plain).to_string();
        let lines: Vec<&str> = got.lines().skip(2).collect();
        assert_eq!(lines.join("\n"), wanted, "{source:?}");
    };
    check("\ta\tb", (3, 4), "1 |  a b\n  |    ^");
    check("日本 b", (7, 8), "1 | 日本 b\n  |      ^");
    check("日本 b", (3, 6), "1 | 日本 b\n  |   ^^");
    check("e\u{301} b", (4, 5), "1 | e\u{301} b\n  |   ^");
    check("\u{200B}\u{0} b", (5, 6), "1 | \u{FFFD}\u{FFFD} b\n  |    ^");
    check("a\r\nb c\r\nd", (3, 9), "2 | b c\n  | ^^^");
    check("a", (1, 1), "1 | a\n  |  ^");
    check("a\n", (2, 2), "2 |\n  | ^");
    check("ab", (1, 900), "1 | ab\n  |  ^");
    check("ž", (1, 1), "1 | ž\n  | ^");
    check("ab", (800, 900), "1 | ab\n  |   ^");
    check("abc", (2, 1), "1 | abc\n  |   ^");
    let long = "x".repeat(100_000);
    let side = "x".repeat(60);
    check(
        &long,
        (50_000, 90_000),
        &format!("1 | ...{side}{side}...\n  | {}{}", " ".repeat(63), "^".repeat(60)),
    );
    let lines = "a\n".repeat(10);
    let labelled = Diagnostic::error("F0101", "x", Span::new(0, 1));
    let labelled = labelled
        .with_label(Span::new(18, 19), "there")
        .with_expected(["one", "two", "three"])
        .with_hint("y");
    let got = labelled.render(&lines, Style::Plain).to_string();
    let wanted = " --> line 1, column 1\n 1 | a\n   | ^ expected one, two or three\n10 | a\n   | - there\n\nhint: y";
    assert_eq!(got, format!("error[F0101]: x\n {wanted}"));
    let whole = Diagnostic::error("F0106", "x", Span::default())
        .render("abc", Style::Plain)
        .to_string();
    assert_eq!(whole, "error[F0106]: x");
    assert_eq!(Severity::Warning.to_string(), "warning");
}

/// Renders all of a text in all forms, and checks the places.
fn sound(text: &str) {
    for one in diagnostics(text) {
        let (start, end) = (one.span.start as usize, one.span.end as usize);
        assert!(text.get(start..end).is_some(), "{text:?}: {one:?}");
        for label in &one.labels {
            assert!(
                text.get(label.span.start as usize..label.span.end as usize).is_some(),
                "{text:?}: {one:?}"
            );
        }
        let plain = one.render(text, Style::Plain).to_string();
        let coloured = one.render(text, Style::Coloured).to_string();
        assert!(plain.chars().all(|c| c == '\n' || !c.is_control()), "{plain:?}");
        assert!(plain.chars().count() < 3000, "{plain}");
        let stripped = ["1;31", "34", "36", "1", "0"]
            .iter()
            .fold(coloured, |text, colour| text.replace(&format!("\x1b[{colour}m"), ""));
        assert_eq!(stripped, plain);
        let json: serde_json::Value = serde_json::from_str(&one.to_json(text)).unwrap();
        assert_eq!(
            (json["code"].as_str(), json["start"].as_u64()),
            (Some(one.code), Some(start as u64))
        );
    }
}

/// Pieces of which broken filters are made.
const PIECES: &[&str] = &[
    "a",
    "b.c",
    ".d",
    "e-",
    "1",
    "1.5",
    "10.0.0.1",
    "10.0.0.256",
    "::1",
    "1:2",
    "2024-01-01",
    "2024-13-01",
    "01:00:00",
    "\"",
    "'",
    "\"x\"",
    "'y'",
    "“",
    "”",
    "and",
    "or",
    "not",
    "in",
    "contains",
    "matches",
    "like",
    "is",
    "xor",
    "null",
    "length(",
    "now()",
    "any(",
    "f(",
    "(",
    ")",
    "[",
    "]",
    ",",
    "=",
    "==",
    "===",
    "!=",
    "<>",
    "<",
    ">=",
    "=>",
    "~",
    "&",
    "&&",
    "|",
    "!",
    "..",
    ".",
    "+",
    "-",
    "*",
    "/",
    "%",
    "??",
    "?",
    ":",
    ";",
    "{",
    "$",
    "\\",
    "#",
    "\n",
    "\r",
    "\t",
    " ",
    " ",
    " ",
    "ž",
    "日",
    "\u{301}",
    "\u{202E}",
    "\u{0}",
    "\u{1F600}",
    "\u{FEFF}",
    "//",
    "/*",
];

/// Conditions that are right, and conditions with one mistake each.
const CONDITIONS: &[(&str, Option<&str>)] = &[
    ("a = 1", None),
    ("f(b, [1, 'and'])", None),
    ("not (c or d)", None),
    ("e # or 'f\n", None),
    ("a like 'b or c'", Some("F0110")),
    ("(a <> 2)", Some("F0110")),
    ("not (a b c)", Some("F0101")),
    ("g(a b, 2)", Some("F0101")),
    ("a in [1, 2 3]", Some("F0101")),
    ("a in [1, 2,]", Some("F0101")),
    ("a in (1, 2)", Some("F0101")),
    ("a = $b", Some("F0115")),
    ("a = “b and c”", Some("F0115")),
    ("1 < a < 3 < 4", Some("F0103")),
    ("a .. b . c", Some("F0104")),
    ("1 + not(a)", Some("F0105")),
    ("(a = 10.0.0.256)", Some("F0201")),
    ("a > 2024-02-30", Some("F0202")),
    ("()", Some("F0101")),
    ("x ?? y ?? z", Some("F0101")),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_mix_of_pieces_is_reported_soundly(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        sound(&pieces.concat());
        sound(&pieces.join(" "));
    }

    #[test]
    fn one_report_for_each_mistake(picks in prop::collection::vec((0..CONDITIONS.len(), any::<bool>()), 1..20)) {
        let mut text = String::from("start");
        let mut wanted = Vec::new();
        for (pick, or) in picks {
            let (condition, code) = CONDITIONS[pick];
            text.push_str(if or { " or " } else { " and " });
            text.push_str(condition);
            wanted.extend(code);
        }
        let got: Vec<_> = match Filter::parse(&text) {
            Err(errors) => errors.errors().iter().map(mentat_filter::ParseError::code).collect(),
            Ok(_) => Vec::new(),
        };
        prop_assert_eq!(got, wanted, "{}", text);
    }

    #[test]
    fn any_text_is_reported_soundly(text in "\\PC{0,60}", bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        sound(&text);
        sound(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_place_is_drawn(text in "(\\PC|\n|\t){0,30}", start in 0_u32..80, end in 0_u32..80) {
        let one = Diagnostic::error("F0101", text.as_str(), Span::new(start, end)).with_label(Span::new(end, start), "x");
        for style in [Style::Plain, Style::Coloured] {
            prop_assert!(!one.render(&text, style).to_string().is_empty());
        }
        prop_assert!(serde_json::from_str::<serde_json::Value>(&one.to_json(&text)).is_ok());
    }
}
