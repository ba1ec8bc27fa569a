//! Writing events, each exactly once.
//!
//! One transaction stores a batch: the fence, the storage time, the new identifiers, the rows and their texts. After
//! its commit, and only then, the messages are done.

use super::copy::{EVENT_COLUMNS, Place, Rows, timestamp};
use super::row::Row;
use super::{Store, errors};
use crate::Error;
use crate::idea::{Event, MissingKeys};
use bytes::Bytes;
use deadpool_postgres::Transaction;
use futures_util::SinkExt as _;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::pin::pin;
use tokio_postgres::types::Type;

/// Shared by writers, taken exclusively for an instant by a reader that closes a time window: after that, no commit
/// with a storage time below the window's end is possible. ("fence" as bytes.)
pub(super) const FENCE: i64 = 0x66_656e_6365;

/// Keeps programs that create partitions apart ("parts" as bytes).
const PARTITIONS: i64 = 0x70_6172_7473;

const CHUNK_MESSAGES: usize = 32;
const CHUNK_BYTES: usize = 64 * 1024;
/// As the sequence's increment says.
const CHUNK_BLOCK: i64 = 1024;
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

/// Chunk numbers taken from the sequence and not yet used.
#[derive(Debug, Default)]
pub(super) struct ChunkNumbers {
    next: i64,
    left: i64,
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
    /// storage time of every event. `Ok` means committed.
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
        let mut numbers = ChunkNumbers::default();
        // A batch that the server refuses is halved until the offending events stand alone.
        let mut parts = vec![items];
        while let Some(mut part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            match self.write_part(&mut part, &mut numbers).await {
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
    async fn write_part(
        &self,
        items: &mut [Item<'_>],
        numbers: &mut ChunkNumbers,
    ) -> Result<Vec<(usize, Stored)>, Error> {
        let mut client = self.client().await?;
        let failed = |error| errors::database(error, "cannot store events");
        loop {
            let transaction = client.transaction().await.map_err(failed)?;
            let time = storage_time(&transaction).await.map_err(failed)?;
            let day = time.as_second().div_euclid(DAY_SECONDS);
            if !has_partition(&transaction, day).await.map_err(failed)? {
                transaction.rollback().await.map_err(failed)?;
                // Today's and, ahead of need, tomorrow's.
                self.create_partitions(&[day, day + 1]).await?;
                continue;
            }
            let (new, known) = take_ids(&transaction, items, time).await.map_err(failed)?;
            if !new.is_empty() {
                copy(&transaction, items, &new, time, day, numbers)
                    .await
                    .map_err(failed)?;
            }
            transaction.commit().await.map_err(failed)?;
            return Ok(known);
        }
    }

    /// Creates the partitions of the given days (counted from 1970) if they are not there.
    pub(super) async fn create_partitions(&self, days: &[i64]) -> Result<(), Error> {
        let mut client = self.client().await?;
        let failed = |error| errors::database(error, "cannot create partitions");
        let transaction = client.transaction().await.map_err(failed)?;
        transaction
            .execute("SELECT pg_advisory_xact_lock($1)", &[&PARTITIONS])
            .await
            .map_err(failed)?;
        for &day in days {
            if !has_partition(&transaction, day).await.map_err(failed)? {
                transaction.batch_execute(&partition_sql(day)).await.map_err(failed)?;
            }
        }
        transaction.commit().await.map_err(failed)
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
        .prepare_cached("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
        .await?;
    let micros: i64 = transaction.query_one(&clock, &[]).await?.get(0);
    Ok(Timestamp::from_microsecond(micros).unwrap_or_default())
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
    let mut known = Vec::new();
    let mut first: HashMap<[u8; 16], usize> = HashMap::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        match first.get(&item.row.id).and_then(|&earlier| items.get(earlier)) {
            None => {
                first.insert(item.row.id, index);
            }
            Some(earlier) if earlier.name_hash == item.name_hash => known.push((item.at, Stored::Replayed)),
            Some(_) => known.push((item.at, Stored::Duplicate)),
        }
    }
    // Sorted: writers with overlapping batches take their locks in the same order.
    let mut entries: Vec<([u8; 16], i64, usize)> = first
        .into_iter()
        .filter_map(|(id, index)| Some((id, items.get(index)?.name_hash, index)))
        .collect();
    entries.sort_unstable();
    let ids: Vec<String> = entries.iter().map(|(id, ..)| uuid_text(id)).collect();
    let names: Vec<i64> = entries.iter().map(|(_, name, _)| *name).collect();
    let insert = transaction
        .prepare_typed_cached(
            "INSERT INTO mentat.event_id (id, storagetime, name_hash)
             SELECT id::uuid, timestamp '2000-01-01' + $3 * interval '1 microsecond', name
             FROM unnest($1, $2) AS new (id, name)
             ON CONFLICT (id) DO NOTHING RETURNING id::text",
            &[Type::TEXT_ARRAY, Type::INT8_ARRAY, Type::INT8],
        )
        .await?;
    let inserted: HashSet<String> = transaction
        .query(&insert, &[&ids, &names, &timestamp(time)])
        .await?
        .iter()
        .map(|row| row.get(0))
        .collect();
    let mut new = Vec::with_capacity(inserted.len());
    let mut old = Vec::new();
    for ((_, name, index), id) in entries.iter().zip(&ids) {
        if inserted.contains(id) {
            new.push(*index);
        } else {
            old.push((id.as_str(), *name, *index));
        }
    }
    new.sort_unstable();
    if !old.is_empty() {
        let find = transaction
            .prepare_typed_cached(
                "SELECT id::text, name_hash FROM mentat.event_id WHERE id = ANY ($1::text[]::uuid[])",
                &[Type::TEXT_ARRAY],
            )
            .await?;
        let wanted: Vec<&str> = old.iter().map(|(id, ..)| *id).collect();
        let stored: HashMap<String, i64> = transaction
            .query(&find, &[&wanted])
            .await?
            .iter()
            .map(|row| (row.get(0), row.get(1)))
            .collect();
        for (id, name, index) in old {
            let answer = if stored.get(id) == Some(&name) {
                Stored::Replayed
            } else {
                Stored::Duplicate
            };
            known.extend(items.get(index).map(|item| (item.at, answer)));
        }
    }
    Ok((new, known))
}

async fn copy(
    transaction: &Transaction<'_>,
    items: &mut [Item<'_>],
    new: &[usize],
    time: Timestamp,
    day: i64,
    numbers: &mut ChunkNumbers,
) -> Result<(), tokio_postgres::Error> {
    let (mut events, mut raws) = (Rows::new(), Rows::new());
    let mut body: Vec<u8> = Vec::with_capacity(CHUNK_BYTES);
    let mut in_chunk = 0;
    let mut chunk = None;
    let mut bytes = 0_i64;
    let mut span: Option<(Timestamp, Timestamp)> = None;
    for &index in new {
        let Some(item) = items.get_mut(index) else { continue };
        item.event.set_storage_time(time);
        let text = item.event.to_json();
        if in_chunk == CHUNK_MESSAGES || (in_chunk > 0 && body.len() + text.len() > CHUNK_BYTES) {
            if let Some(number) = chunk.take() {
                raws.raw(number, &body);
            }
            body.clear();
            in_chunk = 0;
        }
        let number = match chunk {
            Some(number) => number,
            None => day << 36 | numbers.take(transaction).await?,
        };
        chunk = Some(number);
        let place = Place {
            chunk: number,
            offset: i32::try_from(body.len()).unwrap_or(i32::MAX),
            length: i32::try_from(text.len()).unwrap_or(i32::MAX),
        };
        body.extend_from_slice(text.as_bytes());
        bytes += i64::try_from(text.len()).unwrap_or_default();
        in_chunk += 1;
        events.event(&item.row, time, place);
        let at = item.row.detecttime;
        span = Some(span.map_or((at, at), |(low, high)| (low.min(at), high.max(at))));
    }
    if let Some(number) = chunk {
        raws.raw(number, &body);
    }
    send(
        transaction,
        &format!("COPY mentat.events ({EVENT_COLUMNS}) FROM STDIN (FORMAT binary)"),
        events.finish(),
    )
    .await?;
    send(
        transaction,
        "COPY mentat.raw (chunk, body) FROM STDIN (FORMAT binary)",
        raws.finish(),
    )
    .await?;
    let Some((low, high)) = span else { return Ok(()) };
    // Last before the commit: other writers wait for this row.
    let count = transaction
        .prepare_typed_cached(
            "UPDATE mentat.partition SET rows = rows + $2, bytes = bytes + $3,
                 detect_min = least(detect_min, timestamp '2000-01-01' + $4 * interval '1 microsecond'),
                 detect_max = greatest(detect_max, timestamp '2000-01-01' + $5 * interval '1 microsecond')
             WHERE day = $1::date",
            &[Type::TEXT, Type::INT8, Type::INT8, Type::INT8, Type::INT8],
        )
        .await?;
    let rows = i64::try_from(new.len()).unwrap_or_default();
    transaction
        .execute(&count, &[&date(day), &rows, &bytes, &timestamp(low), &timestamp(high)])
        .await?;
    Ok(())
}

async fn send(transaction: &Transaction<'_>, sql: &str, rows: Bytes) -> Result<(), tokio_postgres::Error> {
    let mut sink = pin!(transaction.copy_in::<_, Bytes>(sql).await?);
    sink.send(rows).await?;
    sink.finish().await?;
    Ok(())
}

impl ChunkNumbers {
    async fn take(&mut self, transaction: &Transaction<'_>) -> Result<i64, tokio_postgres::Error> {
        if self.left == 0 {
            let next = transaction.prepare_cached("SELECT nextval('mentat.chunk')").await?;
            self.next = transaction.query_one(&next, &[]).await?.get(0);
            self.left = CHUNK_BLOCK;
        }
        let number = self.next;
        self.next += 1;
        self.left -= 1;
        Ok(number)
    }
}

/// The text form, so that no further type crate is needed.
pub(super) fn uuid_text(id: &[u8; 16]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(36);
    for (at, byte) in id.iter().enumerate() {
        if [4, 6, 8, 10].contains(&at) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02x}");
    }
    text
}
