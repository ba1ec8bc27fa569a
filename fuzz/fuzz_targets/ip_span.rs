//! Text as a span of addresses: no input may panic, printing round-trips, and the networks of a span cover just it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mentat_filter::{IpSpan, merge};

fuzz_target!(|text: &str| {
    let Ok(span) = IpSpan::parse(text) else { return };
    let printed = span.to_string();
    assert_eq!(IpSpan::parse(&printed).as_ref(), Ok(&span), "printed as {printed}");
    assert!(span.first() <= span.last(), "{printed}");
    assert!(span.contains(&span) && span.overlaps(&span), "{printed}");
    let nets: Vec<IpSpan> = span.nets().into_iter().map(IpSpan::from).collect();
    assert!(nets.iter().all(|net| span.contains(net)), "{printed}");
    let [whole] = merge(nets)[..] else {
        panic!("the networks of {printed} leave gaps")
    };
    assert_eq!((whole.first(), whole.last()), (span.first(), span.last()), "{printed}");
});
