//! Which abuse group answers for an address.

use super::{Changed, Enricher};
use crate::Error;
use crate::component::Fut;
use crate::idea::Event;
use mentat_filter::{IpSpan, SpanTable};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

/// A table of networks and the abuse groups that answer for them.
///
/// As an [`Enricher`] it writes the groups of all networks that contain an address of a source into
/// `_Mentat.ResolvedAbuses`, those of targets into `_Mentat.TargetAbuses`, sorted and without repetition. An event
/// whose addresses are in no network stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Networks {
    table: SpanTable<Arc<str>>,
}

/// The table could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0)]
pub struct LoadError(String);

/// One record of the file.
#[derive(serde::Deserialize)]
struct Record {
    network: Option<String>,
    ip4_start: Option<String>,
    ip4_end: Option<String>,
    ip6_addr: Option<String>,
    ip6_prefix: Option<u8>,
    abuse_group: Option<String>,
    resolved_abuses: Option<BTreeMap<String, Vec<String>>>,
}

impl Record {
    fn span(&self) -> Result<IpSpan, String> {
        let address = |text: &str| text.parse::<IpAddr>().map_err(|_| format!("'{text}' is no address"));
        match self {
            Self {
                network: Some(text), ..
            } => IpSpan::parse(text).map_err(|error| format!("'{text}': {error}")),
            Self {
                ip4_start: Some(low),
                ip4_end: Some(high),
                ..
            } => IpSpan::range(address(low)?, address(high)?).map_err(|error| error.to_string()),
            Self {
                ip6_addr: Some(text),
                ip6_prefix: Some(prefix),
                ..
            } => IpSpan::net(address(text)?, *prefix).map_err(|error| error.to_string()),
            _ => Err("no 'network', no 'ip4_start' with 'ip4_end', no 'ip6_addr' with 'ip6_prefix'".to_owned()),
        }
    }

    /// The name of a group without one is made of its addresses: lower-case, unique, sorted, joined by `_`.
    fn group(&self) -> Result<String, String> {
        if let Some(name) = &self.abuse_group {
            return Ok(name.clone());
        }
        let mails: BTreeSet<String> = self
            .resolved_abuses
            .iter()
            .flat_map(BTreeMap::values)
            .flatten()
            .map(|mail| mail.to_lowercase())
            .collect();
        if mails.is_empty() {
            return Err("neither 'abuse_group' nor an address in 'resolved_abuses'".to_owned());
        }
        Ok(mails.into_iter().collect::<Vec<_>>().join("_"))
    }
}

impl Networks {
    /// Reads a JSON list of network records; lines that begin with `#` are comments.
    ///
    /// # Errors
    /// [`LoadError`] names the record (counted from 1) and what is wrong with it.
    pub fn from_json(text: &str) -> Result<Self, LoadError> {
        // Comment lines become empty ones, so that positions in messages stay right.
        let text: String = text
            .lines()
            .map(|line| if line.trim_start().starts_with('#') { "" } else { line })
            .collect::<Vec<_>>()
            .join("\n");
        let records: Vec<Record> =
            serde_json::from_str(&text).map_err(|error| LoadError(format!("not a list of networks: {error}")))?;
        let mut pairs = Vec::with_capacity(records.len());
        for (at, record) in records.iter().enumerate() {
            let pair = record.span().and_then(|span| Ok((span, record.group()?)));
            pairs.push(pair.map_err(|text| LoadError(format!("network record {}: {text}", at + 1)))?);
        }
        Ok(Self::new(pairs))
    }

    /// A table of the given networks and groups.
    #[must_use]
    pub fn new(pairs: impl IntoIterator<Item = (IpSpan, String)>) -> Self {
        // A group usually answers for many networks: its name is kept once.
        let mut groups: BTreeMap<String, Arc<str>> = BTreeMap::new();
        let table = pairs
            .into_iter()
            .map(|(span, group)| {
                let group = groups.entry(group).or_insert_with_key(|name| name.as_str().into());
                (span, Arc::clone(group))
            })
            .collect();
        Self { table }
    }

    /// How many networks there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// The groups of all networks that contain the whole span, the smallest network's first.
    pub fn groups_of(&self, span: IpSpan) -> impl Iterator<Item = &str> {
        self.table.all(&span).map(|(_, group)| &**group)
    }

