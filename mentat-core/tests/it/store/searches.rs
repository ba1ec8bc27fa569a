//! Finding: every answer is that of a search by hand over the same events.

use super::{Db, event, messages};
use jiff::Timestamp;
use mentat_core::Event;
use mentat_core::cluster::scratch::TestCluster;
use mentat_core::filter::IpSpan;
use mentat_core::generate::{Generator, Options};
use mentat_core::store::{Found, Search, Top};
use std::collections::{BTreeMap, BTreeSet};

/// Addresses of every kind: sources, targets.
const HAND_MADE: &[(&str, &str)] = &[
    ("0.0.0.0", ""),
    ("0.0.0.0/0", ""),
    ("255.255.255.255", "0.0.0.1"),
    ("", "::/0"),
    ("::", "::1"),
    ("::ffff:192.0.2.9", "192.0.2.9"),
    ("2001:db8::/32", "2001:db8:1::5"),
    ("2001:db8:1::-2001:db8:1::ff", ""),
    ("2001:db8:1::7", ""),
    ("fe80::1-fe80::ffff:1", "ff02::1"),
    ("10.0.0.0/8", "10.1.0.0/16"),
    ("10.1.2.3", ""),
    ("", "10.1.2.3"),
    ("10.1.2.0-10.1.2.2", "10.1.2.4-10.1.3.7"),
    ("1.1.1.1-200.200.200.200", ""),
    ("10.1.2.128/25", "10.1.2.64/26"),
];

fn list(family: &str, address: &str) -> String {
    if address.is_empty() {
        return "[]".to_owned();
    }
    format!(r#"[{{"{family}": ["{address}"]}}]"#)
}

fn hand_made() -> impl Iterator<Item = Event> {
    (0..).zip(HAND_MADE).map(|(number, (source, target))| {
        let family = |address: &str| if address.contains(':') { "IP6" } else { "IP4" };
        let text = format!(
            r#"{{"Format": "IDEA0", "ID": "hand-{number}", "DetectTime": "2024-03-01T00:00:{number:02}Z",
                "Category": ["Test", "Recon.Scanning", "Test"], "Node": [{{"Name": "org.example.hand"}}],
                "Source": {}, "Target": {}}}"#,
            list(family(source), source),
            list(family(target), target),
        );
        text.parse().unwrap()
    })
}

/// A database with hand-made and generated events, and the events.
fn filled() -> (Db, Vec<Event>) {
    let db = Db::new();
    let generator = Generator::new(Options::default());
    let mut batch: Vec<(String, Event)> = hand_made()
        .chain((0..500).map(|number| generator.message(number).parse().unwrap()))
        .enumerate()
        .map(|(number, event)| (format!("m{number}"), event))
        .collect();
    for (_, event) in batch.iter_mut().step_by(3) {
        event.set_source_groups(["abuse@a.example"]);
    }
    for (_, event) in batch.iter_mut().step_by(5) {
        event.set_source_groups(["abuse@b.example", "abuse@c.example"]);
    }
    assert!(db.run(db.write(&mut batch)).iter().all(|answer| answer == "new"));
    (db, batch.into_iter().map(|(_, event)| event).collect())
}

/// The search by hand.
fn meets(event: &Event, search: &Search) -> bool {
    let time = event.detect_time().unwrap();
    let any =
        |wanted: &[String], found: Vec<&str>| wanted.is_empty() || wanted.iter().any(|w| found.contains(&w.as_str()));
    let hit = |wanted: &[IpSpan], found: Vec<IpSpan>| {
        wanted.is_empty() || wanted.iter().any(|w| found.iter().any(|f| w.overlaps(f)))
    };
    search.from.is_none_or(|from| time >= from)
        && search.to.is_none_or(|to| time < to)
        && any(&search.categories, event.categories().collect())
        && any(&search.detectors, event.detectors().collect())
        && any(&search.groups, event.source_groups().collect())
        && hit(&search.sources, event.source_addresses().collect())
        && hit(&search.targets, event.target_addresses().collect())
        && hit(
            &search.hosts,
            event.source_addresses().chain(event.target_addresses()).collect(),
        )
}

/// Answers how many events meet the search.
async fn check(db: &Db, events: &[Event], search: &Search) -> usize {
    let found = db.store.search(search).await.unwrap();
    let mut texts: Vec<&str> = found.iter().map(|found| found.json.as_str()).collect();
    texts.sort_unstable();
    let mut expected: Vec<String> = events
        .iter()
        .filter(|event| meets(event, search))
        .map(Event::to_json)
        .collect();
    expected.sort_unstable();
    assert_eq!(texts, expected, "{search:?}");
    assert!(found.is_sorted_by(|a, b| a.detect_time >= b.detect_time), "{search:?}");
    let count = db.store.count(search).await.unwrap();
    assert_eq!(usize::try_from(count).unwrap(), expected.len(), "{search:?}");
    expected.len()
}

