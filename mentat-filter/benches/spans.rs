//! What one look-up in a [`SpanTable`] takes, for tables of several sizes: `cargo bench -p mentat-filter --bench spans`.

#![expect(clippy::print_stdout, reason = "the figures are what this program is for")]

use mentat_filter::{Family, IpSpan, SpanTable};
use std::collections::HashSet;
use std::hint::black_box;
use std::time::Instant;

/// A linear congruential generator: the same tables and queries in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 ^ (self.0 >> 29)
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 20) % limit
    }

    /// An address in the used part of the space: unicast IPv4, `2000::/6` in IPv6.
    fn address(&mut self, family: Family) -> u128 {
        match family {
            Family::V4 => (u128::from(1 + self.below(222)) << 24) | u128::from(self.below(1 << 24)),
            Family::V6 => (0x20 << 120) | (u128::from(self.next() >> 6) << 64) | u128::from(self.next()),
        }
    }
}

fn net(family: Family, bits: u128, prefix: u8) -> IpSpan {
    let address = IpSpan::from_number(family, bits).map(|span| span.first());
    address
        .and_then(|address| IpSpan::net(address, prefix).ok())
        .expect("within the family")
}

/// Prefix lengths and how many in a hundred networks have them or shorter ones.
type Lengths = &'static [(u8, u64)];

const V4: Lengths = &[
    (8, 1),
    (12, 2),
    (16, 8),
    (19, 16),
    (20, 22),
    (22, 40),
    (23, 50),
    (24, 97),
    (32, 100),
];
const V6: Lengths = &[
    (20, 1),
    (29, 8),
    (32, 25),
    (36, 33),
    (40, 45),
    (44, 55),
    (48, 97),
    (64, 100),
];
/// Hosts among the networks, many of them in one /64.
const V6_HOSTS: Lengths = &[(20, 1), (32, 20), (40, 30), (48, 60), (64, 80), (120, 85), (128, 100)];

/// Networks as a routing table has them: few wide ones, and most of the narrow ones inside those.
fn networks(family: Family, lengths: Lengths, count: usize, random: &mut Random) -> Vec<IpSpan> {
    let mut spans: Vec<IpSpan> = Vec::with_capacity(count);
    let mut known = HashSet::new();
    while spans.len() < count {
        let share = random.below(100);
        let prefix = lengths
            .iter()
            .find(|(_, upto)| share < *upto)
            .map_or(24, |(prefix, _)| *prefix);
        let inside = spans.get(usize::try_from(random.below(1 << 20)).unwrap_or(0));
        let bits = match inside.filter(|span| span.prefix() < Some(prefix)) {
            Some(around) => around.low() + random.address(family) % around.len(),
            None => random.address(family),
        };
        let span = net(family, bits, prefix);
        if known.insert(span) {
            spans.push(span);
        }
    }
    spans
}

/// The shortest of several runs, in nanoseconds for one query.
fn measure(queries: &[IpSpan], look_up: impl Fn(&IpSpan) -> usize) -> (f64, usize) {
    let mut best = f64::MAX;
    let mut hits = 0;
    for _ in 0..5 {
        let begin = Instant::now();
        hits = queries.iter().map(|query| black_box(look_up(black_box(query)))).sum();
        best = best.min(begin.elapsed().as_secs_f64() * 1e9 / queries.len() as f64);
    }
    (best, hits)
}

fn main() {
    println!("table     networks  queries    most specific  first of all  all        hits  build");
    let tables = [
        ("IPv4", Family::V4, V4),
        ("IPv6", Family::V6, V6),
        ("IPv6/128", Family::V6, V6_HOSTS),
    ];
    for (title, family, lengths) in tables {
        for count in [1_000, 10_000, 100_000, 1_000_000] {
            let mut random = Random(7);
            let spans = networks(family, lengths, count, &mut random);
            let begin = Instant::now();
            let table: SpanTable<u32> = spans.iter().copied().zip(0..).collect();
            let build = begin.elapsed().as_millis();
            // Not so many that walking through them drives the table out of the cache.
            let single = |bits| net(family, bits, family.width());
            let anywhere: Vec<IpSpan> = (0..50_000).map(|_| single(random.address(family))).collect();
            let inside: Vec<IpSpan> = (0..50_000)
                .filter_map(|_| {
                    let around = spans.get(usize::try_from(random.below(count as u64)).unwrap_or(0))?;
                    Some(single(around.low() + random.address(family) % around.len()))
                })
                .collect();
            for (name, queries) in [("random", anywhere), ("hits", inside), ("networks", spans)] {
                let queries = queries.get(..50_000).unwrap_or(&queries);
                // Who looks a value up also reads it.
                let found = |value: Option<&u32>| value.map_or(0, |value| usize::from(black_box(*value) < u32::MAX));
                let (one, hits) = measure(queries, |query| found(table.most_specific(query)));
                let (first, _) = measure(queries, |query| found(table.all(query).next().map(|(_, value)| value)));
                let (all, _) = measure(queries, |query| table.all(query).count());
                let share = hits * 100 / queries.len();
                println!(
                    "{title:<8}  {count:>8}  {name:<9}  {one:>7.1} ns     {first:>7.1} ns    {all:>7.1} ns  {share:>3} %  {build} ms"
                );
            }
        }
    }
}
