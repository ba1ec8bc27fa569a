//! The database away, cut off, or not as it should be.

use super::proxy::Proxy;
use super::{Db, messages, write};
use mentat_core::Event;
use mentat_core::cluster::scratch::TestCluster;
use mentat_core::store::{Search, Store};

/// The key of the fence that every writer passes.
const FENCE: &str = "x'66656e6365'::bigint";

/// Whether one connection waits for a lock.
const WAITS: &str = "SELECT count(*) = 1 FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database()";

/// Writes as a daemon does. That a connection has ended is noticed when the driver next looks at it, which may be
/// after another call was given it.
async fn again(store: &Store, batch: &mut [(String, Event)]) -> Vec<String> {
    for _ in 0..10 {
        match write(store, batch).await {
            Err(error) if error.is_transient() => tokio::task::yield_now().await,
            done => return done.unwrap(),
        }
    }
    panic!("it never recovered");
}

/// Lets a writer run into `hold`, cuts its connection off there, and expects that a repetition finds nothing.
fn check(hold: &str, release: &str) {
    let db = Db::new();
    db.run(async {
        db.write(&mut messages(["before"])).await;
        db.rows(hold).await;
        let mut batch = messages(["a", "b"]);
        let cut = async {
            db.until(WAITS).await;
            db.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE wait_event_type = 'Lock' AND datname = current_database()",
            )
            .await;
        };
        let (failed, ()) = tokio::join!(write(&db.store, &mut batch), cut);
        let error = failed.unwrap_err();
        assert!(error.is_transient(), "{hold}: {error}");
        db.rows(release).await;
        assert_eq!(db.one("SELECT count(*) FROM mentat.events").await, "1", "{hold}");
        assert_eq!(again(&db.store, &mut batch).await, ["new", "new"], "{hold}");
        assert_eq!(db.write(&mut batch).await, ["replayed", "replayed"], "{hold}");
        assert_eq!(db.one("SELECT count(*) FROM mentat.events").await, "3", "{hold}");
        assert_eq!(db.one("SELECT sum(rows) FROM mentat.partition").await, "3", "{hold}");
    });
}

#[test]
fn a_connection_cut_before_the_commit_leaves_nothing() {
    // At the beginning.
    check(
        &format!("SELECT pg_advisory_lock({FENCE})"),
        &format!("SELECT pg_advisory_unlock({FENCE})"),
    );
    // At the end, with all rows copied.
    check("BEGIN; SELECT * FROM mentat.partition FOR UPDATE", "ROLLBACK");
}

#[test]
fn a_write_that_is_given_up_leaves_nothing() {
    let db = Db::new();
    db.run(async {
        db.write(&mut messages(["before"])).await;
        db.rows("BEGIN; SELECT * FROM mentat.partition FOR UPDATE").await;
        let mut batch = messages(["a", "b"]);
        tokio::select! {
            _ = write(&db.store, &mut batch) => panic!("it must wait"),
            () = db.until(WAITS) => {}
        }
        db.rows("ROLLBACK").await;
        assert_eq!(db.write(&mut batch).await, ["new", "new"]);
        assert_eq!(db.one("SELECT count(*) FROM mentat.events").await, "3");
    });
}

#[test]
fn an_answer_lost_after_the_commit_is_found_again() {
    let db = Db::new();
    db.run(async {
        let proxy = Proxy::new(TestCluster::shared().cluster().socket_dir());
        proxy.open();
        let store = Store::new(&proxy.place(db.database.name())).unwrap();
        assert_eq!(write(&store, &mut messages(["before"])).await.unwrap(), ["new"]);
        proxy.lose_answer();
        let mut batch = messages(["a", "b"]);
        let error = write(&store, &mut batch).await.unwrap_err();
        assert!(error.is_transient(), "{error}");
        assert!(!proxy.is_armed());
        assert_eq!(db.one("SELECT count(*) FROM mentat.events").await, "3");
        let sent = batch[0].1.to_json();
        assert_eq!(again(&store, &mut batch).await, ["replayed", "replayed"]);
        assert_eq!(db.one("SELECT count(*) FROM mentat.events").await, "3");
        assert_eq!(store.fetch("a").await.unwrap().unwrap().json, sent);
        // Another message with the same event is a duplicate as ever.
        let mut other = [("other".to_owned(), batch[0].1.clone())];
        assert_eq!(write(&store, &mut other).await.unwrap(), ["duplicate"]);
    });
}

