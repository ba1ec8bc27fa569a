//! From an event to its row: a pure function.

use super::address;
use super::types::Id;
use crate::idea::tree::{Node, Object};
use crate::idea::{Event, MissingKeys};
use jiff::Timestamp;
use mentat_filter::{IpSpan, merge};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The columns of one event that depend on the event alone.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) id: Id,
    /// The ID itself when `id` is only its hash.
    pub(super) id_text: Option<String>,
    pub(super) detecttime: Timestamp,
    pub(super) shadow_reporting: bool,
    pub(super) shadow_reporting_target: bool,
    /// Merged, ascending, IPv4 before IPv6.
    pub(super) source: Vec<IpSpan>,
    pub(super) target: Vec<IpSpan>,
    pub(super) addr: BTreeSet<String>,
    pub(super) category: Vec<String>,
    pub(super) node_name: Vec<String>,
    pub(super) source_port: Vec<i32>,
    pub(super) target_port: Vec<i32>,
    pub(super) source_type: Vec<String>,
    pub(super) target_type: Vec<String>,
    pub(super) source_hostname: Vec<String>,
    pub(super) target_hostname: Vec<String>,
    pub(super) protocol: Vec<String>,
    pub(super) node_type: Vec<String>,
    pub(super) node_sw: Vec<String>,
    pub(super) resolvedabuses: Vec<String>,
    pub(super) targetabuses: Vec<String>,
    pub(super) inspectionerrors: Vec<String>,
    pub(super) tlp: Option<String>,
    pub(super) description: Option<String>,
    pub(super) eventclass: Option<String>,
    pub(super) targetclass: Option<String>,
    pub(super) eventseverity: Option<String>,
    pub(super) targetseverity: Option<String>,
}

impl Row {
    /// # Errors
    /// The event lacks something that every stored event has.
    pub(super) fn new(event: &Event) -> Result<Self, MissingKeys> {
        event.check_complete()?;
        // Both are there: the check above said so.
        let (Some(id), Some(detecttime)) = (event.id(), event.detect_time()) else {
            return Err(MissingKeys(vec!["ID", "DetectTime"]));
        };
        let (id, id_text) = identifier(id);
        let source = merge(event.source_addresses());
        let target = merge(event.target_addresses());
        let addr = address::keys(source.iter().chain(&target).copied());
        let mut protocols = BTreeSet::new();
        for party in event.members("Source").chain(event.members("Target")) {
            protocols.extend(
                list(party, "Proto")
                    .filter_map(text_of)
                    .map(|text| clean(&text.to_lowercase())),
            );
        }
        let mut node_sw: Vec<String> = event.members("Node").flat_map(|node| texts(node, "SW")).collect();
        node_sw.sort_unstable();
        Ok(Self {
            id,
            id_text,
            detecttime,
            shadow_reporting: is_true(event, "ShadowReporting"),
            shadow_reporting_target: is_true(event, "ShadowReportingTarget"),
            source,
            target,
            addr,
            category: event.categories().map(clean).collect(),
            node_name: event.detectors().map(clean).collect(),
            source_port: ports(event, "Source"),
            target_port: ports(event, "Target"),
            source_type: distinct(event, "Source", "Type"),
            target_type: distinct(event, "Target", "Type"),
            source_hostname: hostnames(event, "Source"),
            target_hostname: hostnames(event, "Target"),
            protocol: protocols.into_iter().collect(),
            node_type: distinct(event, "Node", "Type"),
            node_sw,
            resolvedabuses: mentat_list(event, "ResolvedAbuses"),
            targetabuses: mentat_list(event, "TargetAbuses"),
            inspectionerrors: mentat_list(event, "InspectionErrors"),
            tlp: tlp(event),
            description: event.description().map(clean),
            eventclass: mentat_text(event, "EventClass"),
            targetclass: mentat_text(event, "TargetClass"),
            eventseverity: mentat_text(event, "EventSeverity"),
            targetseverity: mentat_text(event, "TargetSeverity"),
        })
    }
}

/// The key of an event ID: the ID itself if it is a lower-case UUID, else a hash marked as a UUID of version 8.
pub(super) fn identifier(id: &str) -> (Id, Option<String>) {
    if let Some(bytes) = uuid(id) {
        return (Id(bytes), None);
    }
    let mut bytes = [0; 16];
    for (byte, hashed) in bytes.iter_mut().zip(Sha256::digest(id.as_bytes())) {
        *byte = hashed;
    }
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = *version & 0x0f | 0x80;
    *variant = *variant & 0x3f | 0x80;
    (Id(bytes), Some(id.to_owned()))
}

/// Exactly the form that a UUID is printed in, so that it prints back the same.
fn uuid(text: &str) -> Option<[u8; 16]> {
    if text.len() != 36 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let mut digits = [0_u8; 32];
    let mut filled = digits.iter_mut();
    for (at, byte) in text.bytes().enumerate() {
        if [8, 13, 18, 23].contains(&at) {
            if byte != b'-' {
                return None;
            }
            continue;
        }
        *filled.next()? = u8::try_from(char::from(byte).to_digit(16)?).ok()?;
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        if let [high, low] = pair {
            *byte = high << 4 | low;
        }
    }
    Some(bytes)
}

