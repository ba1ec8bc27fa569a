//! Text as a filter of either dialect: no input may panic, and what a filter prints, in one line or over several, reads
//! back as the same filter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mentat_filter::{Dialect, Filter, Limits};

fuzz_target!(|text: &str| {
    for dialect in [Dialect::Ransack, Dialect::Pynspect] {
        let parse = |text: &str| Filter::parse_dialect(text, dialect, &Limits::default());
        let Ok(filter) = parse(text) else { continue };
        let printed = filter.to_string();
        let pretty = [0, 24, 80].map(|width| filter.pretty(width));
        for printed in pretty.iter().chain([&printed]) {
            match parse(printed) {
                Ok(again) => assert_eq!(again, filter, "printed as {printed}"),
                Err(errors) => panic!("a filter reads what it printed, {printed}\n{errors}"),
            }
        }
        let again = parse(&printed).map(|again| again.to_string());
        assert_eq!(again.as_ref(), Ok(&printed), "the canonical text is a fixed point");
    }
});
