//! Properties of the generated population, over 20,000 messages.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::OnceLock;

use serde_json::Value;

use super::*;
use crate::idea::{Event, Mode, ReadOptions};

const COUNT: usize = 20_000;

fn options(change: impl FnOnce(&mut Options)) -> Generator {
    let mut options = Options::default();
    change(&mut options);
    Generator::new(options)
}

/// The first messages of the default series.
fn messages() -> &'static [String] {
    static MESSAGES: OnceLock<Vec<String>> = OnceLock::new();
    MESSAGES.get_or_init(|| Generator::new(Options::default()).iter().take(COUNT).collect())
}

fn events() -> impl Iterator<Item = Value> {
    messages().iter().map(|text| serde_json::from_str(text).unwrap())
}

const KEYS: [&str; 26] = [
    "Format",
    "ID",
    "AltNames",
    "CorrelID",
    "AggrID",
    "RelID",
    "CreateTime",
    "DetectTime",
    "EventTime",
    "CeaseTime",
    "WinStartTime",
    "WinEndTime",
    "ConnCount",
    "FlowCount",
    "PacketCount",
    "ByteCount",
    "Category",
    "Ref",
    "Confidence",
    "Description",
    "Note",
    "Source",
    "Target",
    "Attach",
    "Node",
    "TLP",
];

const CATEGORIES: [&str; 16] = [
    "Recon.Scanning",
    "Recon.Searching",
    "Attempt.Login",
    "Attempt.Exploit",
    "Intrusion.UserCompromise",
    "Intrusion.Botnet",
    "Availability.DDoS",
    "Vulnerable.Open",
    "Vulnerable.Config",
    "Anomaly.Traffic",
    "Anomaly.Connection",
    "Abusive.Spam",
    "Fraud.Phishing",
    "Fraud.Copyright",
    "Malware",
    "Test",
];

/// What the definition of IDEA asks of a message, as far as the generator uses it.
fn check(text: &str) -> Result<(), String> {
    let event: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let event = event.as_object().ok_or("no object")?;
    for key in ["Format", "ID", "DetectTime", "Category"] {
        if !event.contains_key(key) {
            return Err(format!("{key} is missing"));
        }
    }
    for (key, value) in event {
        let right = match key.as_str() {
            "Format" => value == "IDEA0",
            "ID" => is_name(value, "-") && value.as_str().is_some_and(|id| id.len() == 36),
            "CreateTime" | "DetectTime" | "EventTime" | "CeaseTime" | "WinStartTime" | "WinEndTime" => is_time(value),
            "ConnCount" | "FlowCount" | "PacketCount" | "ByteCount" => value.is_u64(),
            "Confidence" => value.as_f64().is_some_and(|share| (0.0..=1.0).contains(&share)),
            "Description" | "Note" | "TLP" => value.is_string(),
            "Category" => all(value, |tag| tag.as_str().is_some_and(|tag| CATEGORIES.contains(&tag))),
            "AltNames" => all(value, Value::is_string),
            "CorrelID" | "AggrID" | "RelID" => value
                .as_array()
                .is_some_and(|ids| ids.iter().all(|id| is_name(id, "-"))),
            "Ref" => all(value, is_uri),
            "Source" | "Target" => all(value, is_end),
            "Node" => all(value, is_node),
            "Attach" => all(value, is_attachment),
            "_Local" => value.is_object(),
            _ => false,
        };
        if !right {
            return Err(format!("{key} is {value}"));
        }
    }
    Ok(())
}

fn all(value: &Value, right: impl Fn(&Value) -> bool) -> bool {
    value
        .as_array()
        .is_some_and(|items| !items.is_empty() && items.iter().all(right))
}

fn is_name(value: &Value, besides: &str) -> bool {
    value
        .as_str()
        .is_some_and(|text| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || besides.contains(c)))
}

fn is_uri(value: &Value) -> bool {
    value
        .as_str()
        .and_then(|text| text.split_once(':'))
        .is_some_and(|(scheme, rest)| {
            scheme.chars().all(|c| c.is_ascii_alphanumeric())
                && rest
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "._~:/?#[]@*'&()+,;=%-".contains(c))
        })
}

fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        text.len() >= 20 && text.as_bytes()[4] == b'-' && text.replacen(' ', "T", 1).parse::<Timestamp>().is_ok()
    })
}

fn is_end(value: &Value) -> bool {
    value.as_object().is_some_and(|end| {
        end.iter().all(|(key, value)| match key.as_str() {
            "IP4" => all(value, |ip| is_net(ip, false)),
            "IP6" => all(value, |ip| is_net(ip, true)),
            "Port" => all(value, |port| {
                port.as_u64().is_some_and(|port| (1..=65_535).contains(&port))
            }),
            "Proto" | "Type" | "AttachHand" | "Router" => all(value, |text| is_name(text, "-")),
            "Hostname" => all(value, is_example),
            "Email" => all(value, |mail| {
                is_example(&mail.as_str().unwrap().replace('@', ".").into())
            }),
            "URL" => all(value, |url| {
                is_uri(url)
                    && url
                        .as_str()
                        .and_then(|url| url.split('/').nth(2))
                        .is_some_and(|host| is_example(&host.into()))
            }),
            "Netname" | "Ref" => all(value, is_uri),
            "Anonymised" | "Spoofed" | "Imprecise" => value.is_boolean(),
            "Note" => value.is_string(),
            "OutByteCount" | "InByteCount" => value.is_u64(),
            _ => false,
        })
    })
}

fn is_example(name: &Value) -> bool {
    name.as_str().is_some_and(|name| {
        [".example.com", ".example.net", ".example.org"]
            .iter()
            .any(|end| name.ends_with(end))
    })
}

/// An address, network or range, and set aside for documentation, benchmarks or private use.
fn is_net(value: &Value, v6: bool) -> bool {
    let text = value.as_str().unwrap_or_default();
    let (low, high) = match (text.split_once('/'), text.split_once('-')) {
        (Some((base, bits)), _) => (
            base,
            if bits.parse::<u8>().is_ok_and(|bits| bits >= 24) {
                base
            } else {
                ""
            },
        ),
        (_, Some((low, high))) => (low, high),
        _ => (text, text),
    };
    let fictitious = |address: &str| match address.parse() {
        Ok(IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            !v6 && matches!(
                (a, b, c),
                (192, 0, 2) | (198, 51, 100) | (203, 0, 113) | (198, 18 | 19, _) | (10, ..)
            )
        }
        Ok(IpAddr::V6(address)) => v6 && address.segments().starts_with(&[0x2001, 0xdb8]),
        Err(_) => false,
    };
    fictitious(low) && fictitious(high) && low.parse::<IpAddr>().unwrap() <= high.parse::<IpAddr>().unwrap()
}

fn is_node(value: &Value) -> bool {
    let segment = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    value["Name"].as_str().is_some_and(|name| name.split('.').all(segment))
        && all(&value["Type"], |tag| is_name(tag, "-"))
        && value.get("SW").is_none_or(|software| all(software, Value::is_string))
        && value
            .get("AggrWin")
            .is_none_or(|window| window.as_str().is_some_and(|text| text.ends_with(":00")))
}

fn is_attachment(value: &Value) -> bool {
    value.as_object().is_some_and(|attachment| {
        attachment.iter().all(|(key, value)| match key.as_str() {
            "Handle" => is_name(value, "_"),
            "Type" => all(value, |tag| is_name(tag, "-")),
            "ContentType" => is_name(value, "/+-"),
            "ContentCharset" => value == "utf-8",
            "ContentEncoding" => value == "base64",
            "Content" | "Note" => value.is_string(),
            "FileName" => all(value, Value::is_string),
            "Hash" => all(value, is_uri),
            "Size" => value.is_u64(),
            "Credentials" => all(value, Value::is_object),
            _ => false,
        })
    })
}