/// PostgreSQL's text cannot hold NUL; the message itself keeps it.
pub(super) fn clean(text: &str) -> String {
    text.replace('\0', "")
}

fn list<'a>(object: &'a Object, key: &str) -> std::slice::Iter<'a, Node> {
    object.named(key).map(Node::as_list).unwrap_or_default().iter()
}

fn texts<'a>(object: &'a Object, key: &str) -> impl Iterator<Item = String> + 'a {
    list(object, key).filter_map(Node::as_str).map(clean)
}

/// Protocols may be of any type.
fn text_of(node: &Node) -> Option<String> {
    match node {
        Node::Str(text) => Some(text.to_string()),
        Node::Int(number) => Some(number.to_string()),
        Node::Number(text) => Some(text.to_string()),
        _ => None,
    }
}

fn distinct(event: &Event, side: &str, key: &str) -> Vec<String> {
    let found: BTreeSet<String> = event.members(side).flat_map(|object| texts(object, key)).collect();
    found.into_iter().collect()
}

/// Values that are no port stay in the message and are left out here.
fn ports(event: &Event, side: &str) -> Vec<i32> {
    let numbers = event.members(side).flat_map(|party| list(party, "Port"));
    let found: BTreeSet<i32> = numbers
        .filter_map(|node| match node {
            Node::Int(number) => u16::try_from(*number).ok().map(i32::from),
            _ => None,
        })
        .collect();
    found.into_iter().collect()
}

fn hostnames(event: &Event, side: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    for party in event.members(side) {
        found.extend(texts(party, "Hostname").map(|name| hostname(name.trim())));
        found.extend(texts(party, "URL").filter_map(|url| url_host(&url).map(|host| hostname(&host))));
    }
    found.into_iter().filter(|name| !name.is_empty()).collect()
}

/// A host name in its one comparable form: Unicode, lower-case, without the final dot.
fn hostname(name: &str) -> String {
    let name = name.strip_suffix('.').unwrap_or(name);
    match idna::domain_to_ascii(name) {
        Ok(ascii) => match idna::domain_to_unicode(&ascii) {
            (unicode, Ok(())) => unicode,
            (_, Err(_)) => ascii,
        },
        Err(_) => name.to_lowercase(),
    }
}

fn url_host(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host_port.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?.0,
        None => host_port.rsplit_once(':').map_or(host_port, |(host, _)| host),
    };
    Some(host.to_lowercase())
}

fn mentat_list(event: &Event, key: &str) -> Vec<String> {
    event
        .mentat(key)
        .map(Node::as_list)
        .unwrap_or_default()
        .iter()
        .filter_map(Node::as_str)
        .map(clean)
        .collect()
}

fn mentat_text(event: &Event, key: &str) -> Option<String> {
    event
        .mentat(key)
        .and_then(Node::as_str)
        .map(|text| clean(&text.to_lowercase()))
}

fn is_true(event: &Event, key: &str) -> bool {
    event.mentat(key) == Some(&Node::Bool(true))
}

/// One spelling for each level: upper case, hyphens, no `TLP:` in front.
fn tlp(event: &Event) -> Option<String> {
    let node = event.root().named("TLP")?;
    let Some(text) = node.as_str() else {
        // Not a text at all: nothing that anybody may take for unrestricted.
        return (*node != Node::Null).then(|| "UNKNOWN".to_owned());
    };
    let text = text.trim().to_uppercase().replace(['+', '_', ' '], "-");
    let level = text.strip_prefix("TLP:").unwrap_or(&text);
    (!level.is_empty()).then(|| clean(level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        let (Id(bytes), text) = identifier("5deec8c9-ac37-4f35-a448-34616104b174");
        assert_eq!((bytes[0], bytes[15], text), (0x5d, 0x74, None));
        for odd in [
            "5DEEC8C9-AC37-4F35-A448-34616104B174",
            "bare-0001",
            "5deec8c9ac374f35a44834616104b174",
            "",
        ] {
            let (Id(bytes), text) = identifier(odd);
            assert_eq!(
                (bytes[6] >> 4, bytes[8] >> 6, text.as_deref()),
                (8, 2, Some(odd)),
                "{odd}"
            );
        }
    }

    #[test]
    fn hosts_of_urls() {
        let check = |url, host: Option<&str>| assert_eq!(url_host(url).as_deref(), host, "{url}");
        check("https://User:pw@WWW.Example.org:8443/x?y#z", Some("www.example.org"));
        check("http://[2001:db8::1]:80/", Some("2001:db8::1"));
        check("http://192.0.2.77", Some("192.0.2.77"));
        check("no url", None);
        check("http://[broken", None);
    }

    #[test]
    fn host_names_have_one_form() {
        assert_eq!(hostname("WWW.Example.org."), "www.example.org");
        assert_eq!(
            hostname(&idna::domain_to_ascii("česká.example").unwrap()),
            "česká.example"
        );
        assert_eq!(hostname("ČESKÁ.example"), "česká.example");
    }
}
