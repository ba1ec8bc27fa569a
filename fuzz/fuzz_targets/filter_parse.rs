//! Text as a filter: no input may panic, and the canonical text of a filter reads back as the same filter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mentat_filter::Filter;

fuzz_target!(|text: &str| {
    let filter = match Filter::parse(text) {
        Ok(filter) => filter,
        Err(errors) => {
            // The message cuts lines out of the text, at places that the parser names.
            let _ = errors.to_string();
            return;
        }
    };
    let printed = filter.to_string();
    let again = match Filter::parse(&printed) {
        Ok(again) => again,
        Err(errors) => panic!("a filter reads what it printed, {printed}\n{errors}"),
    };
    assert_eq!(again, filter, "printed as {printed}");
    assert_eq!(again.to_string(), printed, "the canonical text is a fixed point");
});