#[test]
fn all_are_valid_and_all_keys_occur() {
    for (index, text) in messages().iter().enumerate() {
        assert_eq!(check(text), Ok(()), "message {index}: {text}");
        assert!(!text.contains('\n'), "message {index} has several lines");
    }
    let seen: HashSet<String> = events()
        .flat_map(|event| event.as_object().unwrap().keys().cloned().collect::<Vec<_>>())
        .collect();
    let missing: Vec<_> = KEYS.iter().filter(|key| !seen.contains(**key)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let seen: HashSet<String> = events()
        .flat_map(|event| event["Category"].as_array().unwrap().clone())
        .map(|tag| tag.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(seen.len(), CATEGORIES.len(), "{seen:?}");
}

#[test]
fn a_message_depends_on_seed_and_number_only() {
    let generator = Generator::new(Options::default());
    for index in [19_999, 7, 0, 12_345] {
        assert_eq!(generator.message(index), messages()[usize::try_from(index).unwrap()]);
    }
    let shard: Vec<String> = generator.iter_from(500).take(10).collect();
    assert_eq!(shard, messages()[500..510]);
    assert_eq!(generator.iter().nth(77).unwrap(), messages()[77]);
    let other = options(|options| options.seed = 2);
    assert!((0..100).all(|index| other.id(index) != generator.id(index)));
}

/// Pins the bytes: a change of the series is a decision, and machines must not differ.
#[test]
fn the_series_is_the_same_everywhere() {
    let sum = messages()[..1000]
        .iter()
        .flat_map(|text| text.bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    assert_eq!(sum, 15_836_735_309_158_030_635);
}

#[test]
fn seeds_share_no_messages() {
    let mut ids = HashSet::new();
    for seed in 1..=5 {
        let generator = Generator::new(Options {
            seed,
            ..Options::default()
        });
        assert!((0..1000).all(|index| ids.insert(generator.id(index))), "seed {seed}");
    }
}

#[test]
fn ids_are_unique_uuids() {
    let generator = Generator::new(Options::default());
    let mut ids = HashSet::new();
    for (index, event) in events().enumerate() {
        let id = event["ID"].as_str().unwrap().to_owned();
        assert_eq!(id, generator.id(index as u64));
        let parts: Vec<&str> = id.split('-').collect();
        assert_eq!(
            parts.iter().map(|part| part.len()).collect::<Vec<_>>(),
            [8, 4, 4, 4, 12],
            "{id}"
        );
        assert!(id.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f' | '-')), "{id}");
        assert!(
            parts[2].starts_with('4') && parts[3].starts_with(['8', '9', 'a', 'b']),
            "{id}"
        );
        assert!(ids.insert(id));
    }
    let referred = events().flat_map(|event| event["CorrelID"].as_array().cloned().unwrap_or_default());
    assert!(
        referred
            .map(|id| id.as_str().unwrap().to_owned())
            .all(|id| ids.contains(&id))
    );
}

#[test]
fn sizes_are_those_of_real_traffic() {
    let mut sizes: Vec<usize> = messages().iter().map(String::len).collect();
    sizes.sort_unstable();
    let (mean, median) = (sizes.iter().sum::<usize>() / COUNT, sizes[COUNT / 2]);
    let (p99, max) = (sizes[COUNT / 100 * 99], sizes[COUNT - 1]);
    let figures = format!("mean {mean}, median {median}, p99 {p99}, max {max}");
    assert!((600..=800).contains(&median), "{figures}");
    assert!((950..=1250).contains(&mean), "{figures}");
    assert!((7_000..=10_500).contains(&p99), "{figures}");
    assert!((12_000..=16_384).contains(&max), "{figures}");
}

#[test]
fn times_rise_at_the_rate() {
    let generator = options(|options| options.rate = 2.0);
    let start = Options::default().start.as_microsecond();
    let mut last = start;
    for index in 0..2_000 {
        let event: Value = serde_json::from_str(&generator.message(index)).unwrap();
        let time = event["DetectTime"].as_str().unwrap().replacen(' ', "T", 1);
        let time = time.parse::<Timestamp>().unwrap().as_microsecond();
        let due = start + i64::try_from(index).unwrap() * 500_000;
        // Most are written in whole seconds.
        assert!(
            (due - 1_000_000..due + 500_000).contains(&time),
            "{index}: {time} {due}"
        );
        assert!(time >= last - 1_000_000);
        last = time;
    }
}

#[test]
fn odd_options_do_no_harm() {
    for (rate, second) in [
        (0.0, 0),
        (-1.0, 0),
        (f64::NAN, 0),
        (1e-300, 253_402_000_000),
        (f64::MAX, -62_135_596_700),
    ] {
        let generator = options(|options| {
            options.rate = rate;
            options.start = Timestamp::from_second(second).unwrap();
        });
        for index in [0, 1, 1000, u64::MAX] {
            assert_eq!(check(&generator.message(index)), Ok(()));
        }
    }
    let all = options(|options| options.duplicates = f64::INFINITY);
    assert_eq!(all.message(20_000), all.message(0));
    assert_eq!(Generator::new(Options::default()).iter_from(u64::MAX).count(), 0);
}

#[test]
fn a_few_cause_most() {
    let share = |key: fn(&Value) -> Option<&str>, top: usize| {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for event in events() {
            if let Some(value) = key(&event) {
                *counts.entry(value.to_owned()).or_default() += 1;
            }
        }
        let (total, kinds) = (counts.values().sum::<usize>(), counts.len());
        let mut counts: Vec<usize> = counts.into_values().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        (counts.iter().take(top).sum::<usize>() * 100 / total, kinds)
    };
    let (sources, distinct) = share(
        |event| {
            event["Source"][0]["IP4"][0]
                .as_str()
                .filter(|ip| !ip.starts_with("10."))
        },
        10,
    );
    assert!(
        (20..=35).contains(&sources) && distinct > 3_000,
        "{sources} % of {distinct}"
    );
    let (detectors, distinct) = share(|event| event["Node"].as_array()?.last()?["Name"].as_str(), 10);
    assert!(
        (45..=65).contains(&detectors) && distinct == 120,
        "{detectors} % of {distinct}"
    );
    let (targets, distinct) = share(
        |event| event["Target"][0]["IP4"][0].as_str().filter(|ip| ip.starts_with("10.")),
        10,
    );
    assert!(targets <= 10 && distinct > 5_000, "{targets} % of {distinct}");
}

#[test]
fn a_share_is_ipv6_and_some_are_ranges_and_tests() {
    let count = |has: fn(&str) -> bool| messages().iter().filter(|text| has(text)).count();
    assert!((800..3_000).contains(&count(|text| text.contains("\"IP6\":["))));
    assert!((150..400).contains(&count(|text| text.contains("\"Test\""))));
    assert!(count(|text| text.contains("/24\"")) > 5);
    assert!(count(|text| text.contains("/28\"")) > 20);
    assert!(count(|text| text.contains("\"Hostname\":")) > 500);
    assert!(count(|text| text.contains("\"URL\":")) > 100);
}

#[test]
fn the_share_of_duplicates_is_kept() {
    let generator = options(|options| options.duplicates = 0.1);
    let mut seen: HashMap<String, String> = HashMap::new();
    let mut repeated = 0;
    for index in 0..5_000 {
        let text = generator.message(index);
        match seen.insert(generator.id(index), text.clone()) {
            Some(earlier) => {
                repeated += 1;
                assert_eq!(earlier, text);
            }
            None => assert_eq!(check(&text), Ok(())),
        }
    }
    assert!((400..600).contains(&repeated), "{repeated}");
}

#[test]
fn the_share_of_invalid_messages_is_kept() {
    let generator = options(|options| options.invalid = 0.2);
    let reasons: Vec<String> = (0..5_000)
        .filter_map(|index| check(&generator.message(index)).err())
        .collect();
    assert!((900..1_100).contains(&reasons.len()), "{}", reasons.len());
    for sort in [
        "EOF",
        "no object",
        "DetectTime is",
        "DetectTime is missing",
        "Category is missing",
        "Category is [",
        "ID is",
        "Source is",
        "Format is",
    ] {
        assert!(reasons.iter().any(|reason| reason.contains(sort)), "none {sort}");
    }
    let all = options(|options| options.invalid = 1.0);
    assert!((0..2_000).all(|index| check(&all.message(index)).is_err()));
}

/// The first events of a profile, read as strictly as can be.
fn strict(profile: Profile, count: u64) -> Vec<Event> {
    let generator = options(|options| options.profile = profile);
    let read = |index| {
        let text = generator.message(index);
        assert!(!text.contains('\n'), "{profile} {index}");
        let event = Event::parse_with(text.as_bytes(), &ReadOptions::new(Mode::Strict));
        let event = event.unwrap_or_else(|error| panic!("{profile} {index}: {error}"));
        assert_eq!(event.id(), Some(generator.id(index).as_str()));
        event
    };
    (0..count).map(read).collect()
}

#[test]
fn every_profile_is_strictly_valid_and_a_series_of_its_own() {
    let mut ids = HashSet::new();
    for profile in Profile::ALL {
        assert_eq!(profile.name().parse(), Ok(profile));
        assert_eq!(profile.to_string(), profile.name());
        assert!(!profile.summary().is_empty());
        let [one, other] = [(); 2].map(|()| options(|options| options.profile = profile));
        assert_eq!(one.message(3), other.iter().nth(3).unwrap(), "{profile}");
        let count = if profile == Profile::Large { 30 } else { 500 };
        for event in strict(profile, count) {
            assert!(ids.insert(event.id().unwrap().to_owned()), "{profile}");
        }
    }
    assert_eq!("small".parse(), Ok(Profile::Tiny));
    let unknown = "Scan".parse::<Profile>().unwrap_err();
    assert_eq!(unknown.to_string(), "no profile is called 'Scan'");
}

/// The categories that a profile has, and its shortest, mean and longest event in bytes.
fn check_profile(profile: Profile, categories: &[&str], [low, mean, high]: [usize; 3]) {
    let events = strict(profile, 80);
    let seen: HashSet<&str> = events.iter().flat_map(Event::categories).collect();
    let mut seen: Vec<&str> = seen.into_iter().filter(|name| *name != "Test").collect();
    seen.sort_unstable();
    assert_eq!(seen, categories, "{profile}");
    let sizes: Vec<usize> = events.iter().map(|event| event.to_json().len()).collect();
    let (min, max) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
    let average = sizes.iter().sum::<usize>() / sizes.len();
    assert!(
        *min >= low && *max <= high && (mean / 2..=mean * 2).contains(&average),
        "{profile}: {min} {average} {max}"
    );
}

#[test]
fn profiles_are_what_their_names_say() {
    check_profile(Profile::Scan, &["Recon.Scanning"], [300, 1000, 16_000]);
    check_profile(
        Profile::Honeypot,
        &["Attempt.Login", "Intrusion.UserCompromise", "Malware"],
        [300, 2000, 16_000],
    );
    check_profile(Profile::Ddos, &["Availability.DDoS"], [300, 1000, 16_000]);
    check_profile(
        Profile::Vuln,
        &["Vulnerable.Config", "Vulnerable.Open"],
        [300, 700, 2000],
    );
    check_profile(Profile::Mail, &["Abusive.Spam", "Fraud.Phishing"], [300, 900, 2000]);
    check_profile(
        Profile::Large,
        &["Anomaly.Traffic", "Attempt.Exploit", "Availability.DDoS", "Malware"],
        [500, 100_000, 700_000],
    );
    check_profile(Profile::Tiny, &[], [150, 300, 600]);
    check_profile(Profile::Hostile, &["Other"], [150, 30_000, 500_000]);
}

#[test]
fn a_burst_has_few_sources_and_the_hostile_are_odd() {
    let burst = strict(Profile::Burst, 500);
    let sources: HashSet<_> = burst.iter().flat_map(Event::source_addresses).collect();
    assert!((3..=9).contains(&sources.len()), "{sources:?}");
    let generator = options(|options| options.profile = Profile::Hostile);
    let hostile: Vec<String> = generator.iter().take(500).collect();
    for oddity in [
        "\\u0000",
        "\u{202e}",
        "2001:db8::/32",
        "0001-01-02",
        "18446744073709551616",
        "\"Source\":[]",
        "{}",
        &"[".repeat(4),
        "__proto__",
    ] {
        assert!(hostile.iter().any(|text| text.contains(oddity)), "{oddity}");
    }
}
