//! Writing events, each exactly once.
//!
//! One transaction stores a batch: the fence, the storage time, the new identifiers, the rows and their texts. After
//! its commit, and only then, the messages are done.

use super::Store;
use super::copy::{EVENT_COLUMNS, Place, Rows};
use super::row::Row;
use super::types::{Id, Time};
use crate::Error;
use crate::idea::{Event, MissingKeys};
use bytes::Bytes;
use deadpool_postgres::Transaction;
use futures_util::SinkExt as _;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};
use std::pin::pin;

/// Shared by writers, taken exclusively for an instant by a reader that closes a time window: after that, no commit
/// with a storage time below the window's end is possible. ("fence" as bytes.)
pub(super) const FENCE: i64 = 0x66_656e_6365;

/// Keeps programs that create partitions apart ("parts" as bytes).
const PARTITIONS: i64 = 0x70_6172_7473;

const CHUNK_MESSAGES: usize = 32;
const CHUNK_BYTES: usize = 64 * 1024;
const DAY_SECONDS: i64 = 86_400;

/// What became of an event that was to be stored.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stored {
    /// It has a row now.
    New,
    /// This very message was stored before: a repetition after a crash.
    Replayed,
    /// Another message with the same event ID was stored before, or stands earlier in the batch.
    Duplicate,
    /// It lacks what every stored event must have.
    Incomplete(MissingKeys),
    /// The database refused it.
    Refused(Error),
}

/// A message's name as the identifier table keeps it.
#[must_use]
pub fn name_hash(name: &str) -> i64 {
    let digest = Sha256::digest(name.as_bytes());
    digest
        .iter()
        .take(8)
        .fold(0, |hash: i64, byte| hash << 8 | i64::from(*byte))
}

/// One event of a batch.
struct Item<'a> {
    at: usize,
    event: &'a mut Event,
    row: Row,
    name_hash: i64,
}

