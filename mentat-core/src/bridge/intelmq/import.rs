//! From IntelMQ to an event.

use super::super::BridgeError;
use super::super::view::{self, Object};
use super::types;
use super::{HASHES, NAMES, ORIGINAL, Options, REST};
use crate::idea::{Event, Invalid};
use mentat_filter::{Family, IpSpan, parse_timestamp};
use serde_json::{Value, json};

/// Which IntelMQ field a problem of the event made of it goes back to.
const ORIGINS: &[(&str, &str)] = &[
    ("/ID", "id"),
    ("/TLP", "tlp"),
    ("/Node/0/Name", "node_name"),
    ("/Source/0/ASN", "source.asn"),
    ("/Target/0/ASN", "destination.asn"),
    ("/RelID", "extra.idea_id"),
];

/// Reads an IntelMQ event.
///
/// The event's ID is `id`: a caller that hands the same text in twice decides whether that makes one event or two.
///
/// ```
/// use mentat_core::bridge::intelmq;
///
/// let text = r#"{"time.observation": "2026-11-23T12:00:00+00:00", "classification.type": "brute-force",
///     "feed.name": "Honeypots", "feed.accuracy": 90.0, "source.ip": "192.0.2.1", "destination.port": 22}"#;
/// let event = intelmq::to_idea(text, "e1", &intelmq::Options::default())?;
/// assert_eq!(event.categories().collect::<Vec<_>>(), ["Attempt.Login"]);
/// assert_eq!(event.detectors().collect::<Vec<_>>(), ["intelmq", "honeypots"]);
/// assert!(event.to_json().contains(r#""Confidence": 0.9"#));
/// # Ok::<(), mentat_core::bridge::BridgeError>(())
/// ```
///
/// # Errors
/// [`BridgeError`] if the text is not an IntelMQ event, or names the field that does not hold what it should.
pub fn to_idea(text: &str, id: &str, options: &Options) -> Result<Event, BridgeError> {
    let mut flat = read(text, options)?;
    let mut root = Object::new();
    root.insert("Format".to_owned(), "IDEA0".into());
    root.insert("ID".to_owned(), id.into());

    let source_time = time(&mut flat, "time.source")?;
    let detect_time = time(&mut flat, "time.observation")?.or_else(|| source_time.clone());
    let Some(detect_time) = detect_time else {
        return Err(BridgeError::field("time.observation", "missing, and so is time.source"));
    };
    root.insert("DetectTime".to_owned(), detect_time.into());
    view::put(&mut root, "EventTime", source_time);
    view::put(&mut root, "Confidence", accuracy(&mut flat)?);
    view::put(
        &mut root,
        "Description",
        take_text(&mut flat, "event_description.text")?,
    );
    view::put(&mut root, "Note", take_text(&mut flat, "comment")?);
    view::put(&mut root, "TLP", take_text(&mut flat, "tlp")?);

    let kind = take_text(&mut flat, "classification.type")?;
    let row = kind.as_deref().and_then(types::row);
    let mut categories = vec![row.map_or("Other", |row| row.2)];
    if options.mark_test && !categories.contains(&"Test") {
        categories.push("Test");
    }
    root.insert("Category".to_owned(), categories.into());

    let mut names = Vec::new();
    for (key, prefix) in NAMES {
        names.extend(take_text(&mut flat, key)?.map(|name| Value::from(format!("{prefix}{name}"))));
    }
    put_list(&mut root, "AltNames", names);
    let related = take_text(&mut flat, "extra.idea_id")?;
    put_list(&mut root, "RelID", related.map(Value::from));
    let mut refs = Vec::new();
    for key in ["event_description.url", "screenshot_url"] {
        match take_text(&mut flat, key)? {
            Some(url) if is_uri(&url) => refs.push(Value::from(url)),
            Some(url) => view::put(&mut flat, key, Some(url)),
            None => {}
        }
    }
    put_list(&mut root, "Ref", refs);

    let mut attachments = attachments(&mut flat)?;
    attachments.push(json!({
        "Handle": ORIGINAL, "Type": ["OrigData"], "ContentType": "application/text", "Content": text,
    }));
    put_list(&mut root, "Attach", attachments);

    let protocols = ["protocol.transport", "protocol.application"].map(|key| take_text(&mut flat, key));
    let mut spoken = Vec::new();
    for protocol in protocols {
        spoken.extend(protocol?.map(|name| Value::from(name.to_lowercase())));
    }
    let mut source = party(&mut flat, "source")?;
    if let Some(tag) = row.and_then(|row| row.3).filter(|_| !source.is_empty()) {
        put_list(&mut source, "Type", [Value::from(tag)]);
    }
    let target = party(&mut flat, "destination")?;
    // What speaks the protocol when neither side is known is still the source.
    let neither = source.is_empty() && target.is_empty() && !spoken.is_empty();
    for (key, mut party, forced) in [("Source", source, neither), ("Target", target, false)] {
        if forced || !party.is_empty() {
            put_list(&mut party, "Proto", spoken.clone());
            root.insert(key.to_owned(), json!([party]));
        }
    }

    root.insert("Node".to_owned(), nodes(&flat, options));
    view::put(&mut flat, "classification.type", kind);
    if !flat.is_empty() {
        root.insert(REST.to_owned(), flat.into());
    }
    Event::parse(Value::Object(root).to_string().as_bytes()).map_err(|invalid| explained(&invalid))
}

