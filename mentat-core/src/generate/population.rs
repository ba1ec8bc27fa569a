//! Who takes part: sources, targets, organisations, detectors, and how often each.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::json::Json;
use super::random::{Random, mix};

const TARGETS: u64 = 200_000;
const DETECTORS: u32 = 120;

/// The share of events whose addresses are IPv6.
const IPV6: f64 = 0.06;

/// The organisations of the constituency; each has a /16 of 10.0.0.0/8 and a /48 of 2001:db8::/32.
const ORGANISATIONS: u64 = 100;

/// Port, transport protocol, name.
pub(super) type Service = (u16, &'static str, &'static str);

/// The first ones are attacked most.
const SERVICES: [Service; 20] = [
    (23, "tcp", "telnet"),
    (22, "tcp", "ssh"),
    (445, "tcp", "microsoft-ds"),
    (3389, "tcp", "rdp"),
    (80, "tcp", "http"),
    (443, "tcp", "https"),
    (8080, "tcp", "http-alt"),
    (5060, "udp", "sip"),
    (1433, "tcp", "ms-sql-s"),
    (3306, "tcp", "mysql"),
    (6379, "tcp", "redis"),
    (5900, "tcp", "vnc"),
    (2323, "tcp", "telnet"),
    (37_215, "tcp", "upnp"),
    (5555, "tcp", "adb"),
    (25, "tcp", "smtp"),
    (161, "udp", "snmp"),
    (53, "udp", "dns"),
    (123, "udp", "ntp"),
    (11_211, "udp", "memcache"),
];

/// A family of detectors: last part of the name, software, tags.
struct Detector {
    leaf: &'static str,
    software: &'static [&'static str],
    tags: &'static [&'static str],
}

const DETECTOR_KINDS: [Detector; 10] = [
    Detector {
        leaf: "flowstats",
        software: &["Nemea", "hoststats"],
        tags: &["Flow", "Statistical"],
    },
    Detector {
        leaf: "portscan",
        software: &["Nemea", "vportscan"],
        tags: &["Flow", "Statistical"],
    },
    Detector {
        leaf: "tarpit",
        software: &["LaBrea"],
        tags: &["Connection", "Tarpit"],
    },
    Detector {
        leaf: "ssh_honeypot",
        software: &["Cowrie"],
        tags: &["Connection", "Auth", "Honeypot"],
    },
    Detector {
        leaf: "honeypot",
        software: &["Dionaea"],
        tags: &["Connection", "Protocol", "Honeypot"],
    },
    Detector {
        leaf: "logwatch",
        software: &["Fail2Ban"],
        tags: &["Log", "Statistical"],
    },
    Detector {
        leaf: "ids",
        software: &["Suricata"],
        tags: &["Content", "Signature"],
    },
    Detector {
        leaf: "mailgw",
        software: &["Postfix", "amavisd-new"],
        tags: &["Log", "Content"],
    },
    Detector {
        leaf: "blacklist",
        software: &["blacklistfilter"],
        tags: &["Flow", "Blacklist"],
    },
    Detector {
        leaf: "feeds",
        software: &["IntelMQ"],
        tags: &["External", "Relay"],
    },
];

/// Most events have no note; those that do show that text is not ASCII.
const NOTES: [&str; 6] = [
    "Automated report.",
    "Counts are extrapolated from sampled data.",
    "Zdroj byl již opakovaně hlášen správci sítě.",
    "Повторное событие.",
    "同じ送信元からの再発です。",
    "See the attachment for \"raw\" data.\nLines are in local time.",
];

/// The people and machines that events are about.
///
/// Sources and detectors follow Zipf's law (the k-th is 1/k as frequent as the first), targets fall off more gently.
#[derive(Clone, Debug)]
pub(super) struct Population {
    sources: Zipf,
    detectors: Zipf,
}

impl Population {
    pub(super) fn new(sources: u32) -> Self {
        Self {
            sources: Zipf::new(sources),
            detectors: Zipf::new(DETECTORS),
        }
    }

