//! Writing: each event once, whatever the batches look like.

use super::{Db, event, messages, random_letters, write};
use mentat_core::Event;
use mentat_core::generate::{Generator, Options};
use mentat_core::store::Store;
use std::collections::BTreeMap;

/// Writes batches of (message name, event ID) one after the other; answers the words for each batch.
fn check(db: &Db, batches: &[&[(&str, &str)]], expected: &[&[&str]], stored: &str) {
    db.run(async {
        db.clear().await;
        for (batch, expected) in batches.iter().zip(expected) {
            let mut batch: Vec<_> = batch
                .iter()
                .map(|(name, id)| ((*name).to_owned(), event(id, "")))
                .collect();
            assert_eq!(db.write(&mut batch).await, *expected, "{batches:?}");
        }
        let ids = "SELECT string_agg(id_text, ' ' ORDER BY id_text) FROM mentat.events";
        assert_eq!(db.one(ids).await, stored, "{batches:?}");
        let ids = "SELECT count(*) - (SELECT count(*) FROM mentat.events) FROM mentat.event_id";
        assert_eq!(db.one(ids).await, "0", "{batches:?}");
    });
}

#[test]
fn names_tell_repetitions_from_duplicates() {
    let db = &Db::new();
    check(db, &[&[]], &[&[]], "NULL");
    check(
        db,
        &[&[("m1", "a"), ("m2", "b")], &[("m1", "a"), ("m3", "b"), ("m4", "c")]],
        &[&["new", "new"], &["replayed", "duplicate", "new"]],
        "a b c",
    );
    // Within one batch.
    check(
        db,
        &[&[("m1", "a"), ("m1", "a"), ("m2", "a")]],
        &[&["new", "replayed", "duplicate"]],
        "a",
    );
    // Whatever stands before it in the batch, a message is what the database says.
    check(
        db,
        &[&[("m1", "a")], &[("m2", "a"), ("m1", "a"), ("m2", "a")]],
        &[&["new"], &["duplicate", "replayed", "duplicate"]],
        "a",
    );
    // One message name may bring several events.
    check(db, &[&[("m", "a"), ("m", "b")]], &[&["new", "new"]], "a b");
}

#[test]
fn incomplete_events_hold_nothing_up() {
    let db = Db::new();
    db.run(async {
        let mut batch = messages(["a", "b"]);
        let text = r#"{"Format": "IDEA0", "ID": "x", "Node": [{}]}"#;
        batch.insert(1, ("m".to_owned(), text.parse().unwrap()));
        assert_eq!(
            db.write(&mut batch).await,
            ["new", "incomplete: DetectTime Category Node.Name", "new"]
        );
        assert_eq!(db.one("SELECT count(*) FROM mentat.event_id").await, "2");
    });
}

#[test]
fn refused_events_are_found_by_halving() {
    // An index entry has room for 2.7 kB, and this text cannot be compressed.
    let name = random_letters(9000);
    let bad = |id: &str| -> Event {
        let text = event(id, "").to_json().replace("org.example.a", &name);
        text.parse().unwrap()
    };
    let db = Db::new();
    db.run(async {
        let mut batch = messages((0..40).map(|number| format!("e{number:02}")));
        for at in [0, 17, 18, 39] {
            batch[at].1 = bad(&format!("e{at:02}"));
        }
        // The bad one's ID is free for the next message that has it.
        batch.push(("second".to_owned(), event("e17", "")));
        let answers = db.write(&mut batch).await;
        for (at, answer) in answers.iter().enumerate() {
            if [0, 17, 18, 39].contains(&at) {
                assert!(
                    answer.starts_with("refused: ") && answer.contains("index row"),
                    "{at}: {answer}"
                );
                assert!(answer.contains(db.database.name()), "{answer}");
            } else {
                assert_eq!(answer, "new", "{at}");
            }
        }
        assert_eq!(db.one("SELECT count(DISTINCT id) FROM mentat.events").await, "37");
        assert_eq!(db.one("SELECT count(*) FROM mentat.event_id").await, "37");
        assert_eq!(db.one("SELECT sum(rows) FROM mentat.partition").await, "37");
        check_texts(&db, &batch, 37).await;
    });
}

