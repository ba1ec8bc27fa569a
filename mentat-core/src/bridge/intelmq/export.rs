//! From an event to IntelMQ.

use super::super::Exported;
use super::super::view::{self, Object, Place};
use super::types;
use super::{HASHES, NAMES, ORIGINAL, Options, REST};
use crate::idea::Event;
use mentat_filter::IpSpan;
use serde_json::Value;
use std::net::IpAddr;

/// Makes IntelMQ events of an event, one JSON text for each source and target.
///
/// ```
/// use mentat_core::{Event, bridge::intelmq};
///
/// let event: Event = r#"{"ID": "e1", "DetectTime": "2026-11-23T12:00:00Z", "Category": ["Recon.Scanning"],
///     "Source": [{"IP4": ["192.0.2.1"]}], "Target": [{"Port": [22, 23]}]}"#.parse()?;
/// let texts = intelmq::from_idea(&event, &intelmq::Options::default()).texts;
/// assert_eq!(texts.len(), 2);
/// assert!(texts[1].contains(r#""classification.type":"scanner""#));
/// assert!(texts[1].contains(r#""destination.port":23"#));
/// # Ok::<(), mentat_core::idea::Invalid>(())
/// ```
#[must_use]
pub fn from_idea(event: &Event, options: &Options) -> Exported {
    let root = view::root(event);
    let (pairs, total) = view::pairs(&root, options.max_texts);
    let common = common(event, &root, options);
    let texts = pairs.iter().map(|(source, target)| {
        let mut out = common.clone();
        party(&mut out, "source", source, "extra.idea_source");
        party(&mut out, "destination", target, "extra.idea_target");
        let (transport, application) = view::protocols(source.party, target.party);
        view::put(&mut out, "protocol.transport", transport);
        view::put(&mut out, "protocol.application", application);
        enriched(&mut out, &root);
        for (key, value) in root.get(REST).and_then(Value::as_object).into_iter().flatten() {
            out.entry(key).or_insert_with(|| value.clone());
        }
        Value::Object(out).to_string()
    });
    Exported::gather_all(texts, total)
}

/// What all texts of an event share.
fn common(event: &Event, root: &Object, options: &Options) -> Object {
    let mut out = Object::new();
    let rest = root.get(REST).and_then(Value::as_object);
    let remembered = |key: &str| rest.and_then(|rest| view::text(rest, key));
    out.insert("__type".to_owned(), "Event".into());

    let categories = view::texts(root, "Category");
    let tags: Vec<&str> = view::objects(root, "Source")
        .into_iter()
        .flat_map(|source| view::texts(source, "Type"))
        .collect();
    let row = types::type_of(&categories, &tags, remembered("classification.type"));
    out.insert("classification.type".to_owned(), row.0.into());
    out.insert("classification.taxonomy".to_owned(), row.1.into());

    view::put(
        &mut out,
        "time.observation",
        time(root, "DetectTime").or_else(|| time(root, "CreateTime")),
    );
    view::put(&mut out, "time.source", time(root, "EventTime"));
    view::put(&mut out, "event_description.text", view::text(root, "Description"));
    let link = view::texts(root, "Ref").into_iter().find(|link| is_link(link));
    view::put(&mut out, "event_description.url", link);
    view::put(&mut out, "comment", view::text(root, "Note"));
    view::put(&mut out, "tlp", view::text(root, "TLP"));
    view::put(
        &mut out,
        "feed.accuracy",
        root.get("Confidence").and_then(Value::as_f64).and_then(percent),
    );
    view::put(&mut out, "feed.name", remembered("feed.name").or(view::detector(root)));

    let names = view::texts(root, "AltNames");
    for (key, prefix) in NAMES {
        let name = names.iter().find_map(|name| name.strip_prefix(prefix));
        match name.map(str::parse::<u64>) {
            Some(Ok(number)) if key == "rtir_id" => view::put(&mut out, key, Some(number)),
            _ => view::put(&mut out, key, name.filter(|_| key != "rtir_id")),
        }
    }
    for attachment in view::objects(root, "Attach") {
        let hashes = view::texts(attachment, "Hash");
        for (key, scheme) in HASHES
            .into_iter()
            .filter(|_| view::texts(attachment, "Type").contains(&"Malware"))
        {
            let hash = hashes.iter().find_map(|hash| hash.strip_prefix(scheme));
            if let Some(hash) = hash.filter(|_| !out.contains_key(key)) {
                out.insert(key.to_owned(), hash.into());
            }
        }
    }
    view::put(&mut out, "raw", raw(event, root, options));

    view::put(&mut out, "extra.idea_id", view::text(root, "ID"));
    view::put(
        &mut out,
        "extra.idea_category",
        (!categories.is_empty()).then_some(categories),
    );
    let detectors: Vec<&str> = event.detectors().collect();
    view::put(
        &mut out,
        "extra.idea_detectors",
        (!detectors.is_empty()).then_some(detectors),
    );
    for (from, to) in [
        ("ConnCount", "extra.idea_conn_count"),
        ("FlowCount", "extra.idea_flow_count"),
        ("PacketCount", "extra.idea_packet_count"),
        ("ByteCount", "extra.idea_byte_count"),
    ] {
        view::put(&mut out, to, root.get(from).filter(|count| count.is_i64()).cloned());
    }
    out
}

