//! From JSON text to typed values, by the table of [`super::schema`].
//!
//! The text is taken apart one level at a time, so that every value's own text is at hand for messages and for
//! numbers that must keep it. All problems of a message are collected, not only the first.

use super::key::Key;
use super::problem::{Invalid, Problem, Warning};
use super::schema::{Atom, Level, Type, declared};
use super::tree::{Node, Object};
use jiff::{SignedDuration, Timestamp};
use mentat_filter::{IpSpan, parse_duration, parse_timestamp};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Deeper nesting is refused: reading recurses once per level.
const MAX_DEPTH: usize = 128;

/// Problems and warnings beyond this many are not kept: a hostile message can have one for every two of its bytes.
const MAX_TOLD: usize = 100;

/// The first second of the year 1.
const FIRST_SECOND: i64 = -62_135_596_800;

/// Reads a whole message.
pub(crate) fn message(bytes: &[u8]) -> Result<(Object, Vec<Warning>), Invalid> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        Invalid::whole(
            "bad_utf8",
            format!("not UTF-8: byte {at} does not begin or continue a character"),
        )
    })?;
    let text = text.trim();
    if text.is_empty() {
        return Err(Invalid::whole("empty", "the message is empty"));
    }
    check_depth(text, MAX_DEPTH)?;
    let whole = pair_surrogates(text);
    let raw: &RawValue = serde_json::from_str(&whole).map_err(|error| bad_json(&error))?;
    let Found::Object = Found::of(raw) else {
        let text = format!("an event is a JSON object, not {}", Found::of(raw).kind());
        return Err(Invalid::whole("not_an_object", text));
    };
    let mut reader = Reader::default();
    if matches!(whole, Cow::Owned(_)) {
        reader.warn(
            "lone_surrogate",
            "half a surrogate pair is no character: U+FFFD stands for it",
        );
    }
    let object = reader.object(raw, Some(Level::Root)).unwrap_or_default();
    if reader.problems.is_empty() {
        Ok((object, reader.warnings))
    } else {
        Err(Invalid::new(reader.problems))
    }
}

/// Whether a value fits below `above` levels of lists and objects.
pub(crate) fn fits_below(above: usize, text: &str) -> Result<(), Invalid> {
    match MAX_DEPTH.checked_sub(above) {
        Some(left) => check_depth(text, left),
        None => Err(too_deep()),
    }
}

/// Reads one value of the given type; `None` keeps whatever it is.
pub(crate) fn value(text: &str, kind: Option<Type>) -> Result<Node, Invalid> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| bad_json(&error))?;
    let mut reader = Reader::default();
    let node = reader.typed(raw, kind);
    match node {
        Some(node) if reader.problems.is_empty() => Ok(node),
        _ if reader.problems.is_empty() => Err(Invalid::whole("null", "null cannot be stored here")),
        _ => Err(Invalid::new(reader.problems)),
    }
}

/// Reads one list item of the given type.
pub(crate) fn item(text: &str, kind: Option<Type>) -> Result<Node, Invalid> {
    value(
        text,
        match kind {
            Some(Type::List(atom)) => Some(Type::One(atom)),
            Some(Type::Objects(level)) => Some(Type::Object(level)),
            _ => None,
        },
    )
}

fn bad_json(error: &serde_json::Error) -> Invalid {
    Invalid::whole("bad_json", format!("not valid JSON: {error}"))
}

