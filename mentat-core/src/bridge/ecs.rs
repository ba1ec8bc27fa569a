//! Elastic Common Schema 8: one JSON document for each event.
//!
//! | ECS | Event |
//! |---|---|
//! | `@timestamp` | DetectTime, otherwise CreateTime |
//! | `ecs.version` | `8.11.0` |
//! | `event.kind` | `alert` |
//! | `event.category`, `event.type` | by the categories, see below; the type is always `info` |
//! | `event.action` | the first category |
//! | `event.id`, `event.created`, `event.start`, `event.end` | ID, CreateTime, EventTime, CeaseTime |
//! | `event.code` | `_Mentat.EventClass` |
//! | `event.severity` | `_Mentat.EventSeverity`: low 21, medium 47, high 73, critical 99 |
//! | `event.provider`, `observer.name` | name of the detector |
//! | `event.reference` | the first Ref that is a web address |
//! | `observer.product` | the first SW of the detector |
//! | `message` | Description |
//! | `tags` | the categories |
//! | `labels.tlp` | TLP |
//! | `source.*`, `destination.*` | Source, Target; all of a side together, without repetition: |
//! | `….ip`, `….port`, `….domain` | single addresses, ports, Hostname |
//! | `….mac`, `….as.number`, `….user.email` | MAC (upper case with hyphens), ASN, Email |
//! | `related.ip`, `related.hosts`, `related.hash` | of both sides; Hash of the attachments |
//! | `url.full` | URL of the targets and sources |
//! | `network.transport`, `network.protocol` | the first transport and the first other protocol of Proto |
//! | `network.packets`, `network.bytes` | PacketCount, ByteCount |
//! | `mentat.source.ip_range`, `mentat.target.ip_range` | networks and ranges, for the field type `ip_range` |
//! | `mentat.confidence`, `mentat.conn_count`, `mentat.flow_count` | Confidence, ConnCount, FlowCount |
//! | `mentat.abuse_groups` | `_Mentat.ResolvedAbuses` |
//!
//! Fields are nested objects. A field of several values is a list, of one value that value. Attachments stay behind.
//!
//! | Category | `event.category` |
//! |---|---|
//! | Abusive.Spam | `email` |
//! | Malware, Intrusion.Botnet | `malware` |
//! | Recon, Availability, Anomaly.Traffic, .Connection, .Protocol | `network`, `intrusion_detection` |
//! | Attempt.Login | `authentication`, `intrusion_detection` |
//! | Attempt, Intrusion, Information | `intrusion_detection` |
//! | Fraud.Phishing | `web` |
//! | Vulnerable | `vulnerability` |
//! | others | none |

use super::view::{self, Object};
use crate::idea::Event;
use mentat_filter::IpSpan;
use serde_json::{Value, json};

/// The most specific rows stand first.
const CATEGORIES: &[(&str, &[&str])] = &[
    ("Abusive.Spam", &["email"]),
    ("Malware", &["malware"]),
    ("Intrusion.Botnet", &["malware"]),
    ("Recon", &["network", "intrusion_detection"]),
    ("Availability", &["network", "intrusion_detection"]),
    ("Anomaly.Traffic", &["network", "intrusion_detection"]),
    ("Anomaly.Connection", &["network", "intrusion_detection"]),
    ("Anomaly.Protocol", &["network", "intrusion_detection"]),
    ("Attempt.Login", &["authentication", "intrusion_detection"]),
    ("Attempt", &["intrusion_detection"]),
    ("Intrusion", &["intrusion_detection"]),
    ("Information", &["intrusion_detection"]),
    ("Fraud.Phishing", &["web"]),
    ("Vulnerable", &["vulnerability"]),
];

