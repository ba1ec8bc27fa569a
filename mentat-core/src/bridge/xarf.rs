//! X-ARF 4 abuse reports: one for each source, for the desk that answers for it.
//!
//! | Category | `category` / `type` | Must have, beyond the common fields |
//! |---|---|---|
//! | Attempt.Login | connection / login_attack | a transport protocol |
//! | Recon.Scanning | connection / port_scan | a transport protocol |
//! | Availability.DDoS, .DoS | connection / ddos | a transport protocol |
//! | Abusive.Spam | messaging / spam | for mail the sender |
//! | Fraud.Phishing | content / phishing | URL of the source |
//! | Malware with URL of the source | content / malware | URL of the source |
//! | Malware otherwise, Intrusion.Botnet | infrastructure / botnet | |
//! | Intrusion, other than .Botnet | infrastructure / compromised_server | |
//! | Vulnerable.Open | vulnerability / open_service | a protocol above the transport, or a port |
//! | Vulnerable otherwise | vulnerability / misconfiguration | a protocol above the transport, or a port |
//! | Fraud.Copyright | copyright / copyright | URL of the source |
//! | others | no counterpart | |
//!
//! The first category with a row counts. An event of category Test is never reported, nor is a source that is marked
//! Spoofed or Anonymised: somebody else would be blamed.
//!
//! | X-ARF | Event |
//! |---|---|
//! | `xarf_version` | `4.0.0` |
//! | `report_id` | ID if it is a UUID and there is one report; otherwise a UUID (version 8) made of ID, source and port |
//! | `timestamp`, `first_seen` | EventTime, otherwise DetectTime |
//! | `last_seen` | CeaseTime |
//! | `reporter`, `sender` | the [`Reporter`] |
//! | `source_identifier`, `source_port` | the source's address, network, host name or the host of its URL; Port |
//! | `destination_ip`, `destination_port` | of the targets, if they have one only |
//! | `protocol` | transport of Proto, or the one that the named application always has (ssh: tcp) |
//! | `service`, `service_port` | the protocol above the transport, otherwise `port-…`; Port of the source |
//! | `url`, `infringing_url` | URL of the source |
//! | `smtp_from`, `smtp_to` | first Email of the source, first one of the targets |
//! | `compromise_evidence`, `compromise_method` | Description, otherwise the category |
//! | `evidence_source` | type of the detector's node: Honeypot, Flow, Signature |
//! | `confidence`, `description` | Confidence, Description (1000 characters) |
//! | `tags` | `tlp:…` |
//! | `evidence` | see [`Evidence`] |
//! | `idea_id`, `idea_category` | ID, categories |

mod report;

use super::view::{self, Object, Place, Side};
use super::{BridgeError, Exported};
use crate::idea::Event;
use serde_json::Value;

/// An organisation in a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Its name, up to 200 characters.
    pub org: String,
    /// Its mail address.
    pub email: String,
    /// Its domain.
    pub domain: String,
}

/// What a report shows of the event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// The event, without what is meant for this site (`_Mentat`) and without the data of attachments, which may be
    /// live malware or other people's passwords.
    #[default]
    Event,
    /// Nothing.
    Nothing,
}

/// What to do about fields that the format demands and events seldom have: `source_port` for connections from an
/// address, `smtp_from` and `source_port` for mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conformance {
    /// Refuse the event.
    #[default]
    Strict,
    /// Leave the fields out. Such a report says all there is to say, but breaks the letter of the schema.
    Practical,
}

/// Who reports, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reporter {
    /// Whose complaint it is.
    pub contact: Contact,
    /// Who sends it; the same as `contact` if `None`.
    pub sender: Option<Contact>,
    /// What the report shows of the event.
    pub evidence: Evidence,
    /// What to do about missing fields.
    pub conformance: Conformance,
    /// More reports than this are not made of one event.
    pub max_reports: usize,
}

impl Reporter {
    /// A reporter who sends its own reports.
    #[must_use]
    pub fn new(org: impl Into<String>, email: impl Into<String>, domain: impl Into<String>) -> Self {
        Self {
            contact: Contact {
                org: org.into(),
                email: email.into(),
                domain: domain.into(),
            },
            sender: None,
            evidence: Evidence::default(),
            conformance: Conformance::default(),
            max_reports: 100,
        }
    }

    /// Whether reports can be made in this name, asked before the first event.
    ///
    /// # Errors
    /// [`BridgeError::Field`] names what is wrong: `reporter.contact.email`, `reporter.sender.domain`.
    pub fn check(&self) -> Result<(), BridgeError> {
        check(&self.contact, "reporter.contact")?;
        self.sender
            .as_ref()
            .map_or(Ok(()), |sender| check(sender, "reporter.sender"))
    }
}

