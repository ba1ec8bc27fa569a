//! ArcSight Common Event Format: one line for each source and target, for forwarding to a SIEM.
//!
//! The header is `CEF:0|vendor|product|version|class|name|severity|`; vendor, product and version are the [`Device`]'s.
//!
//! | CEF | Event |
//! |---|---|
//! | class (signature ID) | `_Mentat.EventClass`, otherwise the first category, otherwise `unknown` |
//! | name | the categories |
//! | severity | `_Mentat.EventSeverity`: low 3, medium 6, high 8, critical 10, otherwise `Unknown` |
//! | `externalId` | ID |
//! | `rt`, `start`, `end` | DetectTime, EventTime, CeaseTime; milliseconds since 1970 |
//! | `cat` | the categories, joined by commas |
//! | `msg` | Description |
//! | `src`, `dst` | address, if it is a single IPv4 address |
//! | `c6a2`, `c6a3` with label | address, if it is a single IPv6 address |
//! | `cs3`, `cs4` with label | address, if it is a network or a range |
//! | `spt`, `dpt` | Port |
//! | `shost`, `dhost` | Hostname |
//! | `request` | URL of the target, otherwise of the source |
//! | `proto`, `app` | the transport and the first other protocol of Proto |
//! | `cnt` | ConnCount, otherwise FlowCount |
//! | `deviceExternalId` | name of the detector |
//!
//! That is 19 keys at most. Texts are cut at the lengths that the format allows (1023 characters, names 512), the ID
//! is not: a cut ID is a wrong one. In the header `\` and `|` are escaped and line breaks become blanks, in values `\`,
//! `=` and line breaks are escaped; other control characters become blanks, so that a line is always one line.

use super::Exported;
use super::view::{self, Object, Place};
use crate::idea::Event;
use mentat_filter::{Family, parse_timestamp};

/// Who sends the lines.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// Vendor in the header.
    pub vendor: String,
    /// Product in the header.
    pub product: String,
    /// Version in the header.
    pub version: String,
    /// More lines than this are not made of one event.
    pub max_lines: usize,
}

impl Default for Device {
    fn default() -> Self {
        Self {
            vendor: "Mentat".to_owned(),
            product: "mentat-core".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            max_lines: 1000,
        }
    }
}

const TEXT: usize = 1023;
const NAME: usize = 512;
const SHORT: usize = 31;

/// Makes the lines of an event, without line ends.
///
/// ```
/// use mentat_core::{Event, bridge::cef};
///
/// let event: Event = r#"{"ID": "e1", "Category": ["Attempt.Login"], "Source": [{"IP4": ["192.0.2.1"]}],
///     "Target": [{"Port": [22], "Proto": ["tcp", "ssh"]}], "Description": "a=b|c"}"#.parse()?;
/// let lines = cef::from_idea(&event, &cef::Device::default()).texts;
/// assert!(lines[0].starts_with("CEF:0|Mentat|mentat-core|"));
/// assert!(lines[0].ends_with(
///     r"|Attempt.Login|Attempt.Login|Unknown|externalId=e1 cat=Attempt.Login msg=a\=b|c src=192.0.2.1 dpt=22 proto=tcp app=ssh"
/// ));
/// # Ok::<(), mentat_core::idea::Invalid>(())
/// ```
#[must_use]
pub fn from_idea(event: &Event, device: &Device) -> Exported {
    let root = view::root(event);
    let (pairs, total) = view::pairs(&root, device.max_lines);
    let header = header(&root, device);
    let texts = pairs
        .iter()
        .map(|(source, target)| line(&header, &root, source, target));
    Exported::gather_all(texts, total)
}

