//! From an event to its row: a pure function.

use super::address;
use super::types::Id;
use crate::idea::tree::{Node, Object};
use crate::idea::{Event, MissingKeys};
use jiff::Timestamp;
use mentat_filter::{Family, IpSpan, merge};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The columns of one event that depend on the event alone, in typed form.
///
/// A row is a pure value: what statistics, pages and tests look at is what the store writes, without a database. Texts
/// have no NUL, which the database could not hold; the message keeps it. Sets are sorted by code point. Left out are the
/// storage time, which the server's clock gives, and the place of the message's text.
///
/// ```
/// use mentat_core::idea::Event;
/// use mentat_core::store::Row;
///
/// let event: Event = r#"{"Format": "IDEA0", "ID": "e1", "DetectTime": "2026-11-23T12:00:00Z", "Category": ["Test"],
///     "Source": [{"IP4": ["10.0.0.0/25", "10.0.0.128/25"], "Proto": ["TCP"], "Port": [443, 22]}],
///     "Node": [{"Name": "org.example.a"}]}"#.parse()?;
/// let row = Row::new(&event).unwrap();
/// assert_eq!(row.source_ip, ["10.0.0.0/24".parse().unwrap()]);
/// assert_eq!((row.source_port, row.protocol), (vec![22, 443], vec!["tcp".to_owned()]));
/// # Ok::<(), mentat_core::idea::Invalid>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Row {
    /// The event ID.
    pub id: String,
    /// The 16 bytes under which the database keeps the event: those of the ID if that is a lower-case UUID, otherwise
    /// a hash of it, marked as a UUID of version 8.
    pub key: [u8; 16],
    /// When the event was detected.
    pub detecttime: Timestamp,
    /// Whether the reports on the sources only go to the operators.
    pub shadow_reporting: bool,
    /// Whether the reports on the targets only go to the operators.
    pub shadow_reporting_target: bool,
    /// All addresses of sources: merged, ascending, IPv4 before IPv6.
    pub source_ip: Vec<IpSpan>,
    /// All addresses of targets: merged, ascending, IPv4 before IPv6.
    pub target_ip: Vec<IpSpan>,
    /// The categories as they stand in the message.
    pub category: Vec<String>,
    /// The names of the detectors as they stand in the message; at least one.
    pub node_name: Vec<String>,
    /// The ports of all sources: a set. What is no port is left out.
    pub source_port: Vec<u16>,
    /// The ports of all targets: a set. What is no port is left out.
    pub target_port: Vec<u16>,
    /// The types of all sources: a set.
    pub source_type: Vec<String>,
    /// The types of all targets: a set.
    pub target_type: Vec<String>,
    /// The host names of all sources and of their URLs, in Unicode, lower-case and without a final dot: a set.
    pub source_hostname: Vec<String>,
    /// The host names of all targets and of their URLs, in Unicode, lower-case and without a final dot: a set.
    pub target_hostname: Vec<String>,
    /// The protocols of both sides in lower case: a set.
    pub protocol: Vec<String>,
    /// The types of all nodes: a set.
    pub node_type: Vec<String>,
    /// The software of all nodes, sorted, with repetitions.
    pub node_sw: Vec<String>,
    /// The abuse groups of the sources as they stand in the message.
    pub resolvedabuses: Vec<String>,
    /// The abuse groups of the targets as they stand in the message.
    pub targetabuses: Vec<String>,
    /// What the inspector found wrong, as it stands in the message.
    pub inspectionerrors: Vec<String>,
    /// The traffic light, as the event names it, in upper case with hyphens.
    pub tlp: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The class of the event on the side of the sources, in lower case.
    pub eventclass: Option<String>,
    /// The class of the event on the side of the targets, in lower case.
    pub targetclass: Option<String>,
    /// The severity of the event for the sources, in lower case.
    pub eventseverity: Option<String>,
    /// The severity of the event for the targets, in lower case.
    pub targetseverity: Option<String>,
}

