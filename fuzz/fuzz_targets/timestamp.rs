//! Text as a time or a duration: no input may panic, and what is printed reads back as the same value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mentat_filter::{format_duration, format_timestamp, parse_duration, parse_timestamp};

fuzz_target!(|text: &str| {
    if let Ok(time) = parse_timestamp(text) {
        let printed = format_timestamp(time).to_string();
        assert_eq!(parse_timestamp(&printed), Ok(time), "printed as {printed}");
    }
    if let Ok(duration) = parse_duration(text) {
        let printed = format_duration(duration).to_string();
        assert_eq!(parse_duration(&printed), Ok(duration), "printed as {printed}");
    }
});
