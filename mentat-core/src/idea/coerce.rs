//! From JSON text to typed values, by the table of [`super::schema`].
//!
//! The text is taken apart one level at a time, so that every value's own text is at hand for messages and for
//! numbers that must keep it. All problems of a message are collected, not only the first.

use super::atom::{expectation, float, from_text, integer_of_number, number, seconds, unix_seconds};
use super::fast;
use super::key::Key;
use super::lazy::Held;
use super::options::{Limits, Mode, ReadOptions};
use super::problem::{Invalid, Problem, Warning};
use super::raw::{Found, Members, Name};
use super::repair;
use super::schema::{Atom, Level, Type, declared};
use super::text::{MAX_DEPTH, check_depth, pair_surrogates, shorten};
use super::tlp::Tlp;
use super::tree::{Node, Object};
use mentat_filter::IpSpan;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Problems and warnings beyond this many are not kept: a hostile message can have one for every two of its bytes.
const MAX_TOLD: usize = 100;

/// Reads a whole message.
pub(crate) fn message(bytes: &[u8], options: &ReadOptions) -> Result<(Object, Vec<Warning>), Invalid> {
    let limits = &options.limits;
    if bytes.len() > limits.bytes {
        let text = format!("the message has {} bytes, more than {}", bytes.len(), limits.bytes);
        return Err(Invalid::whole("too_large", text));
    }
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
    if let Some(object) = fast::message(text, options) {
        return Ok((object, Vec::new()));
    }
    collect(text, options)
}

/// Reads a whole message and collects all that is wrong with it.
pub(crate) fn collect(text: &str, options: &ReadOptions) -> Result<(Object, Vec<Warning>), Invalid> {
    check_depth(text, options.limits.depth.min(MAX_DEPTH))?;
    let whole = pair_surrogates(text);
    let raw: &RawValue = serde_json::from_str(&whole).map_err(|error| bad_json(&error))?;
    let Found::Object = Found::of(raw) else {
        let text = format!("an event is a JSON object, not {}", Found::of(raw).kind());
        return Err(Invalid::whole("not_an_object", text));
    };
    let mut reader = Reader::new(options.mode, options.limits.clone());
    if matches!(whole, Cow::Owned(_)) {
        reader.warn(
            "lone_surrogate",
            "half a surrogate pair is no character: U+FFFD stands for it",
        );
    }
    let object = reader.object(raw, Some(Level::Root)).unwrap_or_default();
    if options.mode == Mode::Strict {
        for name in REQUIRED {
            if object.named(name).is_none() && !reader.tells_of(name) {
                reader.refuse("missing_key", format!("the required key {name} is missing"));
            }
        }
    }
    if reader.problems.is_empty() {
        Ok((object, reader.warnings))
    } else {
        Err(Invalid::new(reader.problems))
    }
}

/// Reads the value of an undeclared key whose nesting was checked; `None` at anything that is to be told.
pub(crate) fn quiet(raw: &RawValue, mode: Mode, limits: &Limits) -> Option<Node> {
    let mut reader = Reader::new(mode, limits.clone());
    let node = reader.untyped(raw)?;
    (reader.problems.is_empty() && reader.warnings.is_empty()).then_some(node)
}

/// The keys that the definition asks of every message.
pub(crate) const REQUIRED: [&str; 4] = ["Format", "ID", "DetectTime", "Category"];

/// Reads one value of the given type; `None` keeps whatever it is.
pub(crate) fn value(text: &str, kind: Option<Type>) -> Result<Node, Invalid> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| bad_json(&error))?;
    let mut reader = Reader::new(Mode::Lenient, Limits::default());
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

/// One step from the root to the value that is being read.
enum Step {
    Key(String),
    Index(usize),
}

