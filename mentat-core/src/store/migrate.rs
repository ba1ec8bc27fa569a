//! The schema, as numbered steps.

use super::Store;
use crate::Error;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Every step, in order. A step that was released never changes: its checksum is compared.
const STEPS: &[(i32, &str, &str)] = &[(1, "events", include_str!("migrations/0001_events.sql"))];

/// Key of the advisory lock that keeps migrations apart ("mentat" as bytes).
const LOCK: i64 = 0x6d65_6e74_6174;

/// One step of the schema's history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migration {
    /// Its number, from 1.
    pub number: i32,
    /// Its name.
    pub name: String,
}

fn checksum(sql: &str) -> String {
    Sha256::digest(sql.as_bytes())
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

impl Store {
    /// Brings the schema up to this version; several programs may do so at once. Answers the steps that were taken,
    /// none if the schema was current.
    ///
    /// # Errors
    /// Transient if the database is away. Fatal if the schema is newer than this program, or if a step in the
    /// database differs from ours.
    pub async fn migrate(&self) -> Result<Vec<Migration>, Error> {
        let mut client = self.client().await?;
        let failed = self.failed("cannot set up the database");
        let transaction = client.transaction().await.map_err(&failed)?;
        let place = &self.place;
        let encoding: String = transaction
            .query_one("SELECT current_setting('server_encoding')", &[])
            .await
            .map_err(&failed)?
            .get(0);
        if encoding != "UTF8" {
            // It would refuse, or mangle, whatever the encoding lacks.
            return Err(Error::fatal(format!(
                "the database {place} is in {encoding}; it must be made with ENCODING 'UTF8'"
            )));
        }
        transaction
            .execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])
            .await
            .map_err(&failed)?;
        transaction
            .batch_execute(
                "SET LOCAL client_min_messages = warning;
                 CREATE SCHEMA IF NOT EXISTS mentat;
                 CREATE TABLE IF NOT EXISTS mentat.migration (
                     number   integer PRIMARY KEY,
                     name     text NOT NULL,
                     checksum text NOT NULL,
                     applied  timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
                 )",
            )
            .await
            .map_err(&failed)?;
        let rows = transaction
            .query(
                "SELECT number, name, checksum FROM mentat.migration ORDER BY number",
                &[],
            )
            .await
            .map_err(&failed)?;
        for row in &rows {
            let (number, name, sum): (i32, String, String) = (row.get(0), row.get(1), row.get(2));
            match STEPS.iter().find(|step| step.0 == number) {
                None => {
                    return Err(Error::fatal(format!(
                        "the database {place} has step {number} ({name}), which this version does not know: it was set \
                         up by a newer one"
                    )));
                }
                Some((_, _, sql)) if checksum(sql) != sum => {
                    return Err(Error::fatal(format!(
                        "step {number} ({name}) of the database {place} is not the one of this version"
                    )));
                }
                Some(_) => {}
            }
        }
        let mut taken = Vec::new();
        for (number, name, sql) in STEPS {
            if rows.iter().any(|row| row.get::<_, i32>(0) == *number) {
                continue;
            }
            let step = self.failed(&format!("step {number} ({name}) failed in the database"));
            transaction.batch_execute(sql).await.map_err(step)?;
            transaction
                .execute(
                    "INSERT INTO mentat.migration (number, name, checksum) VALUES ($1, $2, $3)",
                    &[number, name, &checksum(sql)],
                )
                .await
                .map_err(&failed)?;
            taken.push(Migration {
                number: *number,
                name: (*name).to_owned(),
            });
        }
        transaction.commit().await.map_err(&failed)?;
        Ok(taken)
    }
}