/// Replaces escapes of lone surrogates: producers that pass raw bytes through send them, the JSON reader refuses them.
fn pair_surrogates(text: &str) -> Cow<'_, str> {
    const LOW: std::ops::Range<u16> = 0xdc00..0xe000;
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16)
            .ok()
            .filter(|unit| (0xd800..0xe000).contains(unit))
    };
    let mut paired = String::new();
    let (mut at, mut copied) = (0, 0);
    // Outside of strings there is no backslash in JSON, so each one found begins an escape.
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('\\')) {
        at += found;
        match (unit(at), unit(at + 6)) {
            (None, _) => {
                let escaped = text.get(at + 1..).and_then(|rest| rest.chars().next());
                at += 1 + escaped.map_or(0, char::len_utf8);
            }
            (Some(high), Some(low)) if !LOW.contains(&high) && LOW.contains(&low) => at += 12,
            (Some(_), _) => {
                paired.push_str(text.get(copied..at).unwrap_or_default());
                paired.push_str("\\ufffd");
                at += 6;
                copied = at;
            }
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    paired.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(paired)
}

fn too_deep() -> Invalid {
    let text = format!("lists and objects are nested more than {MAX_DEPTH} levels deep");
    Invalid::whole("too_deep", text)
}

fn check_depth(text: &str, most: usize) -> Result<(), Invalid> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > most {
                    return Err(too_deep());
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// A JSON value by kind; its text stays in the raw value.
enum Found<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text,
    List,
    Object,
}

impl<'a> Found<'a> {
    fn of(raw: &'a RawValue) -> Self {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'"') => Self::Text,
            Some(b'[') => Self::List,
            Some(b'{') => Self::Object,
            _ => Self::Number(text),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a truth value",
            Self::Number(_) => "a number",
            Self::Text => "a string",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

/// The members of one object, in document order.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some((Name(name), raw)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    members.push((name, raw));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// One step from the root to the value that is being read.
enum Step {
    Key(String),
    Index(usize),
}

#[derive(Default)]
struct Reader {
    at: Vec<Step>,
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

impl Reader {
    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.at {
            pointer.push('/');
            match step {
                Step::Key(name) => pointer.push_str(&name.replace('~', "~0").replace('/', "~1")),
                Step::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }

    fn refuse(&mut self, rule: &'static str, text: impl Into<String>) -> Option<Node> {
        if self.problems.len() < MAX_TOLD {
            let problem = self.here(rule, text.into());
            self.problems.push(problem);
        }
        None
    }

    fn warn(&mut self, rule: &'static str, text: impl Into<String>) {
        if self.warnings.len() < MAX_TOLD {
            let warning = self.here(rule, text.into());
            self.warnings.push(warning);
        }
    }

    fn here(&self, rule: &'static str, text: String) -> Problem {
        Problem {
            pointer: self.pointer(),
            text,
            rule,
        }
    }

    fn object(&mut self, raw: &RawValue, level: Option<Level>) -> Option<Object> {
        let Members(members) = match serde_json::from_str(raw.get()) {
            Ok(members) => members,
            Err(error) => {
                self.refuse("bad_json", format!("not valid JSON: {error}"));
                return None;
            }
        };
        let mut nodes = Vec::with_capacity(members.len());
        for (name, raw) in members {
            let key = Key::new(&name);
            let kind = level.and_then(|level| declared(level, &key));
            self.at.push(Step::Key(name.into_owned()));
            nodes.push((key, self.typed(raw, kind)));
            self.at.pop();
        }
        Some(Object::from_members(nodes))
    }

    fn list(&mut self, raw: &RawValue, mut each: impl FnMut(&mut Self, &RawValue) -> Option<Node>) -> Option<Node> {
        let items: Vec<&RawValue> = match serde_json::from_str(raw.get()) {
            Ok(items) => items,
            Err(error) => return self.refuse("bad_json", format!("not valid JSON: {error}")),
        };
        let mut nodes = Vec::with_capacity(items.len());
        for (index, raw) in items.into_iter().enumerate() {
            self.at.push(Step::Index(index));
            nodes.extend(each(self, raw));
            self.at.pop();
        }
        Some(Node::List(nodes))
    }

    /// `None` when the value was refused (a problem is recorded) or dropped (a warning is).
    fn typed(&mut self, raw: &RawValue, kind: Option<Type>) -> Option<Node> {
        match (kind, Found::of(raw)) {
            (None, _) => self.untyped(raw),
            (Some(Type::One(atom)), _) => self.atom(raw, atom),
            (Some(Type::List(atom)), Found::List) => self.list(raw, |reader, raw| reader.atom(raw, atom)),
            (Some(Type::Objects(level)), Found::List) => self.list(raw, |reader, raw| reader.member(raw, level)),
            (Some(Type::List(_) | Type::Objects(_)), found) => {
                let shown = shorten(raw.get());
                self.refuse(
                    "not_a_list",
                    format!("expected a list, found {} ({shown})", found.kind()),
                )
            }
            (Some(Type::Object(level)), _) => self.member(raw, level),
        }
    }

    fn member(&mut self, raw: &RawValue, level: Level) -> Option<Node> {
        match Found::of(raw) {
            Found::Object => self.object(raw, Some(level)).map(Node::Object),
            found => {
                let shown = shorten(raw.get());
                self.refuse(
                    "not_an_object",
                    format!("expected an object, found {} ({shown})", found.kind()),
                )
            }
        }
    }

    fn untyped(&mut self, raw: &RawValue) -> Option<Node> {
        Some(match Found::of(raw) {
            Found::Null => Node::Null,
            Found::Bool(value) => Node::Bool(value),
            Found::Number(text) => number(text),
            Found::Text => Node::Str(self.text(raw)?),
            Found::List => return self.list(raw, Self::untyped),
            Found::Object => Node::Object(self.object(raw, None)?),
        })
    }

    fn text(&mut self, raw: &RawValue) -> Option<Box<str>> {
        match serde_json::from_str::<Name<'_>>(raw.get()) {
            Ok(Name(text)) => Some(text.into()),
            Err(error) => {
                self.refuse("bad_json", format!("not a valid JSON string: {error}"));
                None
            }
        }
    }

    fn atom(&mut self, raw: &RawValue, atom: Atom) -> Option<Node> {
        match (atom, Found::of(raw)) {
            (Atom::Any, _) => self.untyped(raw),
            (Atom::String | Atom::Boolean, Found::Null) => {
                self.warn("null", "null is no value here: the key is left out");
                None
            }
            (Atom::String, Found::Text) => self.text(raw).map(Node::Str),
            (Atom::String, Found::Bool(_) | Found::Number(_)) => Some(Node::Str(raw.get().into())),
            (Atom::Boolean, Found::Bool(value)) => Some(Node::Bool(value)),
            (Atom::Boolean, Found::Number("0")) => Some(Node::Bool(false)),
            (Atom::Boolean, Found::Number("1")) => Some(Node::Bool(true)),
            (Atom::Integer, Found::Number(text)) => {
                self.read(raw, integer_of_number(text), "bad_integer", "an integer")
            }
            (Atom::Float, Found::Number(text)) => self.confidence(raw, text),
            (Atom::Float, Found::Bool(value)) => Some(Node::Float(f64::from(u8::from(value)))),
            (Atom::Float, Found::Text) => {
                let text = self.text(raw)?;
                self.confidence(raw, text.trim())
            }
            (Atom::Timestamp, Found::Number(text)) => {
                let node = unix_seconds(text).map(Node::Time);
                self.read(raw, node, "bad_timestamp", "a time between the years 1 and 9999")
            }
            (Atom::Duration, Found::Number(text)) => {
                let node = seconds(text).map(Node::Duration);
                self.read(raw, node, "bad_duration", "a duration in seconds, not negative")
            }
            (Atom::Net4, Found::Number(text)) => {
                let node = text
                    .parse()
                    .ok()
                    .map(|bits| Node::Ip(IpSpan::single(IpAddr::V4(Ipv4Addr::from_bits(bits)))));
                self.read(raw, node, "bad_net4", "an IPv4 address, block or range")
            }
            (Atom::Net6, Found::Number(text)) => {
                let node = text
                    .parse()
                    .ok()
                    .map(|bits| Node::Ip(IpSpan::single(IpAddr::V6(Ipv6Addr::from_bits(bits)))));
                self.read(raw, node, "bad_net6", "an IPv6 address, block or range")
            }
            (_, Found::Text) => {
                let text = self.text(raw)?;
                let (rule, expected) = expectation(atom);
                let node = from_text(atom, &text);
                self.read(raw, node, rule, expected)
            }
            (_, found) => {
                let (rule, expected) = match expectation(atom) {
                    (_, expected) if atom.is_text() => ("not_a_string", expected),
                    other => other,
                };
                let shown = shorten(raw.get());
                self.refuse(rule, format!("expected {expected}, found {} ({shown})", found.kind()))
            }
        }
    }

    /// The one fraction of the definition, `Confidence`: a value that makes no sense is told but kept.
    fn confidence(&mut self, raw: &RawValue, text: &str) -> Option<Node> {
        let value = float(text);
        if value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
            let shown = shorten(raw.get());
            self.warn("out_of_range", format!("expected a number from 0 to 1, found {shown}"));
        }
        self.read(raw, value.map(Node::Float), "bad_float", "a number")
    }

    fn read(&mut self, raw: &RawValue, node: Option<Node>, rule: &'static str, expected: &str) -> Option<Node> {
        match node {
            Some(node) => Some(node),
            None => self.refuse(rule, format!("expected {expected}, found {}", shorten(raw.get()))),
        }
    }
}

/// The rule's name and what would have been right.
fn expectation(atom: Atom) -> (&'static str, &'static str) {
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
        Atom::Float => ("bad_float", "a number"),
        Atom::Boolean => ("bad_boolean", "true or false"),
        Atom::String | Atom::Any => ("not_a_string", "a string"),
    }
}

fn from_text(atom: Atom, text: &str) -> Option<Node> {
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
        Atom::Uri | Atom::Netname | Atom::Hash => uri_like(text),
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
                .or_else(|| unix_seconds(text.trim()))
                .map(Node::Time);
        }
        Atom::Duration => {
            return parse_duration(text)
                .ok()
                .or_else(|| seconds(text.trim()))
                .map(Node::Duration);
        }
        Atom::Net4 => return IpSpan::parse_v4(text).ok().map(Node::Ip),
        Atom::Net6 => return IpSpan::parse_v6(text).ok().map(Node::Ip),
        Atom::Integer => return integer_of_text(text),
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

/// A number of an undeclared key: native where that loses nothing, else its text.
fn number(text: &str) -> Node {
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
fn integer_of_number(text: &str) -> Option<Node> {
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

fn float(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    text.parse().ok().filter(|value: &f64| plain && value.is_finite())
}

/// Unix seconds with an optional fraction as a time of the years 1 to 9999, in whole microseconds.
fn unix_seconds(text: &str) -> Option<Timestamp> {
    let time = Timestamp::from_microsecond(i64::try_from(microseconds(text)?).ok()?).ok()?;
    // Whole seconds are cut off towards zero, so they alone would let the last moments of the year before pass.
    (time.as_microsecond() >= FIRST_SECOND * 1_000_000).then_some(time)
}

fn seconds(text: &str) -> Option<SignedDuration> {
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

/// The value's text for a message: never long, never with control characters.
fn shorten(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut shown: String = text
        .chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