#[test]
fn statements_are_prepared_anew_after_a_reconnection() {
    let db = Db::new();
    db.run(async {
        for (number, id) in (1..).zip(["a", "b", "c"]) {
            assert_eq!(again(&db.store, &mut messages([id])).await, ["new"]);
            assert_eq!(db.store.count(&Search::default()).await.unwrap(), number);
            db.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE application_name = 'mentat' AND datname = current_database()",
            )
            .await;
        }
    });
}

/// Every operation fails alike.
async fn check_all(store: &Store, expected: &str, transient: bool) {
    let search = Search::default();
    let errors = [
        write(store, &mut messages(["a", "b"])).await.unwrap_err(),
        store.search(&search).await.unwrap_err(),
        store.count(&search).await.unwrap_err(),
        store.fetch("a").await.unwrap_err(),
        store.stored_names().await.unwrap_err(),
    ];
    for error in errors {
        let text = error.chain();
        assert_eq!(
            (error.is_transient(), error.is_fatal()),
            (transient, !transient),
            "{text}"
        );
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn a_stopped_server_is_waited_for() {
    let cluster = TestCluster::start(&std::env::temp_dir()).unwrap();
    let database = cluster.empty_database();
    let place = database.connection_string();
    super::runtime().block_on(async {
        let store = Store::new(&place).unwrap();
        store.migrate().await.unwrap();
        cluster.cluster().stop().unwrap();
        let error = store.migrate().await.unwrap_err();
        assert!(error.is_transient(), "{error}");
        check_all(&store, database.name(), true).await;
    });
}

#[test]
fn what_will_never_work_is_fatal() {
    let db = Db::on(TestCluster::shared().empty_database());
    db.run(async {
        let name = db.database.name();
        check_all(&db.store, &format!("{name} at /"), false).await;
        check_all(&db.store, "has not been set up for Mentat", false).await;
        let nowhere = TestCluster::shared().cluster().connection_string("nowhere");
        check_all(&Store::new(&nowhere).unwrap(), "\"nowhere\" does not exist", false).await;
        let nobody = db
            .database
            .connection_string()
            .replace("user=mentat", "user=nobody_known");
        check_all(&Store::new(&nobody).unwrap(), "nobody_known", false).await;
        let encrypted = format!("{} sslmode=require", db.database.connection_string());
        check_all(&Store::new(&encrypted).unwrap(), "TLS", false).await;
    });
}

#[test]
fn a_store_says_where_it_is() {
    let check = |connection: &str, expected: &str| {
        assert_eq!(
            format!("{:?}", Store::new(connection).unwrap()),
            format!("Store({expected:?})")
        );
    };
    check(
        "postgresql://me:secret@db.example.org/events",
        "events at db.example.org",
    );
    check("host=/run/postgresql user=me password=secret", "me at /run/postgresql");
    check("host=a,b dbname=events", "events at a, b");
    let error = Store::new("host=/run/postgresql port=no password=secret").unwrap_err();
    assert!(
        error.is_fatal() && !error.chain().contains("secret"),
        "{}",
        error.chain()
    );
}

#[test]
fn the_connection_strings_own_options_are_kept() {
    let db = Db::new();
    db.run(async {
        let place = format!(
            "{} options='-c default_transaction_read_only=on'",
            db.database.connection_string()
        );
        let store = Store::new(&place).unwrap();
        assert_eq!(store.count(&Search::default()).await.unwrap(), 0);
        let error = write(&store, &mut messages(["a"])).await.unwrap_err();
        assert!(
            error.is_transient() && error.to_string().contains("read-only"),
            "{error}"
        );
    });
}
