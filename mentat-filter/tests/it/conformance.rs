//! The recorded behaviour of the language.

use mentat_filter::{Clock, Context, EvalClass, EvalError, Filter, Program, Value, merge};
use serde_json::Value as Json;

use crate::vectors::{Records, lines, read, tagged};

/// A decision to differ from what was recorded: which vectors it is about, and why. The right answer is computed.
struct Deviation {
    applies: fn(&str) -> bool,
    answer: Answer,
    why: &'static str,
}

enum Answer {
    /// The recorded one, on a record whose times are read as they were when it was recorded.
    OnOddOffsets,
    /// A bad literal.
    BadLiteral,
    /// Any: the text is one of our own language.
    Ours,
}

const DEVIATIONS: &[Deviation] = &[
    Deviation {
        applies: |text| text.contains("9999-12-31"),
        answer: Answer::BadLiteral,
        why: "it lies beyond the last timestamp of our time library, 9999-12-30T22:00:00.999999999Z",
    },
    Deviation {
        applies: |text| text.contains("Time"),
        answer: Answer::OnOddOffsets,
        why: "the offset -02:30 is two and a half hours (rule D05 of the event model)",
    },
    Deviation {
        applies: ours,
        answer: Answer::Ours,
        why: "`!=`, `matches`, comments and our functions were errors in the recorded language",
    },
];

/// Whether a text uses what our dialect adds to the recorded one.
fn ours(text: &str) -> bool {
    let functions = [
        "any",
        "all_in",
        "count",
        "endswith",
        "glob",
        "lower",
        "none_of",
        "startswith",
        "upper",
    ];
    text.contains(['#'])
        || text.contains("!=")
        || text.to_ascii_lowercase().contains("matches")
        || functions.iter().any(|name| text.contains(&format!("{name}(")))
}

fn class(error: &EvalError) -> &'static str {
    match error.class() {
        EvalClass::Operator => "operator",
        EvalClass::Missing | EvalClass::Evaluation => "eval",
    }
}

fn run(text: &str, record: &Value, context: &Context, clock: &Clock) -> Result<Value, &'static str> {
    let filter = Filter::parse(text).map_err(|errors| {
        assert!(!errors.errors().is_empty());
        if errors.errors().iter().all(mentat_filter::ParseError::is_bad_literal) {
            "shape"
        } else {
            "parse"
        }
    })?;
    let program: Program<Value> = filter.compile(context).map_err(|_| "eval")?;
    let result = program.evaluate(record, clock);
    // The three ways to evaluate never disagree.
    let matches = program.matches(record, clock);
    let truthy = program.truthy(record, clock);
    match &result {
        Ok(value) => {
            assert_eq!(matches, Ok(*value == Value::Bool(true)), "{text}");
            assert_eq!(truthy, Ok(value.is_truthy()), "{text}");
        }
        Err(error) => {
            assert_eq!(matches, Err(*error), "{text}");
            assert_eq!(truthy, Err(*error), "{text}");
            assert!(error.render(text).to_string().contains(error.code()));
        }
    }
    result.map_err(|error| class(&error))
}

/// Whether two results are the same as far as vectors can tell: types, structure, fractions to twelve digits.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Float(one), Value::Float(other)) => {
            one == other || one.is_nan() && other.is_nan() || (one - other).abs() <= 1e-12 * one.abs().max(other.abs())
        }
        (Value::Ip(one), Value::Ip(other)) => one.to_string() == other.to_string(),
        (Value::Range(one), Value::Range(other)) => same(&one.0, &other.0) && same(&one.1, &other.1),
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Map(one), Value::Map(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| one.0 == other.0 && same(one.1, other.1))
        }
        _ => one == other,
    }
}

pub(crate) fn report(file: &str, passed: usize, failed: &[String]) {
    println!("conformance {file} passed {passed} failed {}", failed.len());
    assert!(
        failed.is_empty(),
        "{file}: {} answers differ: {failed:#?}",
        failed.len()
    );
}

#[test]
fn recorded_behaviour() {
    // A folder of vectors need not have every file, but it must have one.
    let read = [recorded_answers(), recorded_ip_literals()];
    assert!(read.contains(&true), "no vector file was read");
}

