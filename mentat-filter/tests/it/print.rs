//! Printing a tree and reading it again gives the same tree.

use jiff::SignedDuration;
use mentat_filter::{Arithmetic, Clock, Comparison, Context, Expr, Filter, Literal, Path, Value, parse_timestamp};
use proptest::prelude::*;

fn check(input: &str, printed: &str) {
    let filter = Filter::parse(input).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(filter.to_string(), printed);
    assert_eq!(Filter::parse(printed).unwrap(), filter);
}

#[test]
fn parentheses_stay_only_where_needed() {
    check("((a))", "a");
    check("(a and b) and (c and d)", "a and b and c and d");
    check("(a or b) and c or (d and e)", "(a or b) and c or d and e");
    check("(a + b) - (c - d) - e", "a + b - (c - d) - e");
    check("(a * b) + c / (d * e)", "a * b + c / (d * e)");
    check("(1 .. 3) + 1", "1 .. 3 + 1");
    check("1..(3+1)", "1 .. (3 + 1)");
    check("(a . b) . c", "a . b . c");
    check("a . (b . c)", "a . (b . c)");
    check("not (a = 1)", "not a = 1");
    check("not (not a)", "not (not a)");
    check("(not a) = 1", "(not a) = 1");
    check("(a < b) == (c < d)", "(a < b) == (c < d)");
    check("- - (a)", "--a");
    check("-(a + 1)", "-(a + 1)");
    check("len((a or b))", "len(a or b)");
    check("[(1 + 2), (a), -(1)]", "[(1 + 2), a, -1]");
}

#[test]
fn question_marks_keep_their_meaning() {
    check("x??", "x??");
    check("(x??) - 1", "(x??) - 1");
    check("a * (x??) - 1", "a * (x??) - 1");
    check("(x??) + 1", "x?? + 1");
    check("x ?? -1", "x ?? -1");
    check("(x ?? 1) - 1", "x ?? 1 - 1");
    check("x ?? (and)", "x ?? (and)");
    check("x ?? matches matches 'y'", "x ?? matches matches \"y\"");
    check("(x??) matches 'y'", "(x??) matches \"y\"");
    check("(1 + x??) matches 'y'", "(1 + x??) matches \"y\"");
    check("x ?? not", "x ?? not");
    check("x ?? (y??)", "x ?? (y??)");
    check("x ?? (y ?? z)", "x ?? (y ?? z)");
    check("-(x??)", "-(x??)");
    check("x??[] in [1]", "x ?? [] in [1]");
}

#[test]
fn literals() {
    check("'a'", "\"a\"");
    check("'\"'", "'\"'");
    check("1e400", "1e400");
    check("1e20 + 1.50", "1e20 + 1.5");
    check("2024-01-01", "2024-01-01T00:00:00Z");
    check("2024-01-01 t 10:00:00.5-02:30", "2024-01-01T12:30:00.500000Z");
    check("99:99:99", "4D04:40:39");
    check("10.1.2.3/8", "10.1.2.3/8");
    check("::ffff:1.2.3.4-::ffff:1.2.3.0", "::ffff:1.2.3.0-::ffff:1.2.3.4");
    // A text with both quotes can only be printed as several.
    let odd = Filter::from(Expr::text("it's \"it\""));
    check(&odd.to_string(), &odd.to_string());
}

fn literal() -> impl Strategy<Value = Expr> {
    let ip = prop::sample::select(vec![
        "10.0.0.1",
        "10.1.2.3/8",
        "::1",
        "::ffff:1.2.3.4",
        "2001:db8::/32",
        "1::-2::",
    ]);
    let time = prop::sample::select(vec![
        "2024-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "2024-01-01T00:00:00.123456Z",
    ]);
    let text = prop::sample::select(vec!["", "a b", "it's", "say \"x\"", "(", "multi\nline", "žluť"]);
    prop_oneof![
        any::<i64>().prop_map(Expr::int),
        prop::num::f64::POSITIVE.prop_map(|value| Expr::literal(Literal::Float(value))),
        text.prop_map(Expr::text),
        ip.prop_map(|text| Expr::ip(text.parse().unwrap())),
        time.prop_map(|text| Expr::literal(Literal::Time(parse_timestamp(text).unwrap()))),
        (0..10_000_000_i64).prop_map(|seconds| Expr::literal(Literal::Duration(SignedDuration::from_secs(seconds)))),
    ]
}

fn path() -> impl Strategy<Value = Path> {
    prop::sample::select(vec![
        "a",
        ".a",
        "a-b.c_d",
        "in",
        "AND",
        "or.x",
        "contains",
        "matches",
        "any",
        "T",
        "d",
        "e1",
        "Source.IP4",
    ])
    .prop_map(|text| text.parse().unwrap())
}