/// What is reported, by [`KINDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Connection(&'static str),
    Spam,
    Content(&'static str),
    Infected,
    Compromised,
    Vulnerability(&'static str),
    Copyright,
}

/// The most specific rows stand first.
const KINDS: &[(&str, Kind)] = &[
    ("Attempt.Login", Kind::Connection("login_attack")),
    ("Recon.Scanning", Kind::Connection("port_scan")),
    ("Availability.DDoS", Kind::Connection("ddos")),
    ("Availability.DoS", Kind::Connection("ddos")),
    ("Abusive.Spam", Kind::Spam),
    ("Fraud.Phishing", Kind::Content("phishing")),
    ("Fraud.Copyright", Kind::Copyright),
    ("Malware", Kind::Infected),
    ("Intrusion.Botnet", Kind::Infected),
    ("Intrusion", Kind::Compromised),
    ("Vulnerable.Open", Kind::Vulnerability("open_service")),
    ("Vulnerable", Kind::Vulnerability("misconfiguration")),
];

fn kind(category: &str) -> Option<Kind> {
    let fits = |class: &str| {
        category
            .strip_prefix(class)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    KINDS.iter().find(|(class, _)| fits(class)).map(|(_, kind)| *kind)
}

fn no_counterpart(path: &str, cause: impl Into<String>) -> BridgeError {
    BridgeError::NoCounterpart {
        format: "X-ARF",
        path: path.to_owned(),
        cause: cause.into(),
    }
}

/// Makes the reports of an event, one JSON text for each source.
///
/// ```
/// use mentat_core::{Event, bridge::xarf};
///
/// let event: Event = r#"{"ID": "e1", "DetectTime": "2026-11-23T12:00:00Z", "Category": ["Vulnerable.Open"],
///     "Source": [{"IP4": ["192.0.2.1"], "Port": [53], "Proto": ["udp", "dns"]}]}"#.parse()?;
/// let reporter = xarf::Reporter::new("Example CSIRT", "abuse@example.org", "example.org");
/// let reports = xarf::from_idea(&event, &reporter)?.texts;
/// assert!(reports[0].contains(r#""type":"open_service""#));
/// assert!(reports[0].contains(r#""service":"dns""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`BridgeError::NoCounterpart`] if such an event is not reported, [`BridgeError::Field`] if a report must have
/// something that the event or the reporter lacks.
pub fn from_idea(event: &Event, reporter: &Reporter) -> Result<Exported, BridgeError> {
    reporter.check()?;
    let root = view::root(event);
    let categories = view::texts(&root, "Category");
    if categories.contains(&"Test") {
        return Err(no_counterpart("/Category", "a test is not reported"));
    }
    let Some((category, kind)) = categories.iter().find_map(|name| Some((*name, kind(name)?))) else {
        return Err(no_counterpart("/Category", categories.join(", ")));
    };
    let sources = view::objects(&root, "Source");
    if sources.is_empty() {
        return Err(BridgeError::field("/Source", "missing: a report is about a source"));
    }
    let blamed = |source: &&Object| !view::flag(source, "Spoofed") && !view::flag(source, "Anonymised");
    let blamed: Vec<&Object> = sources.into_iter().filter(blamed).collect();
    if blamed.is_empty() {
        return Err(no_counterpart("/Source", "all sources are spoofed or anonymised"));
    }
    let side = Side::of(blamed);
    let total = side.count();
    let places: Vec<Place<'_>> = side.places().take(reporter.max_reports).collect();
    let draft = report::Draft::new(&root, category, kind, reporter, total == 1);
    let texts = places
        .iter()
        .map(|place| Ok(Value::Object(draft.report(place)?).to_string()));
    Exported::gather(texts, total)
}

fn check(contact: &Contact, path: &str) -> Result<(), BridgeError> {
    let Contact { org, email, domain } = contact;
    if org.trim().is_empty() || org.chars().count() > 200 {
        return Err(BridgeError::field(format!("{path}.org"), "not 1 to 200 characters"));
    }
    if !is_email(email) {
        return Err(BridgeError::field(
            format!("{path}.email"),
            format!("'{email}' is no mail address"),
        ));
    }
    if domain.is_empty() || domain.contains(|char: char| !char.is_ascii_alphanumeric() && !"-.".contains(char)) {
        return Err(BridgeError::field(
            format!("{path}.domain"),
            format!("'{domain}' is no domain"),
        ));
    }
    Ok(())
}

/// Whether a text looks like a mail address; nobody but its server can say more.
fn is_email(text: &str) -> bool {
    let blank = |char: char| char.is_whitespace() || char.is_control();
    !text.contains(blank)
        && text
            .split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
}
