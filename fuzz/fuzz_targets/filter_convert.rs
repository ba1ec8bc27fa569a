//! A filter of the legacy dialect and a record: whenever the filter and what it is converted to both have an answer,
//! it is the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mentat_filter::{Context, Dialect, Filter, LegacyTypes, Program, Value};
use mentat_fuzz::{clock, limits, text_and_record};

fuzz_target!(|bytes: &[u8]| {
    let Some((text, record)) = text_and_record(bytes) else {
        return;
    };
    let Ok(filter) = Filter::parse_dialect(text, Dialect::Pynspect, &limits()) else {
        return;
    };
    let record = within_the_promise(record);
    let types = LegacyTypes::idea();
    for legacy in [filter.with_types(&types).ok(), Some(filter)].into_iter().flatten() {
        let Ok(converted) = legacy.convert(Dialect::Ransack) else {
            continue;
        };
        assert_eq!(
            Filter::parse(&converted.to_string()).as_ref(),
            Ok(&converted),
            "{converted}"
        );
        let truthy = |filter: &Filter| {
            let program: Program<Value> = filter.compile(&Context::new()).ok()?;
            program.truthy(&record, &clock()).ok()
        };
        if let (Some(before), Some(after)) = (truthy(&legacy), truthy(&converted)) {
            assert_eq!(before, after, "{legacy} became {converted} for {record}");
        }
    }
});

/// The promise is for records without null and without lists directly inside lists.
fn within_the_promise(value: Value) -> Value {
    match value {
        Value::Null => Value::Int(0),
        Value::List(items) => {
            let items = items.into_iter().flat_map(|item| match within_the_promise(item) {
                Value::List(items) => items,
                item => vec![item],
            });
            Value::List(items.collect())
        }
        Value::Map(members) => Value::Map(
            members
                .into_iter()
                .map(|(name, value)| (name, within_the_promise(value)))
                .collect(),
        ),
        other => other,
    }
}
