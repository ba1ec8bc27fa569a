//! A path, a text and an event, each on its own line: no input may panic, paths round-trip, a change that fails changes
//! nothing, and a changed event prints what reads back as the same event.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mentat_core::Event;
use mentat_core::filter::{IndexedPath, Path, Value};
use mentat_core::idea::{Change, SetPolicy};

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (Ok(path), Ok(text)) = (std::str::from_utf8(line()), std::str::from_utf8(line())) else {
        return;
    };
    let Ok(event) = Event::parse(line()) else { return };

    if let Ok(path) = Path::parse(path) {
        assert_eq!(Path::parse(&path.to_string()).as_ref(), Ok(&path), "{path}");
        let _ = event.values(&path);
    }
    let Ok(path) = IndexedPath::parse(path) else { return };
    assert_eq!(IndexedPath::parse(&path.to_string()).as_ref(), Ok(&path), "{path}");
    let values = event.get(&path);
    let _ = event.exists(&path);
    unset(&event, &path);
    for value in [Value::Null, 1.into(), text.into(), Value::List(values)] {
        for (overwrite, unique) in [(true, false), (false, true)] {
            let mut policy = SetPolicy::default();
            (policy.overwrite, policy.unique) = (overwrite, unique);
            set(&event, &path, &value, policy);
        }
    }
});

fn set(event: &Event, path: &IndexedPath, value: &Value, policy: SetPolicy) {
    let mut changed = event.clone();
    match changed.set(path, value, policy) {
        Ok(Change::Set) => {
            reads_back(&changed);
            unset(&changed, path);
        }
        _ => assert_eq!(changed, *event, "{path}"),
    }
}

fn unset(event: &Event, path: &IndexedPath) {
    let mut changed = event.clone();
    if changed.unset(path) == Ok(true) {
        assert_ne!(changed, *event, "{path}");
        reads_back(&changed);
    } else {
        assert_eq!(changed, *event, "{path}");
    }
}

fn reads_back(event: &Event) {
    let text = event.to_json();
    let again = Event::parse(text.as_bytes()).expect("an event reads what it printed");
    assert_eq!(again, *event, "printed as {text}");
    assert_eq!(again.to_json(), text, "canonical JSON is a fixed point");
}
