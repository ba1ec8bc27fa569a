//! One report.

use super::{BridgeError, Conformance, Contact, Evidence, Kind, Object, Place, Reporter, is_email, view};
use serde_json::{Value, json};

/// Applications that run over one transport only, so that naming them names it.
const APPLICATIONS: &[(&str, &[&str])] = &[
    (
        "tcp",
        &[
            "ssh",
            "telnet",
            "ftp",
            "smtp",
            "http",
            "https",
            "imap",
            "imaps",
            "pop3",
            "pop3s",
            "smb",
            "microsoft-ds",
            "mysql",
            "postgresql",
            "mssql",
            "vnc",
            "mongodb",
            "redis",
        ],
    ),
    ("udp", &["ntp", "ssdp", "tftp"]),
];

/// The longest evidence that the format allows.
const MAX_EVIDENCE: usize = 5 << 20;

/// What all reports of an event share.
pub(super) struct Draft<'a> {
    root: &'a Object,
    category: &'a str,
    kind: Kind,
    reporter: &'a Reporter,
    evidence: Option<Value>,
    alone: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn new(root: &'a Object, category: &'a str, kind: Kind, reporter: &'a Reporter, alone: bool) -> Self {
        let evidence = match reporter.evidence {
            Evidence::Event => evidence(root),
            Evidence::Nothing => None,
        };
        Self {
            root,
            category,
            kind,
            reporter,
            evidence,
            alone,
        }
    }

    pub(super) fn report(&self, place: &Place<'_>) -> Result<Object, BridgeError> {
        let root = self.root;
        let Some(identifier) = identifier(place) else {
            return Err(BridgeError::field("/Source", "neither an address nor a host name"));
        };
        let Some(time) = view::text(root, "EventTime").or(view::text(root, "DetectTime")) else {
            return Err(BridgeError::field("/DetectTime", "missing"));
        };
        let mut out = Object::new();
        let id = view::text(root, "ID").unwrap_or_default();
        let report_id = if self.alone && is_uuid(id) {
            id.to_lowercase()
        } else {
            uuid(&[id, &identifier, &place.port.unwrap_or(0).to_string()])
        };
        let port = place.port.filter(|port| *port > 0);
        let sender = self.reporter.sender.as_ref().unwrap_or(&self.reporter.contact);
        view::put(&mut out, "xarf_version", Some("4.0.0"));
        view::put(&mut out, "report_id", Some(report_id));
        view::put(&mut out, "timestamp", Some(time));
        view::put(&mut out, "reporter", Some(contact(&self.reporter.contact)));
        view::put(&mut out, "sender", Some(contact(sender)));
        view::put(&mut out, "source_identifier", Some(identifier));
        view::put(&mut out, "source_port", port);
        let confidence = root.get("Confidence").and_then(Value::as_f64);
        view::put(
            &mut out,
            "confidence",
            confidence.filter(|value| (0.0..=1.0).contains(value)),
        );
        let description = view::text(root, "Description");
        view::put(
            &mut out,
            "description",
            description.map(|text| view::shortened(text, 1000)),
        );
        let tlp = view::text(root, "TLP").map(str::to_lowercase);
        let tlp = tlp.filter(|tlp| {
            tlp.bytes()
                .all(|byte| byte.is_ascii_lowercase() || b"-+".contains(&byte))
        });
        view::put(&mut out, "tags", tlp.map(|tlp| json!([format!("tlp:{tlp}")])));
        view::put(&mut out, "evidence", self.evidence.clone().map(|item| json!([item])));
        view::put(&mut out, "idea_id", Some(id).filter(|id| !id.is_empty()));
        view::put(&mut out, "idea_category", Some(view::texts(root, "Category")));
        self.describe(&mut out, place, time)?;
        Ok(out)
    }

    fn describe(&self, out: &mut Object, place: &Place<'_>, time: &str) -> Result<(), BridgeError> {
        match self.kind {
            Kind::Connection(name) => self.connection(out, name, place, time),
            Kind::Spam => self.spam(out, place),
            Kind::Content(name) => Self::content(out, ("content", name), "url", place),
            Kind::Copyright => Self::content(out, ("copyright", "copyright"), "infringing_url", place),
            Kind::Infected if self.category.starts_with("Malware") && place.url.is_some_and(is_url) => {
                Self::content(out, ("content", "malware"), "url", place)
            }
            Kind::Infected => {
                self.infrastructure(out, "botnet", "compromise_evidence");
                Ok(())
            }
            Kind::Compromised => {
                self.infrastructure(out, "compromised_server", "compromise_method");
                Ok(())
            }
            Kind::Vulnerability(name) => Self::vulnerability(out, name, place),
        }
    }

    fn connection(&self, out: &mut Object, name: &str, place: &Place<'_>, time: &str) -> Result<(), BridgeError> {
        classify(out, "connection", name);
        let targets = view::objects(self.root, "Target");
        let Some(protocol) = transport(place.party, &targets) else {
            return Err(BridgeError::field(
                "/Source/Proto",
                "no transport protocol, nor in /Target/Proto",
            ));
        };
        view::put(out, "protocol", Some(protocol));
        view::put(out, "first_seen", Some(time));
        view::put(out, "last_seen", view::text(self.root, "CeaseTime"));
        let spans: Vec<_> = targets.iter().flat_map(|target| view::spans(target)).collect();
        if let [span] = spans.as_slice() {
            view::put(
                out,
                "destination_ip",
                span.is_single().then(|| span.first().to_string()),
            );
        }
        let ports: Vec<u16> = targets.iter().flat_map(|target| view::ports(target)).collect();
        if let [port] = ports.as_slice() {
            view::put(out, "destination_port", Some(*port).filter(|port| *port > 0));
        }
        view::put(out, "evidence_source", self.sensor());
        if place.address().is_some() {
            self.demand(out, "source_port", "/Source/Port")?;
        }
        Ok(())
    }

    fn spam(&self, out: &mut Object, place: &Place<'_>) -> Result<(), BridgeError> {
        classify(out, "messaging", "spam");
        fn mail(party: &Object) -> Option<&str> {
            view::texts(party, "Email").into_iter().find(|text| is_email(text))
        }
        view::put(out, "smtp_from", place.party.and_then(mail));
        let targets = view::objects(self.root, "Target");
        view::put(out, "smtp_to", targets.iter().find_map(|target| mail(target)));
        // In events, spam is mail unless a protocol says otherwise.
        let (_, application) = view::protocols(place.party, targets.first().copied());
        let mail = application.is_none_or(|name| matches!(name.as_str(), "smtp" | "smtps" | "submission"));
        view::put(out, "protocol", Some(if mail { "smtp" } else { "other" }));
        view::put(
            out,
            "evidence_source",
            self.sensor().filter(|sensor| *sensor == "honeypot"),
        );
        if mail {
            self.demand(out, "smtp_from", "/Source/Email")?;
            self.demand(out, "source_port", "/Source/Port")?;
        }
        Ok(())
    }

    fn content(
        out: &mut Object,
        (category, name): (&str, &str),
        key: &str,
        place: &Place<'_>,
    ) -> Result<(), BridgeError> {
        classify(out, category, name);
        let Some(url) = place.url.filter(|url| is_url(url)) else {
            return Err(BridgeError::field(
                "/Source/URL",
                format!("no URL, as {category}/{name} must have"),
            ));
        };
        view::put(out, key, Some(url));
        Ok(())
    }

    fn infrastructure(&self, out: &mut Object, name: &str, key: &str) {
        classify(out, "infrastructure", name);
        view::put(out, key, view::text(self.root, "Description").or(Some(self.category)));
    }

    fn vulnerability(out: &mut Object, name: &str, place: &Place<'_>) -> Result<(), BridgeError> {
        classify(out, "vulnerability", name);
        let (_, application) = view::protocols(place.party, None);
        let port = place.port.filter(|port| *port > 0);
        let Some(service) = application.or_else(|| port.map(|port| format!("port-{port}"))) else {
            return Err(BridgeError::field("/Source/Proto", "neither a service nor a port"));
        };
        view::put(out, "service", Some(service));
        view::put(out, "service_port", port);
        Ok(())
    }

    fn demand(&self, out: &Object, key: &str, path: &str) -> Result<(), BridgeError> {
        match self.reporter.conformance {
            Conformance::Strict if !out.contains_key(key) => Err(BridgeError::field(
                path,
                format!("missing, and the report must have '{key}'"),
            )),
            _ => Ok(()),
        }
    }

    /// What saw it, by the node that detected it.
    fn sensor(&self) -> Option<&'static str> {
        let nodes = view::objects(self.root, "Node");
        let tags = view::texts(nodes.last()?, "Type");
        let known = [
            ("Honeypot", "honeypot"),
            ("Flow", "flow_analysis"),
            ("Signature", "ids_detection"),
        ];
        known
            .into_iter()
            .find(|(tag, _)| tags.contains(tag))
            .map(|(_, sensor)| sensor)
    }
}