fn time(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

/// Searches with one condition each.
fn conditions() -> Vec<Search> {
    let with = |set: &dyn Fn(&mut Search)| {
        let mut search = Search::default();
        set(&mut search);
        search
    };
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let mut all = vec![
        with(&|search| search.from = time("2024-03-01T00:00:07Z")),
        with(&|search| search.to = time("2024-03-01T00:00:07Z")),
        with(&|search| search.from = Some(Timestamp::MIN)),
        with(&|search| search.to = Some(Timestamp::MAX)),
        with(&|search| search.categories = texts(&["Recon.Scanning"])),
        with(&|search| search.categories = texts(&["Test", "Malware", "No.Such"])),
        with(&|search| search.categories = texts(&["Recon"])),
        with(&|search| search.detectors = texts(&["org.example.hand"])),
        with(&|search| search.detectors = texts(&["org.example\0.hand'; --", "x"])),
        with(&|search| search.groups = texts(&["abuse@a.example"])),
        with(&|search| search.groups = texts(&["abuse@c.example", "abuse@a.example"])),
    ];
    for addresses in [
        &["10.1.2.3"][..],
        &["10.1.2.0/24"],
        &["10.1.2.1-10.1.2.5"],
        &["0.0.0.0"],
        &["0.0.0.0/0"],
        &["255.255.255.254/31"],
        &["::/0"],
        &["::"],
        &["::ffff:192.0.2.0/120"],
        &["2001:db8:1::/64", "192.0.2.0/24"],
        &["2001:db8:1::3-2001:db8:1::6"],
        &["fe80::2-fe80::7fff"],
        &["1.2.3.4-199.7.8.9", "ff02::1"],
        &["198.51.100.0/24"],
        &["9.9.9.9"],
    ] {
        let spans: Vec<IpSpan> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        all.push(with(&|search| search.sources.clone_from(&spans)));
        all.push(with(&|search| search.targets.clone_from(&spans)));
        all.push(with(&|search| search.hosts.clone_from(&spans)));
    }
    all
}

/// Both conditions; where both have the same one, that of `other`.
fn both(one: &Search, other: &Search) -> Search {
    let mut search = one.clone();
    search.from = other.from.or(one.from);
    search.to = other.to.or(one.to);
    for (into, list) in [
        (&mut search.categories, &other.categories),
        (&mut search.detectors, &other.detectors),
        (&mut search.groups, &other.groups),
    ] {
        if !list.is_empty() {
            into.clone_from(list);
        }
    }
    for (into, list) in [
        (&mut search.sources, &other.sources),
        (&mut search.targets, &other.targets),
        (&mut search.hosts, &other.hosts),
    ] {
        if !list.is_empty() {
            into.clone_from(list);
        }
    }
    search
}

#[test]
fn each_condition_alone_and_with_every_other() {
    let (db, events) = filled();
    db.run(async {
        assert_eq!(check(&db, &events, &Search::default()).await, events.len());
        let conditions = conditions();
        let (mut some, mut none) = (0, 0);
        for (number, one) in conditions.iter().enumerate() {
            for other in conditions[number..].iter().step_by(5) {
                match check(&db, &events, &both(one, other)).await {
                    0 => none += 1,
                    _ => some += 1,
                }
            }
        }
        // Neither everything nor nothing is found.
        assert!(some > 50 && none > 50, "{some} {none}");
    });
}

#[test]
fn an_event_with_very_many_addresses_is_found() {
    let db = Db::new();
    db.run(async {
        let many: Vec<String> = (0..6000_u32)
            .map(|number| format!("\"{}\"", std::net::Ipv4Addr::from_bits(number * 0x0007_0107)))
            .collect();
        let members = format!(r#""Source": [{{"IP4": [{}]}}], "#, many.join(", "));
        let mut batch = [("m".to_owned(), event("many", &members))];
        assert_eq!(db.write(&mut batch).await, ["new"]);
        let [(_, event)] = batch;
        let mut search = Search::default();
        for number in [0, 1, 77, 5999] {
            let own = std::net::Ipv4Addr::from_bits(number * 0x0007_0107);
            search.hosts = vec![IpSpan::single(own.into())];
            assert_eq!(check(&db, std::slice::from_ref(&event), &search).await, 1);
            let beside = std::net::Ipv4Addr::from_bits(number * 0x0007_0107 + 1);
            search.hosts = vec![IpSpan::single(beside.into())];
            assert_eq!(check(&db, std::slice::from_ref(&event), &search).await, 0);
        }
    });
}

#[test]
fn times_are_half_open() {
    let db = Db::new();
    db.run(async {
        let mut batch: Vec<_> = ["00.000000", "00.000001", "00.000002"]
            .map(|seconds| {
                let text = event(&format!("at-{seconds}"), "").to_json();
                let text = text.replace("12:00:00", &format!("12:00:{seconds}"));
                (seconds.to_owned(), text.parse().unwrap())
            })
            .into();
        db.write(&mut batch).await;
        let mut search = Search::default();
        search.from = time("2026-11-23T12:00:00.000001Z");
        search.to = time("2026-11-23T12:00:00.000002Z");
        let found = db.store.search(&search).await.unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].json.contains("at-00.000001"), "{found:?}");
        search.to = search.from;
        assert_eq!(db.store.count(&search).await.unwrap(), 0);
    });
}