/// The text as one object of flat keys. What IntelMQ says about the text itself, and copies in other formats, go.
fn read(json: &str, options: &Options) -> Result<Object, BridgeError> {
    let refused = |cause: String| BridgeError::Text { cause };
    if json.len() > options.max_text_bytes {
        let cause = format!(
            "{} bytes, more than the limit of {}",
            json.len(),
            options.max_text_bytes
        );
        return Err(refused(cause));
    }
    let value: Value = serde_json::from_str(json).map_err(|error| refused(format!("not JSON: {error}")))?;
    let Value::Object(object) = value else {
        return Err(refused("an IntelMQ event is a JSON object".to_owned()));
    };
    if object.get("__type").is_some_and(|kind| kind != "Event") {
        return Err(BridgeError::field("__type", "not an Event"));
    }
    let mut flat = Object::new();
    flatten("", object, &mut flat)?;
    flat.remove("__type");
    flat.retain(|key, value| key != "output" && !key.starts_with("output.") && !value.is_null());
    Ok(flat)
}

/// Far above what IntelMQ has. Without a limit a long key around many short ones makes a small text a huge object.
const MAX_KEYS: usize = 10_000;
const MAX_KEY_BYTES: usize = 255;

fn flatten(prefix: &str, object: Object, flat: &mut Object) -> Result<(), BridgeError> {
    // Recursion ends with the nesting that the reader of JSON allows.
    for (key, value) in object {
        if prefix.len() + key.len() > MAX_KEY_BYTES || flat.len() >= MAX_KEYS {
            let cause = format!("more than {MAX_KEYS} keys, or a key longer than {MAX_KEY_BYTES} bytes");
            return Err(BridgeError::Text { cause });
        }
        let key = match prefix {
            "" => key,
            prefix => format!("{prefix}.{key}"),
        };
        match value {
            Value::Object(inner) => flatten(&key, inner, flat)?,
            value => {
                flat.insert(key, value);
            }
        }
    }
    Ok(())
}

fn take_text(flat: &mut Object, key: &str) -> Result<Option<String>, BridgeError> {
    match flat.remove(key) {
        None => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(BridgeError::field(key, "not a text")),
    }
}

/// A time, checked here because an event may take more forms of it than IntelMQ has.
fn time(flat: &mut Object, key: &str) -> Result<Option<String>, BridgeError> {
    let Some(text) = take_text(flat, key)? else {
        return Ok(None);
    };
    match parse_timestamp(&text) {
        Ok(_) => Ok(Some(text)),
        Err(error) => Err(BridgeError::field(key, error.to_string())),
    }
}

fn accuracy(flat: &mut Object) -> Result<Option<f64>, BridgeError> {
    let Some(text) = take_text(flat, "feed.accuracy")? else {
        return Ok(None);
    };
    match text.trim().parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Some(percent / 100.0)),
        _ => Err(BridgeError::field("feed.accuracy", "not a number from 0 to 100")),
    }
}

fn integer(flat: &mut Object, key: &str, max: i64) -> Result<Option<i64>, BridgeError> {
    let Some(text) = take_text(flat, key)? else {
        return Ok(None);
    };
    match text.trim().parse::<i64>() {
        Ok(number) if (0..=max).contains(&number) => Ok(Some(number)),
        _ => Err(BridgeError::field(key, format!("not a number from 0 to {max}"))),
    }
}