fn classify(out: &mut Object, category: &str, name: &str) {
    view::put(out, "category", Some(category));
    view::put(out, "type", Some(name));
}

fn contact(contact: &Contact) -> Value {
    json!({"org": contact.org, "contact": contact.email, "domain": contact.domain})
}

fn identifier(place: &Place<'_>) -> Option<String> {
    let address = place.address().map(|span| span.first().to_string());
    let span = address.or_else(|| place.network().map(|span| span.to_string()));
    let host = || place.host.map(str::to_owned).or_else(|| place.url.and_then(url_host));
    span.or_else(host)
}

/// The transport protocol as reports name it.
fn transport(source: Option<&Object>, targets: &[&Object]) -> Option<&'static str> {
    let parties = targets.iter().copied().chain(source);
    let (mut named, mut implied) = (None, None);
    for party in parties {
        let (transport, application) = view::protocols(Some(party), None);
        named = named.or(match transport {
            Some("ipv6-icmp" | "icmp") => Some("icmp"),
            other => other.filter(|name| matches!(*name, "tcp" | "udp" | "sctp")),
        });
        let row = APPLICATIONS
            .iter()
            .find(|(_, names)| application.as_deref().is_some_and(|name| names.contains(&name)));
        implied = implied.or(row.map(|row| row.0));
    }
    named.or(implied)
}