/// Makes the document of an event, in one line.
///
/// ```
/// use mentat_core::{Event, bridge::ecs};
///
/// let event: Event = r#"{"ID": "e1", "DetectTime": "2026-11-23T12:00:00Z", "Category": ["Vulnerable.Open"],
///     "Source": [{"IP4": ["192.0.2.1"], "Port": [53]}]}"#.parse()?;
/// let document = ecs::from_idea(&event);
/// assert!(document.contains(r#""@timestamp":"2026-11-23T12:00:00Z""#));
/// assert!(document.contains(r#""source":{"ip":"192.0.2.1","port":53}"#));
/// # Ok::<(), mentat_core::idea::Invalid>(())
/// ```
#[must_use]
pub fn from_idea(event: &Event) -> String {
    let root = view::root(event);
    let (sources, targets) = (view::objects(&root, "Source"), view::objects(&root, "Target"));
    let mut out = Object::new();
    let time = view::text(&root, "DetectTime").or(view::text(&root, "CreateTime"));
    view::put(&mut out, "@timestamp", time);
    view::put(&mut out, "message", view::text(&root, "Description"));
    put_all(&mut out, "tags", view::texts(&root, "Category"));
    out.insert("ecs".to_owned(), json!({"version": "8.11.0"}));
    out.insert("event".to_owned(), described(&root).into());
    let tlp = object([("tlp", view::text(&root, "TLP").map(Value::from))]);
    put_object(&mut out, "labels", tlp);
    put_object(&mut out, "observer", observer(&root));
    put_object(&mut out, "source", party(&sources));
    put_object(&mut out, "destination", party(&targets));
    put_object(&mut out, "related", related(&root, &sources, &targets));
    put_object(&mut out, "network", network(&root, &sources, &targets));
    let mut url = Object::new();
    put_all(&mut url, "full", each(&[&targets[..], &sources[..]].concat(), "URL"));
    put_object(&mut out, "url", url);
    put_object(&mut out, "mentat", own(&root, &sources, &targets));
    Value::Object(out).to_string()
}