fn header(root: &Object, device: &Device) -> String {
    let categories = view::texts(root, "Category");
    let class = view::mentat_text(root, "EventClass").or(categories.first().copied());
    let name = match categories.as_slice() {
        [] => "unknown".to_owned(),
        some => some.join(", "),
    };
    let severity = match view::mentat_text(root, "EventSeverity")
        .map(str::to_lowercase)
        .as_deref()
    {
        Some("low") => "3",
        Some("medium") => "6",
        Some("high") => "8",
        Some("critical") => "10",
        _ => "Unknown",
    };
    let mut out = "CEF:0|".to_owned();
    for field in [
        device.vendor.as_str(),
        &device.product,
        &device.version,
        view::shortened(class.unwrap_or("unknown"), TEXT),
        view::shortened(&name, NAME),
        severity,
    ] {
        for char in field.chars() {
            match char {
                '\\' | '|' => out.extend(['\\', char]),
                char if breaks(char) => out.push(' '),
                char => out.push(char),
            }
        }
        out.push('|');
    }
    out
}

/// Whether some reader of lines may take the character for an end or a command.
fn breaks(char: char) -> bool {
    char.is_control() || matches!(char, '\u{2028}' | '\u{2029}')
}

/// The keys and values behind the header.
struct Extension(String);

impl Extension {
    fn text(&mut self, key: &str, value: Option<&str>, limit: usize) {
        let Some(value) = value else { return };
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(key);
        self.0.push('=');
        for char in view::shortened(value, limit).chars() {
            match char {
                '\\' | '=' => self.0.extend(['\\', char]),
                '\n' => self.0.push_str("\\n"),
                '\r' => self.0.push_str("\\r"),
                char if breaks(char) => self.0.push(' '),
                char => self.0.push(char),
            }
        }
    }

    fn number(&mut self, key: &str, value: Option<i64>) {
        if let Some(value) = value {
            self.text(key, Some(&value.to_string()), TEXT);
        }
    }

    fn time(&mut self, key: &str, root: &Object, from: &str) {
        let time = view::text(root, from).and_then(|text| parse_timestamp(text).ok());
        self.number(key, time.map(|time| time.as_millisecond()));
    }

    fn address(&mut self, place: &Place<'_>, [four, six, other]: [&str; 3], side: &str) {
        let Some(span) = place.span else { return };
        let (key, label) = match (span.is_single(), span.family()) {
            (true, Family::V4) => return self.text(four, Some(&span.first().to_string()), TEXT),
            (true, Family::V6) => (six, "IPv6 Address"),
            (false, _) => (other, "Network"),
        };
        let value = if span.is_single() {
            span.first().to_string()
        } else {
            span.to_string()
        };
        self.text(key, Some(&value), TEXT);
        self.text(&format!("{key}Label"), Some(&format!("{side} {label}")), TEXT);
    }
}

fn line(header: &str, root: &Object, source: &Place<'_>, target: &Place<'_>) -> String {
    let mut out = Extension(String::new());
    let (transport, application) = view::protocols(source.party, target.party);
    let categories = view::texts(root, "Category").join(",");
    let count = ["ConnCount", "FlowCount"]
        .into_iter()
        .find_map(|key| root.get(key)?.as_i64());
    out.text("externalId", view::text(root, "ID"), usize::MAX);
    out.time("rt", root, "DetectTime");
    out.time("start", root, "EventTime");
    out.time("end", root, "CeaseTime");
    out.text("cat", Some(categories.as_str()).filter(|text| !text.is_empty()), TEXT);
    out.text("msg", view::text(root, "Description"), TEXT);
    out.address(source, ["src", "c6a2", "cs3"], "Source");
    out.number("spt", source.port.map(i64::from));
    out.text("shost", source.host, TEXT);
    out.address(target, ["dst", "c6a3", "cs4"], "Destination");
    out.number("dpt", target.port.map(i64::from));
    out.text("dhost", target.host, TEXT);
    out.text("request", target.url.or(source.url), TEXT);
    out.text("proto", transport, SHORT);
    out.text("app", application.as_deref(), SHORT);
    out.number("cnt", count);
    out.text("deviceExternalId", view::detector(root), 255);
    format!("{header}{}", out.0)
}
