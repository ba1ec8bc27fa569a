//! Bytes as an event: no input may panic, and what an event prints reads back as the same event.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mentat_core::Event;

fuzz_target!(|bytes: &[u8]| {
    let Ok(event) = Event::parse(bytes) else { return };
    let text = event.to_json();
    assert!(text.is_ascii(), "canonical JSON is ASCII: {text}");
    let again = Event::parse(text.as_bytes()).expect("an event reads what it printed");
    assert_eq!(again, event, "printed as {text}");
    assert_eq!(again.to_json(), text, "canonical JSON is a fixed point");
});