fn described(root: &Object) -> Object {
    let categories = view::texts(root, "Category");
    let mut kinds: Vec<&str> = Vec::new();
    for category in &categories {
        let row = CATEGORIES.iter().find(|(class, _)| {
            category
                .strip_prefix(class)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        for kind in row.map_or(&[][..], |row| row.1) {
            if !kinds.contains(kind) {
                kinds.push(kind);
            }
        }
    }
    let severity = match view::mentat_text(root, "EventSeverity")
        .map(str::to_lowercase)
        .as_deref()
    {
        Some("low") => Some(21),
        Some("medium") => Some(47),
        Some("high") => Some(73),
        Some("critical") => Some(99),
        _ => None,
    };
    let links = view::texts(root, "Ref").into_iter();
    let link = links
        .into_iter()
        .find(|link| link.starts_with("https://") || link.starts_with("http://"));
    // The schema wants these two as lists even if they hold one value.
    let listed = !kinds.is_empty();
    object([
        ("kind", Some("alert".into())),
        ("category", listed.then(|| kinds.into())),
        ("type", listed.then(|| json!(["info"]))),
        ("action", categories.first().copied().map(Value::from)),
        ("id", root.get("ID").cloned()),
        ("created", root.get("CreateTime").cloned()),
        ("start", root.get("EventTime").cloned()),
        ("end", root.get("CeaseTime").cloned()),
        ("code", view::mentat_text(root, "EventClass").map(Value::from)),
        ("severity", severity.map(Value::from)),
        ("provider", view::detector(root).map(Value::from)),
        ("reference", link.map(Value::from)),
    ])
}

fn observer(root: &Object) -> Object {
    let nodes = view::objects(root, "Node").into_iter().rev();
    let detector = nodes.into_iter().find(|node| view::text(node, "Name").is_some());
    let software = detector.and_then(|node| view::texts(node, "SW").first().copied());
    object([
        ("name", view::detector(root).map(Value::from)),
        ("product", software.map(Value::from)),
    ])
}

fn party(parties: &[&Object]) -> Object {
    let mut out = Object::new();
    put_all(&mut out, "ip", addresses(parties));
    put_all(&mut out, "port", parties.iter().flat_map(|party| view::ports(party)));
    put_all(&mut out, "domain", each(parties, "Hostname"));
    let macs = each(parties, "MAC");
    put_all(
        &mut out,
        "mac",
        macs.iter().map(|mac| mac.replace(':', "-").to_uppercase()),
    );
    let mut system = Object::new();
    put_all(
        &mut system,
        "number",
        parties.iter().flat_map(|party| view::integers(party, "ASN")),
    );
    put_object(&mut out, "as", system);
    let mut user = Object::new();
    put_all(&mut user, "email", each(parties, "Email"));
    put_object(&mut out, "user", user);
    out
}

fn related(root: &Object, sources: &[&Object], targets: &[&Object]) -> Object {
    let both = [sources, targets].concat();
    let mut out = Object::new();
    put_list(&mut out, "ip", addresses(&both));
    put_list(&mut out, "hosts", each(&both, "Hostname"));
    let hashes = each(&view::objects(root, "Attach"), "Hash");
    put_list(
        &mut out,
        "hash",
        hashes
            .iter()
            .map(|hash| hash.split_once(':').map_or(*hash, |(_, hex)| hex)),
    );
    out
}

fn network(root: &Object, sources: &[&Object], targets: &[&Object]) -> Object {
    let of_targets = targets.iter().map(|target| view::protocols(None, Some(target)));
    let all = of_targets.chain(sources.iter().map(|source| view::protocols(Some(source), None)));
    let (mut transport, mut application) = (None, None);
    for (below, above) in all {
        transport = transport.or(below);
        application = application.or(above);
    }
    object([
        ("transport", transport.map(Value::from)),
        ("protocol", application.map(Value::from)),
        ("packets", root.get("PacketCount").cloned()),
        ("bytes", root.get("ByteCount").cloned()),
    ])
}

/// What the schema has no field for.
fn own(root: &Object, sources: &[&Object], targets: &[&Object]) -> Object {
    let mut out = object([
        ("confidence", root.get("Confidence").cloned()),
        ("conn_count", root.get("ConnCount").cloned()),
        ("flow_count", root.get("FlowCount").cloned()),
    ]);
    let groups = view::mentat(root, "ResolvedAbuses").and_then(Value::as_array);
    put_all(&mut out, "abuse_groups", groups.into_iter().flatten().cloned());
    for (key, parties) in [("source", sources), ("target", targets)] {
        let ranges = parties
            .iter()
            .flat_map(|party| view::spans(party))
            .filter(|span| !span.is_single());
        let ranges = ranges.map(|span| json!({"gte": span.first().to_string(), "lte": span.last().to_string()}));
        let mut side = Object::new();
        put_all(&mut side, "ip_range", ranges);
        put_object(&mut out, key, side);
    }
    out
}

fn addresses(parties: &[&Object]) -> Vec<String> {
    let spans = parties.iter().flat_map(|party| view::spans(party));
    spans
        .filter(IpSpan::is_single)
        .map(|span| span.first().to_string())
        .collect()
}

fn each<'a>(parties: &[&'a Object], key: &str) -> Vec<&'a str> {
    parties.iter().flat_map(|party| view::texts(party, key)).collect()
}

fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Object {
    let present = members
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    present.collect()
}

fn put_object(out: &mut Object, key: &str, object: Object) {
    view::put(out, key, Some(object).filter(|object| !object.is_empty()));
}

/// Sets a field to the different ones of `values`, as a list even if there is one.
fn put_list(out: &mut Object, key: &str, values: impl IntoIterator<Item = impl Into<Value>>) {
    let mut seen = std::collections::HashSet::new();
    let values = values
        .into_iter()
        .map(Into::into)
        .filter(|value: &Value| seen.insert(value.clone()));
    let values: Vec<Value> = values.collect();
    view::put(out, key, (!values.is_empty()).then_some(values));
}

/// As [`put_list`], but one value stands by itself.
fn put_all(out: &mut Object, key: &str, values: impl IntoIterator<Item = impl Into<Value>>) {
    put_list(out, key, values);
    if let Some(Value::Array(list)) = out.get_mut(key)
        && list.len() == 1
        && let Some(only) = list.pop()
    {
        out.insert(key.to_owned(), only);
    }
}
