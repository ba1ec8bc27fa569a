//! The single values of the definition: which text or number is one, and what it becomes.

use super::schema::Atom;
use super::tree::Node;
use jiff::{SignedDuration, Timestamp};
use mentat_filter::{IpSpan, parse_duration, parse_timestamp};

/// The first second of the year 1.
const FIRST_SECOND: i64 = -62_135_596_800;

/// The rule's name and what would have been right.
pub(crate) fn expectation(atom: Atom) -> (&'static str, &'static str) {
    match atom {
        Atom::Version => ("bad_format_version", "the text IDEA0"),
        Atom::Id => ("bad_id", "an ID of letters, digits, '.', '_' and '-'"),
        Atom::Handle => ("bad_handle", "a handle of letters, digits and '_'"),
        Atom::Nsid => ("bad_nsid", "a name of lower-case segments separated by dots"),
        Atom::EventTag => ("bad_event_tag", "a category such as Recon.Scanning"),
        Atom::Tag => ("bad_tag", "a tag of letters, digits, '_' and '-'"),
        Atom::Mac => ("bad_mac", "a MAC address"),
        Atom::Uri => ("bad_uri", "a URI with a scheme"),
        Atom::Netname => (
            "bad_netname",
            "a network name with its registry, such as ripe:EXAMPLE-NET",
        ),
        Atom::Hash => ("bad_hash", "a hash with its kind, such as sha1:0123abcd"),
        Atom::MediaType => ("bad_media_type", "a media type such as text/plain"),
        Atom::Charset => ("bad_charset", "a character set name"),
        Atom::Encoding => ("bad_encoding", "the text base64"),
        Atom::Timestamp => ("bad_timestamp", "a time such as 2026-11-23T12:00:00Z, with a zone"),
        Atom::Duration => ("bad_duration", "a duration such as 00:05:00 or 1D02:00:00"),
        Atom::Net4 => ("bad_net4", "an IPv4 address, block or range"),
        Atom::Net6 => ("bad_net6", "an IPv6 address, block or range"),
        Atom::Integer => ("bad_integer", "an integer"),
        Atom::Port => ("bad_integer", "a port number"),
        Atom::Float => ("bad_float", "a number"),
        Atom::Boolean => ("bad_boolean", "true or false"),
        Atom::String | Atom::Any => ("not_a_string", "a string"),
    }
}

/// A text as a value. With `exact` nothing is converted: no number written as text, no URI beyond RFC 3986.
pub(crate) fn from_text(atom: Atom, text: &str, exact: bool) -> Option<Node> {
    let valid = match atom {
        Atom::Version => text == "IDEA0",
        Atom::Id => !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)),
        Atom::Handle => name_like(text),
        Atom::Nsid => text
            .split('.')
            .all(|segment| name_like(segment) && !segment.bytes().any(|byte| byte.is_ascii_uppercase())),
        Atom::EventTag => text.split('.').count() <= 2 && text.split('.').all(tag_like),
        Atom::Tag => tag_like(text),
        Atom::Mac => {
            text.split(':').count() == 6
                && text
                    .split(':')
                    .all(|pair| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit()))
        }
        Atom::Uri | Atom::Netname | Atom::Hash => uri_like(text) && (!exact || rfc_3986(text)),
        Atom::MediaType => text.split_once('/').is_some_and(|(kind, sub)| {
            tag_like(kind) && !sub.is_empty() && sub.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+.-".contains(&b))
        }),
        Atom::Charset => {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b".:_()-".contains(&b))
        }
        Atom::Encoding => return text.eq_ignore_ascii_case("base64").then(|| Node::Str("base64".into())),
        Atom::Timestamp => {
            return parse_timestamp(text)
                .ok()
                .or_else(|| if exact { None } else { unix_seconds(text.trim()) })
                .map(Node::Time);
        }
        Atom::Duration => {
            return parse_duration(text)
                .ok()
                .or_else(|| if exact { None } else { seconds(text.trim()) })
                .map(Node::Duration);
        }
        Atom::Net4 => return IpSpan::parse_v4(text).ok().map(Node::ip),
        Atom::Net6 => return IpSpan::parse_v6(text).ok().map(Node::ip),
        Atom::Integer | Atom::Port => return integer_of_text(text),
        Atom::Float => return float(text).map(Node::Float),
        Atom::Boolean => false,
        Atom::String | Atom::Any => true,
    };
    valid.then(|| Node::Str(text.into()))
}

fn tag_like(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
}

fn name_like(text: &str) -> bool {
    text.bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A scheme and a colon, then anything without blanks and control characters: one odd character in a reference is no
/// reason to lose the event.
fn uri_like(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+.-".contains(&b))
            && !rest.chars().any(|c| c.is_whitespace() || c.is_control())
    })
}

/// Only the characters of RFC 3986, every `%` with its two digits.
fn rfc_3986(text: &str) -> bool {
    let escaped = text
        .split('%')
        .skip(1)
        .all(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|digit| digit.is_ascii_hexdigit()));
    escaped
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b))
}

/// A number of an undeclared key: native where that loses nothing, else its text.
pub(crate) fn number(text: &str) -> Node {
    if let Ok(value) = text.parse::<i64>() {
        return Node::Int(value);
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && text.contains(['.', 'e', 'E']) => Node::Float(value),
        _ => Node::Number(text.into()),
    }
}

/// A JSON number as an integer; a fraction is cut off towards zero.
#[expect(clippy::cast_possible_truncation, reason = "the range was just checked")]
pub(crate) fn integer_of_number(text: &str) -> Option<Node> {
    if let Ok(value) = text.parse() {
        return Some(Node::Int(value));
    }
    let value = text.parse::<f64>().ok()?.trunc();
    // 2^63 is exact in f64; the largest i64 is not.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (text.contains(['.', 'e', 'E']) && (-LIMIT..LIMIT).contains(&value)).then_some(Node::Int(value as i64))
}

/// Optional sign and ASCII digits, blanks around them allowed.
fn integer_of_text(text: &str) -> Option<Node> {
    text.trim_matches([' ', '\t', '\n', '\r']).parse().ok().map(Node::Int)
}

pub(crate) fn float(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    text.parse().ok().filter(|value: &f64| plain && value.is_finite())
}

/// Unix seconds with an optional fraction as a time of the years 1 to 9999, in whole microseconds.
pub(crate) fn unix_seconds(text: &str) -> Option<Timestamp> {
    let time = Timestamp::from_microsecond(i64::try_from(microseconds(text)?).ok()?).ok()?;
    // Whole seconds are cut off towards zero, so they alone would let the last moments of the year before pass.
    (time.as_microsecond() >= FIRST_SECOND * 1_000_000).then_some(time)
}

pub(crate) fn seconds(text: &str) -> Option<SignedDuration> {
    let micros = i64::try_from(microseconds(text)?).ok()?;
    (micros >= 0).then(|| SignedDuration::from_micros(micros))
}

/// A plain decimal number (exponents only as JSON writes them) times a million, rounded.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a number that large is refused by the caller's range check"
)]
fn microseconds(text: &str) -> Option<i128> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(i128::from(whole) * 1_000_000);
    }
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b"-.".contains(&b));
    let value: f64 = text.parse().ok()?;
    (plain && value.is_finite()).then(|| (value * 1e6).round() as i128)
}