/// Answers whether the file was there.
fn recorded_answers() -> bool {
    let name = "filter-ransack.jsonl";
    let Some(text) = read(name) else { return false };
    let Records {
        records,
        with_odd_offsets,
        contexts,
    } = Records::load();
    let empty = Context::new();
    let clock = Clock::system();
    let (mut passed, mut failed) = (0, Vec::new());
    for vector in lines(&text) {
        let id = vector["id"].as_str().unwrap();
        let expr = vector["expr"].as_str().unwrap();
        let name = vector["data_ref"].as_str().unwrap();
        let context = vector["context_ref"].as_str().map_or(&empty, |name| &contexts[name]);
        let wanted = vector.get("recommended").unwrap_or(&vector["expect"]);
        let right = |got: &Result<Value, &str>| match (got, wanted.get("value"), wanted["error"].as_str()) {
            (Ok(got), Some(wanted), None) => same(got, &tagged(wanted)),
            (Err(got), None, Some(wanted)) => *got == wanted,
            _ => false,
        };
        let got = run(expr, &records[name], context, &clock);
        let deviates = |deviation: &&Deviation| {
            (deviation.applies)(expr)
                && match deviation.answer {
                    Answer::OnOddOffsets => right(&run(expr, &with_odd_offsets[name], context, &clock)),
                    Answer::BadLiteral => got == Err("shape"),
                    Answer::Ours => wanted.get("error").is_some(),
                }
        };
        if right(&got) {
            passed += 1;
        } else if let Some(deviation) = DEVIATIONS.iter().find(deviates) {
            println!("  {id} `{expr}` deviates: {}", deviation.why);
            passed += 1;
        } else {
            failed.push(format!("{id} `{expr}`: wanted {wanted}, got {got:?}"));
        }
    }
    report(name, passed, &failed);
    true
}

#[test]
fn recorded_positions() {
    let Some(text) = read("filter-ransack.jsonl") else {
        return;
    };
    let Records { records, contexts, .. } = Records::load();
    let empty = Context::new();
    let mut wrong = Vec::new();
    for vector in lines(&text) {
        let (wanted, at) = (&vector["expect"]["error"], &vector["expect"]["at"]);
        // Only failures of the evaluation have the whole set of positions, and only ours where both fail.
        if wanted != "eval" || at["start"].is_null() || vector.get("recommended").is_some() {
            continue;
        }
        let expr = vector["expr"].as_str().unwrap();
        // Nor is `not(` one token.
        if expr.contains("not(") {
            continue;
        }
        let record = &records[vector["data_ref"].as_str().unwrap()];
        let context = vector["context_ref"].as_str().map_or(&empty, |name| &contexts[name]);
        let filter = Filter::parse(expr).unwrap();
        let characters = |bytes: u32| expr[..bytes as usize].chars().count() as u64;
        // To us the name of a function does not include its parenthesis.
        let (span, bracket) = match filter.compile::<Value>(context) {
            Err(errors) => {
                let span = errors.errors()[0].span();
                (span, u64::from(expr[span.end as usize..].starts_with('(')))
            }
            Ok(program) => (program.evaluate(record, &Clock::system()).unwrap_err().span(), 0),
        };
        let got = (Some(characters(span.start)), Some(characters(span.end) + bracket));
        let wanted = (at["start"].as_u64(), at["end"].as_u64());
        if got != wanted {
            wrong.push(format!("{expr}: wanted {wanted:?}, got {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Answers whether the file was there.
fn recorded_ip_literals() -> bool {
    let name = "filter-ip-literals.jsonl";
    let Some(text) = read(name) else { return false };
    let (mut passed, mut failed) = (0, Vec::new());
    for vector in lines(&text) {
        let expr = vector["expr"].as_str().unwrap();
        let mut got: Vec<String> = Filter::parse(expr)
            .unwrap()
            .ast()
            .ip_literals()
            .iter()
            .map(|span| format!("{}-{}", span.first(), span.last()))
            .collect();
        let mut wanted: Vec<String> = vector["expect"]["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|text| plain(text).to_owned())
            .collect();
        got.sort();
        wanted.sort();
        if got == wanted {
            passed += 1;
        } else {
            failed.push(format!(
                "{} `{expr}`: wanted {wanted:?}, got {got:?}",
                plain(&vector["id"])
            ));
        }
    }
    report(name, passed, &failed);
    true
}

fn plain(json: &Json) -> &str {
    json.as_str().unwrap()
}

#[test]
fn every_benchmark_filter_parses() {
    let text = include_str!("../data/filters.txt");
    let filters: Vec<Filter> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| Filter::parse(line).unwrap_or_else(|errors| panic!("{errors}")))
        .collect();
    assert_eq!(filters.len(), 20);
    let spans = filters.iter().flat_map(|filter| filter.ast().ip_literals());
    assert!(!merge(spans).is_empty());
    for filter in &filters {
        filter.compile::<Value>(&Context::new()).unwrap();
    }
}
