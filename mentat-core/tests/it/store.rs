//! The store against a real PostgreSQL: one throw-away server for all tests, one database for each.

mod catalogue;
mod columns;
mod component;
mod migrations;
mod outages;
mod proxy;
mod searches;
mod writing;

use mentat_core::Event;
use mentat_core::cluster::scratch::{TestCluster, TestDatabase};
use mentat_core::store::{Store, Stored};
use std::future::Future;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// A database of its own, a store on it, and a connection to look behind the store's back.
struct Db {
    client: Client,
    store: Store,
    database: TestDatabase<'static>,
    runtime: Runtime,
}

impl Db {
    /// With Mentat's schema.
    fn new() -> Self {
        let template = TestCluster::shared().database("store", |place| {
            runtime().block_on(async { Store::new(place)?.migrate().await.map(drop) })
        });
        Self::on(template)
    }

    fn on(database: TestDatabase<'static>) -> Self {
        let runtime = runtime();
        let place = database.connection_string();
        Self {
            client: runtime.block_on(connect(&place)),
            store: Store::new(&place).unwrap(),
            database,
            runtime,
        }
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// What SQL answers, as text.
    async fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        let answer = self.client.simple_query(sql).await;
        let answer = answer.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        answer
            .iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect()),
                _ => None,
            })
            .collect()
    }

    /// The only value that SQL answers.
    async fn one(&self, sql: &str) -> String {
        let rows = self.rows(sql).await;
        let [row] = rows.as_slice() else {
            panic!("{sql}: {} rows", rows.len())
        };
        row[0].clone().unwrap_or_else(|| "NULL".to_owned())
    }

    /// Forgets all events; cheaper than another database.
    async fn clear(&self) {
        self.rows(
            "TRUNCATE mentat.events, mentat.raw, mentat.event_id;
             UPDATE mentat.partition SET rows = 0, bytes = 0, detect_min = NULL, detect_max = NULL",
        )
        .await;
    }

    /// Writes messages of the form (name, event) and answers what became of them, in words.
    async fn write(&self, messages: &mut [(String, Event)]) -> Vec<String> {
        write(&self.store, messages).await.unwrap()
    }

    /// Waits until the server says so.
    async fn until(&self, sql: &str) {
        for _ in 0..2000 {
            if self.one(sql).await == "t" {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("it never came true: {sql}");
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

async fn connect(place: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(place, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn write(store: &Store, messages: &mut [(String, Event)]) -> Result<Vec<String>, mentat_core::Error> {
    let events = messages
        .iter_mut()
        .map(|(name, event)| (name.as_str(), event))
        .collect();
    Ok(store.write(events).await?.iter().map(word).collect())
}

fn word(stored: &Stored) -> String {
    match stored {
        Stored::New => "new".to_owned(),
        Stored::Replayed => "replayed".to_owned(),
        Stored::Duplicate => "duplicate".to_owned(),
        Stored::Incomplete(missing) => format!("incomplete: {}", missing.0.join(" ")),
        Stored::Refused(error) => format!("refused: {error}"),
        other => panic!("{other:?}"),
    }
}

/// The smallest event that can be stored, with further members (`"Key": value, `) in front.
fn event(id: &str, more: &str) -> Event {
    format!(
        r#"{{{more}"Format": "IDEA0", "ID": "{id}", "DetectTime": "2026-11-23T12:00:00Z", "Category": ["Test"],
            "Node": [{{"Name": "org.example.a"}}]}}"#
    )
    .parse()
    .unwrap()
}

/// A message of its own name for each ID.
fn messages<I: AsRef<str>>(ids: impl IntoIterator<Item = I>) -> Vec<(String, Event)> {
    ids.into_iter()
        .map(|id| (format!("message-{}", id.as_ref()), event(id.as_ref(), "")))
        .collect()
}

/// Nothing that compression could shorten.
fn random_letters(length: usize) -> String {
    let mut state = 1_u64;
    let letter = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap())
    };
    (0..length).map(letter).collect()
}
