//! What all bridges look at: an event as JSON values, and the places of its sources and targets.
#![cfg_attr(not(feature = "full"), allow(dead_code, reason = "every format uses a part of this"))]

use crate::idea::Event;
use mentat_filter::IpSpan;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub(super) type Object = Map<String, Value>;

/// Levels that are read one by one if a value does not fit [`Value`]: the root, a list in it, an object in that.
const LEVELS: u8 = 3;

/// The event's keys. An event may hold values that [`Value`] does not (numbers beyond `f64`, 128 levels of nesting);
/// only these become null, not the keys around them.
pub(super) fn root(event: &Event) -> Object {
    match tolerant(&event.to_json(), LEVELS) {
        Value::Object(root) => root,
        _ => Object::new(),
    }
}

fn tolerant(text: &str, levels: u8) -> Value {
    if let Ok(value) = serde_json::from_str(text) {
        return value;
    }
    let Some(below) = levels.checked_sub(1) else {
        return Value::Null;
    };
    if let Ok(members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) {
        let members = members.into_iter().map(|(key, raw)| (key, tolerant(raw.get(), below)));
        return Value::Object(members.collect());
    }
    match serde_json::from_str::<Vec<&RawValue>>(text) {
        Ok(items) => items.into_iter().map(|raw| tolerant(raw.get(), below)).collect(),
        Err(_) => Value::Null,
    }
}

pub(super) fn text<'a>(object: &'a Object, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn items<'a>(object: &'a Object, key: &str) -> &'a [Value] {
    object.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(super) fn texts<'a>(object: &'a Object, key: &str) -> Vec<&'a str> {
    let texts = items(object, key).iter().filter_map(Value::as_str);
    texts.filter(|text| !text.is_empty()).collect()
}

pub(super) fn objects<'a>(object: &'a Object, key: &str) -> Vec<&'a Object> {
    items(object, key).iter().filter_map(Value::as_object).collect()
}

pub(super) fn integers(object: &Object, key: &str) -> Vec<i64> {
    items(object, key).iter().filter_map(Value::as_i64).collect()
}

pub(super) fn flag(object: &Object, key: &str) -> bool {
    object.get(key) == Some(&Value::Bool(true))
}

/// A value of the `_Mentat` block.
pub(super) fn mentat<'a>(root: &'a Object, key: &str) -> Option<&'a Value> {
    root.get("_Mentat")?.as_object()?.get(key)
}

pub(super) fn mentat_text<'a>(root: &'a Object, key: &str) -> Option<&'a str> {
    mentat(root, key)?.as_str().filter(|text| !text.is_empty())
}

/// The name of the detector: the last node that has one, since the last visited stands first.
pub(super) fn detector(root: &Object) -> Option<&str> {
    objects(root, "Node")
        .into_iter()
        .rev()
        .find_map(|node| text(node, "Name"))
}

/// Sets `key` unless there is nothing to set.
pub(super) fn put(object: &mut Object, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(key.to_owned(), value.into());
    }
}

/// One place of a source or target.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place<'a> {
    pub(super) party: Option<&'a Object>,
    pub(super) span: Option<IpSpan>,
    pub(super) host: Option<&'a str>,
    pub(super) url: Option<&'a str>,
    pub(super) port: Option<u16>,
}

impl Place<'_> {
    /// The address if it is a single one.
    pub(super) fn address(&self) -> Option<IpSpan> {
        self.span.filter(IpSpan::is_single)
    }

    /// The span if it is more than one address.
    pub(super) fn network(&self) -> Option<IpSpan> {
        self.span.filter(|span| !span.is_single())
    }
}

/// The addresses, or names, of one party before they are multiplied with its ports.
struct Spot<'a> {
    places: Vec<Place<'a>>,
    ports: Vec<Option<u16>>,
}

pub(super) fn spans(party: &Object) -> Vec<IpSpan> {
    let (four, six) = (texts(party, "IP4"), texts(party, "IP6"));
    four.into_iter()
        .chain(six)
        .filter_map(|text| IpSpan::parse(text).ok())
        .collect()
}

pub(super) fn ports(party: &Object) -> Vec<u16> {
    let ports = integers(party, "Port").into_iter();
    ports.filter_map(|port| u16::try_from(port).ok()).collect()
}

fn spot(party: &Object) -> Spot<'_> {
    let (hosts, urls) = (texts(party, "Hostname"), texts(party, "URL"));
    let place = Place {
        party: Some(party),
        host: hosts.first().copied(),
        url: urls.first().copied(),
        ..Place::default()
    };
    let spans = spans(party);
    let places = if !spans.is_empty() {
        spans
            .into_iter()
            .map(|span| Place {
                span: Some(span),
                ..place
            })
            .collect()
    } else if !hosts.is_empty() {
        hosts
            .into_iter()
            .map(|host| Place {
                host: Some(host),
                ..place
            })
            .collect()
    } else if !urls.is_empty() {
        urls.into_iter()
            .map(|url| Place {
                url: Some(url),
                ..place
            })
            .collect()
    } else {
        vec![place]
    };
    let mut ports: Vec<_> = ports(party).into_iter().map(Some).collect();
    if ports.is_empty() {
        ports.push(None);
    }
    Spot { places, ports }
}