pub(crate) fn tree() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        literal(),
        path().prop_map(Expr::variable),
        path().prop_map(Expr::exists)
    ];
    leaf.prop_recursive(6, 48, 4, |inner| {
        let pair = (inner.clone(), inner.clone());
        let comparison = prop::sample::select(vec![
            Comparison::Greater,
            Comparison::GreaterOrEqual,
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::AnyEqual,
            Comparison::NoneEqual,
            Comparison::Equals,
            Comparison::In,
            Comparison::Contains,
            Comparison::Matches,
        ]);
        let function = prop::sample::select(vec![
            "length",
            "now",
            "any",
            "all_in",
            "count",
            "startswith",
            "glob",
            "of_the_embedder",
            "in",
            "d2",
        ]);
        let arithmetic = prop::sample::select(vec![
            Arithmetic::Add,
            Arithmetic::Subtract,
            Arithmetic::Multiply,
            Arithmetic::Divide,
            Arithmetic::Remainder,
            Arithmetic::Concat,
        ]);
        prop_oneof![
            pair.clone().prop_map(|(left, right)| Expr::and(left, right)),
            pair.clone().prop_map(|(left, right)| Expr::or(left, right)),
            pair.clone().prop_map(|(left, right)| Expr::range(left, right)),
            (pair.clone(), comparison).prop_map(|((left, right), op)| Expr::compare(left, op, right)),
            (pair, arithmetic).prop_map(|((left, right), op)| Expr::chain(left, op, right)),
            inner.clone().prop_map(Expr::not),
            inner.clone().prop_map(Expr::negate),
            (path(), inner.clone()).prop_map(|(path, default)| Expr::default(path, default)),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Expr::list),
            (function, prop::collection::vec(inner, 0..3)).prop_map(|(name, arguments)| Expr::call(name, arguments)),
        ]
    })
}

/// Blanks and comments, as may stand between any two tokens.
fn gap() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        " ",
        "\t",
        "\r\n",
        "\u{c}",
        "# or 'half ([\n",
        "#\n",
        "# a # b \"é\"\r\n",
    ]);
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

/// A canonical text with other gaps between its tokens, which it may have none of after a bracket or a comma.
fn spread(text: &str, gaps: &[String]) -> String {
    let mut gaps = gaps.iter().cycle().map(String::as_str);
    let mut gap = || gaps.next().unwrap_or_default();
    let mut spread = gap().to_owned();
    let mut quote = None;
    for character in text.chars() {
        match (quote, character) {
            (Some(open), _) if open != character => spread.push(character),
            (Some(_), _) => {
                quote = None;
                spread.push(character);
            }
            (None, '"' | '\'') => {
                quote = Some(character);
                spread.push(character);
            }
            (None, ' ') => {
                spread.push(' ');
                spread.push_str(gap());
            }
            (None, '(' | '[' | ',') => {
                spread.push(character);
                spread.push_str(gap());
            }
            (None, ')' | ']') => {
                spread.push_str(gap());
                spread.push(character);
            }
            (None, _) => spread.push(character),
        }
    }
    spread + gap()
}

const TOKENS: &[&str] = &[
    "a",
    ".b",
    "x.y-z",
    "not",
    "and",
    "OR",
    "in",
    "contains",
    "matches",
    "&&",
    "||",
    "!",
    "??",
    "?? ",
    "(",
    ")",
    "[",
    "]",
    ",",
    "-",
    "+",
    "*",
    "/",
    "%",
    ".",
    "..",
    ">",
    ">=",
    "<",
    "=",
    "==",
    "!=",
    "1",
    "1.5",
    "1e3",
    "12:34:56",
    "1D00:00:00",
    "2024-01-01",
    "T",
    "10:00:00",
    "Z",
    "10.0.0.1",
    "10.0.0.0/8",
    "::1",
    "ab:cd::",
    "'s'",
    "\"t\"",
    "len(",
    "now()",
    "f(",
    "any(",
    "# or '",
    "\n",
    "é",
    "'",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn trees(tree in tree()) {
        let printed = tree.to_string();
        let read = Filter::parse(&printed).unwrap_or_else(|errors| panic!("{errors}"));
        prop_assert_eq!(read.ast(), &tree, "{}", printed);
    }

    #[test]
    fn comments_and_blanks(tree in tree(), gaps in prop::collection::vec(gap(), 1..8)) {
        let text = spread(&tree.to_string(), &gaps);
        let read = Filter::parse(&text).unwrap_or_else(|errors| panic!("{errors}"));
        prop_assert_eq!(read.ast(), &tree, "{}", text);
    }

    #[test]
    fn token_mixes(tokens in prop::collection::vec((prop::sample::select(TOKENS), any::<bool>()), 0..14)) {
        let text: String = tokens.iter().map(|(token, gap)| format!("{token}{}", if *gap { " " } else { "" })).collect();
        match Filter::parse(&text) {
            Ok(filter) => {
                let printed = filter.to_string();
                let again = Filter::parse(&printed).unwrap_or_else(|errors| panic!("{text}\n{errors}"));
                prop_assert_eq!(&again, &filter, "{} -> {}", text, printed);
                prop_assert_eq!(again.to_string(), printed);
                if let Ok(program) = filter.compile::<Value>(&Context::new()) {
                    let _ = program.evaluate(&Value::default(), &Clock::system());
                }
            }
            Err(errors) => prop_assert!(!errors.to_string().is_empty()),
        }
    }

    #[test]
    fn any_text(text in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        for text in [&*text, &*String::from_utf8_lossy(&bytes)] {
            if let Err(errors) = Filter::parse(text) {
                prop_assert!(!errors.to_string().is_empty());
            }
        }
    }
}