/// A time with the offset written as IntelMQ does.
fn time(root: &Object, key: &str) -> Option<String> {
    view::text(root, key).map(|text| match text.strip_suffix('Z') {
        Some(text) => format!("{text}+00:00"),
        None => text.to_owned(),
    })
}

/// Rounded to the ten-millionth, so that a hundred times a hundredth of a number is that number again.
fn percent(confidence: f64) -> Option<f64> {
    let percent = (confidence * 1e9).round() / 1e7;
    (0.0..=100.0).contains(&percent).then_some(percent)
}

fn is_link(text: &str) -> bool {
    ["http://", "https://"]
        .into_iter()
        .any(|scheme| text.starts_with(scheme))
}

/// The data that the event was made of; failing that, the event.
fn raw(event: &Event, root: &Object, options: &Options) -> Option<String> {
    let short = |length: usize| length <= options.max_raw_bytes;
    let kept = view::objects(root, "Attach").into_iter().find(|attachment| {
        view::texts(attachment, "Type").contains(&"OrigData")
            && view::text(attachment, "Handle") != Some(ORIGINAL)
            && view::text(attachment, "Content").is_some()
    });
    if let Some(attachment) = kept {
        let content = view::text(attachment, "Content")?;
        return match view::text(attachment, "ContentEncoding") {
            Some(_) => (view::is_base64(content) && short(content.len() / 4 * 3)).then(|| content.to_owned()),
            None => short(content.len()).then(|| view::base64(content.as_bytes())),
        };
    }
    let text = event.to_json();
    short(text.len()).then(|| view::base64(text.as_bytes()))
}

fn party(out: &mut Object, side: &str, place: &Place<'_>, range_key: &str) {
    let mut set = |key: &str, value: Option<Value>| view::put(out, &format!("{side}.{key}"), value);
    set("ip", place.address().map(|span| span.first().to_string().into()));
    let network = place.network();
    let aligned = network.and_then(|span| cidr(&span));
    set("network", aligned.clone().map(Value::from));
    set("port", place.port.map(Value::from));
    // A host name may be an address in events; in IntelMQ it may not.
    let host = place.host.map(|host| host.trim_end_matches('.').to_lowercase());
    let host = host.filter(|host| !host.is_empty() && host.parse::<IpAddr>().is_err());
    set("fqdn", host.map(Value::from));
    set("url", place.url.filter(|url| url.contains("://")).map(Value::from));
    if let Some(party) = place.party {
        set("asn", view::integers(party, "ASN").first().copied().map(Value::from));
        let account = [view::texts(party, "Email"), view::texts(party, "Account")].concat();
        set("account", account.first().copied().map(Value::from));
    }
    let range = network.filter(|_| aligned.is_none());
    view::put(out, range_key, range.map(|span| span.to_string()));
}

/// The span as one network, if it is one.
fn cidr(span: &IpSpan) -> Option<String> {
    match span.nets().as_slice() {
        [net] => Some(net.to_string()),
        _ => None,
    }
}

/// What enrichment found about the sources, where it can only mean this one.
fn enriched(out: &mut Object, root: &Object) {
    let list = |key: &str| {
        view::mentat(root, key)
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice)
    };
    let keys = [
        ("source.asn", "SourceResolvedASN"),
        ("source.geolocation.cc", "SourceResolvedCountry"),
    ];
    for (key, from) in keys {
        if let ([only], false) = (list(from), out.contains_key(key)) {
            out.insert(key.to_owned(), only.clone());
        }
    }
    let contacts = list("ResolvedAbuses")
        .iter()
        .filter_map(Value::as_str)
        .filter(|name| name.contains('@'));
    let contacts = contacts.collect::<Vec<_>>().join(",");
    view::put(
        out,
        "source.abuse_contact",
        Some(contacts).filter(|text| !text.is_empty()),
    );
}