/// The places of one side of an event; never none, since an event without targets still is one.
pub(super) struct Side<'a>(Vec<Spot<'a>>);

impl<'a> Side<'a> {
    pub(super) fn of(parties: impl IntoIterator<Item = &'a Object>) -> Self {
        let mut spots: Vec<_> = parties.into_iter().map(spot).collect();
        if spots.is_empty() {
            spots.push(Spot {
                places: vec![Place::default()],
                ports: vec![None],
            });
        }
        Self(spots)
    }

    /// Counted without making the product: a message has room for lists of which it would not fit into memory.
    pub(super) fn count(&self) -> u64 {
        let sizes = self
            .0
            .iter()
            .map(|spot| (spot.places.len() as u64).saturating_mul(spot.ports.len() as u64));
        sizes.fold(0, u64::saturating_add)
    }

    pub(super) fn places(&self) -> impl Iterator<Item = Place<'a>> {
        self.0.iter().flat_map(|spot| {
            let places = spot.places.iter();
            places.flat_map(|place| spot.ports.iter().map(|&port| Place { port, ..*place }))
        })
    }
}

/// Up to `limit` pairs of a source and a target, and how many there are in all.
pub(super) fn pairs(root: &Object, limit: usize) -> (Vec<(Place<'_>, Place<'_>)>, u64) {
    let sources = Side::of(objects(root, "Source"));
    let targets = Side::of(objects(root, "Target"));
    let pairs = sources
        .places()
        .flat_map(|source| targets.places().map(move |target| (source, target)));
    let pairs: Vec<_> = pairs.take(limit).collect();
    let total = sources.count().saturating_mul(targets.count());
    (pairs, total)
}

/// Protocols below the application, by the names that events use.
const TRANSPORTS: &[(&str, &str)] = &[
    ("tcp", "tcp"),
    ("udp", "udp"),
    ("sctp", "sctp"),
    ("icmp", "icmp"),
    ("icmp6", "ipv6-icmp"),
    ("icmpv6", "ipv6-icmp"),
    ("ipv6-icmp", "ipv6-icmp"),
    ("igmp", "igmp"),
    ("gre", "gre"),
    ("esp", "esp"),
    ("ah", "ah"),
];

/// The first transport and the first other protocol of two parties, in lower case; the second party comes first, since
/// a target names the service.
pub(super) fn protocols(source: Option<&Object>, target: Option<&Object>) -> (Option<&'static str>, Option<String>) {
    let (mut transport, mut application) = (None, None);
    for party in [target, source].into_iter().flatten() {
        for name in texts(party, "Proto") {
            let name = name.to_lowercase();
            match TRANSPORTS.iter().find(|(known, _)| *known == name) {
                Some((_, known)) => transport = transport.or(Some(*known)),
                // The network layer is told by the addresses.
                None if matches!(name.as_str(), "ip" | "ipv4" | "ipv6" | "ip4" | "ip6") => {}
                None => application = application.or(Some(name)),
            }
        }
    }
    (transport, application)
}

/// `text` up to `limit` characters.
pub(super) fn shortened(text: &str, limit: usize) -> &str {
    text.char_indices()
        .nth(limit)
        .and_then(|(end, _)| text.get(..end))
        .unwrap_or(text)
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with padding (RFC 4648, section 4).
pub(super) fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| {
            bits << 8 | u32::from(chunk.get(at).copied().unwrap_or(0))
        });
        for at in 0..4 {
            let digit = (bits >> (18 - 6 * at) & 63) as usize;
            let digit = BASE64.get(digit).copied().unwrap_or(b'=');
            out.push(if at > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    out
}

/// Whether a text is base64 with padding.
pub(super) fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    text.len().is_multiple_of(4) && text.len() - digits.len() <= 2 && digits.bytes().all(|byte| BASE64.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_all_lengths() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("\u{ff}\u{fb}", "w7/Duw=="),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
            assert!(is_base64(coded), "{coded}");
        }
        for bad in ["Zg", "Z===", "Zm9v\n", "=Zg=", "Zm 8"] {
            assert!(!is_base64(bad), "{bad}");
        }
    }

    #[test]
    fn a_product_beyond_memory_is_counted_only() {
        let many: Vec<u16> = (1..=60_000).collect();
        let event = serde_json::json!({"Source": [{"Port": many}], "Target": [{"Port": many}, {"Port": many}]});
        let (pairs, total) = pairs(event.as_object().unwrap(), 2);
        assert_eq!((pairs.len(), total), (2, 60_000 * 120_000));
    }

    #[test]
    fn values_beyond_json_numbers_do_not_hide_the_rest() {
        let event: Event = r#"{"ID": "a", "Source": [{"IP4": ["192.0.2.1"], "X": 1e999}], "Y": -1e999}"#
            .parse()
            .unwrap();
        let root = root(&event);
        assert_eq!(spans(objects(&root, "Source")[0]).len(), 1);
        assert_eq!(text(&root, "ID"), Some("a"));
    }
}
