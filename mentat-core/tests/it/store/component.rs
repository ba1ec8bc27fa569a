//! The storage component in a daemon.

use super::proxy::Proxy;
use super::{Db, event, messages, random_letters, write};
use mentat_core::cluster::scratch::TestCluster;
use mentat_core::component::{Claimed, Fut, Source};
use mentat_core::daemon::{Daemon, Options, Step};
use mentat_core::store::{Storage, Store};
use mentat_core::{Cause, Error, MessageId, Outcome, Parser, Settlement};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Messages in memory, and what became of them.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<(Vec<Claimed>, Vec<Settlement>)>>);

impl Memory {
    fn push(&self, name: &str, text: &str) {
        self.0.lock().unwrap().0.push(Claimed {
            id: MessageId::new(name),
            bytes: text.as_bytes().to_vec(),
        });
    }

    fn settled(&self) -> Vec<(String, String)> {
        let word = |outcome: &Outcome| match outcome {
            Outcome::Done => "done".to_owned(),
            Outcome::Drop(Cause::Duplicate) => "duplicate".to_owned(),
            Outcome::Reject(reason) => format!("rejected: {}", reason.code),
            other => panic!("{other:?}"),
        };
        let inner = self.0.lock().unwrap();
        inner
            .1
            .iter()
            .map(|done| (done.id.to_string(), word(&done.outcome)))
            .collect()
    }
}

impl Source for Memory {
    fn claim(&mut self, max: usize, _: Duration) -> Fut<'_, Result<Vec<Claimed>, Error>> {
        let mut inner = self.0.lock().unwrap();
        let count = inner.0.len().min(max);
        let claimed = inner.0.drain(..count).collect();
        Box::pin(std::future::ready(Ok(claimed)))
    }

    fn settle(&mut self, done: Vec<Settlement>) -> Fut<'_, Result<(), Error>> {
        self.0.lock().unwrap().1.extend(done);
        Box::pin(std::future::ready(Ok(())))
    }
}

fn daemon(memory: &Memory, store: &Store) -> Daemon {
    let mut options = Options::default();
    options.once = true;
    options.retry_first = Duration::from_millis(20);
    options.retry_most = Duration::from_millis(100);
    Daemon::new(memory.clone(), options)
        .with(Parser::default())
        .with(Storage::new(store.clone()))
}

/// Turns until the daemon is done; answers how often it paused, and what the errors said.
async fn turn(daemon: &mut Daemon, mut on_pause: impl FnMut(usize)) -> Vec<String> {
    let mut errors = Vec::new();
    loop {
        match daemon.step().await.unwrap() {
            Step::Stopped => return errors,
            Step::Backoff { until, error } => {
                errors.push(error.chain());
                assert!(errors.len() < 100, "{errors:?}");
                on_pause(errors.len());
                tokio::time::sleep(until.saturating_duration_since(Instant::now())).await;
            }
            _ => {}
        }
    }
}

fn counters(daemon: &Daemon) -> Vec<(String, u64)> {
    daemon
        .counters()
        .filter(|(component, ..)| *component == "storage")
        .map(|(_, counter, total)| (counter.0.to_owned(), total))
        .collect()
}

fn pairs(settled: &[(String, String)]) -> Vec<(&str, &str)> {
    settled
        .iter()
        .map(|(name, word)| (name.as_str(), word.as_str()))
        .collect()
}

#[test]
fn every_answer_is_an_outcome() {
    // An empty database: the component sets it up.
    let db = Db::on(TestCluster::shared().empty_database());
    db.run(async {
        let memory = Memory::default();
        let text = event("a", "").to_json();
        memory.push("m1", &text);
        memory.push("m2", &text);
        memory.push("m1", &text);
        memory.push("m3", &text.replace("Node", "Knot"));
        memory.push("m4", "no event");
        memory.push(
            "m5",
            &text
                .replace("org.example.a", &random_letters(9000))
                .replace("\"a\"", "\"b\""),
        );
        let mut daemon = daemon(&memory, &db.store);
        assert!(turn(&mut daemon, |_| {}).await.is_empty());
        let settled = memory.settled();
        assert_eq!(
            pairs(&settled),
            [
                ("m1", "done"),
                ("m2", "duplicate"),
                ("m1", "done"),
                ("m3", "rejected: missing_keys"),
                ("m4", "rejected: bad_json"),
                ("m5", "rejected: refused"),
            ]
        );
        let expected = [("duplicates", 1), ("errors", 2), ("replayed", 1), ("stored", 1)];
        assert_eq!(
            counters(&daemon),
            expected.map(|(name, total)| (name.to_owned(), total))
        );
        assert_eq!(db.one("SELECT count(*) FROM mentat.events").await, "1");
    });
}

#[test]
fn a_database_that_comes_later_is_waited_for() {
    let db = Db::on(TestCluster::shared().empty_database());
    db.run(async {
        let proxy = Proxy::new(TestCluster::shared().cluster().socket_dir());
        let store = Store::new(&proxy.place(db.database.name())).unwrap();
        let memory = Memory::default();
        memory.push("m1", &event("a", "").to_json());
        memory.push("m2", &event("b", "").to_json());
        let mut first = daemon(&memory, &store);
        let errors = turn(&mut first, |pauses| {
            assert!(memory.settled().is_empty());
            if pauses == 3 {
                proxy.open();
            }
        })
        .await;
        assert!(errors.len() >= 3 && errors[0].contains("cannot connect"), "{errors:?}");
        assert_eq!(pairs(&memory.settled()), [("m1", "done"), ("m2", "done")]);
        assert_eq!(db.one("SELECT count(*) FROM mentat.events").await, "2");
    });
}

#[test]
fn a_commit_whose_answer_is_lost_is_done_once() {
    let db = Db::new();
    db.run(async {
        let proxy = Proxy::new(TestCluster::shared().cluster().socket_dir());
        proxy.open();
        let store = Store::new(&proxy.place(db.database.name())).unwrap();
        let memory = Memory::default();
        let mut daemon = daemon(&memory, &store);
        // The start sets the schema up, which commits, too.
        assert!(matches!(daemon.step().await.unwrap(), Step::Handled));
        memory.push("m1", &event("a", "").to_json());
        // Partitions first, in a transaction of their own.
        write(&db.store, &mut messages(["before"])).await.unwrap();
        proxy.lose_answer();
        let errors = turn(&mut daemon, |_| {}).await;
        assert!(!errors.is_empty() && !proxy.is_armed(), "{errors:?}");
        assert_eq!(pairs(&memory.settled()), [("m1", "done")]);
        assert_eq!(counters(&daemon), [("replayed".to_owned(), 1)]);
        assert_eq!(db.one("SELECT count(*) FROM mentat.events").await, "2");
    });
}