impl Row {
    /// The row of an event.
    ///
    /// # Errors
    /// [`MissingKeys`] if the event lacks something that every stored event has.
    pub fn new(event: &Event) -> Result<Self, MissingKeys> {
        event.check_complete()?;
        // Both are there: the check above said so.
        let (Some(id), Some(detecttime)) = (event.id(), event.detect_time()) else {
            return Err(MissingKeys(vec!["ID", "DetectTime"]));
        };
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
            id: id.to_owned(),
            key: identifier(id).0,
            detecttime,
            shadow_reporting: is_true(event, "ShadowReporting"),
            shadow_reporting_target: is_true(event, "ShadowReportingTarget"),
            source_ip: merge(event.source_addresses()),
            target_ip: merge(event.target_addresses()),
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

    /// The span from the first to the last address of the sources in one family, if they have any.
    #[must_use]
    pub fn source_envelope(&self, family: Family) -> Option<IpSpan> {
        envelope(&self.source_ip, family)
    }

    /// The span from the first to the last address of the targets in one family, if they have any.
    #[must_use]
    pub fn target_envelope(&self, family: Family) -> Option<IpSpan> {
        envelope(&self.target_ip, family)
    }

    /// The search keys of the addresses of both sides: the column `addr`.
    pub(super) fn address_keys(&self) -> BTreeSet<String> {
        address::keys(self.source_ip.iter().chain(&self.target_ip).copied())
    }

    /// The ID if the key is only its hash.
    pub(super) fn hashed_id(&self) -> Option<&str> {
        uuid(&self.id).is_none().then_some(&self.id)
    }
}

fn envelope(spans: &[IpSpan], family: Family) -> Option<IpSpan> {
    spans
        .iter()
        .filter(|span| span.family() == family)
        .copied()
        .reduce(|one, other| one.hull(&other).unwrap_or(one))
        .map(|span| span.to_range())
}

/// The key of an event ID: the ID itself if it is a lower-case UUID, else a hash marked as a UUID of version 8.
pub(super) fn identifier(id: &str) -> Id {
    if let Some(bytes) = uuid(id) {
        return Id(bytes);
    }
    let mut bytes = [0; 16];
    for (byte, hashed) in bytes.iter_mut().zip(Sha256::digest(id.as_bytes())) {
        *byte = hashed;
    }
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = *version & 0x0f | 0x80;
    *variant = *variant & 0x3f | 0x80;
    Id(bytes)
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

/// Protocols may be of any type; null, lists and objects name none.
fn text_of(node: &Node) -> Option<String> {
    match node {
        Node::Str(text) => Some(text.to_string()),
        Node::Bool(value) => Some(value.to_string()),
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
fn ports(event: &Event, side: &str) -> Vec<u16> {
    let numbers = event.members(side).flat_map(|party| list(party, "Port"));
    let found: BTreeSet<u16> = numbers
        .filter_map(|node| match node {
            Node::Int(number) => u16::try_from(*number).ok(),
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

/// The host of a URL, whose scheme may be left out: `//host/path`.
fn url_host(url: &str) -> Option<String> {
    let url = url.trim();
    let rest = match url.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        _ => url,
    };
    let authority = rest.strip_prefix("//")?.split(['/', '?', '#']).next()?;
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host_port.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?.0,
        None => host_port.split_once(':').map_or(host_port, |(host, _)| host),
    };
    Some(host.to_lowercase())
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .chars()
            .all(|next| next.is_ascii_alphanumeric() || "+-.".contains(next))
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

/// One spelling for each level: upper case, hyphens, no `TLP:` in front.
fn tlp(event: &Event) -> Option<String> {
    // Nothing that anybody may take for unrestricted.
    let unknown = || Some("UNKNOWN".to_owned());
    match event.root().named("TLP")? {
        Node::Null => None,
        Node::Str(text) if text.is_empty() => None,
        Node::Str(text) => {
            let text = clean(text).trim().to_uppercase();
            let level = text.strip_prefix("TLP:").unwrap_or(&text).trim_start();
            if level.is_empty() {
                unknown()
            } else {
                Some(level.replace(['+', '_', ' '], "-"))
            }
        }
        _ => unknown(),
    }
}

fn is_true(event: &Event, key: &str) -> bool {
    event.mentat(key) == Some(&Node::Bool(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        let Id(bytes) = identifier("5deec8c9-ac37-4f35-a448-34616104b174");
        assert_eq!((bytes[0], bytes[15]), (0x5d, 0x74));
        for odd in [
            "5DEEC8C9-AC37-4F35-A448-34616104B174",
            "bare-0001",
            "5deec8c9ac374f35a44834616104b174",
            "",
        ] {
            let Id(bytes) = identifier(odd);
            assert_eq!((bytes[6] >> 4, bytes[8] >> 6), (8, 2), "{odd}");
        }
    }

    #[test]
    fn hosts_of_urls() {
        let check = |url, host: Option<&str>| assert_eq!(url_host(url).as_deref(), host, "{url}");
        check("https://User:pw@WWW.Example.org:8443/x?y#z", Some("www.example.org"));
        check("http://[2001:db8::1]:80/", Some("2001:db8::1"));
        check("http://192.0.2.77", Some("192.0.2.77"));
        check("//h.example.org/", Some("h.example.org"));
        check(" http://example.org:99999/ ", Some("example.org"));
        check("http:///path", Some(""));
        check("no url", None);
        check("example.org/?next=http://other.example/", None);
        check("urn:isbn:0451450523", None);
        check("http://[broken", None);
    }

    #[test]
    fn traffic_lights() {
        let check = |text: &str, level: Option<&str>| {
            let event: Event = format!(r#"{{"TLP": {text}}}"#).parse().unwrap();
            assert_eq!(tlp(&event).as_deref(), level, "{text}");
        };
        check(r#""amber""#, Some("AMBER"));
        check(r#""TLP:AMBER+STRICT""#, Some("AMBER-STRICT"));
        check(r#"" tlp: amber_strict ""#, Some("AMBER-STRICT"));
        check(r#""TLP:""#, Some("UNKNOWN"));
        check(r#"["RED"]"#, Some("UNKNOWN"));
        check(r#""""#, None);
        check("null", None);
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