    fn groups(&self, spans: impl Iterator<Item = IpSpan>) -> BTreeSet<&str> {
        spans.flat_map(|span| self.groups_of(span)).collect()
    }

    fn add_to(&self, event: &mut Event) -> Changed {
        let sources = self.groups(event.source_addresses());
        let targets = self.groups(event.target_addresses());
        let mut changed = false;
        if !sources.is_empty() {
            changed |= event.set_source_groups(sources);
        }
        if !targets.is_empty() {
            changed |= event.set_target_groups(targets);
        }
        if changed { Changed::Yes } else { Changed::No }
    }
}

impl Enricher for Networks {
    fn name(&self) -> &'static str {
        "networks"
    }

    fn enrich<'a>(&'a self, events: &'a mut [&'a mut Event], _: Instant) -> Fut<'a, Vec<Result<Changed, Error>>> {
        let results = events.iter_mut().map(|event| Ok(self.add_to(event))).collect();
        Box::pin(std::future::ready(results))
    }
}

impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} networks", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(nets: &[&str]) -> Networks {
        Networks::new(nets.iter().map(|net| (net.parse().unwrap(), (*net).to_owned())))
    }

    fn check(nets: &[&str], span: &str, expected: &[&str]) {
        let table = table(nets);
        let found: Vec<&str> = table.groups_of(span.parse().unwrap()).collect();
        assert_eq!(found, expected, "{span} in {nets:?}");
    }

    #[test]
    fn all_containing_networks_are_found() {
        let nets = [
            "10.0.0.0/8",
            "10.1.0.0/16",
            "10.1.2.0/24",
            "10.1.3.0/24",
            "192.0.2.0/24",
            "2001:db8::/32",
        ];
        check(&nets, "10.1.2.3", &["10.1.2.0/24", "10.1.0.0/16", "10.0.0.0/8"]);
        check(&nets, "10.1.4.1", &["10.1.0.0/16", "10.0.0.0/8"]);
        check(&nets, "10.1.2.0/23", &["10.1.0.0/16", "10.0.0.0/8"]);
        check(&nets, "11.0.0.0", &[]);
        check(&nets, "0.0.0.1", &[]);
        check(&nets, "2001:db8::1", &["2001:db8::/32"]);
        check(&nets, "2001:db9::1", &[]);
    }

    #[test]
    fn ranges_that_overlap_in_part_are_found() {
        let nets = [
            "10.0.0.0-10.0.0.20",
            "10.0.0.5-10.0.0.30",
            "10.0.0.6-10.0.0.8",
            "10.0.0.7-10.0.0.25",
        ];
        check(
            &nets,
            "10.0.0.10",
            &["10.0.0.7-10.0.0.25", "10.0.0.0-10.0.0.20", "10.0.0.5-10.0.0.30"],
        );
        check(&nets, "10.0.0.22", &["10.0.0.7-10.0.0.25", "10.0.0.5-10.0.0.30"]);
        check(&nets, "10.0.0.7-10.0.0.8", &[nets[2], nets[3], nets[0], nets[1]]);
    }

    #[test]
    fn records_name_groups_in_several_ways() {
        let text = r##"# our networks
            [{"network": "192.0.2.0/24", "abuse_group": "a"},
             {"ip4_start": "198.51.100.0", "ip4_end": "198.51.100.9", "resolved_abuses": {"low": ["B@x", "a@x"], "high": ["a@x"]}},
             {"ip6_addr": "2001:db8::", "ip6_prefix": 32, "abuse_group": "c", "rank": 3}]"##;
        let table = Networks::from_json(text).unwrap();
        let group = |address: &str| table.groups_of(address.parse().unwrap()).collect::<Vec<_>>();
        assert_eq!(group("192.0.2.1"), ["a"]);
        assert_eq!(group("198.51.100.3"), ["a@x_b@x"]);
        assert_eq!(group("2001:db8::7"), ["c"]);
        let error = Networks::from_json(r#"[{"network": "192.0.2.0/24", "abuse_group": "a"}, {"network": "x"}]"#);
        assert!(error.unwrap_err().to_string().starts_with("network record 2: 'x'"));
    }
}
