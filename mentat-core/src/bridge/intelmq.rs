//! IntelMQ events (flat JSON in the IntelMQ data format), both ways.
//!
//! | IntelMQ | Event |
//! |---|---|
//! | `time.observation` | DetectTime; `time.source` if there is none |
//! | `time.source` | EventTime |
//! | `classification.type` | Category, see below |
//! | `event_description.text` | Description |
//! | `event_description.url`, `screenshot_url` | Ref (in), first Ref → `event_description.url` (out) |
//! | `comment` | Note |
//! | `feed.accuracy` / 100 | Confidence; without one there is no Confidence |
//! | `feed.provider`, `feed.name` | Node of type External, its Name made of both in lower case |
//! | `feed.name` (out) | name of the detector, unless the event came from IntelMQ |
//! | `source.*`, `destination.*` | the Source and the Target: |
//! | `….ip`, otherwise `….network` | IP4, IP6 |
//! | `….port`, `….fqdn`, `….url`, `….asn` | Port, Hostname, URL, ASN |
//! | `….account` | Email if it has an `@`, otherwise `Account` |
//! | `protocol.transport`, `protocol.application` | Proto of both sides |
//! | `malware.hash.{md5,sha1,sha256}` | Hash of an Attach of type Malware |
//! | `raw` | Attach `raw` of type OrigData, base64; without one (out) the event's JSON, see [`Options::max_raw_bytes`] |
//! | `tlp` | `TLP` |
//! | `event_hash`, `rtir_id`, `misp.event_uuid` | AltNames `intelmq:…`, `rtir:…`, `misp_event:…` |
//! | `extra.idea_id` | RelID (in), ID (out) |
//! | `extra.idea_category`, `extra.idea_detectors` | (out) all categories and node names |
//! | `extra.idea_…_count` | (out) ConnCount, FlowCount, PacketCount, ByteCount |
//! | `extra.idea_source`, `extra.idea_target` | (out) an address range that is no network |
//! | `source.geolocation.cc`, `source.asn`, `source.abuse_contact` | (out) what enrichment found |
//! | all others | under their own names in the object `IntelMQ` of the event, and back from there |
//!
//! The first Node of an event is of type Relay, and the IntelMQ text itself is kept as Attach `intelmq` of type
//! OrigData. Nested objects are read as flat keys with dots.
//!
//! # Types
//!
//! | Category | `classification.type` |
//! |---|---|
//! | Abusive.Spam, .Violence, .Harassment | spam, violence, harmful-speech |
//! | Malware | **infected-system**, malware-configuration, malware-distribution, malware |
//! | Recon.Scanning, .Sniffing, .SocialEngineering | scanner, sniffing, social-engineering |
//! | Attempt.Login | brute-force |
//! | Attempt.Exploit | **exploit**, ids-alert |
//! | Intrusion | burglary (back: **system-compromise**) |
//! | Intrusion.Botnet | c2-server, ddos-amplifier (back: **infected-system**, with Source.Type CC c2-server) |
//! | Intrusion.AdminCompromise | system-compromise, **privileged-account-compromise** |
//! | Intrusion.UserCompromise, .AppCompromise | unprivileged-account-compromise, application-compromise |
//! | Availability.DDoS, .DoS, .Sabotage | ddos, dos, sabotage |
//! | Availability.Outage | **outage**, misconfiguration |
//! | Information | **data-leak**, data-loss |
//! | Information.UnauthorizedAccess | **unauthorised-information-access**, information-disclosure |
//! | Information.UnauthorizedModification | unauthorised-information-modification |
//! | Fraud.Phishing, .Scam, .UnauthorizedUsage, .Copyright | phishing, masquerade, unauthorized-use-of-resources, copyright |
//! | Vulnerable.Open | potentially-unwanted-accessible |
//! | Vulnerable.Config | proxy, weak-crypto, **vulnerable-system** |
//! | Anomaly.Behaviour | dga-domain (back: **undetermined**) |
//! | Other | blacklist, tor, **other**, undetermined; any type that is not in this table |
//! | Test | test |
//!
//! On the way back an event that came from IntelMQ has the type it came with, as long as its Category still fits. Other
//! events have the type in bold; a Type of their sources can say more (`MalwareConf`, `Malware`, `CC`, `Proxy`, `DGA`,
//! `Tor`). Categories without a row take the one of their class, the first category with a type counts, and without
//! any it is `undetermined`. A category Test makes it `test`, whatever else there is.

mod export;
mod import;
mod types;

pub use export::from_idea;
pub use import::to_idea;

/// What both directions may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Name of the Relay node in front of events. Lower-case letters, digits and `_`, joined by dots.
    pub node_name: String,
    /// Adds the category Test to events, so that nobody acts upon them.
    pub mark_test: bool,
    /// Longer IntelMQ texts are refused.
    pub max_text_bytes: usize,
    /// More texts than this are not made of one event.
    pub max_texts: usize,
    /// `raw` is left out where it would stand for more bytes than this: every text of an event repeats it.
    pub max_raw_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            node_name: "intelmq".to_owned(),
            mark_test: false,
            max_text_bytes: 4 << 20,
            max_texts: 1000,
            max_raw_bytes: 64 << 10,
        }
    }
}

/// The keys of IntelMQ that hold a hash, with the scheme that events use.
const HASHES: [(&str, &str); 3] = [
    ("malware.hash.md5", "md5:"),
    ("malware.hash.sha1", "sha1:"),
    ("malware.hash.sha256", "sha256:"),
];

/// Identifiers in IntelMQ, with the prefix that they have in AltNames.
const NAMES: [(&str, &str); 3] = [
    ("event_hash", "intelmq:"),
    ("rtir_id", "rtir:"),
    ("misp.event_uuid", "misp_event:"),
];

/// The key of an event that holds what has no key of its own.
const REST: &str = "IntelMQ";
/// Handle of the attachment that holds the IntelMQ text.
const ORIGINAL: &str = "intelmq";
