//! What the targets share: records out of bytes, and all answers of a filter about one.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use mentat_filter::{
    Clock, Context, EvalError, Filter, Function, Limits, NamedSet, Outcome, Program, Schema, Value, parse_timestamp,
};

/// The instant that `now()` gives.
const NOW: &str = "2024-05-01T10:00:00Z";

/// The text before the first zero byte and the record that the bytes after it stand for; `None` without text.
pub fn text_and_record(bytes: &[u8]) -> Option<(&str, Value)> {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let text = std::str::from_utf8(parts.next()?).ok()?;
    let mut bytes = parts.next().unwrap_or_default().iter().copied();
    let mut record = BTreeMap::new();
    for name in ["a", "b", "Source", "DetectTime"] {
        let Some(byte) = bytes.next() else { break };
        if byte != 0 {
            record.insert(name.to_owned(), value(byte, &mut bytes, 4));
        }
    }
    Some((text, Value::Map(record)))
}

fn value(kind: u8, bytes: &mut dyn Iterator<Item = u8>, depth: usize) -> Value {
    let next = bytes.next().unwrap_or_default();
    match kind % 12 {
        0 => Value::Null,
        1 => Value::Bool(next % 2 == 1),
        2 | 3 => Value::from(i64::from(next) - 8),
        4 => Value::Float(pick(next, &[0.0, -0.0, 1.0, 1.5, 1e300, f64::NAN, f64::INFINITY])),
        5 | 6 => Value::from(pick(next, &["", "a", "b", "ab", "1", "10.0.0.1", "ž", NOW])),
        7 => {
            let spans = [
                "10.0.0.1",
                "10.0.0.0/24",
                "10.0.0.5-10.0.1.5",
                "0.0.0.0/0",
                "::1",
                "::/64",
                "10.1.2.3/8",
            ];
            Value::Ip(pick(next, &spans).parse().expect("a span"))
        }
        8 => Value::Time(
            parse_timestamp(pick(next, &[NOW, "0001-01-01T00:00:00Z", "2024-05-01T09:00:00.5Z"])).expect("a time"),
        ),
        9 => Value::Duration(SignedDuration::from_secs(i64::from(next) - 8)),
        _ if depth == 0 => Value::Int(0),
        10 => (0..next % 4).map(|_| inner(bytes, depth)).collect::<Vec<_>>().into(),
        _ => {
            let names = ["a", "b", "n", "IP4"];
            let members = (0..next % 4).map(|_| {
                let name = pick(bytes.next().unwrap_or_default(), &names);
                (name.to_owned(), inner(bytes, depth))
            });
            Value::Map(members.collect())
        }
    }
}

fn inner(bytes: &mut dyn Iterator<Item = u8>, depth: usize) -> Value {
    let kind = bytes.next().unwrap_or_default();
    value(kind, bytes, depth - 1)
}

fn pick<T: Copy>(byte: u8, values: &[T]) -> T {
    values[usize::from(byte) % values.len()]
}

/// The same limits for all filters, small enough for many runs in a second.
#[must_use]
pub fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.steps = 20_000;
    limits.source_bytes = 4_096;
    limits.pattern_bytes = 1 << 14;
    limits
}

#[must_use]
pub fn clock() -> Clock {
    Clock::at(parse_timestamp(NOW).expect("a time"))
}

/// A list `known`, a set `marks` and a function `same`.
#[must_use]
pub fn context() -> Context {
    let same = Function::new(1..=1, |arguments| Ok(arguments.first().cloned().unwrap_or_default()));
    Context::new()
        .with("known", vec!["a", "b"])
        .with_set("marks", &["a", "ab"].into_iter().collect::<NamedSet>())
        .with_function("same", same)
}

/// What a filter answers about a record, once all ways to ask for it agree; `None` if it does not compile.
#[must_use]
pub fn answer(filter: &Filter, record: &Value) -> Option<Result<Value, EvalError>> {
    let (context, clock) = (context(), clock());
    let _ = (filter.check(&Schema::new().open(), &context), filter.cost());
    let program: Program<Value> = filter.compile(&context).ok()?;
    let value = program.evaluate(record, &clock);
    let is_true = value
        .as_ref()
        .map(|value| matches!(value, Value::Bool(true)))
        .map_err(|error| *error);
    assert_eq!(program.matches(record, &clock), is_true);
    let is_truthy = value.as_ref().map(Value::is_truthy).map_err(|error| *error);
    assert_eq!(program.truthy(record, &clock), is_truthy);
    let explanation = filter
        .explain(&context, record, &clock)
        .expect("a filter that compiles");
    assert_eq!(shown(&explanation.outcome), shown(&Outcome::from(value.clone())));
    let _ = (explanation.to_string(), explanation.to_json());
    Some(value)
}

/// As text, because not every number equals itself.
pub fn shown(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}")
}
