//! Mixes of events.

use super::kinds::Kind;
use std::fmt;
use std::str::FromStr;

/// Which kinds of events occur, and how often.
///
/// Every profile is a series of its own: with the same seed, no two of them share an event ID. All make events that
/// are valid by [`Mode::Strict`](crate::idea::Mode::Strict).
///
/// ```
/// use mentat_core::generate::{Generator, Options, Profile};
///
/// let mut options = Options::default();
/// options.profile = "mail".parse()?;
/// assert_eq!(options.profile, Profile::Mail);
/// assert!(Generator::new(options).message(0).contains("@example.com"));
/// # Ok::<(), mentat_core::generate::UnknownProfile>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// `default`: what a CSIRT with many detectors receives; mean 1.1 kB, never above 16 kB.
    #[default]
    Default,
    /// `scan`: horizontal and vertical port scans.
    Scan,
    /// `honeypot`: logins tried and succeeded at, with credentials and commands, and malware.
    Honeypot,
    /// `ddos`: floods from up to 500 sources, and amplification.
    Ddos,
    /// `vuln`: open and badly configured services.
    Vuln,
    /// `mail`: spam and phishing.
    Mail,
    /// `large`: events of up to 700 kB, mean 100 kB: thousands of sources and targets, long attachments.
    Large,
    /// `tiny`, also `small`: no more than what an event must have, a source and a node; below 600 bytes.
    Tiny,
    /// `uniform`: every kind of `default` as often as the others.
    Uniform,
    /// `burst`: very many events from three sources, such as an attack under way causes.
    Burst,
    /// `hostile`: valid, but nothing that a careful producer would send: texts in all scripts with control characters,
    /// undeclared keys of odd names, deep nesting, numbers and times at the limits, long and empty lists; mean 30 kB.
    Hostile,
}

/// The mix of `default`, of 1,000 events.
const DEFAULT: &[(Kind, u64)] = &[
    (Kind::Scan, 281),
    (Kind::PortScan, 75),
    (Kind::Login, 185),
    (Kind::Honeypot, 120),
    (Kind::Vulnerable, 90),
    (Kind::Botnet, 60),
    (Kind::Exploit, 45),
    (Kind::Flood, 30),
    (Kind::Amplification, 20),
    (Kind::Traffic, 16),
    (Kind::Spam, 16),
    (Kind::Phishing, 8),
    (Kind::Malware, 24),
    (Kind::Tunnel, 4),
    (Kind::Web, 7),
    (Kind::Correlated, 6),
    (Kind::Aggregated, 5),
    (Kind::Copyright, 3),
    (Kind::Tiny, 5),
];

impl Profile {
    /// All profiles.
    pub const ALL: [Self; 11] = [
        Self::Default,
        Self::Scan,
        Self::Honeypot,
        Self::Ddos,
        Self::Vuln,
        Self::Mail,
        Self::Large,
        Self::Tiny,
        Self::Uniform,
        Self::Burst,
        Self::Hostile,
    ];

    /// Its name, and what it is in a few words.
    const fn described(self) -> (&'static str, &'static str) {
        match self {
            Self::Default => ("default", "What a CSIRT with many detectors receives"),
            Self::Scan => ("scan", "Port scans"),
            Self::Honeypot => ("honeypot", "Logins with credentials, malware"),
            Self::Ddos => ("ddos", "Floods from many sources, amplification"),
            Self::Vuln => ("vuln", "Open and badly configured services"),
            Self::Mail => ("mail", "Spam and phishing"),
            Self::Large => ("large", "Thousands of addresses, long attachments; up to 700 kB"),
            Self::Tiny => ("tiny", "Little more than what an event must have"),
            Self::Uniform => ("uniform", "Every kind as often as the others"),
            Self::Burst => ("burst", "An attack under way: many events from three sources"),
            Self::Hostile => ("hostile", "Valid but odd: deep, long, extreme, all scripts"),
        }
    }

    /// Its name, which parses to it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.described().0
    }

    /// What it is, in a few words.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        self.described().1
    }

    /// Its kinds and their weights.
    pub(super) fn kinds(self) -> &'static [(Kind, u64)] {
        match self {
            Self::Default | Self::Uniform => DEFAULT,
            Self::Scan => &[(Kind::Scan, 6), (Kind::PortScan, 4)],
            Self::Honeypot => &[(Kind::Honeypot, 7), (Kind::Login, 2), (Kind::Malware, 1)],
            Self::Ddos => &[(Kind::Flood, 1), (Kind::Amplification, 1)],
            Self::Vuln => &[(Kind::Vulnerable, 1)],
            Self::Mail => &[(Kind::Spam, 6), (Kind::Phishing, 4)],
            Self::Large => &[
                (Kind::Crowd, 3),
                (Kind::Archive, 2),
                (Kind::Malware, 2),
                (Kind::Traffic, 2),
                (Kind::Exploit, 1),
            ],
            Self::Tiny => &[(Kind::Tiny, 1)],
            Self::Burst => &[(Kind::Scan, 4), (Kind::Login, 4), (Kind::PortScan, 1), (Kind::Web, 1)],
            Self::Hostile => &[(Kind::Odd, 1)],
        }
    }

    /// How often a kind occurs, relative to the others.
    pub(super) fn weight(self, weight: u64) -> u64 {
        if self == Self::Uniform { 1 } else { weight }
    }

    /// How many sources there are.
    pub(super) fn sources(self) -> u32 {
        if self == Self::Burst { 3 } else { 50_000 }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// No profile has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no profile is called '{0}'")]
pub struct UnknownProfile(String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        let name = if name == "small" { "tiny" } else { name };
        let found = Self::ALL.into_iter().find(|profile| profile.name() == name);
        found.ok_or_else(|| UnknownProfile(name.to_owned()))
    }
}