impl Store {
    /// Stores a batch of events with the names of their messages; answers what became of each, in order. Sets the
    /// storage time of the new ones. `Ok` means committed.
    ///
    /// # Errors
    /// Transient if the database is away (nothing is stored, or all is and the next call finds it); fatal if it can
    /// never work. What is wrong with one event is no error but [`Stored::Refused`] of that event.
    pub async fn write(&self, events: Vec<(&str, &mut Event)>) -> Result<Vec<Stored>, Error> {
        let mut answers: Vec<Stored> = Vec::with_capacity(events.len());
        let mut items = Vec::with_capacity(events.len());
        for (at, (name, event)) in events.into_iter().enumerate() {
            match Row::new(event) {
                Ok(row) => {
                    answers.push(Stored::New);
                    items.push(Item {
                        at,
                        row,
                        event,
                        name_hash: name_hash(name),
                    });
                }
                Err(missing) => answers.push(Stored::Incomplete(missing)),
            }
        }
        // A batch that the server refuses is halved until the offending events stand alone.
        let mut parts = vec![items];
        while let Some(mut part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            match self.write_part(&mut part).await {
                Ok(known) => {
                    for (at, answer) in known {
                        if let Some(slot) = answers.get_mut(at) {
                            *slot = answer;
                        }
                    }
                }
                Err(error) if error.is_poison() && part.len() > 1 => {
                    let rest = part.split_off(part.len() / 2);
                    // The first half first: of two equal IDs the earlier message wins.
                    parts.push(rest);
                    parts.push(part);
                }
                Err(error) if error.is_poison() => {
                    if let Some(slot) = part.first().and_then(|item| answers.get_mut(item.at)) {
                        *slot = Stored::Refused(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(answers)
    }

    /// Stores one part in one transaction; answers for every event that got no new row.
    async fn write_part(&self, items: &mut [Item<'_>]) -> Result<Vec<(usize, Stored)>, Error> {
        let failed = self.failed("cannot store events in");
        loop {
            let mut client = self.client().await?;
            let transaction = client.transaction().await.map_err(&failed)?;
            let time = storage_time(&transaction).await.map_err(&failed)?;
            let day = time.as_second().div_euclid(DAY_SECONDS);
            if !has_partition(&transaction, day).await.map_err(&failed)? {
                transaction.rollback().await.map_err(&failed)?;
                // Given back first: writers that wait for each other's connections would wait for ever.
                drop(client);
                // Today's and, ahead of need, tomorrow's.
                self.create_partitions(&[day, day + 1]).await?;
                continue;
            }
            let (new, known) = take_ids(&transaction, items, time).await.map_err(&failed)?;
            if !new.is_empty() {
                copy(&transaction, items, &new, time, day).await.map_err(&failed)?;
            }
            transaction.commit().await.map_err(&failed)?;
            return Ok(known);
        }
    }

    /// Creates the partitions of the given days (counted from 1970) if they are not there.
    pub(super) async fn create_partitions(&self, days: &[i64]) -> Result<(), Error> {
        let mut client = self.client().await?;
        let failed = self.failed("cannot create partitions in");
        let transaction = client.transaction().await.map_err(&failed)?;
        transaction
            .execute("SELECT pg_advisory_xact_lock($1)", &[&PARTITIONS])
            .await
            .map_err(&failed)?;
        for &day in days {
            if !has_partition(&transaction, day).await.map_err(&failed)? {
                transaction.batch_execute(&partition_sql(day)).await.map_err(&failed)?;
            }
        }
        transaction.commit().await.map_err(&failed)
    }
}

/// The tables are made beside their parents and then attached: readers and writers are not held up.
fn partition_sql(day: i64) -> String {
    let date = date(day);
    let name = date.replace('-', "");
    let next = self::date(day + 1);
    let (low, high) = (day << 36, (day + 1) << 36);
    format!(
        "SET LOCAL client_min_messages = warning;
         CREATE TABLE mentat.events_{name} (LIKE mentat.events INCLUDING ALL);
         ALTER TABLE mentat.events ATTACH PARTITION mentat.events_{name} FOR VALUES FROM ('{date}') TO ('{next}');
         CREATE TABLE mentat.raw_{name} (LIKE mentat.raw INCLUDING ALL);
         ALTER TABLE mentat.raw ATTACH PARTITION mentat.raw_{name} FOR VALUES FROM ({low}) TO ({high});
         INSERT INTO mentat.partition (day) VALUES ('{date}');"
    )
}

fn date(day: i64) -> String {
    let time = Timestamp::from_second(day * DAY_SECONDS).unwrap_or_default();
    mentat_filter::format_timestamp(time)
        .to_string()
        .get(..10)
        .unwrap_or_default()
        .to_owned()
}

/// Passes the fence, then reads the server's clock.
async fn storage_time(transaction: &Transaction<'_>) -> Result<Timestamp, tokio_postgres::Error> {
    let fence = transaction
        .prepare_cached("SELECT pg_advisory_xact_lock_shared($1)")
        .await?;
    transaction.execute(&fence, &[&FENCE]).await?;
    let clock = transaction
        .prepare_cached("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
        .await?;
    let Time(time) = transaction.query_one(&clock, &[]).await?.get(0);
    Ok(time)
}

async fn has_partition(transaction: &Transaction<'_>, day: i64) -> Result<bool, tokio_postgres::Error> {
    let find = transaction
        .prepare_cached("SELECT 1 FROM mentat.partition WHERE day = $1::text::date")
        .await?;
    Ok(transaction.query_opt(&find, &[&date(day)]).await?.is_some())
}

/// Enters the identifiers. Answers the indexes of the items that are new, and what the others are.
async fn take_ids(
    transaction: &Transaction<'_>,
    items: &[Item<'_>],
    time: Timestamp,
) -> Result<(Vec<usize>, Vec<(usize, Stored)>), tokio_postgres::Error> {
    // Whose each ID is: of equal ones in a batch, the first message's. Sorted: writers with overlapping batches take
    // their locks in the same order.
    let mut owners: BTreeMap<Id, i64> = BTreeMap::new();
    for item in items {
        owners.entry(Id(item.row.key)).or_insert(item.name_hash);
    }
    let insert = transaction
        .prepare_cached(
            "INSERT INTO mentat.event_id (id, storagetime, name_hash)
             SELECT id, $3, name FROM unnest($1::uuid[], $2::bigint[]) AS new (id, name)
             ON CONFLICT (id) DO NOTHING RETURNING id",
        )
        .await?;
    let ids: Vec<Id> = owners.keys().copied().collect();
    let names: Vec<i64> = owners.values().copied().collect();
    let inserted = transaction.query(&insert, &[&ids, &names, &Time(time)]).await?;
    let mut free: HashSet<Id> = inserted.iter().map(|row| row.get(0)).collect();
    if free.len() < ids.len() {
        let taken: Vec<Id> = ids.into_iter().filter(|id| !free.contains(id)).collect();
        let find = transaction
            .prepare_cached("SELECT id, name_hash FROM mentat.event_id WHERE id = ANY ($1)")
            .await?;
        let rows = transaction.query(&find, &[&taken]).await?;
        owners.extend(rows.iter().map(|row| (row.get::<_, Id>(0), row.get::<_, i64>(1))));
    }
    let (mut new, mut known) = (Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        if free.remove(&Id(item.row.key)) {
            new.push(index);
        } else if owners.get(&Id(item.row.key)) == Some(&item.name_hash) {
            known.push((item.at, Stored::Replayed));
        } else {
            known.push((item.at, Stored::Duplicate));
        }
    }
    Ok((new, known))
}

/// Message texts on their way into chunks.
#[derive(Default)]
struct Chunks {
    bodies: Vec<Vec<u8>>,
    /// Messages in the last one.
    messages: usize,
}

impl Chunks {
    /// Appends a text; answers the index of its chunk and the offset there.
    fn push(&mut self, text: &[u8]) -> (usize, usize) {
        let fits = |body: &Vec<u8>| self.messages < CHUNK_MESSAGES && body.len() + text.len() <= CHUNK_BYTES;
        if !self.bodies.last().is_some_and(fits) {
            self.bodies.push(Vec::new());
            self.messages = 0;
        }
        self.messages += 1;
        let chunk = self.bodies.len().saturating_sub(1);
        let offset = self.bodies.last().map_or(0, Vec::len);
        self.bodies.last_mut().into_iter().for_each(|body| body.extend(text));
        (chunk, offset)
    }
}

async fn copy(
    transaction: &Transaction<'_>,
    items: &mut [Item<'_>],
    new: &[usize],
    time: Timestamp,
    day: i64,
) -> Result<(), tokio_postgres::Error> {
    let mut chunks = Chunks::default();
    let mut places = Vec::with_capacity(new.len());
    for &index in new {
        let Some(item) = items.get_mut(index) else { continue };
        item.event.set_storage_time(time);
        let text = item.event.to_json();
        let (chunk, offset) = chunks.push(text.as_bytes());
        places.push((index, chunk, offset, text.len()));
    }
    let next = transaction
        .prepare_cached("SELECT nextval('mentat.chunk') FROM generate_series(1, $1::bigint)")
        .await?;
    let numbers = transaction.query(&next, &[&count(chunks.bodies.len())]).await?;
    let numbers: Vec<i64> = numbers.iter().map(|row| day << 36 | row.get::<_, i64>(0)).collect();
    let (mut events, mut raws) = (Rows::new(), Rows::new());
    for (number, body) in numbers.iter().zip(&chunks.bodies) {
        raws.raw(*number, body);
    }
    let (mut low, mut high) = (Timestamp::MAX, Timestamp::MIN);
    let mut bytes = 0;
    for (index, chunk, offset, length) in places {
        let (Some(item), Some(&chunk)) = (items.get(index), numbers.get(chunk)) else {
            continue;
        };
        events.event(&item.row, time, Place { chunk, offset, length });
        low = low.min(item.row.detecttime);
        high = high.max(item.row.detecttime);
        bytes += count(length);
    }
    let sql = format!("COPY mentat.events ({EVENT_COLUMNS}) FROM STDIN (FORMAT binary)");
    send(transaction, &sql, events).await?;
    send(
        transaction,
        "COPY mentat.raw (chunk, body) FROM STDIN (FORMAT binary)",
        raws,
    )
    .await?;
    // Last before the commit: other writers wait for this row.
    let sum = transaction
        .prepare_cached(
            "UPDATE mentat.partition SET rows = rows + $2, bytes = bytes + $3,
                 detect_min = least(detect_min, $4), detect_max = greatest(detect_max, $5)
             WHERE day = $1::text::date",
        )
        .await?;
    transaction
        .execute(&sum, &[&date(day), &count(new.len()), &bytes, &Time(low), &Time(high)])
        .await?;
    Ok(())
}

async fn send(transaction: &Transaction<'_>, sql: &str, rows: Rows) -> Result<(), tokio_postgres::Error> {
    /// The server takes no message above a gigabyte.
    const PIECE: usize = 1 << 20;
    let statement = transaction.prepare_cached(sql).await?;
    let mut sink = pin!(transaction.copy_in::<_, Bytes>(&statement).await?);
    let mut rest = rows.finish();
    while !rest.is_empty() {
        let piece = rest.split_to(rest.len().min(PIECE));
        sink.send(piece).await?;
    }
    sink.finish().await?;
    Ok(())
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_end_at_32_messages_or_64_kib() {
        fn check(lengths: &[usize], expected: &[(usize, usize)]) {
            let mut chunks = Chunks::default();
            let places: Vec<_> = lengths.iter().map(|&length| chunks.push(&vec![b'x'; length])).collect();
            assert_eq!(places, expected, "{lengths:?}");
        }
        const KIB: usize = 1024;
        check(&[], &[]);
        check(&[10, 20], &[(0, 0), (0, 10)]);
        check(&[63 * KIB, KIB, 1], &[(0, 0), (0, 63 * KIB), (1, 0)]);
        check(&[200 * KIB, 1, 200 * KIB], &[(0, 0), (1, 0), (2, 0)]);
        let expected: Vec<_> = (0..70).map(|at| (at / 32, at % 32)).collect();
        check(&[1; 70], &expected);
    }

    #[test]
    fn days_have_dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(20_780), "2026-11-23");
    }
}
