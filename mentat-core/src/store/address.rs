//! Search keys of addresses.
//!
//! A key is the family digit `4` or `6` and lower-case hex digits: a single address has all of them, a block its
//! digit-aligned prefix followed by `*`. 192.0.2.1 is `4c0000201`, 147.32.5.0/24 is `4932005*`.

use mentat_filter::{Family, IpSpan};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A range that needs more blocks is represented by one block around it: found too often, then rechecked.
const MOST_BLOCKS: usize = 64;

/// An event with more keys gets coarser ones: the column is limited in size.
const MOST_KEYS: usize = 4096;

/// A digit-aligned block: its hex digits, all of them for a single address.
struct Block {
    family: char,
    digits: String,
    single: bool,
}

/// Cuts a span into the fewest digit-aligned blocks.
fn blocks(span: IpSpan) -> Vec<Block> {
    let (family, width) = match span.family() {
        Family::V4 => ('4', 8_u32),
        Family::V6 => ('6', 32),
    };
    let block = |low: u128, free: u32| {
        let mut digits = String::with_capacity(32);
        let kept = width - free;
        for at in 0..kept {
            let digit = (low >> (4 * (width - 1 - at))) & 0xf;
            let _ = write!(digits, "{digit:x}");
        }
        Block {
            family,
            digits,
            single: free == 0,
        }
    };
    let (mut low, high) = (span.low(), span.high());
    let mut cut = Vec::new();
    loop {
        // The number of low digits that the block at `low` can leave free without passing `high`.
        let mut free = 0;
        while free < width {
            let mask = mask(free + 1);
            if low & mask != 0 || low | mask > high {
                break;
            }
            free += 1;
        }
        cut.push(block(low, free));
        if cut.len() > MOST_BLOCKS {
            let differing = span.low() ^ span.high();
            let free = (128 - differing.leading_zeros()).div_ceil(4);
            return vec![block(span.low() & !mask(free), free)];
        }
        match (low | mask(free)).checked_add(1) {
            Some(next) if next <= high => low = next,
            _ => return cut,
        }
    }
}

/// All ones in the lowest `digits` hex digits.
fn mask(digits: u32) -> u128 {
    if digits >= 32 {
        u128::MAX
    } else {
        (1 << (4 * digits)) - 1
    }
}

/// The keys under which an event with these addresses is found, sorted.
pub(super) fn keys(spans: impl Iterator<Item = IpSpan>) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for block in spans.flat_map(blocks) {
        let star = if block.single { "" } else { "*" };
        keys.insert(format!("{}{}{star}", block.family, block.digits));
    }
    // IPv4 /24 and IPv6 /48, then /8 and /16: 256 and 65,536 at most.
    for (v4, v6) in [(6, 12), (2, 2)] {
        if keys.len() <= MOST_KEYS {
            break;
        }
        keys = keys.iter().map(|key| coarser(key, v4, v6)).collect();
    }
    keys
}

fn coarser(key: &str, v4: usize, v6: usize) -> String {
    let digits = if key.starts_with('4') { v4 } else { v6 };
    let bare = key.trim_end_matches('*');
    match bare.get(..=digits) {
        Some(prefix) => format!("{prefix}*"),
        None => key.to_owned(),
    }
}

/// A text search query for events with an address in `span`, or in a block around it; a superset of the hits.
pub(super) fn query(span: IpSpan) -> String {
    let mut terms = BTreeSet::new();
    for block in blocks(span) {
        let (family, digits) = (block.family, &block.digits);
        terms.insert(if block.single {
            format!("'{family}{digits}'")
        } else {
            format!("'{family}{digits}':*")
        });
        // Stored blocks that contain this one.
        for length in 0..digits.len() {
            let prefix = digits.get(..length).unwrap_or_default();
            terms.insert(format!("'{family}{prefix}*'"));
        }
    }
    terms.into_iter().collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(span: &str, expected: &[&str]) {
        let found = keys(std::iter::once(span.parse().unwrap()));
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{span}");
    }

    #[test]
    fn keys_of_spans() {
        check("192.0.2.1", &["4c0000201"]);
        check("147.32.5.0/24", &["4932005*"]);
        check("0.0.0.0/0", &["4*"]);
        check("::/0", &["6*"]);
        check("255.255.255.255", &["4ffffffff"]);
        check("10.0.0.0/30", &["40a000000", "40a000001", "40a000002", "40a000003"]);
        check(
            "10.0.0.15-10.0.0.33",
            &["40a00000f", "40a00001*", "40a000020", "40a000021"],
        );
        check("2001:db8::/32", &["620010db8*"]);
        check("::ffff:192.0.2.9", &["600000000000000000000ffffc0000209"]);
        check("::/1", &["60*", "61*", "62*", "63*", "64*", "65*", "66*", "67*"]);
        // 4 x 15 single addresses and more around whole blocks: one block around all of it.
        check("1.1.1.1-200.200.200.200", &["4*"]);
    }

    #[test]
    fn queries_find_blocks_inside_and_around() {
        assert_eq!(query("10.0.0.0/8".parse().unwrap()), "'4*' | '40*' | '40a':*");
        assert!(query("10.0.0.1".parse().unwrap()).contains("'40a000001'"));
        assert!(query("10.0.0.1".parse().unwrap()).contains("'40a*'"));
    }

    #[test]
    fn too_many_keys_become_coarser() {
        let spans = (0..5000_u32).map(|n| IpSpan::single(std::net::Ipv4Addr::from_bits(n << 8).into()));
        let found = keys(spans);
        assert!(found.len() <= MOST_KEYS, "{}", found.len());
        assert!(found.iter().all(|key| key.ends_with('*')));
    }

    /// What the server does with a query and the keys of an event.
    fn matches(query: &str, keys: &BTreeSet<String>) -> bool {
        query.split(" | ").any(|term| match term.strip_suffix(":*") {
            Some(prefix) => keys.iter().any(|key| key.starts_with(prefix.trim_matches('\''))),
            None => keys.contains(term.trim_matches('\'')),
        })
    }

    proptest::proptest! {
        #[test]
        fn what_overlaps_is_found(
            (v4, low) in proptest::prelude::any::<(bool, u128)>(),
            (bits, other_bits) in (0..128_u32, 0..128_u32),
            (size, shift, other_size) in proptest::prelude::any::<(u128, i128, u128)>(),
        ) {
            let width = if v4 { 32 } else { 128 };
            let most = u128::MAX >> (128 - width);
            // Sizes of all magnitudes, and a second span near the first.
            let cut = |number: u128, bits: u32| number & most & (u128::MAX >> (127 - bits));
            let span = |low: u128, high: u128| -> IpSpan {
                let text = |address: u128| match u32::try_from(address) {
                    Ok(address) if v4 => std::net::Ipv4Addr::from_bits(address).to_string(),
                    _ => std::net::Ipv6Addr::from_bits(address).to_string(),
                };
                format!("{}-{}", text(low), text(high)).parse().unwrap()
            };
            let low = low & most;
            let one = span(low, low.saturating_add(cut(size, bits)).min(most));
            let near = low.saturating_add_signed(shift >> (127 - bits.min(126))).min(most);
            let other = span(near, near.saturating_add(cut(other_size, other_bits)).min(most));
            for (asked, stored) in [(one, other), (other, one)] {
                if asked.overlaps(&stored) {
                    let keys = keys(std::iter::once(stored));
                    proptest::prop_assert!(matches(&query(asked), &keys), "{asked} {stored} {keys:?}");
                }
            }
        }
    }
}