struct Reader {
    mode: Mode,
    limits: Limits,
    at: Vec<Step>,
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

impl Reader {
    fn new(mode: Mode, limits: Limits) -> Self {
        Self {
            mode,
            limits,
            at: Vec::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Whether the value of a root key was refused already: it is then wrong, not missing.
    fn tells_of(&self, name: &str) -> bool {
        self.problems.len() >= MAX_TOLD
            || self
                .problems
                .iter()
                .filter_map(|problem| problem.pointer.strip_prefix('/'))
                .any(|pointer| pointer == name)
    }

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

    /// Tells of something that was put right; where nothing may be put right, of something wrong.
    fn warn(&mut self, rule: &'static str, text: impl Into<String>) {
        if self.mode == Mode::Strict {
            self.refuse(rule, text);
        } else {
            self.tell(rule, text);
        }
    }

    fn tell(&mut self, rule: &'static str, text: impl Into<String>) {
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
            if key.as_str().len() > self.limits.string_bytes {
                self.too_long();
            } else {
                let held = self.held(raw, level, kind);
                if level == Some(Level::Root) && key.as_str() == "TLP" && held.as_ref().is_some_and(is_odd_tlp) {
                    // No key of the definition, hence no problem in any mode.
                    self.tell("bad_tlp", "no traffic light that is known: the event is restricted");
                }
                nodes.push((key, held));
            }
            self.at.pop();
        }
        let count = nodes.len();
        let (object, distinct) = Object::from_members(nodes);
        if distinct < count && self.mode == Mode::Strict {
            self.refuse("duplicate_key", "a key stands here more than once");
        }
        Some(object)
    }

    /// The value of a member. Inside a value that is being read after all, nothing is left unread.
    fn held(&mut self, raw: &RawValue, level: Option<Level>, kind: Option<Type>) -> Option<Held> {
        let undeclared = level.is_some() && kind.is_none();
        if undeclared && let Some(unread) = Held::unread(raw, self.mode, &self.limits) {
            return Some(unread);
        }
        self.typed(raw, kind).map(Held::Read)
    }

    fn list(&mut self, raw: &RawValue, mut each: impl FnMut(&mut Self, &RawValue) -> Option<Node>) -> Option<Node> {
        let items: Vec<&RawValue> = match serde_json::from_str(raw.get()) {
            Ok(items) => items,
            Err(error) => return self.refuse("bad_json", format!("not valid JSON: {error}")),
        };
        if items.len() > self.limits.list_items {
            let most = self.limits.list_items;
            return self.refuse(
                "too_many_items",
                format!("the list has {} items, more than {most}", items.len()),
            );
        }
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
            (Some(_), Found::Null) if self.mode == Mode::Repair => self.left_out(),
            (Some(Type::One(atom)), _) => self.atom(raw, atom),
            (Some(Type::List(atom)), Found::List) => self.list(raw, |reader, raw| reader.atom(raw, atom)),
            (Some(Type::Objects(level)), Found::List) => self.list(raw, |reader, raw| reader.member(raw, level)),
            (Some(Type::List(atom)), Found::Bool(_) | Found::Number(_) | Found::Text) if self.mends_lists() => {
                let node = self.atom(raw, atom)?;
                self.warn("not_a_list", "a single value stands for a list of one item");
                Some(Node::List(vec![node]))
            }
            (Some(Type::Objects(level)), Found::Object) if self.mode == Mode::Repair => {
                let node = self.member(raw, level)?;
                self.warn("not_a_list", "a single object stands for a list of one item");
                Some(Node::List(vec![node]))
            }
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

    fn mends_lists(&self) -> bool {
        matches!(self.mode, Mode::RepairLists | Mode::Repair)
    }

    fn left_out(&mut self) -> Option<Node> {
        self.warn("null", "null is no value here: the key is left out");
        None
    }

    fn too_long(&mut self) -> Option<Node> {
        let most = self.limits.string_bytes;
        self.refuse("too_long", format!("the text is longer than {most} bytes"))
    }

    fn member(&mut self, raw: &RawValue, level: Level) -> Option<Node> {
        match Found::of(raw) {
            Found::Object => self.object(raw, Some(level)).map(Node::Object),
            Found::Null if self.mode == Mode::Repair => self.left_out(),
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
            Ok(Name(text)) if text.len() > self.limits.string_bytes => {
                self.too_long();
                None
            }
            Ok(Name(text)) => Some(text.into()),
            Err(error) => {
                self.refuse("bad_json", format!("not a valid JSON string: {error}"));
                None
            }
        }
    }

    fn atom(&mut self, raw: &RawValue, atom: Atom) -> Option<Node> {
        if self.mode != Mode::Repair {
            return self.plain_atom(raw, atom);
        }
        let before = self.problems.len();
        let node = self.plain_atom(raw, atom);
        if self.problems.len() == before {
            return node;
        }
        match repair::mend(atom, raw.get()) {
            None => None,
            Some(None) => {
                self.problems.truncate(before);
                self.left_out()
            }
            Some(Some(node)) => {
                self.problems.truncate(before);
                let (_, expected) = expectation(atom);
                let shown = shorten(raw.get());
                self.warn("mended", format!("expected {expected}, made it of {shown}"));
                Some(node)
            }
        }
    }

    fn plain_atom(&mut self, raw: &RawValue, atom: Atom) -> Option<Node> {
        let exact = self.mode == Mode::Strict;
        if exact && !is_exact(atom, &Found::of(raw)) {
            return self.wrong_kind(raw, atom);
        }
        match (atom, Found::of(raw)) {
            (Atom::Any, _) => self.untyped(raw),
            (Atom::String | Atom::Boolean, Found::Null) => self.left_out(),
            (Atom::String, Found::Text) => self.text(raw).map(Node::Str),
            (Atom::String, Found::Bool(_) | Found::Number(_)) => Some(Node::Str(raw.get().into())),
            (Atom::Boolean, Found::Bool(value)) => Some(Node::Bool(value)),
            (Atom::Boolean, Found::Number("0")) => Some(Node::Bool(false)),
            (Atom::Boolean, Found::Number("1")) => Some(Node::Bool(true)),
            (Atom::Integer, Found::Number(text)) => {
                self.read(raw, integer_of_number(text), "bad_integer", "an integer")
            }
            (Atom::Port, Found::Number(text)) => {
                let node = integer_of_number(text).filter(|node| !exact || is_port(node));
                self.read(raw, node, "bad_integer", "a port number")
            }
            (Atom::Float, Found::Number(text)) => self.confidence(raw, text),
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
                    .map(|bits| Node::ip(IpSpan::single(IpAddr::V4(Ipv4Addr::from_bits(bits)))));
                self.read(raw, node, "bad_net4", "an IPv4 address, block or range")
            }
            (Atom::Net6, Found::Number(text)) => {
                let node = text
                    .parse()
                    .ok()
                    .map(|bits| Node::ip(IpSpan::single(IpAddr::V6(Ipv6Addr::from_bits(bits)))));
                self.read(raw, node, "bad_net6", "an IPv6 address, block or range")
            }
            (_, Found::Text) => {
                let text = self.text(raw)?;
                let (rule, expected) = expectation(atom);
                let node = from_text(atom, &text, exact);
                self.read(raw, node, rule, expected)
            }
            _ => self.wrong_kind(raw, atom),
        }
    }

    fn wrong_kind(&mut self, raw: &RawValue, atom: Atom) -> Option<Node> {
        let (rule, expected) = match expectation(atom) {
            (_, expected) if atom.is_text() => ("not_a_string", expected),
            other => other,
        };
        let (kind, shown) = (Found::of(raw).kind(), shorten(raw.get()));
        self.refuse(rule, format!("expected {expected}, found {kind} ({shown})"))
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

/// Whether a value is of the kind that the definition itself has, without any conversion.
fn is_exact(atom: Atom, found: &Found<'_>) -> bool {
    match (atom, found) {
        (Atom::Any, _) | (Atom::Float, Found::Number(_)) | (Atom::Boolean, Found::Bool(_)) => true,
        (Atom::Integer | Atom::Port, Found::Number(text)) => !text.contains(['.', 'e', 'E']),
        (Atom::Integer | Atom::Port | Atom::Float | Atom::Boolean, _) => false,
        (_, found) => matches!(found, Found::Text),
    }
}

/// Whether the value of `TLP` restricts the event only because nobody knows it.
pub(crate) fn is_odd_tlp(held: &Held) -> bool {
    Tlp::of(held.node()) == Some(Tlp::Unknown)
}

pub(crate) fn is_port(node: &Node) -> bool {
    matches!(node, Node::Int(0..=65_535))
}
