//! The table against the plain definition: look at every span.

use super::*;
use proptest::prelude::*;

fn span(text: &str) -> IpSpan {
    text.parse().unwrap()
}

/// What the definition says: all containing spans, the smallest first, equally small ones as given.
fn scan<'a>(pairs: &'a [(IpSpan, usize)], query: &IpSpan) -> Vec<&'a (IpSpan, usize)> {
    let mut found: Vec<_> = pairs.iter().filter(|(span, _)| span.contains(query)).collect();
    found.sort_by_key(|(span, _)| span.high() - span.low());
    found
}

fn check_query(table: &SpanTable<usize>, pairs: &[(IpSpan, usize)], query: &IpSpan) {
    let expected = scan(pairs, query);
    let found: Vec<(IpSpan, usize)> = table.all(query).map(|(span, value)| (span, *value)).collect();
    assert_eq!(
        found.iter().collect::<Vec<_>>(),
        expected,
        "all of {query} in {pairs:?}"
    );
    let smallest = expected.first().map(|(_, value)| value);
    assert_eq!(
        table.most_specific(query),
        smallest,
        "most specific of {query} in {pairs:?}"
    );
}

fn check(spans: &[&str], query: &str, expected: &[&str]) {
    let table: SpanTable<&str> = spans.iter().map(|text| (span(text), *text)).collect();
    let found: Vec<&str> = table.all(&span(query)).map(|(_, text)| *text).collect();
    assert_eq!(found, expected, "{query} in {spans:?}");
    assert_eq!(table.most_specific(&span(query)), expected.first(), "{query}");
}

#[test]
fn the_smallest_comes_first() {
    let nets = ["10.0.0.0/8", "10.1.2.0/24", "10.1.0.0/16", "10.1.3.0/24", "::/0"];
    check(&nets, "10.1.2.3", &["10.1.2.0/24", "10.1.0.0/16", "10.0.0.0/8"]);
    check(&nets, "10.1.2.0/23", &["10.1.0.0/16", "10.0.0.0/8"]);
    check(&nets, "10.0.0.0/7", &[]);
    check(&nets, "9.255.255.255", &[]);
    check(&nets, "11.0.0.0", &[]);
    let stacked = [
        "10.0.0.0-10.0.0.20",
        "10.0.0.5-10.0.0.30",
        "10.0.0.6-10.0.0.8",
        "10.0.0.7-10.0.0.25",
    ];
    let by_size = [stacked[2], stacked[3], stacked[0], stacked[1]];
    check(&stacked, "10.0.0.7-10.0.0.8", &by_size);
    check(&stacked, "10.0.0.22", &[stacked[3], stacked[1]]);
}

#[test]
fn of_equally_small_ones_the_first_given_comes_first() {
    let same = ["10.0.0.0/24", "10.0.0.0-10.0.0.255", "10.0.0.9/24"];
    check(&same, "10.0.0.1", &same);
    let shifted = ["10.0.0.2-10.0.0.4", "10.0.0.3-10.0.0.5", "10.0.0.1-10.0.0.3"];
    check(&shifted, "10.0.0.3", &shifted);
}

#[test]
fn families_and_the_ends_of_the_address_space() {
    let nets = ["0.0.0.0/0", "255.255.255.255", "0.0.0.0", "::/0", "::", "::ffff:0:0/96"];
    check(&nets, "0.0.0.0", &["0.0.0.0", "0.0.0.0/0"]);
    check(&nets, "255.255.255.255", &["255.255.255.255", "0.0.0.0/0"]);
    check(&nets, "::", &["::", "::/0"]);
    check(&nets, "::ffff:10.0.0.1", &["::ffff:0:0/96", "::/0"]);
    check(&nets, "ffff::/16", &["::/0"]);
    check(&["0.0.0.0/0"], "::1", &[]);
    check(&["::/0"], "0.0.0.1", &[]);
    check(&[], "0.0.0.1", &[]);
}

#[test]
fn spans_come_back_in_their_simplest_form() {
    let table: SpanTable<()> = ["192.0.2.77/24", "10.0.0.0-10.0.0.7", "::1-::1", "10.0.0.1-10.0.0.3"]
        .into_iter()
        .map(|text| (span(text), ()))
        .collect();
    let printed: Vec<String> = table.iter().map(|(span, ())| span.to_string()).collect();
    assert_eq!(printed, ["10.0.0.0/29", "10.0.0.1-10.0.0.3", "192.0.2.0/24", "::1"]);
    assert_eq!((table.len(), table.is_empty()), (4, false));
    assert!(SpanTable::<()>::default().is_empty());
}

fn family() -> impl Strategy<Value = Family> {
    prop_oneof![Just(Family::V4), Just(Family::V6)]
}

/// Spans near each other, so that they nest, touch, repeat and overlap.
fn range() -> impl Strategy<Value = IpSpan> {
    (family(), 0_u128..60, 0_u128..25).prop_map(|(family, low, more)| IpSpan::between(family, low, low + more))
}

