//! Messages as an operator sees them.

use mentat_filter::{Clock, Context, Filter, Value};

/// The whole message for a broken filter.
fn message(text: &str) -> String {
    let filter = match Filter::parse(text) {
        Err(errors) => return errors.to_string(),
        Ok(filter) => filter,
    };
    let program = match filter.compile::<Value>(&Context::new()) {
        Err(errors) => return errors.to_string(),
        Ok(program) => program,
    };
    let record = Value::Map(
        [
            ("Port".to_owned(), Value::from(vec![22])),
            ("TLP".to_owned(), Value::from("RED")),
        ]
        .into(),
    );
    match program.evaluate(&record, &Clock::system()) {
        Err(error) => error.render(text).to_string(),
        Ok(value) => panic!("{text} evaluates to {value}"),
    }
}

/// Messages are parted by a line of dashes, each preceded by its filter.
#[test]
fn messages() {
    let filters = [
        "Port = 22 and",
        "Category != 'Test'",
        "Source.IP4 in [10.0.0.0/33, 10.0.0.999] or\n  DetectTime > 2024-02-30",
        "1 < Port < 1024",
        "(Port = 22",
        "[Port + 1]",
        "a .. b . c",
        "1 + not(a)",
        "Name like 'x'",
        "\"say \"hi\"\"",
        "lenght(Port) > 1 or now(5)",
        "Missing.Thing = 1",
        "TLP < 'AMBER'",
        "žluť = 1",
        "Port / 0 = 1",
        "",
    ];
    let got: Vec<String> = filters
        .iter()
        .map(|filter| format!("{filter}\n\n{}\n", message(filter)))
        .collect();
    let got = got.join("----------------\n");
    let wanted = include_str!("../data/diagnostics.txt");
    assert!(got == wanted, "the messages are now:\n{got}");
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
