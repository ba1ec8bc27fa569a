//! A filter of either dialect and a record: nothing may panic, all ways to ask agree, and a lenient filter differs only
//! where a variable is missing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mentat_filter::{Dialect, EvalClass, Filter};
use mentat_fuzz::{answer, limits, shown, text_and_record};

fuzz_target!(|bytes: &[u8]| {
    let Some((text, record)) = text_and_record(bytes) else {
        return;
    };
    for dialect in [Dialect::Ransack, Dialect::Pynspect] {
        let Ok(filter) = Filter::parse_dialect(text, dialect, &limits()) else {
            continue;
        };
        let Some(strict) = answer(&filter, &record) else {
            continue;
        };
        let lenient = answer(&filter.lenient(), &record).expect("it compiled before");
        match &strict {
            Err(error) if error.class() == EvalClass::Missing => {
                assert!(
                    !lenient.is_err_and(|error| error.class() == EvalClass::Missing),
                    "{text}"
                );
            }
            _ => assert_eq!(shown(&strict), shown(&lenient), "{text}"),
        }
    }
});