/// The same at the other end of an IPv6 address, where half of the bits decide; now and then not quite.
fn wide_range() -> impl Strategy<Value = IpSpan> {
    (0_u128..60, 0_u128..25, prop_oneof![40 => Just(0_u128), 1 => Just(1)])
        .prop_map(|(low, more, off)| IpSpan::between(Family::V6, (low << 64) + off, ((low + more + 1) << 64) - 1 - off))
}

/// Networks, which only ever nest.
fn net() -> impl Strategy<Value = IpSpan> {
    (family(), 0_u128..64, 0_u8..8).prop_map(|(family, low, bits)| {
        let address = IpSpan::between(family, low, low).first();
        IpSpan::net(address, family.width() - bits).unwrap()
    })
}

/// Where dense spans lie: at either end of the space, and within one /64.
const BASES: [u128; 4] = [
    0,
    0x2001_0db8_u128 << 96,
    (0x2001_0db8_u128 << 96) + (1 << 64) - 100,
    u128::MAX - 200,
];

/// Spans of IPv6 that differ in their last bits only or are all of the space, or half of it.
fn dense() -> impl Strategy<Value = IpSpan> {
    let near = (prop::sample::select(&BASES[..]), 0_u128..170, 0_u128..30)
        .prop_map(|(base, low, more)| IpSpan::between(Family::V6, base + low, base + low + more));
    let ends = [
        (0, u128::MAX),
        (0, u128::MAX >> 1),
        (1 << 127, u128::MAX),
        (1, u128::MAX),
        (0, u128::MAX - 1),
    ];
    let full = prop::sample::select(ends.to_vec()).prop_map(|(low, high)| IpSpan::between(Family::V6, low, high));
    prop_oneof![30 => near, 1 => full]
}

proptest! {
    #[test]
    fn dense_clusters_are_found_as_by_a_scan(
        spans in prop::collection::vec(dense(), 0..300),
        hosts in prop::bool::ANY,
        queries in prop::collection::vec(dense(), 30),
    ) {
        // Single addresses among full-space spans only nest; the rest overlaps in part.
        let keep = |span: &IpSpan| !hosts || span.high() - span.low() < 30 || *span == IpSpan::between(Family::V6, 0, u128::MAX);
        let shrink = |span: IpSpan| if hosts && span.high() - span.low() < 30 { IpSpan::single(span.first()) } else { span };
        let pairs: Vec<_> = spans.into_iter().filter(keep).map(shrink).zip(0..).collect();
        let table = SpanTable::new(pairs.iter().copied());
        prop_assert!(!hosts || table.v6.nested, "hosts only nest");
        for query in &queries {
            check_query(&table, &pairs, query);
            check_query(&table, &pairs, &IpSpan::single(query.last()));
        }
    }

    #[test]
    fn ranges_are_found_as_by_a_scan(spans in prop::collection::vec(range(), 0..90), queries in prop::collection::vec(range(), 20)) {
        let pairs: Vec<_> = spans.into_iter().zip(0..).collect();
        let table = SpanTable::new(pairs.iter().copied());
        for query in &queries {
            check_query(&table, &pairs, query);
        }
    }

    #[test]
    fn wide_ranges_are_found_as_by_a_scan(
        spans in prop::collection::vec(wide_range(), 0..40),
        wide in prop::collection::vec(wide_range(), 20),
        narrow in prop::collection::vec((0_u128..60, any::<u64>()), 20),
    ) {
        let pairs: Vec<_> = spans.into_iter().zip(0..).collect();
        let table = SpanTable::new(pairs.iter().copied());
        let narrow = narrow.into_iter().map(|(high, low)| (high << 64) | u128::from(low));
        let single = |bits| IpSpan::between(Family::V6, bits, bits);
        for query in wide.into_iter().chain(narrow.map(single)) {
            check_query(&table, &pairs, &query);
        }
    }

    #[test]
    fn networks_are_found_as_by_a_scan(spans in prop::collection::vec(net(), 0..150), queries in prop::collection::vec(range(), 20)) {
        let pairs: Vec<_> = spans.into_iter().zip(0..).collect();
        let table = SpanTable::new(pairs.iter().copied());
        prop_assert!(table.v4.nested && table.v6.nested && table.v6_wide.nested, "networks only nest");
        for query in &queries {
            check_query(&table, &pairs, query);
        }
    }

    #[test]
    fn the_simplest_form_is_the_same_span(low in any::<u128>(), bits in 0_u32..128, more in any::<u128>(), family in family()) {
        let span = IpSpan::between(family, low, low.saturating_add(more >> bits));
        prop_assert_eq!(span.simplest(), span);
        prop_assert_eq!(span.to_net().is_some(), span.nets().len() == 1);
    }

    #[test]
    fn a_network_has_its_prefix(address in any::<u128>(), bits in 0_u8..=128, family in family()) {
        let prefix = bits.min(family.width());
        let net = IpSpan::net(IpSpan::between(family, address, address).first(), prefix).unwrap();
        prop_assert_eq!(net.prefix(), Some(prefix));
    }
}