fn put_list(object: &mut Object, key: &str, items: impl IntoIterator<Item = Value>) {
    let items: Vec<Value> = items.into_iter().collect();
    if !items.is_empty() {
        object.insert(key.to_owned(), items.into());
    }
}

fn party(flat: &mut Object, side: &str) -> Result<Object, BridgeError> {
    let mut party = Object::new();
    let (ip, network) = (format!("{side}.ip"), format!("{side}.network"));
    // The network around a known address is what routing says of it, not where the event was.
    let key = if flat.contains_key(&ip) { ip } else { network };
    if let Some(text) = take_text(flat, &key)? {
        let span = IpSpan::parse(text.trim()).map_err(|error| BridgeError::field(&key, error.to_string()))?;
        let family = if span.family() == Family::V4 { "IP4" } else { "IP6" };
        put_list(&mut party, family, [Value::from(text.trim())]);
    }
    let port = integer(flat, &format!("{side}.port"), 65_535)?;
    put_list(&mut party, "Port", port.map(Value::from));
    let asn = integer(flat, &format!("{side}.asn"), i64::from(u32::MAX))?;
    put_list(&mut party, "ASN", asn.map(Value::from));
    for (from, to) in [("fqdn", "Hostname"), ("url", "URL")] {
        let text = take_text(flat, &format!("{side}.{from}"))?;
        put_list(&mut party, to, text.map(Value::from));
    }
    if let Some(account) = take_text(flat, &format!("{side}.account"))? {
        let key = if account.contains('@') { "Email" } else { "Account" };
        put_list(&mut party, key, [Value::from(account)]);
    }
    Ok(party)
}

fn attachments(flat: &mut Object) -> Result<Vec<Value>, BridgeError> {
    let mut attachments = Vec::new();
    if let Some(raw) = take_text(flat, "raw")? {
        if !view::is_base64(&raw) {
            return Err(BridgeError::field("raw", "not base64"));
        }
        attachments.push(json!({"Handle": "raw", "Type": ["OrigData"], "ContentEncoding": "base64", "Content": raw}));
    }
    let mut hashes = Vec::new();
    for (key, scheme) in HASHES {
        match take_text(flat, key)? {
            Some(hash) if hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => hashes.push(format!("{scheme}{hash}")),
            Some(hash) => view::put(flat, key, Some(hash)),
            None => {}
        }
    }
    if !hashes.is_empty() {
        attachments.push(json!({"Handle": "malware", "Type": ["Malware"], "Hash": hashes}));
    }
    Ok(attachments)
}

/// The relay and the feed behind it.
fn nodes(flat: &Object, options: &Options) -> Value {
    let relay = json!({"Name": options.node_name, "Type": ["Relay"], "SW": ["IntelMQ"]});
    let feed = [view::text(flat, "feed.provider"), view::text(flat, "feed.name")];
    let name: Vec<String> = feed.into_iter().flatten().map(segment).collect();
    if name.is_empty() {
        return json!([relay]);
    }
    json!([relay, {"Name": name.join("."), "Type": ["External"]}])
}

/// A segment of a node's name: lower-case letters, digits and `_`, no digit first.
fn segment(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    let mut segment: String = lower
        .chars()
        .map(|char| if char.is_ascii_alphanumeric() { char } else { '_' })
        .collect();
    if !segment.starts_with(|char: char| char.is_ascii_lowercase() || char == '_') {
        segment.insert(0, '_');
    }
    segment
}

/// Whether a text is a URI in the narrow sense that strict readers of events have.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    scheme.starts_with(|char: char| char.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte))
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._~:/?#[]@*'&()+,;=%-".contains(&byte))
}

fn explained(invalid: &Invalid) -> BridgeError {
    let Some(problem) = invalid.problems().first() else {
        return BridgeError::Text {
            cause: invalid.to_string(),
        };
    };
    let origin = ORIGINS.iter().find(|(pointer, _)| problem.pointer.starts_with(pointer));
    BridgeError::field(
        origin.map_or(problem.pointer.as_str(), |(_, key)| key),
        problem.text.as_str(),
    )
}