#[test]
fn a_limit_keeps_the_newest() {
    let (db, events) = filled();
    db.run(async {
        let mut search = Search::default();
        let all: Vec<Found> = db.store.search(&search).await.unwrap();
        for limit in [1, 7, 500, 10_000] {
            search.limit = limit;
            let found = db.store.search(&search).await.unwrap();
            let expected = all.len().min(usize::try_from(limit).unwrap());
            assert_eq!(found, all[..expected], "{limit}");
            assert_eq!(
                db.store.count(&search).await.unwrap(),
                u64::try_from(events.len()).unwrap()
            );
        }
    });
}

#[test]
fn events_are_fetched_by_any_id() {
    let ids = [
        "5deec8c9-ac37-4f35-a448-34616104b174",
        "5DEEC8C9-AC37-4F35-A448-34616104B174",
        "5deec8c9ac374f35a44834616104b174",
        "00000000-0000-0000-0000-000000000000",
        "a",
        "not.A_uuid-1",
    ];
    let db = Db::new();
    db.run(async {
        let mut batch = messages(ids);
        assert!(db.write(&mut batch).await.iter().all(|answer| answer == "new"));
        for (_, event) in &batch {
            let found = db.store.fetch(event.id().unwrap()).await.unwrap().unwrap();
            assert_eq!(found.json, event.to_json());
        }
        for id in ["b", "", "5deec8c9-ac37-4f35-a448-34616104b175", "A", "a\0"] {
            assert_eq!(db.store.fetch(id).await.unwrap(), None, "{id:?}");
        }
    });
}

/// The values of each event once, counted by hand; the most frequent first, equals by name.
fn counted(events: &[Event], search: &Search, values: impl Fn(&Event) -> BTreeSet<String>) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for event in events.iter().filter(|event| meets(event, search)) {
        for value in values(event) {
            *counts.entry(value).or_default() += 1;
        }
    }
    let mut sorted: Vec<_> = counts.into_iter().collect();
    sorted.sort_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
    sorted
}

#[test]
fn the_most_frequent_values() {
    let (db, events) = filled();
    let categories = |event: &Event| event.categories().map(str::to_owned).collect();
    let sources = |event: &Event| {
        let word = |span: IpSpan| match span.first() == span.last() {
            true => span.first().to_string(),
            false => format!("{}-{}", span.first(), span.last()),
        };
        mentat_core::filter::merge(event.source_addresses())
            .into_iter()
            .map(word)
            .collect()
    };
    db.run(async {
        for search in [Search::default()].iter().chain(&conditions()) {
            for limit in [3, 10_000] {
                let mut expected = counted(&events, search, categories);
                expected.truncate(limit);
                let limit = u32::try_from(limit).unwrap();
                let found = db.store.top(Top::Categories, search, limit).await.unwrap();
                assert_eq!(found, expected, "{search:?}");
                let mut expected = counted(&events, search, sources);
                expected.truncate(usize::try_from(limit).unwrap());
                let found = db.store.top(Top::Sources, search, limit).await.unwrap();
                assert_eq!(found, expected, "{search:?}");
            }
        }
    });
}

#[test]
fn names_of_stored_messages() {
    let db = Db::new();
    db.run(async {
        db.write(&mut messages(["a", "b"])).await;
        let mut names = db.store.stored_names().await.unwrap();
        let mut expected = ["message-a", "message-b"].map(mentat_core::store::name_hash);
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected);
    });
}

#[test]
fn an_empty_database_has_nothing() {
    let db = Db::on(TestCluster::shared().empty_database());
    db.run(async {
        db.store.migrate().await.unwrap();
        // Not even partitions.
        let search = Search::default();
        assert_eq!(db.store.search(&search).await.unwrap(), []);
        assert_eq!(db.store.count(&search).await.unwrap(), 0);
        assert_eq!(db.store.fetch("a").await.unwrap(), None);
        assert_eq!(db.store.top(Top::Sources, &search, 10).await.unwrap(), []);
        assert_eq!(db.store.top(Top::Categories, &search, 10).await.unwrap(), []);
        assert_eq!(db.store.stored_names().await.unwrap(), [0_i64; 0]);
        assert_eq!(super::write(&db.store, &mut []).await.unwrap(), [""; 0]);
    });
}
