//! The schema: set up once, by whoever comes first, and never against its history.

use super::{Db, connect, runtime};
use mentat_core::Error;
use mentat_core::cluster::scratch::TestCluster;
use mentat_core::store::{Migration, Store};

fn steps(taken: Result<Vec<Migration>, Error>) -> Vec<(i32, String)> {
    taken
        .unwrap()
        .into_iter()
        .map(|step| (step.number, step.name))
        .collect()
}

#[test]
fn an_empty_database_is_set_up_once() {
    let db = Db::on(TestCluster::shared().empty_database());
    db.run(async {
        assert_eq!(steps(db.store.migrate().await), [(1, "events".to_owned())]);
        assert_eq!(steps(db.store.migrate().await), []);
        let history = "SELECT count(*) || ' ' || min(applied)::date FROM mentat.migration";
        let today = db.one("SELECT '1 ' || (now() AT TIME ZONE 'UTC')::date").await;
        assert_eq!(db.one(history).await, today);
    });
}

#[test]
fn two_at_once_take_each_step_once() {
    let db = Db::on(TestCluster::shared().empty_database());
    let other = Store::new(&db.database.connection_string()).unwrap();
    let (one, two) = db.run(async { tokio::join!(db.store.migrate(), other.migrate()) });
    let mut taken = steps(one);
    taken.extend(steps(two));
    assert_eq!(taken, [(1, "events".to_owned())]);
}

/// Changes the history, then expects a refusal that changes nothing.
fn check(change: &str, expected: &str) {
    let db = Db::new();
    db.run(async {
        db.rows(change).await;
        let history = "SELECT string_agg(m::text, ' ' ORDER BY number) FROM mentat.migration m";
        let before = db.one(history).await;
        let error = db.store.migrate().await.unwrap_err();
        assert!(error.is_fatal(), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.to_string().contains(db.database.name()), "{error}");
        assert_eq!(db.one(history).await, before);
    });
}

#[test]
fn another_history_is_refused() {
    check(
        "INSERT INTO mentat.migration (number, name, checksum) VALUES (99, 'later', 'x')",
        "has step 99 (later), which this version does not know",
    );
    check(
        "UPDATE mentat.migration SET checksum = 'x'",
        "step 1 (events) of the database",
    );
}

#[test]
fn what_is_in_the_way_is_named() {
    let db = Db::on(TestCluster::shared().empty_database());
    db.run(async {
        db.rows("CREATE SCHEMA mentat; CREATE TABLE mentat.raw ()").await;
        let error = db.store.migrate().await.unwrap_err();
        assert!(error.is_fatal(), "{error}");
        let text = error.to_string();
        assert!(
            text.contains("step 1 (events)") && text.contains("\"raw\" already exists"),
            "{text}"
        );
        // All or nothing.
        assert_eq!(db.one("SELECT to_regclass('mentat.events') IS NULL").await, "t");
    });
}

#[test]
fn a_database_that_cannot_hold_all_texts_is_refused() {
    let cluster = TestCluster::shared().cluster();
    runtime().block_on(async {
        let client = connect(&cluster.connection_string("postgres")).await;
        let create = "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0";
        client.batch_execute(create).await.unwrap();
        let error = Store::new(&cluster.connection_string("latin"))
            .unwrap()
            .migrate()
            .await
            .unwrap_err();
        assert!(error.is_fatal() && error.to_string().contains("in LATIN1"), "{error}");
    });
    cluster.drop_database("latin").unwrap();
}