#[test]
fn an_operators_trigger_may_refuse() {
    let db = Db::new();
    db.run(async {
        db.rows(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
             CREATE TRIGGER no BEFORE INSERT ON mentat.events FOR EACH ROW WHEN (new.id_text = 'b')
                 EXECUTE FUNCTION no()",
        )
        .await;
        let answers = db.write(&mut messages(["a", "b", "c"])).await;
        assert_eq!((answers[0].as_str(), answers[2].as_str()), ("new", "new"));
        assert!(answers[1].ends_with(": not this one"), "{answers:?}");
    });
}

/// The text of every row is exactly what the event says now.
async fn check_texts(db: &Db, batch: &[(String, Event)], rows: usize) {
    let texts: BTreeMap<String, String> = db
        .rows(
            "SELECT coalesce(e.id_text, e.id::text), convert_from(substr(r.body, e.raw_off + 1, e.raw_len), 'UTF8')
             FROM mentat.events e JOIN mentat.raw r USING (chunk)",
        )
        .await
        .into_iter()
        .map(|row| (row[0].clone().unwrap(), row[1].clone().unwrap()))
        .collect();
    assert_eq!(texts.len(), rows);
    for (id, text) in &texts {
        let found = batch
            .iter()
            .any(|(_, event)| event.id() == Some(id) && event.to_json() == *text);
        assert!(found, "{id}");
    }
}

#[test]
fn texts_are_cut_into_chunks() {
    let db = Db::new();
    db.run(async {
        let mut batch = messages((0..70).map(|number| format!("e{number:02}")));
        // One that is longer than a chunk, and than what is sent at once.
        let long = format!(r#""Note": "{}\u0000", "#, "žluťoučký kůň 馬 ".repeat(40_000));
        batch[40].1 = event("e40", &long);
        assert!(db.write(&mut batch).await.iter().all(|answer| answer == "new"));
        let sizes = db
            .rows("SELECT count(*) FROM mentat.events GROUP BY chunk ORDER BY min(id_text)")
            .await;
        let sizes: Vec<&str> = sizes.iter().map(|row| row[0].as_deref().unwrap()).collect();
        assert_eq!(sizes, ["32", "8", "1", "29"]);
        check_texts(&db, &batch, 70).await;
        // The chunks are as long as their messages together, each behind the one before.
        let gaps = "SELECT count(*) FROM (
                SELECT raw_off - lag(raw_off + raw_len, 1, 0) OVER (PARTITION BY chunk ORDER BY raw_off) AS gap
                FROM mentat.events) AS gaps WHERE gap <> 0";
        assert_eq!(db.one(gaps).await, "0");
        let sums = "SELECT (SELECT sum(length(body)) FROM mentat.raw) = (SELECT sum(raw_len) FROM mentat.events)
                AND (SELECT sum(bytes) FROM mentat.partition) = (SELECT sum(raw_len) FROM mentat.events)";
        assert_eq!(db.one(sums).await, "t");
    });
}

#[test]
fn chunk_numbers_come_round() {
    let db = Db::new();
    db.run(async {
        db.rows("SELECT setval('mentat.chunk', (1::bigint << 36) - 2)").await;
        let mut batch = messages((0..65).map(|number| format!("e{number:02}")));
        db.write(&mut batch).await;
        let days = "SELECT string_agg(DISTINCT (chunk >> 36 = storagetime::date - date '1970-01-01')::text, '')
                || ' ' || string_agg(DISTINCT (chunk & ((1::bigint << 36) - 1))::text, ' ') FROM mentat.events";
        assert_eq!(db.one(days).await, "true 0 1 68719476735");
        check_texts(&db, &batch, 65).await;
    });
}

#[test]
fn the_catalogue_counts() {
    let db = Db::new();
    db.run(async {
        let early: Event = event("early", "")
            .to_json()
            .replace("2026-11-23", "0001-01-01")
            .parse()
            .unwrap();
        let late: Event = event("late", "")
            .to_json()
            .replace("2026-11-23", "9999-12-29")
            .parse()
            .unwrap();
        let state = "SELECT rows || ' ' || detect_min || ' ' || detect_max FROM mentat.partition WHERE rows > 0";
        for (name, event, expected) in [
            ("m1", event("a", ""), "1 2026-11-23 12:00:00 2026-11-23 12:00:00"),
            ("m1", event("a", ""), "1 2026-11-23 12:00:00 2026-11-23 12:00:00"),
            ("m2", early, "2 0001-01-01 12:00:00 2026-11-23 12:00:00"),
            ("m3", late, "3 0001-01-01 12:00:00 9999-12-29 12:00:00"),
        ] {
            db.write(&mut [(name.to_owned(), event)]).await;
            assert_eq!(db.one(state).await, expected, "{name}");
        }
    });
}