    /// One attacker.
    pub(super) fn source(&self, random: &mut Random, json: &mut Json) {
        let rank = self.sources.pick(random);
        if random.chance(IPV6) {
            json.key("IP6").texts([source_v6(rank).to_string()]);
        } else if random.chance(0.004) {
            // Now and then only the network is known.
            let network = u32::from(source_v4(rank)) & !0xf;
            json.key("IP4").texts([format!("{}/28", Ipv4Addr::from(network))]);
        } else {
            json.key("IP4").texts([source_v4(rank).to_string()]);
        }
    }

    /// Many attackers, without repetition.
    pub(super) fn sources(&self, random: &mut Random, json: &mut Json, count: u64) {
        let mut found: Vec<Ipv4Addr> = (0..count).map(|_| source_v4(self.sources.pick(random))).collect();
        found.sort_unstable();
        found.dedup();
        json.key("IP4").texts(found.iter().map(Ipv4Addr::to_string));
    }

    /// Machines of the constituency; many neighbours are written as networks and ranges.
    pub(super) fn targets(&self, random: &mut Random, json: &mut Json, count: u64) {
        if random.chance(IPV6) {
            let mut found: Vec<Ipv6Addr> = (0..count.min(60)).map(|_| target_v6(random.skewed(TARGETS))).collect();
            found.sort_unstable();
            found.dedup();
            json.key("IP6").texts(found.iter().map(Ipv6Addr::to_string));
        } else if count > 200 {
            json.key("IP4").texts(sweep(random, count));
        } else {
            let mut found: Vec<Ipv4Addr> = (0..count).map(|_| target_v4(random.skewed(TARGETS))).collect();
            found.sort_unstable();
            found.dedup();
            json.key("IP4").texts(found.iter().map(Ipv4Addr::to_string));
        }
    }

    pub(super) fn service(&self, random: &mut Random) -> Service {
        random.pick_early(&SERVICES).copied().unwrap_or((22, "tcp", "ssh"))
    }

    /// `Node`: the detector, often behind a relay, last visited first.
    pub(super) fn nodes(&self, random: &mut Random, json: &mut Json) {
        let rank = self.detectors.pick(random);
        json.key("Node").list(|json| {
            if random.chance(0.04) {
                json.object(|json| {
                    json.key("Name").text("org.example.csirt.correlator");
                    json.key("Type").texts(["Correlation"]);
                    json.key("SW").texts(["correlator-1.2"]);
                });
            }
            if random.chance(0.35) {
                json.object(|json| {
                    json.key("Name").text("org.example.csirt.warden_filer");
                    json.key("Type").texts(["Relay"]);
                });
            }
            json.object(|json| detector(random, json, rank));
        });
    }

    /// Keys any event may have: a note, a sharing restriction, something nobody declared.
    pub(super) fn remarks(&self, random: &mut Random, json: &mut Json) {
        if random.chance(0.35)
            && let Some(note) = random.pick_early(&NOTES)
        {
            json.key("Note").text(note);
        }
        if random.chance(0.03) {
            json.key("TLP")
                .text(random.word(&["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"]));
        }
        if random.chance(0.04) {
            json.key("_Local").object(|json| {
                json.key("queue").text("csirt");
                json.key("score").hundredths(random.below(1000));
                json.key("seen").numbers([random.below(9), random.below(99)]);
                json.key("reviewed").boolean(random.chance(0.5));
            });
        }
    }
}

#[expect(clippy::indexing_slicing, reason = "the remainder is below the length")]
fn detector(random: &mut Random, json: &mut Json, rank: u32) {
    let kind = &DETECTOR_KINDS[rank as usize % DETECTOR_KINDS.len()];
    let site = rank as usize / DETECTOR_KINDS.len();
    json.key("Name")
        .text(&format!("org.example.site{site:02}.{}", kind.leaf));
    json.key("Type").texts(kind.tags);
    json.key("SW").texts(kind.software);
    if kind.tags.contains(&"Statistical") || random.chance(0.3) {
        json.key("AggrWin")
            .text(random.word(&["00:05:00", "00:05:00", "00:10:00", "01:00:00", "1D00:00:00"]));
    }
}