fn is_url(text: &str) -> bool {
    let bad = |char: char| char.is_whitespace() || char.is_control() || "<>\"{}|\\^`".contains(char);
    !text.contains(bad) && url_host(text).is_some()
}

/// The host of a URL with `//`.
fn url_host(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(six) => six.split(']').next()?,
        None => host.split(':').next()?,
    };
    Some(host.to_lowercase()).filter(|host| !host.is_empty())
}

fn evidence(root: &Object) -> Option<Value> {
    let mut shown = root.clone();
    shown.remove("_Mentat");
    for attachment in shown
        .get_mut("Attach")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Some(attachment) = attachment.as_object_mut() {
            attachment
                .retain(|key, _| matches!(key.as_str(), "Handle" | "FileName" | "Type" | "Hash" | "Size" | "Ref"));
        }
    }
    let text = Value::Object(shown).to_string();
    (text.len() <= MAX_EVIDENCE).then(|| {
        json!({
            "content_type": "application/json", "description": "The event in IDEA format",
            "payload": view::base64(text.as_bytes()), "size": text.len(),
        })
    })
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// A UUID of version 8 (RFC 9562) made of texts: their FNV-1a hash of 128 bits. The same report made twice has the same
/// one, so that the receiver sees that it is the same; nothing else rests on it.
fn uuid(parts: &[&str]) -> String {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    const START: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    let hash = bytes.fold(START, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
    let version = (hash & !(0xf << 76)) | 8 << 76;
    let uuid = (version & !(0b11 << 62)) | 0b10 << 62;
    let hex = format!("{uuid:032x}");
    let mut out = String::with_capacity(36);
    for (at, digit) in hex.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_uuids() {
        let one = uuid(&["e1", "192.0.2.1", "0"]);
        assert!(is_uuid(&one), "{one}");
        assert_eq!(&one[14..15], "8");
        assert!("89ab".contains(&one[19..20]), "{one}");
        assert_ne!(one, uuid(&["e1", "192.0.2.10", ""]));
        assert!(!is_uuid("e1") && !is_uuid("59c85a23-11b6-4faf-9eff-55bfb5f7fdag"));
    }

    #[test]
    fn hosts_of_urls() {
        for (url, host) in [
            ("http://Example.org/a", Some("example.org")),
            ("https://user:pw@example.org:8080?x", Some("example.org")),
            ("http://[2001:db8::1]:80/", Some("2001:db8::1")),
            ("http:///a", None),
            ("example.org/a", None),
        ] {
            assert_eq!(url_host(url).as_deref(), host, "{url}");
        }
    }

    #[test]
    fn the_family_does_not_matter_for_icmp() {
        let party = json!({"Proto": ["ICMP6"]});
        assert_eq!(transport(party.as_object(), &[]), Some("icmp"));
        let party = json!({"Proto": ["ssh"]});
        assert_eq!(transport(party.as_object(), &[]), Some("tcp"));
        let party = json!({"Proto": ["dns"]});
        assert_eq!(transport(party.as_object(), &[]), None);
    }
}