#[test]
fn a_day_without_a_partition_gets_one() {
    let db = Db::new();
    db.run(async {
        let mut before = messages(["a"]);
        db.write(&mut before).await;
        db.rows(
            "DO $$ DECLARE day text; BEGIN
                 FOR day IN SELECT to_char(p.day, 'YYYYMMDD') FROM mentat.partition p LOOP
                     EXECUTE 'DROP TABLE mentat.events_' || day || ', mentat.raw_' || day;
                 END LOOP;
                 DELETE FROM mentat.partition;
             END $$",
        )
        .await;
        assert_eq!(db.write(&mut messages(["b"])).await, ["new"]);
        assert_eq!(
            db.one("SELECT count(*) || ' ' || sum(rows) FROM mentat.partition")
                .await,
            "2 1"
        );
        assert_eq!(db.one("SELECT string_agg(id_text, ' ') FROM mentat.events").await, "b");
    });
}

#[test]
fn many_writers_without_a_partition_do_not_wait_for_each_other() {
    let db = Db::new();
    db.run(async {
        // More writers than connections.
        let mut writers = tokio::task::JoinSet::new();
        for number in 0..9 {
            let store = db.store.clone();
            writers.spawn(async move { write(&store, &mut messages([format!("e{number}")])).await.unwrap() });
        }
        while let Some(answers) = writers.join_next().await {
            assert_eq!(answers.unwrap(), ["new"]);
        }
        assert_eq!(
            db.one("SELECT count(*) || ' ' || sum(rows) FROM mentat.partition")
                .await,
            "2 9"
        );
    });
}

#[test]
fn a_missing_table_is_nobodys_fault() {
    let db = Db::new();
    db.run(async {
        db.write(&mut messages(["a"])).await;
        let table = db.one("SELECT tableoid::regclass FROM mentat.events").await;
        db.rows(&format!("ALTER TABLE mentat.events DETACH PARTITION {table}"))
            .await;
        let error = write(&db.store, &mut messages(["b", "c"])).await.unwrap_err();
        assert!(
            error.is_fatal() && error.to_string().contains("mentat.partition"),
            "{error}"
        );
    });
}

/// A cheap shuffle; what matters is only that the orders differ.
fn shuffled(count: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let key = |number: usize| {
        (number as u64 + 1)
            .wrapping_mul(seed | 1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            >> 20
    };
    order.sort_by_key(|number| key(*number));
    order
}

#[test]
fn writers_with_overlapping_batches() {
    let db = Db::new();
    let place = db.database.connection_string();
    let writer = |seed: u64| {
        let store = Store::new(&place).unwrap();
        async move {
            let mut new = 0;
            for round in 0..12 {
                // All rounds overlap with their neighbours.
                let ids = shuffled(60, seed + round);
                let ids = ids
                    .iter()
                    .map(|number| format!("e{}", number + usize::try_from(round).unwrap() * 30));
                let mut batch = messages(ids);
                let answers = write(&store, &mut batch).await.unwrap();
                new += answers.iter().filter(|answer| *answer == "new").count();
                assert!(
                    answers.iter().all(|answer| answer == "new" || answer == "replayed"),
                    "{answers:?}"
                );
            }
            new
        }
    };
    db.run(async {
        let (one, two, three) = tokio::join!(writer(7), writer(1_000_003), writer(77_777));
        assert_eq!(one + two + three, 390);
        assert_eq!(
            db.one("SELECT count(DISTINCT id) || ' ' || count(*) FROM mentat.events")
                .await,
            "390 390"
        );
        assert_eq!(db.one("SELECT sum(rows) FROM mentat.partition").await, "390");
        assert_eq!(db.one("SELECT count(*) FROM mentat.event_id").await, "390");
    });
}

#[test]
fn generated_events_come_back_as_they_are() {
    let db = Db::new();
    db.run(async {
        let generator = Generator::new(Options::default());
        let mut batch: Vec<(String, Event)> = (0..600)
            .map(|number| (format!("m{number}"), generator.message(number).parse().unwrap()))
            .collect();
        assert!(db.write(&mut batch).await.iter().all(|answer| answer == "new"));
        check_texts(&db, &batch, 600).await;
        for (_, event) in batch.iter().step_by(97) {
            let found = db.store.fetch(event.id().unwrap()).await.unwrap().unwrap();
            assert_eq!(found.json, event.to_json());
            assert_eq!(Some(found.detect_time), event.detect_time());
        }
    });
}