/// Addresses of a sweep over whole networks, `count` in all.
fn sweep(random: &mut Random, count: u64) -> Vec<String> {
    let (mut out, mut left) = (Vec::new(), count);
    while left > 0 {
        let network = u32::from(target_v4(random.skewed(TARGETS))) & !0xff;
        let mut text = Ipv4Addr::from(network).to_string();
        if left >= 256 && random.chance(0.5) {
            text.push_str("/24");
            left -= 256;
        } else {
            let size = random.between(2, 120).min(left);
            let low = network + u32::try_from(random.below(256 - size)).unwrap_or(0);
            let high = low + u32::try_from(size - 1).unwrap_or(0);
            text = Ipv4Addr::from(low).to_string();
            let _ = write!(text, "-{}", Ipv4Addr::from(high));
            left -= size;
        }
        out.push(text);
    }
    out
}

/// The first 720 are in the three networks for documentation, the rest in 198.18.0.0/15, all distinct.
fn source_v4(rank: u32) -> Ipv4Addr {
    let host = rank / 3;
    if host < 240 {
        let network = match rank % 3 {
            0 => Ipv4Addr::new(203, 0, 113, 0),
            1 => Ipv4Addr::new(198, 51, 100, 0),
            _ => Ipv4Addr::new(192, 0, 2, 0),
        };
        return Ipv4Addr::from(u32::from(network) + 1 + host);
    }
    // An odd factor permutes the numbers below a power of two.
    Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 0)) + (rank.wrapping_mul(40_503) & 0x1_ffff))
}

/// Attackers share the documentation prefix with the constituency, in the upper half.
fn source_v6(rank: u32) -> Ipv6Addr {
    let hash = mix(u64::from(rank) + 0x5000_0000);
    Ipv6Addr::new(
        0x2001,
        0xdb8,
        0x8000 | word(hash),
        word(hash >> 16) & 0xff,
        0,
        0,
        0,
        word(hash >> 32) | 1,
    )
}

/// Some organisations are larger than others.
fn organisation(hash: u64) -> u64 {
    let (a, b) = (hash % ORGANISATIONS, (hash >> 20) % ORGANISATIONS);
    a * b / ORGANISATIONS
}

fn target_v4(rank: u64) -> Ipv4Addr {
    let hash = mix(rank + 0x6000_0000);
    let host = 1 + (hash >> 40) % 65_534;
    let number = 10 << 24 | organisation(hash) << 16 | host;
    Ipv4Addr::from(u32::try_from(number).unwrap_or(10 << 24))
}

fn target_v6(rank: u64) -> Ipv6Addr {
    let hash = mix(rank + 0x7000_0000);
    let last = word(hash >> 40) | 1;
    Ipv6Addr::new(
        0x2001,
        0xdb8,
        word(organisation(hash)),
        word(hash >> 30) & 0xff,
        0,
        0,
        0,
        last,
    )
}

fn word(hash: u64) -> u16 {
    hash as u16
}

/// Ranks from 0, the k-th 1/k as likely as the first: exponent 1, the classic. (Another exponent would need powers,
/// which machines round differently.)
#[derive(Clone, Debug)]
struct Zipf {
    /// Sums of the weights up to each rank.
    sums: Vec<f64>,
}

impl Zipf {
    fn new(ranks: u32) -> Self {
        let mut sum = 0.0;
        let sums = (1..=ranks)
            .map(|k| {
                sum += 1.0 / f64::from(k);
                sum
            })
            .collect();
        Self { sums }
    }

    fn pick(&self, random: &mut Random) -> u32 {
        let at = random.share() * self.sums.last().copied().unwrap_or(0.0);
        let rank = self
            .sums
            .partition_point(|sum| *sum <= at)
            .min(self.sums.len().saturating_sub(1));
        u32::try_from(rank).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn sources_are_distinct() {
        let all: HashSet<Ipv4Addr> = (0..50_000).map(source_v4).collect();
        assert_eq!(all.len(), 50_000);
    }
}
