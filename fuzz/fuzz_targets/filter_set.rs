//! Filters, one per line, and a record: a set of them answers as they do one by one, errors included.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mentat_filter::{Filter, FilterSet, Matches, Program, Value};
use mentat_fuzz::{clock, context, limits, text_and_record};

fuzz_target!(|bytes: &[u8]| {
    let Some((text, record)) = text_and_record(bytes) else {
        return;
    };
    let (context, clock) = (context(), clock());
    let compile = |(at, line): (usize, &str)| -> Option<Program<Value>> {
        let filter = Filter::parse_with(line, &limits()).ok()?;
        let filter = if at % 3 == 2 { filter.lenient() } else { filter };
        filter.compile(&context).ok()
    };
    let set: FilterSet<Value> = text.lines().take(24).enumerate().filter_map(compile).collect();
    let mut matches = Matches::new();
    for truthy in [false, true] {
        if truthy {
            set.truthy(&record, &clock, &mut matches);
        } else {
            set.matches(&record, &clock, &mut matches);
        }
        let (mut matching, mut errors) = (Vec::new(), Vec::new());
        for (at, program) in set.programs().iter().enumerate() {
            let answer = if truthy {
                program.truthy(&record, &clock)
            } else {
                program.matches(&record, &clock)
            };
            match answer {
                Ok(true) => matching.push(at),
                Ok(false) => {}
                Err(error) => errors.push((at, error)),
            }
        }
        assert_eq!(
            (matches.matching(), matches.errors()),
            (&*matching, &*errors),
            "{text}\n{record}"
        );
    }
});
